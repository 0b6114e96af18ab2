// How REST requests get to a server: over connections of our own, or through rclone's input and output.

package import HikaeCore
package import HikaeHTTP

/// A request of restic's REST protocol.
package struct RESTRequest: Sendable {
    package var method: String
    /// Below the repository, without a slash before it: "data/0123…", "" for the repository itself.
    package var path: String
    package var query = ""
    package var headers: [WireField] = []
    package var body: [UInt8]?

    package init(_ method: String, _ path: String) { (self.method, self.path) = (method, path) }
}

/// What came of one.
package struct RESTAnswer: Sendable {
    package var head: ResponseHead
    /// The body, where none was filled into a buffer.
    package var body: [UInt8] = []
    /// Bytes of the body, wherever they went.
    package var count = 0

    package init(head: ResponseHead, body: [UInt8], count: Int) {
        (self.head, self.body, self.count) = (head, body, count)
    }
}

/// Carries requests, many at once. Throws only when no answer came; statuses are the caller's to judge.
package protocol RESTLink: Sendable {
    /// Sends a request and waits for its whole answer.
    ///
    /// - Parameters:
    ///   - limit: bytes of a body that are taken at most, `.protocolViolation` beyond.
    ///   - buffer: where the body of a 206 goes; nil: into the answer. What exceeds the buffer is counted only.
    func exchange(_ request: RESTRequest, limit: Int, into buffer: UnsafeMutableRawBufferPointer?) throws(HikaeError)
        -> RESTAnswer

    /// Ends every connection. Nothing is asked any more.
    func close()
}

/// Over HTTP connections.
struct HTTPLink: RESTLink {
    let transport: HTTPTransport
    /// The repository's address with a slash at its end.
    let base: String
    /// "Basic …"; nil: nobody in particular. Never shown.
    let authorization: Secret?

    func exchange(_ request: RESTRequest, limit: Int, into buffer: UnsafeMutableRawBufferPointer?) throws(HikaeError)
        -> RESTAnswer
    {
        var headers = request.headers
        if let authorization { headers.append(WireField("Authorization", authorization.text)) }
        let exchange = try transport.begin(
            method: request.method, url: base + request.path + request.query, headers: headers, body: request.body)
        var isRead = false
        defer { if !isRead { exchange.close() } }
        do throws(HikaeError) {
            let head = try exchange.response.head()
            let answer: RESTAnswer
            if head.status == 206, let buffer {
                answer = RESTAnswer(head: head, body: [], count: try Self.fill(buffer, from: exchange.response))
            } else {
                let body = try exchange.response.all(limit: limit)
                answer = RESTAnswer(head: head, body: body, count: body.count)
            }
            isRead = true
            return answer
        } catch {
            throw transport.explained(error)
        }
    }

    func close() { transport.close() }

    /// Bytes of the body. What does not fit is counted as one byte too many, and not read.
    private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from response: ResponseStream) throws(HikaeError)
        -> Int
    {
        var count = 0
        while count < buffer.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let got = try response.read(into: part)
            if got == 0 { return count }
            count += got
        }
        var extra: [UInt8] = [0]
        return count + (try extra.withMutableBytes { bytes throws(HikaeError) in try response.read(into: bytes) })
    }
}
