// A snapshot file: a tree at a point in time, and who took it.

public import HikaeCore

/// A member of a JSON object that Hikae does not know, kept as it is.
public struct UnknownMember: Sendable, Equatable {
    /// Its name in UTF-8.
    public var name: [UInt8]
    /// The value's JSON.
    public var json: [UInt8]

    /// A member of this name and value.
    public init(name: [UInt8], json: [UInt8]) {
        (self.name, self.json) = (name, json)
    }
}

/// What a file in `snapshots/` holds.
public struct Snapshot: Sendable, Equatable {
    /// When the capture began.
    public var time: Timestamp
    /// The snapshot that unchanged files were told by.
    public var parent: FileID?
    /// The root's tree.
    public var tree: BlobID
    /// The targets, absolute.
    public var paths: [String]
    /// The machine, or the organisation, that it is of.
    public var hostname: String = ""
    /// Who took it.
    public var username: String = ""
    /// That user's number.
    public var uid: UInt32 = 0
    /// That user's group.
    public var gid: UInt32 = 0
    /// The patterns that were left out.
    public var excludes: [String] = []
    /// Words to find it by.
    public var tags: [String] = []
    /// The snapshot that this one was made from by changing its tags or tree.
    public var original: FileID?
    /// The program that wrote it, since restic 0.17.
    public var programVersion: String?
    /// Members of newer versions ("summary"), kept when a snapshot is written again.
    public var extra: [UnknownMember] = []

    /// A snapshot of this tree with nothing else known.
    public init(time: Timestamp, tree: BlobID, paths: [String]) {
        (self.time, self.tree, self.paths) = (time, tree, paths)
    }

    /// The snapshot as restic's JSON.
    public func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.time(time)
        if let parent {
            json.key("parent")
            json.identifier(parent)
        }
        json.key("tree")
        json.identifier(tree)
        json.key("paths")
        json.strings(paths)
        Self.put("hostname", hostname, &json)
        Self.put("username", username, &json)
        Self.put("uid", uid, &json)
        Self.put("gid", gid, &json)
        if !excludes.isEmpty {
            json.key("excludes")
            json.strings(excludes)
        }
        if !tags.isEmpty {
            json.key("tags")
            json.strings(tags)
        }
        if let original {
            json.key("original")
            json.identifier(original)
        }
        Self.put("program_version", programVersion ?? "", &json)
        for member in extra {
            json.key(member.name)
            json.raw(member.json)
        }
        json.endObject()
        return json.bytes
    }

    private static func put(_ key: StaticString, _ value: String, _ json: inout JSONWriter) {
        guard !value.isEmpty else { return }
        json.key(key)
        json.string(value)
    }

    private static func put(_ key: StaticString, _ value: UInt32, _ json: inout JSONWriter) {
        guard value != 0 else { return }
        json.key(key)
        json.number(value)
    }

    /// Reads a snapshot. Throws `.damaged`, also when it names no tree.
    public init(decoding bytes: [UInt8]) throws(HikaeError) {
        self.init(time: .zero, tree: BlobID(words: 0, 0, 0, 0), paths: [])
        var hasTree = false
        try JSONReader.read(bytes, of: "snapshot") { json, key throws(HikaeError) in
            if key.is("time") {
                time = try json.time()
            } else if key.is("parent") {
                parent = try json.identifier()
            } else if key.is("tree") {
                tree = try json.identifier()
                hasTree = true
            } else if key.is("paths") {
                paths = try json.texts()
            } else if key.is("hostname") {
                hostname = try json.text()
            } else if key.is("username") {
                username = try json.text()
            } else if key.is("uid") {
                uid = try json.unsigned32()
            } else if key.is("gid") {
                gid = try json.unsigned32()
            } else if key.is("excludes") {
                excludes = try json.texts()
            } else if key.is("tags") {
                tags = try json.texts()
            } else if key.is("original") {
                original = try json.identifier()
            } else if key.is("program_version") {
                let version = try json.text()
                programVersion = version.isEmpty ? nil : version
            } else {
                extra.append(UnknownMember(name: key.bytes, json: try json.rawValue()))
            }
        }
        guard hasTree else { throw HikaeError(.damaged, "the snapshot is damaged: it names no tree") }
    }
}
