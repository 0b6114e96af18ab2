// Pages of a bucket's list, and the documents they come in. A list that does not go forward is refused.

package import HikaeCore
import HikaeHTTP

/// One object, or one version of it, as a list tells of it.
package struct ListedObject: Sendable, Equatable {
    package var key: [UInt8]
    package var size: UInt64
    /// Without quotes.
    package var etag: String
    package var modified: Timestamp
    /// Empty for the usual one.
    var storageClass = ""
    /// Lists of versions only.
    package var version: String?
    package var isLatest = true
    package var isDeleteMarker = false
}

/// What one request for a list brought.
package struct ListingPage: Sendable {
    package var objects: [ListedObject] = []
    /// With a delimiter: what lies deeper, each once, ending with the delimiter.
    package var prefixes: [[UInt8]] = []
    /// What the next request has to say; nil for the last page.
    var next: [WireField]?

    /// Whether there is more.
    package var isLast: Bool { next == nil }

    /// Reads a `ListBucketResult` or `ListVersionsResult` whose keys are URL-encoded.
    init(_ document: XMLElement, from place: String) throws(HikaeError) {
        func wrong(_ what: String) -> HikaeError {
            HikaeError(.protocolViolation, "\(place) sent a list of objects with \(what)")
        }
        guard document.name == "ListBucketResult" || document.name == "ListVersionsResult" else {
            throw HikaeError(
                .protocolViolation, "\(place) did not answer with a list of objects",
                hint: "Is the endpoint that of an S3 server? A proxy or a web server may have answered.")
        }
        // A server that does not know the encoding answers without it.
        let isEncoded = document.text("EncodingType") == "url"
        func key(_ text: String) throws(HikaeError) -> [UInt8] {
            let bytes = isEncoded ? PercentCoding.decode(Array(text.utf8), plusIsSpace: true) : Array(text.utf8)
            guard (1...4096).contains(bytes.count) else { throw wrong("a key of \(bytes.count) bytes") }
            return bytes
        }
        for element in document.children {
            switch element.name {
            case "Contents", "Version", "DeleteMarker":
                guard let name = element.text("Key"),
                    let modified = element.text("LastModified").flatMap({ Timestamp(rfc3339: $0) })
                else { throw wrong("an object without its key or its time") }
                let isMarker = element.name == "DeleteMarker"
                guard let size = isMarker ? 0 : element.text("Size").flatMap({ UInt64($0) }), size < 1 << 60 else {
                    throw wrong("an object without its size")
                }
                let storage = element.text("StorageClass") ?? ""
                objects.append(
                    ListedObject(
                        key: try key(name), size: size, etag: ETag.bare(element.text("ETag") ?? ""), modified: modified,
                        storageClass: storage == "STANDARD" ? "" : String(storage.prefix(64)),
                        version: element.text("VersionId").map { String($0.prefix(1024)) },
                        isLatest: (element.text("IsLatest") ?? "true") == "true", isDeleteMarker: isMarker))
            case "CommonPrefixes":
                guard let name = element.text("Prefix") else { throw wrong("a folder without a name") }
                prefixes.append(try key(name))
            default: continue
            }
        }
        guard document.text("IsTruncated") == "true" else { return }
        if let token = document.text("NextContinuationToken"), !token.isEmpty {
            next = [WireField("continuation-token", token)]
        } else if let marker = document.text("NextKeyMarker"), !marker.isEmpty {
            // The marker is encoded as the keys are, and is sent back decoded.
            let decoded = isEncoded ? PercentCoding.decode(Array(marker.utf8), plusIsSpace: true) : Array(marker.utf8)
            next = [WireField("key-marker", String(decoding: decoded, as: UTF8.self))]
            if let version = document.text("NextVersionIdMarker"), !version.isEmpty {
                next?.append(WireField("version-id-marker", version))
            }
        } else {
            throw wrong("more to come and no word on how to ask for it")
        }
    }
}

/// Checks that a list goes forward from page to page: the guard against one that never ends.
struct ListingOrder {
    private let prefix: [UInt8]
    private let place: String
    private var last: [UInt8] = []
    private var lastNext: [WireField]?
    private var emptyPages = 0

    init(prefix: [UInt8], place: String) { (self.prefix, self.place) = (prefix, place) }

    /// Throws `.protocolViolation` when the page repeats what was there, or leaves the prefix.
    mutating func check(_ page: ListingPage) throws(HikaeError) {
        func wrong(_ what: String) -> HikaeError {
            HikaeError(.protocolViolation, "\(place) sent a list of objects \(what)")
        }
        var largest = last
        for name in page.objects.lazy.map(\.key) + page.prefixes {
            guard name.starts(with: prefix) else { throw wrong("that has keys nobody asked for") }
            // Versions of one key may go on on the next page.
            guard !name.lexicographicallyPrecedes(last) else { throw wrong("that does not go forward") }
            if largest.lexicographicallyPrecedes(name) { largest = name }
        }
        let isEmpty = page.objects.isEmpty && page.prefixes.isEmpty
        emptyPages = isEmpty ? emptyPages + 1 : 0
        if let next = page.next {
            guard next != lastNext, emptyPages < 16 else { throw wrong("that does not go forward") }
            lastNext = next
        }
        last = largest
    }
}

extension S3Client {
    /// What is listed.
    package enum ListingKind: Sendable {
        case objects, versions
    }

    /// Lists what begins with `prefix`, page by page. `body` returns whether to go on.
    ///
    /// - Parameter delimiter: "/" to see what lies deeper as prefixes only; nil for all keys.
    package func list(
        _ kind: ListingKind = .objects, prefix: [UInt8], delimiter: String? = nil, most: Int = 1000,
        _ body: (ListingPage) throws(HikaeError) -> Bool
    ) throws(HikaeError) {
        var order = ListingOrder(prefix: prefix, place: address.display)
        var next: [WireField] = []
        while true {
            let page = try self.page(kind, prefix: prefix, delimiter: delimiter, most: most, next: next)
            try order.check(page)
            guard try body(page), let following = page.next else { return }
            next = following
        }
    }

    private func page(
        _ kind: ListingKind, prefix: [UInt8], delimiter: String?, most: Int, next: [WireField]
    ) throws(HikaeError) -> ListingPage {
        var query = next + [WireField("encoding-type", "url"), WireField("max-keys", "\(most)")]
        query.append(kind == .objects ? WireField("list-type", "2") : WireField("versions", ""))
        if !prefix.isEmpty { query.append(WireField("prefix", String(decoding: prefix, as: UTF8.self))) }
        if let delimiter { query.append(WireField("delimiter", delimiter)) }
        let name = prefix.isEmpty ? "the objects" : "the objects of \(String(decoding: prefix, as: UTF8.self))"
        let request = S3Request(method: "GET", query: query, action: "list \(name)")
        // A document that was cut short is asked for again, as a connection that broke is.
        let body = try send(request, limit: XMLElement.largestDocument).body
        return try ListingPage(XMLElement(parsing: body, from: address.display), from: address.display)
    }
}
