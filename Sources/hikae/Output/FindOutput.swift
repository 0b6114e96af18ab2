// What `find` prints: restic's lines, or restic's one JSON array.

import HikaeCore
import HikaeFormat
import HikaeRepository

/// Blobs looked for, by ID or by the beginning of it.
struct WantedBlobs {
    private var data: Set<BlobID> = []
    private var trees: Set<BlobID> = []
    private var prefixes: [String] = []
    private var isTree = false

    init(_ patterns: [String], isTree: Bool) {
        self.isTree = isTree
        for pattern in patterns.map({ $0.lowercased() }) {
            if let id = BlobID(hex: pattern) {
                insert(id, isTree ? .tree : .data)
            } else {
                prefixes.append(pattern)
            }
        }
    }

    mutating func insert(_ id: BlobID, _ type: BlobType) {
        if type == .tree { trees.insert(id) } else { data.insert(id) }
    }

    /// Whether files need be looked into.
    var wantsData: Bool { !data.isEmpty || (!isTree && !prefixes.isEmpty) }

    func has(_ id: BlobID, _ type: BlobType) -> Bool {
        if (type == .tree ? trees : data).contains(id) { return true }
        guard !prefixes.isEmpty, isTree == (type == .tree) else { return false }
        let hex = id.hex
        return prefixes.contains { hex.hasPrefix($0) }
    }
}

/// The output of one `find`.
struct FindOutput {
    let isJSON: Bool
    let isLong: Bool
    let isHuman: Bool
    /// Trees that could not be read.
    private(set) var troubles = 0
    private var hits = 0
    private var isOpen = false
    private var current: FileID?
    private var found: [(type: BlobType, id: BlobID)] = []
    private var packLines: [String] = []

    init(isJSON: Bool, isLong: Bool, isHuman: Bool) {
        (self.isJSON, self.isLong, self.isHuman) = (isJSON, isLong, isHuman)
    }

    /// A file or directory that matches.
    mutating func match(_ node: Node, _ path: [UInt8], _ entry: NamedSnapshot) {
        let isNew = current != entry.id
        if isJSON {
            open()
            if isNew {
                close()
                text("{\"matches\":[")
                hits = 0
            }
            if hits > 0 { text(",") }
            Console.shared.write(NodeDisplay.match(node, path: path))
        } else {
            if isNew {
                if current != nil { Console.shared.note("") }
                let time = entry.snapshot.time.inLocalZone.display
                Console.shared.note("Found matching entries in snapshot \(entry.id.short) from \(time)")
            }
            Console.shared.print(NodeDisplay.line(node, path: path, isLong: isLong, isHuman: isHuman))
        }
        current = entry.id
        hits += 1
    }

    /// A blob or tree at a path.
    mutating func object(_ kind: String, _ id: BlobID, _ path: [UInt8], _ parent: BlobID?, _ entry: NamedSnapshot) {
        let type = kind == "tree" ? BlobType.tree : .data
        if !found.contains(where: { $0.id == id && $0.type == type }) { found.append((type, id)) }
        if isJSON {
            open()
            if hits > 0 { text(",") }
            var json = JSONWriter()
            json.beginObject()
            json.member("object_type", kind)
            json.key("id")
            json.identifier(id)
            json.key("path")
            json.string(path)
            if let parent {
                json.key("parent_tree")
                json.identifier(parent)
            }
            json.key("snapshot")
            json.identifier(entry.id)
            json.key("time")
            json.time(entry.snapshot.time)
            json.endObject()
            Console.shared.write(json.bytes)
        } else {
            Console.shared.print("Found \(kind) \(id.hex)")
            if let parent {
                Console.shared.print(" ... in file \(Words.safe(path))")
                Console.shared.print("     (tree \(parent.hex))")
            } else {
                Console.shared.print(" ... path \(Words.safe(path))")
            }
            let time = entry.snapshot.time.inLocalZone.display
            Console.shared.print(" ... in snapshot \(entry.id.short) (\(time))")
        }
        hits += 1
    }

    /// A tree that could not be read; its part of the snapshot was not searched.
    mutating func unreadable(_ tree: BlobID, _ snapshot: FileID, _ error: HikaeError) {
        troubles += 1
        Console.shared.warn("tree \(tree.short) of snapshot \(snapshot.short) was not searched: \(error.message)")
    }

    /// Which packs the objects found stand in.
    mutating func showPacks(_ index: BlobIndex) {
        guard !isJSON else { return }
        for (type, id) in found {
            if let location = index.lookup(id, type) {
                packLines.append("Object belongs to pack \(location.pack.hex)")
                packLines.append(" ... Pack \(location.pack.short): \(type == .tree ? "tree" : "data") \(id.hex)")
            } else {
                packLines.append("Object \(id.hex) is not in the index")
            }
        }
    }

    /// Ends the output.
    mutating func finish() {
        if isJSON {
            close()
            text(isOpen ? "]\n" : "[]\n")
        }
        for line in packLines { Console.shared.print(line) }
    }

    private mutating func open() {
        if !isOpen { text("[") }
        isOpen = true
    }

    /// Ends the matches of the snapshot before; another follows when `current` is still to change.
    private mutating func close() {
        guard let current else { return }
        text("],\"hits\":\(hits),\"snapshot\":\"\(current.hex)\"}")
        self.current = nil
        pendingComma = true
    }

    private var pendingComma = false

    private mutating func text(_ text: String) {
        if pendingComma, text.hasPrefix("{") { Console.shared.write([UInt8(ascii: ",")]) }
        pendingComma = false
        Console.shared.write(Array(text.utf8))
    }
}
