// Whose fault a failed capture is: the source's, or the vault's that it was read into. The former is told; the latter is
// a reason to try the next vault.

import HikaeCore
import HikaeSource
import Synchronization

/// A source that remembers what it threw.
struct BlamedSource: CaptureSource {
    let inner: any CaptureSource
    private let blame = Blame()

    init(_ inner: any CaptureSource) { self.inner = inner }

    /// Whether the source itself made the capture fail.
    var isGuilty: Bool { blame.isGuilty.withLock { $0 } }

    var address: String { inner.address }
    var unit: CaptureUnit { inner.unit }

    func probe() throws(HikaeError) -> ServiceIdentity { try inner.probe() }

    func begin(_ context: CaptureContext) throws(HikaeError) -> any CaptureSession {
        do throws(HikaeError) {
            return BlamedSession(inner: try inner.begin(context), blame: blame)
        } catch {
            throw blame.take(error)
        }
    }
}

private final class Blame: Sendable {
    let isGuilty = Mutex(false)

    func take(_ error: HikaeError) -> HikaeError {
        isGuilty.withLock { $0 = true }
        return error
    }
}

private struct BlamedSession: CaptureSession {
    let inner: any CaptureSession
    let blame: Blame

    /// What cannot be listed or opened is left out and reported; it makes no capture fail by itself.
    var root: any SourceDirectory { inner.root }
    var readers: Int { inner.readers }

    func finish() throws(HikaeError) -> CaptureFacts {
        do throws(HikaeError) { return try inner.finish() } catch { throw blame.take(error) }
    }

    func close() { inner.close() }
}
