// From one program into another, through us.

import HikaeCore
import HikaeSource

extension ToolPlace {
    /// What `source` writes goes into `client`, which is named for messages. When the client ends early, both end and
    /// its own words are thrown.
    func pump(_ source: ChildProcess, into client: ChildProcess, _ name: String, closes: Bool = true)
        throws(HikaeError)
    {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try source.read(into: bytes) }
            if count == 0 { break }
            do throws(HikaeError) {
                try buffer.withBytes { bytes throws(HikaeError) in
                    try client.write(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                }
            } catch {
                source.terminate()
                throw failure(of: client, name)
            }
        }
        if closes { client.closeInput() }
    }
}
