// The files of the audit log: `audit/000001.jsonl` and on, and `audit/head`. Shared by who writes and who verifies.

internal import HikaeCore
internal import HikaeStore

/// The folder of an audit log.
struct AuditFiles: Sendable {
    /// The folder itself.
    let folder: String

    init(vault: String) { folder = "\(vault)/audit" }

    var head: String { "\(folder)/head" }

    func path(_ number: Int) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).jsonl"
    }

    /// The numbers of the files that are there, in order.
    func numbers() throws(HikaeError) -> [Int] {
        (try SystemFile.names(folder) ?? []).compactMap { name in
            guard name.hasSuffix(".jsonl"), let number = Int(name.dropLast(6)), number > 0 else { return nil }
            return path(number) == "\(folder)/\(name)" ? number : nil
        }.sorted()
    }

    /// The head, or nil when there is none or it is none.
    func readHead() throws(HikaeError) -> AuditHead? {
        guard try SystemFile.kind(head) != nil else { return nil }
        return AuditHead(record: try SystemFile.load(head, limit: 4096))
    }

    /// A file's whole lines, and how many bytes follow the last of them.
    static func lines(_ bytes: [UInt8]) -> (lines: [ArraySlice<UInt8>], torn: Int) {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        bytes.withUnsafeBufferPointer { buffer in
            for index in buffer.indices where buffer[index] == 0x0A {
                lines.append(bytes[start..<index])
                start = index + 1
            }
        }
        return (lines, bytes.count - start)
    }

    /// The most that a file may have, lines after the bound included.
    static let maximumBytes = 1 << 30
}
