// Trees written byte for byte as restic writes them: Go's encoding/json over restic's struct, member by member.

import HikaeCore

extension Tree {
    /// The tree's JSON, as restic stores and hashes it, line end included.
    public func encoded() -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(nodes.count * 448 + 16)
        json.append(contentsOf: "{\"nodes\":[".utf8)
        var encoder = NodeEncoder()
        for (index, node) in nodes.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            encoder.append(node, to: &json)
        }
        json.append(contentsOf: "]}\n".utf8)
        return json
    }

    /// Appends one node's JSON. For many nodes, a `NodeEncoder` is faster.
    public static func appendNode(_ node: Node, to json: inout [UInt8]) {
        var encoder = NodeEncoder()
        encoder.append(node, to: &json)
    }
}

/// Writes nodes one after the other, keeping its memory between them.
public struct NodeEncoder: ~Copyable {
    /// Bytes that everything but names, texts, attributes and content takes at most.
    private static let fixedCapacity = 1024

    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var cursor: OutputCursor

    /// An encoder with a little memory; it takes more as nodes need it.
    public init() {
        capacity = 4096
        // Owned by this value alone, which cannot be copied; freed in deinit.
        memory = .allocate(capacity: capacity)
        cursor = OutputCursor(memory, capacity: capacity)
    }

    deinit { memory.deallocate() }

    /// Appends the node's JSON.
    public mutating func append(_ node: Node, to json: inout [UInt8]) {
        reserve(Self.bound(node))
        put(node)
        json.append(contentsOf: UnsafeBufferPointer(start: memory, count: cursor.next - memory))
        cursor.rewind(to: memory)
    }

    private mutating func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        memory.deallocate()
        capacity = needed * 2
        memory = .allocate(capacity: capacity)
        cursor = OutputCursor(memory, capacity: capacity)
    }

    /// Bytes that the node's JSON takes at most.
    @inline(__always)
    private static func bound(_ node: Node) -> Int {
        var texts = node.user.utf8.count + node.group.utf8.count + node.error.utf8.count
        // The target may stand there twice, once as base64.
        texts += node.linkTarget.count * 2 + 16
        var bound = fixedCapacity + texts * JSONEscape.growth + node.name.count * QuotedName.growth
        for attribute in node.extendedAttributes {
            bound += attribute.name.utf8.count * JSONEscape.growth + attribute.value.count / 3 * 4 + 40
        }
        if let generic = node.genericAttributes { bound += generic.count + 32 }
        if let content = node.content { bound += content.count * 67 }
        return bound
    }

    @inline(__always)
    private mutating func put(_ node: Node) {
        cursor.put("{\"name\":")
        QuotedName.put(node.name, &cursor)
        cursor.put(",\"type\":\"")
        putKind(node.kind)
        if node.mode != 0 {
            cursor.put("\",\"mode\":")
            cursor.put(decimal: UInt64(node.mode))
            cursor.put(",\"mtime\":")
        } else {
            cursor.put("\",\"mtime\":")
        }
        cursor.put(node.mtime)
        cursor.put(",\"atime\":")
        cursor.put(node.atime)
        cursor.put(",\"ctime\":")
        cursor.put(node.ctime)
        cursor.put(",\"uid\":")
        cursor.put(decimal: UInt64(node.uid))
        cursor.put(",\"gid\":")
        cursor.put(decimal: UInt64(node.gid))
        put(",\"user\":", node.user)
        put(",\"group\":", node.group)
        put(",\"inode\":", node.inode)
        put(",\"device_id\":", node.deviceID)
        put(",\"size\":", node.size)
        put(",\"links\":", node.links)
        if !node.linkTarget.isEmpty { putLinkTarget(node.linkTarget) }
        if !node.extendedAttributes.isEmpty { putAttributes(node.extendedAttributes) }
        if let generic = node.genericAttributes {
            cursor.put(",\"generic_attributes\":")
            generic.withUnsafeBufferPointer { cursor.put($0) }
        }
        put(",\"device\":", node.device)
        putContent(node.content)
        if let subtree = node.subtree {
            cursor.put(",\"subtree\":")
            cursor.put(subtree)
        }
        put(",\"error\":", node.error)
        cursor.put(UInt8(ascii: "}"))
    }

    @inline(__always)
    private mutating func putKind(_ kind: NodeKind) {
        switch kind {
        case .file: cursor.put("file")
        case .dir: cursor.put("dir")
        case .symlink: cursor.put("symlink")
        case .dev: cursor.put("dev")
        case .chardev: cursor.put("chardev")
        case .fifo: cursor.put("fifo")
        case .socket: cursor.put("socket")
        case .irregular: cursor.put("irregular")
        }
    }

    @inline(__always)
    private mutating func put(_ key: StaticString, _ value: UInt64) {
        guard value != 0 else { return }
        cursor.put(key)
        cursor.put(decimal: value)
    }

    @inline(__always)
    private mutating func put(_ key: StaticString, _ value: String) {
        guard !value.isEmpty else { return }
        cursor.put(key)
        cursor.put(string: value)
    }

    private mutating func putLinkTarget(_ target: [UInt8]) {
        cursor.put(",\"linktarget\":")
        cursor.put(string: target)
        // JSON cannot hold it as it is: since restic 0.16 its bytes stand beside it.
        if !UTF8Scan.isValid(target) {
            cursor.put(",\"linktarget_raw\":\"")
            Base64.encode(target).withUnsafeBufferPointer { cursor.put($0) }
            cursor.put(UInt8(ascii: "\""))
        }
    }

    private mutating func putAttributes(_ attributes: [ExtendedAttribute]) {
        cursor.put(",\"extended_attributes\":")
        for (index, attribute) in attributes.enumerated() {
            cursor.put(index == 0 ? "[{\"name\":" : ",{\"name\":")
            cursor.put(string: attribute.name)
            cursor.put(",\"value\":\"")
            Base64.encode(attribute.value).withUnsafeBufferPointer { cursor.put($0) }
            cursor.put("\"}")
        }
        cursor.put(UInt8(ascii: "]"))
    }

    @inline(__always)
    private mutating func putContent(_ content: [BlobID]?) {
        guard let content else {
            cursor.put(",\"content\":null")
            return
        }
        cursor.put(",\"content\":[")
        for (index, id) in content.enumerated() {
            if index > 0 { cursor.put(UInt8(ascii: ",")) }
            cursor.put(id)
        }
        cursor.put(UInt8(ascii: "]"))
    }
}
