// How long a client may let the server wait. Counts only time in which the server is ready and the client is not, so
// that a slow disk is never taken for a slow client. Told the time; asks no clock.

/// The patience with one client during one request.
struct ClientPatience {
    /// Seconds of waiting that any request may cost.
    let grace: Double
    /// Bytes that buy one more second.
    let bytesPerSecond: Double
    /// Bytes of which only the last one is noticed to have moved.
    let step: Double
    private var waited = 0.0
    private var bytes = 0.0
    private var waitingSince: Double?

    init(grace: Double, bytesPerSecond: Double, step: Int = 0) {
        (self.grace, self.bytesPerSecond, self.step) = (grace, bytesPerSecond, Double(step))
    }

    /// A request begins.
    mutating func begin() {
        (waited, bytes) = (0, 0)
        waitingSince = nil
    }

    /// The server is ready for more, or has given something that the client has to take.
    mutating func wait(at now: Double) { if waitingSince == nil { waitingSince = now } }

    /// Something has come or was taken.
    mutating func move(_ count: Int, at now: Double) {
        if let since = waitingSince { waited += max(0, now - since) }
        waitingSince = nil
        bytes += Double(count)
    }

    /// Whether the client has let the server wait too long.
    func isOver(at now: Double) -> Bool {
        let waiting = waitingSince.map { max(0, now - $0) } ?? 0
        // What has moved before is no credit for standing still.
        return waited + waiting > grace + (bytes + step) / bytesPerSecond || waiting > grace + step / bytesPerSecond
    }
}
