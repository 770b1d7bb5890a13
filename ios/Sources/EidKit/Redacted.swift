import EidCore

// Records that hold personal data say their name only when they are printed; with this, when they are dumped too.

extension AccountView: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension HistoryView: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension PresentDraft: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension ProofView: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension QrView: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: []) }
}
