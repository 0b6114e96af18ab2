// Array bytes with typed errors: the standard library's `withUnsafeBytes` would widen them to any error.

extension [UInt8] {
    /// Calls `body` with the bytes, which are valid during the call only.
    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Result) throws(HikaeError)
        -> Result
    {
        try withUnsafeBufferPointer { buffer throws(HikaeError) in try body(UnsafeRawBufferPointer(buffer)) }
    }

    /// Calls `body` with the bytes to be changed, which are valid during the call only.
    @inlinable
    public mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        try withUnsafeMutableBufferPointer { buffer throws(HikaeError) in
            try body(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
