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

        /// - Parameters:
        ///   - prompt: what the system's sheet asks the holder to do.
        ///   - failureNotice: what it says when reading did not succeed.
        public init(prompt: String, failureNotice: String) {
            self.prompt = prompt
            self.failureNotice = failureNotice
        }

        public func connect(answer: @escaping Connected) {
            guard NFCTagReaderSession.readingAvailable else { return answer(.failure(.Unavailable)) }
            let running = lock.withLock {
                waiting = answer
                tag = nil
                return session
            }
            if let running { return running.restartPolling() }
            let begun = NFCTagReaderSession(pollingOption: .iso14443, delegate: self)
            begun?.alertMessage = prompt
            lock.withLock { session = begun }
            begun?.begin()
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
                defer { (session, tag, waiting) = (nil, nil, nil) }
                return session
            }
            if success {
                ended?.invalidate()
            } else {
                ended?.invalidate(errorMessage: failureNotice)
            }
        }

        public func tagReaderSessionDidBecomeActive(_ session: NFCTagReaderSession) {}

        public func tagReaderSession(_ session: NFCTagReaderSession, didDetect tags: [NFCTag]) {
            guard let first = tags.first, case .iso7816(let tag) = first else { return session.restartPolling() }
            session.connect(to: first) { error in
                if error != nil { return session.restartPolling() }
                self.answer(.success(ChipLimits(maxCommand: Self.longest, maxResponse: Self.longest)), tag)
            }
        }

        public func tagReaderSession(_ session: NFCTagReaderSession, didInvalidateWithError error: any Error) {
            lock.withLock { self.session = nil }
            answer(.failure(Self.failure(error)), nil)
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
                .readerTransceiveErrorTagNotConnected:
                .TagLost
            case .readerSessionInvalidationErrorSessionTimeout: .Timeout
            case .readerSessionInvalidationErrorUserCanceled: .UserCancelled
            default: .Unavailable
            }
        }
    }
#endif
