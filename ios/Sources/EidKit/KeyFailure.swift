import EidCore

/// What the failures of Apple's key store mean to the core.
enum KeyFailure {
    /// A failure by the domain and code of its `NSError`; its text, which may name the key or the holder, is never read.
    static func of(domain: String, code: Int) -> SecureKeyError {
        switch (domain, code) {
        // errSecUserCanceled; LAError userCancel, systemCancel, appCancel
        case ("NSOSStatusErrorDomain", -128), ("com.apple.LocalAuthentication", -2),
            ("com.apple.LocalAuthentication", -4), ("com.apple.LocalAuthentication", -9):
            .UserCancelled
        // errSecItemNotFound; LAError passcodeNotSet: the keys went with the screen lock
        case ("NSOSStatusErrorDomain", -25300), ("com.apple.LocalAuthentication", -5):
            .Invalidated
        default:
            .Unavailable
        }
    }
}
