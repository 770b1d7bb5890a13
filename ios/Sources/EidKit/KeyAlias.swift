/// The names that the core gives to keys.
public enum KeyAlias {
    /// True for 1 to 40 characters of `[a-z0-9-]`: what every key store takes without escaping.
    public static func isValid(_ alias: String) -> Bool {
        (1...40).contains(alias.utf8.count)
            && alias.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
