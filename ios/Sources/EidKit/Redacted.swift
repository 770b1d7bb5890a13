import EidCore

/// Holds personal data: what is printed of it is its name, and with this, what is dumped of it too.
public protocol Redacted: CustomReflectable {}

extension Redacted {
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension AccountView: Redacted {}
extension ActDraft: Redacted {}
extension ActProgress: Redacted {}
extension ActivationView: Redacted {}
extension AnswerDraft: Redacted {}
extension AskedPhoneCodeView: Redacted {}
extension CardDraft: Redacted {}
extension CardLinesDraft: Redacted {}
extension ConflictView: Redacted {}
extension ConsentDraft: Redacted {}
extension ConsentOfferView: Redacted {}
extension ConsentView: Redacted {}
extension ContactView: Redacted {}
extension CounterAskView: Redacted {}
extension DataRequestView: Redacted {}
extension DeviceView: Redacted {}
extension FieldEdit: Redacted {}
extension FieldText: Redacted {}
extension FindingView: Redacted {}
extension HardwareInput: Redacted {}
extension HistoryExportView: Redacted {}
extension HistoryView: Redacted {}
extension HolderMismatchView: Redacted {}
extension LineView: Redacted {}
extension LockCodeView: Redacted {}
extension MismatchView: Redacted {}
extension PaperView: Redacted {}
extension PendingView: Redacted {}
extension PhoneCodeDraft: Redacted {}
extension PresentDraft: Redacted {}
extension ProofView: Redacted {}
extension QrView: Redacted {}
extension RecordHitView: Redacted {}
extension RecordUpdateView: Redacted {}
extension RecordView: Redacted {}
extension RecordsExportView: Redacted {}
extension StatedView: Redacted {}
extension UpdateEvidenceView: Redacted {}
extension UpdateReason: Redacted {}
extension UpdateReceiptView: Redacted {}
