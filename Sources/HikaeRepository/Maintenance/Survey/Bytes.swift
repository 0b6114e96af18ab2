// The bytes of an array under a typed error, which the library's own function does not always keep.

import HikaeCore

extension [UInt8] {
    /// Calls `body` with the array's bytes, valid during the call only.
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        var outcome: Swift.Result<Result, HikaeError>?
        withUnsafeBytes { bytes in
            do throws(HikaeError) { outcome = .success(try body(bytes)) } catch { outcome = .failure(error) }
        }
        guard let outcome else { preconditionFailure("the array called nothing") }
        return try outcome.get()
    }

    /// Calls `body` with the array's bytes, to be written to during the call only.
    mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws(HikaeError) -> Result
    ) throws(HikaeError) -> Result {
        var outcome: Swift.Result<Result, HikaeError>?
        withUnsafeMutableBytes { bytes in
            do throws(HikaeError) { outcome = .success(try body(bytes)) } catch { outcome = .failure(error) }
        }
        guard let outcome else { preconditionFailure("the array called nothing") }
        return try outcome.get()
    }
}
