// Whole documents that are one object.

public import HikaeCore

extension JSONReader {
    /// Reads a document that is one object: calls `member` for each member, which must read or skip the value.
    /// Members that are `null` are passed over, as Go does.
    public static func read(
        _ document: [UInt8], of thing: StaticString,
        _ member: (inout JSONReader, JSONKey) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try document.withBytes { bytes throws(HikaeError) in
            var json = JSONReader(bytes, of: thing)
            try json.beginObject()
            while let key = try json.nextKey() {
                if try !json.takeNull() { try member(&json, key) }
            }
            try json.finish()
        }
    }

    /// An array of strings as text.
    public mutating func texts() throws(HikaeError) -> [String] {
        var values: [String] = []
        try beginArray()
        while try nextElement() { values.append(try text()) }
        return values
    }
}
