// A first-in, first-out queue between threads, with a bound: what keeps memory independent of the input.

/// A queue between threads. `push` waits while the queue is full, `pop` while it is empty.
public final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var elements: [Element?] = []
        var head = 0
        var isClosed = false

        var count: Int { elements.count - head }
    }

    private let monitor = Monitor(State())
    private let capacity: Int

    /// A queue that holds at most `capacity` elements, at least one.
    public init(capacity: Int) { self.capacity = max(1, capacity) }

    /// Adds an element, waiting for room. Returns false when the queue was closed: the element is then dropped.
    @discardableResult
    public func push(_ element: Element) -> Bool {
        monitor.wait { state in
            if state.isClosed { return false }
            guard state.count < capacity else { return nil }
            state.elements.append(element)
            return true
        }
    }

    /// Takes the oldest element, waiting for one. Nil when the queue is closed and drained.
    public func pop() -> Element? {
        monitor.wait { state -> Element?? in
            guard state.count > 0 else { return state.isClosed ? .some(nil) : nil }
            let element = state.elements[state.head]
            state.elements[state.head] = nil
            state.head += 1
            if state.head >= 64, state.head * 2 >= state.elements.count {
                state.elements.removeFirst(state.head)
                state.head = 0
            }
            return .some(element)
        }
    }

    /// No element is taken in from now on; those inside are still handed out.
    public func close() { monitor.withLock { $0.isClosed = true } }
}
