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

    package init(connect: Double = 15, silence: Double = 60, window: Double = 60, windowBytes: Int = 4096) {
        (self.connect, self.silence, self.window, self.windowBytes) = (connect, silence, window, windowBytes)
    }
}
