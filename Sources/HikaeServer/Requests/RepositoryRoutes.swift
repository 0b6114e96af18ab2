// What a repository's address answers beside restic's protocol: routes under `/TENANT/REPO/hikae/`, each a plain
// function that may block. Who calls has been logged in, fenced in the tenant and found to have the role.

public import HikaeCore

/// How a route is asked.
public enum RouteMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
}

/// A request for a route.
public struct RouteCall: Sendable {
    /// The repository concerned. It exists.
    public let repository: TenantRepository
    /// Who asks.
    public let user: ServerUser
    /// The address that the request came from.
    public let address: String
    /// What stands in the path where the route has a `*`: each 1 to 128 letters, digits, `-`, `_`, `.` and never `..`.
    public let parameters: [String]
    /// The query without its question mark; empty when there is none.
    public let query: String
    /// The whole body, within the route's bound.
    public let body: [UInt8]
}

/// What a route answers.
public struct RouteAnswer: Sendable {
    /// The status of HTTP.
    public var status: Int
    /// The kind of content.
    public var contentType: String
    /// The content.
    public var body: [UInt8]

    /// An answer of JSON.
    public init(json body: [UInt8], status: Int = 200) {
        (self.status, contentType, self.body) = (status, "application/json", body)
    }

    /// An answer of bytes.
    public init(bytes body: [UInt8], status: Int = 200) {
        (self.status, contentType, self.body) = (status, "application/octet-stream", body)
    }
}

/// The table of routes under a repository's `hikae/`.
public struct RepositoryRoutes: Sendable {
    /// What a route does. An error becomes a status: `.usage` and `.damaged` 400, `.notFound` 404, `.refused` and
    /// `.accessDenied` 403, `.locked` and `.repositoryExists` 409, `.noSpace` and `.quota` 507, all else 500.
    public typealias Handler = @Sendable (RouteCall) throws(HikaeError) -> RouteAnswer

    /// One route.
    struct Route: Sendable {
        let method: RouteMethod
        let pattern: [String]
        let role: ServerRole
        let bodyBytes: Int
        let handler: Handler
    }

    private(set) var routes: [Route] = []

    /// An empty table.
    public init() {}

    /// Adds a route.
    ///
    /// - Parameters:
    ///   - pattern: the path under `hikae/`, as `proposals/*/approvals`; a `*` stands for one part.
    ///   - role: the least role that may ask.
    ///   - bodyBytes: the body's bound.
    public mutating func add(
        _ method: RouteMethod, _ pattern: String, role: ServerRole, bodyBytes: Int = 1 << 20,
        _ handler: @escaping Handler
    ) {
        routes.append(
            Route(
                method: method, pattern: pattern.split(separator: "/").map(String.init), role: role,
                bodyBytes: bodyBytes, handler: handler))
    }

    /// Which route a path means.
    enum Match: Sendable {
        case route(Route, parameters: [String])
        /// There is such a path, but it is asked otherwise.
        case wrongMethod(allowed: [RouteMethod])
        case none
    }

    /// Finds the route for the parts of a path under `hikae/`.
    func match(_ method: String, _ parts: [String]) -> Match {
        var allowed: [RouteMethod] = []
        for route in routes where route.pattern.count == parts.count {
            guard zip(route.pattern, parts).allSatisfy({ $0 == "*" || $0 == $1 }) else { continue }
            guard route.method.rawValue == method else {
                allowed.append(route.method)
                continue
            }
            return .route(route, parameters: zip(route.pattern, parts).filter { $0.0 == "*" }.map(\.1))
        }
        return allowed.isEmpty ? .none : .wrongMethod(allowed: allowed)
    }
}
