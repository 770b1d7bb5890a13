#if os(iOS)
    import CoreNFC
    import EidCore
    import Foundation

    /// A citizen card in the phone's field.
    ///
    /// Unchecked: CoreNFC's objects are not marked, and take calls from any thread.
    public final class NfcTag: ChipTag, @unchecked Sendable {
        private let session: NFCTagReaderSession
        private let tag: any NFCISO7816Tag
        private let failureNotice: String

        /// - Parameters:
        ///   - session: in which `tag` was found and connected.
        ///   - failureNotice: what the system's sheet says when reading did not succeed.
        public init(session: NFCTagReaderSession, tag: any NFCISO7816Tag, failureNotice: String) {
            self.session = session
            self.tag = tag
            self.failureNotice = failureNotice
        }

        public func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
            guard let apdu = NFCISO7816APDU(data: command) else { return answer(.failure(.Unavailable)) }
            tag.sendCommand(apdu: apdu) { body, sw1, sw2, error in
                answer(error.map { .failure(Self.failure($0)) } ?? .success(body + [sw1, sw2]))
            }
        }

        public func end(success: Bool) {
            if success {
                session.invalidate()
            } else {
                session.invalidate(errorMessage: failureNotice)
            }
        }

        private static func failure(_ error: any Error) -> ChipLinkError {
            switch (error as? NFCReaderError)?.code {
            case .readerTransceiveErrorTagConnectionLost, .readerTransceiveErrorTagResponseError,
                .readerTransceiveErrorTagNotConnected:
                .TagLost
            case .readerSessionInvalidationErrorSessionTimeout: .Timeout
            default: .Unavailable
            }
        }
    }
#endif
