// How long a server may be silent or slow before its connection counts as broken.

/// How long a server may keep us waiting.
package struct Patience: Sendable {
    /// Seconds until a connection stands.
    package var connect = 15.0
    /// Seconds in which nothing comes.
    package var silence = 60.0
    /// In so many seconds at least `windowBytes` of a body must come, or the connection counts as broken.
    package var window = 60.0
    package var windowBytes = 4096
    /// Bytes a second at which the end of a body goes out at the least: what the system has taken and not yet sent, of
    /// which it tells nothing.
    package var sendingRate = 8192.0

    /// Bytes that a system takes before it has sent them, at most: Linux as it is installed.
    private static let mostUnsent = 4 << 20

    package init(connect: Double = 15, silence: Double = 60, window: Double = 60, windowBytes: Int = 4096) {
        (self.connect, self.silence, self.window, self.windowBytes) = (connect, silence, window, windowBytes)
    }

    /// Seconds in which nothing comes after a part of a body was taken, until it was sent in vain.
    ///
    /// - Parameter count: bytes of the body; 0 for a request without one.
    func silence(afterSending count: Int) -> Double { silence + Double(min(count, Self.mostUnsent)) / sendingRate }
}
