// Trees read, as any version of restic wrote them. Members that are not known are passed over.

public import HikaeCore

extension Tree {
    /// Reads a tree. Throws `.damaged` for what is no tree; the order and sense of its names is `validate`'s matter.
    public init(decoding json: UnsafeRawBufferPointer) throws(HikaeError) {
        nodes = []
        var reader = JSONReader(json, of: "tree")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if try reader.takeNull() { continue }
            guard key.is("nodes") else {
                try reader.skip()
                continue
            }
            nodes.removeAll()
            // A node takes 400 bytes or so; a guess too low costs a copy, one too high memory.
            nodes.reserveCapacity(min(json.count / 512, 1 << 16))
            try reader.beginArray()
            while try reader.nextElement() { nodes.append(try Node(reading: &reader)) }
        }
        try reader.finish()
    }

    /// Reads a tree. Throws `.damaged` for what is no tree.
    public init(decoding json: [UInt8]) throws(HikaeError) {
        self = try json.withBytes { bytes throws(HikaeError) in try Tree(decoding: bytes) }
    }
}

extension Node {
    /// Reads the node that is the reader's next value. Throws `.damaged`.
    @inline(__always)
    init(reading json: inout JSONReader) throws(HikaeError) {
        self.init(name: [], kind: .irregular)
        var hasName = false
        var hasKind = false
        var rawTarget: [UInt8]?
        try json.beginObject()
        while let key = try json.nextKey() {
            if try json.takeNull() { continue }
            // By length first: a chain of comparisons over twenty names is what costs most here.
            switch key.count {
            case 3 where key.is("uid"): uid = try json.unsigned32()
            case 3 where key.is("gid"): gid = try json.unsigned32()
            case 4 where key.is("name"):
                name = try json.nodeName()
                hasName = true
            case 4 where key.is("type"):
                kind = try json.nodeKind()
                hasKind = true
            case 4 where key.is("mode"): mode = try json.unsigned32()
            case 4 where key.is("user"): user = try json.text()
            case 4 where key.is("size"): size = try json.unsigned()
            case 5 where key.is("mtime"): mtime = try json.time()
            case 5 where key.is("atime"): atime = try json.time()
            case 5 where key.is("ctime"): ctime = try json.time()
            case 5 where key.is("group"): group = try json.text()
            case 5 where key.is("inode"): inode = try json.unsigned()
            case 5 where key.is("links"): links = try json.unsigned()
            case 5 where key.is("error"): error = try json.text()
            case 6 where key.is("device"): device = try json.unsigned()
            case 7 where key.is("content"): content = try json.identifiers()
            case 7 where key.is("subtree"): subtree = try json.identifier()
            case 9 where key.is("device_id"): deviceID = try json.unsigned()
            case 10 where key.is("linktarget"): linkTarget = try json.string()
            case 14 where key.is("linktarget_raw"): rawTarget = try json.base64()
            case 18 where key.is("generic_attributes"): genericAttributes = try json.rawValue()
            case 19 where key.is("extended_attributes"): extendedAttributes = try json.attributes()
            default: try json.skip()
            }
        }
        guard hasName, hasKind else { throw json.fault("a node without a name or a type") }
        if let rawTarget { linkTarget = rawTarget }
    }
}

extension JSONReader {
    /// A node's name: a string that went through Go's strconv.Quote.
    @inline(__always)
    fileprivate mutating func nodeName() throws(HikaeError) -> [UInt8] {
        try expect("\"", "no name where one must be")
        let span = try scanString()
        let text = try plainBytes(span)
        guard span.hasEscapes else { return text }
        guard let name = QuotedName.unquote(text) else { throw fault("a broken escape in a name") }
        return name
    }

    @inline(__always)
    fileprivate mutating func nodeKind() throws(HikaeError) -> NodeKind {
        try expect("\"", "no node type where one must be")
        let span = try scanString()
        let word = JSONKey(start: pointer(span.start), count: span.end - span.start)
        if word.is("file") { return .file }
        if word.is("dir") { return .dir }
        if word.is("symlink") { return .symlink }
        if word.is("dev") { return .dev }
        if word.is("chardev") { return .chardev }
        if word.is("fifo") { return .fifo }
        if word.is("socket") { return .socket }
        // restic writes an empty type for what it has no word for.
        if word.is("irregular") || word.is("") { return .irregular }
        throw fault("an unknown node type")
    }

    @inline(__always)
    fileprivate mutating func identifiers() throws(HikaeError) -> [BlobID] {
        var ids: [BlobID] = []
        try beginArray()
        while try nextElement() { ids.append(try identifier()) }
        return ids
    }

    fileprivate mutating func attributes() throws(HikaeError) -> [ExtendedAttribute] {
        var attributes: [ExtendedAttribute] = []
        try beginArray()
        while try nextElement() {
            var attribute = ExtendedAttribute(name: "", value: [])
            try beginObject()
            while let key = try nextKey() {
                if try takeNull() { continue }
                if key.is("name") {
                    attribute.name = try text()
                } else if key.is("value") {
                    attribute.value = try base64()
                } else {
                    try skip()
                }
            }
            attributes.append(attribute)
        }
        return attributes
    }
}
