#if os(iOS)
    import EidCore
    import Foundation
    import LocalAuthentication
    import Security

    /// P-256 keys that never leave the Secure Enclave of this phone.
    public struct SecureEnclaveKeys: KeyHardware {
        private let prompt: String

        /// - Parameter prompt: what the system's prompt says why it asks for the holder's presence.
        public init(prompt: String) {
            self.prompt = prompt
        }

        public func generate(alias: String, access: KeyAccess) throws -> Data {
            try bytes { SecKeyCopyExternalRepresentation(try publicPart(of: makeKey(alias, access)), &$0) }
        }

        public func signX962(alias: String, message: Data) throws -> Data {
            let key = try findKey(alias)
            return try bytes { SecKeyCreateSignature(key, .ecdsaSignatureMessageX962SHA256, message as CFData, &$0) }
        }

        public func makeSecret(alias: String, access: KeyAccess) throws {
            _ = try makeKey(alias, access)
        }

        public func agree(alias: String, point: Data) throws -> Data {
            let key = try findKey(alias)
            let attributes = [
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom, kSecAttrKeyClass: kSecAttrKeyClassPublic,
            ]
            var error: Unmanaged<CFError>?
            guard let peer = SecKeyCreateWithData(point as CFData, attributes as CFDictionary, &error) else {
                throw failure(error)
            }
            let none = [:] as CFDictionary
            return try bytes { SecKeyCopyKeyExchangeResult(key, .ecdhKeyExchangeStandard, peer, none, &$0) }
        }

        public func remove(alias: String) throws {
            let status = SecItemDelete(query(alias) as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw failure(status) }
        }

        private func makeKey(_ alias: String, _ access: KeyAccess) throws -> SecKey {
            try remove(alias: alias)
            var accessible = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
            var flags: SecAccessControlCreateFlags = .privateKeyUsage
            switch access {
            case .whileUnlocked: break
            case .withPresence:
                accessible = kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
                flags.insert(.userPresence)
            case .withBiometrics:
                accessible = kSecAttrAccessibleWhenPasscodeSetThisDeviceOnly
                flags.insert(.biometryCurrentSet)
            }
            guard let control = SecAccessControlCreateWithFlags(nil, accessible, flags, nil) else {
                throw SecureKeyError.Unavailable
            }
            let attributes: [CFString: Any] = [
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrKeySizeInBits: 256,
                kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
                kSecPrivateKeyAttrs: [
                    kSecAttrIsPermanent: true,
                    kSecAttrApplicationTag: Data(alias.utf8),
                    kSecAttrAccessControl: control,
                ] as [CFString: Any],
            ]
            var error: Unmanaged<CFError>?
            guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &error) else { throw failure(error) }
            return key
        }

        private func findKey(_ alias: String) throws -> SecKey {
            let context = LAContext()
            context.localizedReason = prompt
            var wanted = query(alias)
            wanted[kSecReturnRef] = true
            wanted[kSecUseAuthenticationContext] = context
            var item: CFTypeRef?
            let status = SecItemCopyMatching(wanted as CFDictionary, &item)
            guard status == errSecSuccess, let item, CFGetTypeID(item) == SecKeyGetTypeID() else {
                throw failure(status)
            }
            return unsafeDowncast(item, to: SecKey.self)
        }

        private func query(_ alias: String) -> [CFString: Any] {
            [
                kSecClass: kSecClassKey,
                kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrTokenID: kSecAttrTokenIDSecureEnclave,
                kSecAttrApplicationTag: Data(alias.utf8),
            ]
        }

        private func publicPart(of key: SecKey) throws -> SecKey {
            guard let publicKey = SecKeyCopyPublicKey(key) else { throw SecureKeyError.Unavailable }
            return publicKey
        }

        private func bytes(_ call: (inout Unmanaged<CFError>?) throws -> CFData?) throws -> Data {
            var error: Unmanaged<CFError>?
            guard let bytes = try call(&error) else { throw failure(error) }
            return bytes as Data
        }

        private func failure(_ status: OSStatus) -> SecureKeyError {
            KeyFailure.of(domain: NSOSStatusErrorDomain, code: Int(status))
        }

        private func failure(_ error: Unmanaged<CFError>?) -> SecureKeyError {
            guard let error = error?.takeRetainedValue() else { return .Unavailable }
            return KeyFailure.of(domain: CFErrorGetDomain(error) as String, code: CFErrorGetCode(error))
        }
    }
#endif
