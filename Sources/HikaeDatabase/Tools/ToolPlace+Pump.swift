// From one program into another, through us.

import HikaeCore
import HikaeSource

extension ToolPlace {
    /// What `source` writes goes into `client`, which is named for messages. When the client ends early, both end and
    /// its own words are thrown. The client's input stays open.
    func pump(_ source: ChildProcess, into client: ChildProcess, _ name: String) throws(HikaeError) {
        var everything = DumpFilter(nil)
        try pump(source, into: client, name, through: &everything)
    }

    /// The same for a dump, of which the client gets what `filter` lets pass.
    func pump(_ source: ChildProcess, into client: ChildProcess, _ name: String, through filter: inout DumpFilter)
        throws(HikaeError)
    {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try source.read(into: bytes) }
            if count == 0 { break }
            do throws(HikaeError) {
                try buffer.withBytes { bytes throws(HikaeError) in
                    try filter.pass(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { part throws(HikaeError) in
                        try client.write(part)
                    }
                }
            } catch {
                source.terminate()
                throw error.code == .refused ? error : failure(of: client, name)
            }
        }
    }
}
