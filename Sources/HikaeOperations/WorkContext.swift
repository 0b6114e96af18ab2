// What long work needs of the program around it: the wish to stop, the time, and a promise that what must be undone
// is undone on every way out.

public import HikaeCore

/// The surroundings of one operation.
public struct WorkContext: Sendable {
    public var cancellation: Cancellation
    public var clock: any WallClock
    /// Takes what must be done should the program be ended early, and gives back how to say that it was done.
    public var owe: @Sendable (@escaping @Sendable () -> Void) -> (@Sendable () -> Void)

    public init(
        cancellation: Cancellation = Cancellation(), clock: any WallClock = SystemClock(),
        owe: @escaping @Sendable (@escaping @Sendable () -> Void) -> (@Sendable () -> Void) = { _ in {} }
    ) {
        (self.cancellation, self.clock, self.owe) = (cancellation, clock, owe)
    }
}
