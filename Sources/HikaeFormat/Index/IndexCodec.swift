// restic's index files, written. Reading stands in IndexCodec+Decoding.

public import HikaeCore

/// The codec of index files: which packs there are and which blobs each holds.
public enum IndexCodec {
    /// The longest JSON of one blob and of one pack without its blobs, commas included.
    private static let blobCapacity = 192
    private static let packCapacity = 96

    /// The index as restic writes it, with the line end that Go's encoder adds.
    public static func encode(packs: [(FileID, [PackedBlob])], supersedes: [FileID]) -> [UInt8] {
        var json: [UInt8] = []
        let blobs = packs.reduce(0) { $0 + $1.1.count }
        json.reserveCapacity(blobs * 176 + packs.count * packCapacity + supersedes.count * 67 + 32)
        json.appendThroughCursor(capacity: supersedes.count * 67 + 32) { cursor in
            cursor.put(UInt8(ascii: "{"))
            if !supersedes.isEmpty {
                cursor.put("\"supersedes\":[")
                for (index, id) in supersedes.enumerated() {
                    if index > 0 { cursor.put(UInt8(ascii: ",")) }
                    cursor.put(id)
                }
                cursor.put("],")
            }
            cursor.put("\"packs\":[")
        }
        for (index, (pack, blobs)) in packs.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            append(pack, blobs, to: &json)
        }
        json.append(contentsOf: "]}\n".utf8)
        return json
    }

    private static func append(_ pack: FileID, _ blobs: [PackedBlob], to json: inout [UInt8]) {
        json.appendThroughCursor(capacity: packCapacity) { cursor in
            cursor.put("{\"id\":")
            cursor.put(pack)
            cursor.put(",\"blobs\":")
        }
        // Go writes a slice that nothing was put into as null.
        guard !blobs.isEmpty else {
            json.append(contentsOf: "null}".utf8)
            return
        }
        var start = 0
        while start < blobs.count {
            // A few at a time, so that the memory for the worst case is small and stays on the stack.
            let end = min(start + 16, blobs.count)
            json.appendThroughCursor(capacity: 16 * blobCapacity) { cursor in
                for index in start..<end {
                    cursor.put(UInt8(ascii: index == 0 ? "[" : ","))
                    put(blobs[index], &cursor)
                }
            }
            start = end
        }
        json.append(contentsOf: "]}".utf8)
    }

    @inline(__always)
    private static func put(_ blob: PackedBlob, _ cursor: inout OutputCursor) {
        cursor.put("{\"id\":")
        cursor.put(blob.id)
        if blob.type == .data {
            cursor.put(",\"type\":\"data\",\"offset\":")
        } else {
            cursor.put(",\"type\":\"tree\",\"offset\":")
        }
        cursor.put(decimal: UInt64(blob.offset))
        cursor.put(",\"length\":")
        cursor.put(decimal: UInt64(blob.length))
        if blob.isCompressed {
            cursor.put(",\"uncompressed_length\":")
            cursor.put(decimal: UInt64(blob.uncompressedLength))
        }
        cursor.put(UInt8(ascii: "}"))
    }
}
