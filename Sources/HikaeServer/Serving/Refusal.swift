// What a client is told when it does not get what it asked for, and what the log is told besides.

internal import HTTPTypes
internal import HikaeCore

/// A request that is answered with an error.
struct Refusal: Error {
    /// The status of HTTP.
    var status: Int
    /// For the client. Never a path of this machine.
    var message: String
    /// For the log, when there is more to say.
    var note = ""
    var headers = HTTPFields()
    /// What the server's operator should see; nil when it is the client's affair.
    var fault: HikaeError?

    init(_ status: Int, _ message: String) { (self.status, self.message) = (status, message) }

    /// For an error that storing or reading threw.
    init(_ error: HikaeError, isUpload: Bool = false) {
        switch error.code {
        case .usage: self.init(400, error.message)
        case .damaged where isUpload: self.init(400, error.message)
        case .notFound, .noRepository: self.init(404, "there is no such thing here")
        case .refused, .accessDenied: self.init(403, error.message)
        case .locked, .repositoryExists: self.init(409, error.message)
        case .limit: self.init(413, error.message)
        case .quota: self.init(507, error.message)
        case .noSpace:
            self.init(507, "the vault's disk is full")
            fault = error
        case .cancelled: self.init(503, "the server is stopping")
        default:
            self.init(500, "the vault could not do it; its operator has been told why")
            fault = error
        }
        note = error.message
    }

    static func wrongMethod(_ allowed: [String]) -> Refusal {
        var refusal = Refusal(405, "this is not how this is asked for")
        refusal.headers[.allow] = allowed.joined(separator: ", ")
        return refusal
    }

    /// For a tenant whose requests hold as much memory as they may.
    static var tooMuchAtOnce: Refusal { later(503, "too many large requests of yours at once", seconds: 2) }

    static func later(_ status: Int, _ message: String, seconds: Int) -> Refusal {
        var refusal = Refusal(status, message)
        refusal.headers[.retryAfter] = String(seconds)
        return refusal
    }
}
