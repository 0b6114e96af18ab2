// restic's REST protocol as values: which request, what an answer means, what a listing says. No I/O.

import HikaeCore
import HikaeFormat
import HikaeHTTP
import HikaeStore

/// The protocol's words.
enum RESTWire {
    static let version2 = "application/vnd.x.restic.rest.v2"
    /// Files that a listing may have: more would be no repository of this world.
    static let longestListing = 20_000_000
    /// Bytes of a listing.
    static let largestListing = 2 << 30
    /// Bytes of a file that is loaded whole.
    static let largestFile = 4 << 30
    /// Bytes of an answer that is only looked at for its words.
    static let largestAnswer = 1 << 20

    /// The path of a file: packs have no folder of their own in this protocol.
    static func path(_ file: StoredFile) -> String {
        guard let id = file.id else { return "config" }
        return "\(file.kind.folder)/\(id.hex)"
    }

    /// The path of a listing.
    static func path(_ kind: FileKind) -> String { "\(kind.folder)/" }

    static func range(_ range: Range<UInt64>) -> WireField {
        WireField("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
    }

    /// Which bytes of a file an answer says it brings; nil when it does not say, or makes no sense.
    static func contentRange(_ head: ResponseHead) -> Range<UInt64>? {
        guard let text = head["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" }).map { UInt64($0) }
        guard parts.count == 3, let first = parts[0], let last = parts[1], last >= first, last < .max else {
            return nil
        }
        return first..<last + 1
    }

    /// A listing, and whether it has sizes.
    static func listing(_ body: [UInt8]) throws(HikaeError) -> (files: [(id: FileID, size: UInt64?)], hasSizes: Bool) {
        var files: [(FileID, UInt64?)] = []
        var hasSizes = true
        try body.withBytes { bytes throws(HikaeError) in
            var reader = JSONReader(bytes, of: "listing")
            guard try !reader.takeNull() else { return }
            try reader.beginArray()
            while try reader.nextElement() {
                var name: [UInt8] = []
                var size: UInt64?
                if try reader.peek() == UInt8(ascii: "{") {
                    try reader.beginObject()
                    while let key = try reader.nextKey() {
                        if key.is("name") {
                            name = try reader.string()
                        } else if key.is("size") {
                            size = try reader.unsigned()
                        } else {
                            try reader.skip()
                        }
                    }
                } else {
                    name = try reader.string()
                }
                if size == nil { hasSizes = false }
                // Other names are none of a repository's files.
                guard name.count == 64, name.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
                    let id = FileID(hex: String(decoding: name, as: UTF8.self))
                else { continue }
                guard files.count < longestListing else {
                    throw HikaeError(.protocolViolation, "the server lists more than \(longestListing) files")
                }
                files.append((id, size))
            }
            try reader.finish()
        }
        return (files, hasSizes)
    }

    /// The error for a status that no case of the protocol explains.
    static func error(_ head: ResponseHead, _ action: String, _ place: String) -> HikaeError {
        let what = "cannot \(action) at \(place): "
        func pass(_ words: String, _ code: HikaeError.Code = .inputOutput) -> HikaeError {
            HikaeError(code, what + words, isRetryable: true, retryAfter: head.retryAfter)
        }
        switch head.status {
        case 401:
            return HikaeError(
                .accessDenied, what + "the server does not let us in",
                hint: "Check the user and the password: HIKAE_REST_USERNAME and HIKAE_REST_PASSWORD, or `user` and "
                    + "`credential` in the plan.")
        case 403 where ["look", "read", "list", "ask"].contains(where: action.hasPrefix):
            return HikaeError(
                .accessDenied, what + "this user may not use this repository",
                hint: "Is the name right? The first part of the path is a tenant's, and a user reaches one tenant only."
            )
        case 403:
            return HikaeError(
                .refused, what + "the server does not allow that",
                hint: "A server that only takes new data in refuses to remove or replace it, whoever asks.")
        case 404: return HikaeError(.notFound, what + "there is no such thing")
        case 405, 501: return HikaeError(.unsupported, what + "the server cannot do that (\(head.status))")
        case 408, 425, 429: return pass("the server asks to wait (\(head.status))")
        case 409:
            return HikaeError(.refused, what + "the server is at odds with what is there (409)", isRetryable: true)
        case 413: return HikaeError(.limit, what + "the server takes no file of this size")
        case 507:
            return HikaeError(
                .noSpace, what + "the server has no room left for this account",
                hint: "Remove snapshots that are no longer needed, or have the quota raised.")
        case 500...599: return pass("the server answers \(head.status)")
        case 300...399:
            return HikaeError(
                .protocolViolation, what + "the server sends elsewhere (\(head.status))",
                hint: "Name the address that it sends to. Hikae does not carry a password there by itself.")
        default: return HikaeError(.protocolViolation, what + "the server answers \(head.status)")
        }
    }
}
