// An object's metadata, kept on its file as extended attributes, and given back as headers.

import HikaeCore
import HikaeFormat
import HikaeHTTP

/// What an object has besides its bytes.
struct ObjectAttributes: Sendable, Equatable {
    static let prefix = "user.hikae.s3."
    /// Headers that are kept, and by what name.
    private static let kept = [
        "content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires",
        "x-amz-website-redirect-location",
    ]
    private static let metadata = "x-amz-meta-"
    /// Values of one object in all, at most: S3 has 2 KiB for users' metadata, others a little more.
    private static let mostBytes = 64 << 10

    /// By name without the prefix, sorted.
    var values: [WireField]

    /// Those of an answer to GET or HEAD.
    init(_ head: ResponseHead, tags: String? = nil, storageClass: String = "") {
        var values: [WireField] = []
        for name in Self.kept {
            guard let value = head[name] else { continue }
            values.append(WireField(Self.short(name), value))
        }
        var total = 0
        for header in head.headers where header.name.hasPrefix(Self.metadata) {
            total += header.name.utf8.count + header.value.utf8.count
            guard header.name.utf8.count <= 200, total <= Self.mostBytes else { continue }
            values.append(WireField("meta." + header.name.dropFirst(Self.metadata.count), header.value))
        }
        if let etag = head.etag { values.append(WireField("etag", etag)) }
        let storage = head["x-amz-storage-class"] ?? storageClass
        if !storage.isEmpty, storage != "STANDARD" { values.append(WireField("storage-class", storage)) }
        if let version = head["x-amz-version-id"], version != "null" { values.append(WireField("version", version)) }
        if let tags, !tags.isEmpty { values.append(WireField("tags", tags)) }
        self.values = values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Those kept on a node; nil when it has none: it did not come from a bucket.
    init?(_ node: Node) {
        values = node.extendedAttributes.compactMap { attribute in
            guard attribute.name.hasPrefix(Self.prefix) else { return nil }
            return WireField(
                String(attribute.name.dropFirst(Self.prefix.count)), String(decoding: attribute.value, as: UTF8.self))
        }
        if values.isEmpty { return nil }
    }

    /// As the node has them.
    var extendedAttributes: [ExtendedAttribute] {
        values.map { ExtendedAttribute(name: Self.prefix + $0.name, value: Array($0.value.utf8)) }
    }

    /// The value of this name.
    subscript(_ name: String) -> String? { values.first { $0.name == name }?.value }

    /// What is to be sent with the object when it is stored anew. Not its storage class: another provider has others.
    var headers: [WireField] {
        values.compactMap { value in
            if value.name.hasPrefix("meta.") {
                return WireField(Self.metadata + value.name.dropFirst(5), value.value)
            }
            if value.name == "tags" { return WireField("x-amz-tagging", value.value) }
            if let name = Self.kept.first(where: { Self.short($0) == value.name }) {
                return WireField(name, value.value)
            }
            return nil
        }
    }

    /// The names of what differs between what is wanted and what a server says it has.
    func differences(from head: ResponseHead) -> [String] {
        let wanted = values.filter { $0.name.hasPrefix("meta.") || Self.kept.map(Self.short).contains($0.name) }
        let there = ObjectAttributes(head).values.filter {
            $0.name.hasPrefix("meta.") || Self.kept.map(Self.short).contains($0.name)
        }
        let missing = wanted.filter { !there.contains($0) }.map(\.name)
        // A server gives an object that was stored without a type one of its own.
        let extra = there.filter { found in
            found.name != "content-type" && !wanted.contains { $0.name == found.name }
        }.map(\.name)
        return missing + extra
    }

    private static func short(_ header: String) -> String {
        header == "x-amz-website-redirect-location" ? "website-redirect-location" : header
    }
}
