#if os(iOS)
    import CoreNFC
    import EidCore
    import Foundation

    /// The phone's NFC reader, with the system's sheet.
    ///
    /// Unchecked: CoreNFC's objects are not marked, and take calls from any thread; what changes is behind a lock.
    public final class NfcReader: NSObject, ChipReader, NFCTagReaderSessionDelegate, @unchecked Sendable {
        public typealias Connected = @Sendable (Result<ChipLimits, ChipLinkError>) -> Void

        private let prompt: String
        private let failureNotice: String
        private let lock = NSLock()
        private var session: NFCTagReaderSession?
        private var tag: (any NFCISO7816Tag)?
        private var waiting: Connected?
        /// The holder took the sheet away: it does not come back before the reading is over.
        private var refused = false

        /// - Parameters:
        ///   - prompt: what the system's sheet asks the holder to do.
        ///   - failureNotice: what it says when reading did not succeed.
        public init(prompt: String, failureNotice: String) {
            self.prompt = prompt
            self.failureNotice = failureNotice
        }

        public func connect(answer: @escaping Connected) {
            guard NFCTagReaderSession.readingAvailable else { return answer(.failure(.Unavailable)) }
            let (running, refused) = lock.withLock {
                (waiting, tag) = (answer, nil)
                return (session, self.refused)
            }
            if refused { return self.answer(.failure(.UserCancelled), nil) }
            if let running { return running.restartPolling() }
            guard let begun = NFCTagReaderSession(pollingOption: .iso14443, delegate: self) else {
                return self.answer(.failure(.Unavailable), nil)
            }
            begun.alertMessage = prompt
            lock.withLock { session = begun }
            begun.begin()
        }

        public func send(_ command: Data, answer: @escaping @Sendable (Result<Data, ChipLinkError>) -> Void) {
            guard let tag = lock.withLock({ tag }) else { return answer(.failure(.TagLost)) }
            guard let apdu = NFCISO7816APDU(data: command) else { return answer(.failure(.Unavailable)) }
            tag.sendCommand(apdu: apdu) { body, sw1, sw2, error in
                answer(error.map { .failure(Self.failure($0)) } ?? .success(body + [sw1, sw2]))
            }
        }

        public func end(success: Bool) {
            let ended = lock.withLock {
                defer { (session, tag, waiting, refused) = (nil, nil, nil, false) }
                return session
            }
            if success {
                ended?.invalidate()
            } else {
                ended?.invalidate(errorMessage: failureNotice)
            }
        }

        public func tagReaderSessionDidBecomeActive(_ session: NFCTagReaderSession) {}

        /// Takes a citizen card among several, such as a bank card in the same wallet.
        public func tagReaderSession(_ session: NFCTagReaderSession, didDetect tags: [NFCTag]) {
            for found in tags {
                guard case .iso7816(let tag) = found else { continue }
                return session.connect(to: found) { error in
                    if error != nil { return session.restartPolling() }
                    self.answer(.success(ChipLimits(maxCommand: Self.longest, maxResponse: Self.longest)), tag)
                }
            }
            session.restartPolling()
        }

        /// Also told of sessions that were ended here, some time later, when the next one may have begun.
        public func tagReaderSession(_ session: NFCTagReaderSession, didInvalidateWithError error: any Error) {
            let reason = Self.failure(error)
            let current = lock.withLock {
                guard self.session === session else { return false }
                self.session = nil
                refused = reason == .UserCancelled
                return true
            }
            if current { answer(.failure(reason), nil) }
        }

        /// What the system sends and receives at once.
        private static let longest: UInt32 = 65_535

        private func answer(_ result: Result<ChipLimits, ChipLinkError>, _ found: (any NFCISO7816Tag)?) {
            let asked = lock.withLock {
                defer { (waiting, tag) = (nil, found) }
                return waiting
            }
            asked?(result)
        }

        private static func failure(_ error: any Error) -> ChipLinkError {
            switch (error as? NFCReaderError)?.code {
            case .readerTransceiveErrorTagConnectionLost, .readerTransceiveErrorTagResponseError,
                .readerTransceiveErrorTagNotConnected, .readerTransceiveErrorRetryExceeded,
                .readerTransceiveErrorSessionInvalidated:
                .TagLost
            case .readerSessionInvalidationErrorSessionTimeout: .Timeout
            case .readerSessionInvalidationErrorUserCanceled: .UserCancelled
            default: .Unavailable
            }
        }
    }
#endif
