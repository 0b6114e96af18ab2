// What an S3 server's answer says: ETags, and what went wrong when it is no success.

import HikaeCore
import HikaeHTTP

extension ResponseHead {
    /// The ETag without its quotes.
    var etag: String? { self["etag"].map(ETag.bare) }
}

/// ETags, which come quoted in some places and bare in others.
enum ETag {
    /// Without quotes.
    static func bare(_ text: String) -> String {
        var text = text[...]
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 { text = text.dropFirst().dropLast() }
        return String(text)
    }

    /// Whether it can be the MD5 of the object's bytes: those of objects made of parts have a hyphen.
    static func mayBeMD5(_ bare: String) -> Bool {
        bare.utf8.count == 32 && bare.utf8.allSatisfy { Hex.value($0) != nil }
    }
}

/// What an S3 server refused, and why, in its own word and in ours.
struct S3Failure: Sendable {
    /// S3's word: "NoSuchBucket". Empty when the server said none.
    var code: String
    var message: String
    var status: Int
    /// The region that the server says is right.
    var region: String?
    /// The server's time, as it said it.
    var serverTime: String?
    var retryAfter: Double?

    /// Reads the error that came with `head`; `body` may be empty, as after HEAD, or no XML at all.
    init(_ head: ResponseHead, _ body: [UInt8]) {
        status = head.status
        retryAfter = head.retryAfter
        region = head["x-amz-bucket-region"]
        serverTime = head["date"]
        (code, message) = ("", "")
        // An error page that is no XML says nothing that could be relied on.
        do throws(HikaeError) {
            let element = try XMLElement(parsing: body, from: "the server")
            guard element.name == "Error" else { return }
            code = Self.plain(element.text("Code") ?? "", limit: 64)
            message = Self.plain(element.text("Message") ?? "", limit: 300)
            region = region ?? element.text("Region").map { Self.plain($0, limit: 64) }
            serverTime = element.text("ServerTime").map { Self.plain($0, limit: 64) } ?? serverTime
        } catch {}
    }

    /// What a server wrote, fit for a terminal.
    private static func plain(_ text: String, limit: Int) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }).prefix(limit))
    }

    /// The region that the server says is right, when requests are signed for another.
    func otherRegion(than ours: String) -> String? {
        let isElsewhere =
            [301, 307].contains(status) || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect"
        guard isElsewhere, let region, region != ours else { return nil }
        return region
    }

    /// Whether the same request may succeed when it is made again.
    var isRetryable: Bool {
        switch code {
        case "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
            "RequestLimitExceeded", "BadDigest", "ConditionalRequestConflict", "XAmzContentSHA256Mismatch",
            "OperationAborted":
            true
        case "NotImplemented", "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull": false
        default: [429, 500, 502, 503, 504].contains(status)
        }
    }

    /// Whether a refusal without a word, as an answer to HEAD is, bears a time that is the reason for it.
    private func isSkewed(_ now: Timestamp) -> Bool {
        guard status == 403, code.isEmpty, let there = serverTime.flatMap(HTTPDate.timestamp) else { return false }
        return abs(there.seconds - now.seconds) >= 900
    }

    /// The error for people.
    ///
    /// - Parameters:
    ///   - action: what was tried, as a verb and its object: "read photos/1.jpg".
    ///   - ours: what the message may compare the server's answer with.
    func error(_ action: String, _ address: S3Address, region ours: String, now: Timestamp) -> HikaeError {
        let said = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        let answer = said.isEmpty ? "status \(status)" : said
        func failed(_ code: HikaeError.Code, _ why: String, hint: String? = nil) -> HikaeError {
            HikaeError(
                code, "cannot \(action) in \(address.display): \(why)", hint: hint, isRetryable: isRetryable,
                retryAfter: retryAfter)
        }
        if code == "RequestTimeTooSkewed" || code == "RequestExpired" || isSkewed(now) {
            return failed(
                .accessDenied,
                "the clocks differ: here it is \(now.display), the server says \(serverTime ?? "another time")",
                hint: "Set this machine's clock; servers refuse requests that are 15 minutes off.")
        }
        if let region = otherRegion(than: ours) {
            return failed(
                .usage, "the bucket is in region \(region), and requests were signed for \(ours)",
                hint: "Set the region to \(region), and the endpoint to that region's.")
        }
        if [301, 302, 307, 308].contains(status) {
            return failed(
                .usage, "the server sends us elsewhere (\(answer))",
                hint: "Set the endpoint to the one of the bucket's own region; redirects are not followed.")
        }
        switch code {
        case "NoSuchBucket":
            return failed(.notFound, "there is no such bucket", hint: "Is the bucket's name right, and the endpoint?")
        case "InvalidObjectState":
            return failed(
                .unsupported, "the object is in an archive class (\(code))",
                hint: "Its provider has to restore it before anybody can read it.")
        case "NotImplemented": return failed(.unsupported, "the server cannot do this (\(answer))")
        case "InvalidRange": return failed(.damaged, "it ends before the bytes that were asked for")
        case "NoSuchKey", "NoSuchVersion", "NoSuchUpload": return failed(.notFound, "there is none (\(code))")
        case "InvalidAccessKeyId", "InvalidToken", "ExpiredToken", "TokenRefreshRequired":
            return failed(.accessDenied, "the server does not know the access key (\(answer))")
        case "SignatureDoesNotMatch":
            return failed(
                .accessDenied, "the secret key does not belong to the access key (\(code))",
                hint: "Is the secret key whole, without a line end or space too many?")
        case "AccessDenied", "AllAccessDisabled", "AccountProblem":
            return failed(.accessDenied, "the key may not do this (\(answer))")
        case "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull":
            return failed(.quota, "there is no room left (\(answer))")
        default: break
        }
        switch status {
        case 401, 403: return failed(.accessDenied, "the key may not do this (\(answer))")
        case 416: return failed(.damaged, "it ends before the bytes that were asked for")
        case 404: return failed(.notFound, "there is none (\(answer))")
        case 501: return failed(.unsupported, "the server cannot do this (\(answer))")
        case 507: return failed(.quota, "there is no room left (\(answer))")
        case 429, 500...599: return failed(.unreachable, "the server is in trouble (\(answer))")
        default: return failed(.inputOutput, "the server refused it (\(answer))")
        }
    }
}
