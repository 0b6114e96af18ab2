// Answers every request: what is asked for, who asks, whether that may be, then restic's protocol or a route. Whatever
// changes something is in the log, durably, before the answer goes out.

internal import HTTPTypes
internal import HikaeCore
internal import HikaeStore
internal import Hummingbird
internal import NIOCore

/// The server's answer to everything.
struct VaultResponder: HTTPResponder {
    typealias Context = VaultContext

    let vault: VaultFolder
    let desk: LoginDesk
    let limits: ServerLimits
    let metrics: ServerMetrics
    let routes: RepositoryRoutes
    let files: BlockingPool
    let logins: BlockingPool
    let report: @Sendable (HikaeError) -> Void

    func respond(to request: Request, context: VaultContext) async throws -> Response {
        let start = MonotonicTime.seconds()
        var exchange = Exchange(request, context)
        var response: Response
        do {
            response = try await answer(&exchange)
        } catch let refusal as Refusal {
            response = self.response(refusal, &exchange)
        } catch let error as HikaeError {
            response = self.response(Refusal(error), &exchange)
        } catch {
            // The connection broke, or what came was no HTTP; nobody is there to be answered.
            exchange.note = "the connection broke"
            vault.audit.appendRefusal(exchange.event(0))
            throw error
        }
        if exchange.hasBody, !exchange.hasReadBody { response.headers[.connection] = "close" }
        metrics.answered(
            Self.methods.contains(exchange.method) ? exchange.method : "other", Int(response.status.code),
            seconds: MonotonicTime.seconds() - start, tenant: exchange.user?.tenant,
            received: exchange.isDownload ? 0 : exchange.bytes, sent: exchange.isDownload ? exchange.bytes : 0)
        return response
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "DELETE"]

    private func answer(_ exchange: inout Exchange) async throws -> Response {
        let target: RequestTarget
        let query: String
        do throws(RequestTarget.Refusal) {
            (target, query) = try RequestTarget.parse(exchange.path, limit: limits.pathBytes)
        } catch {
            switch error {
            case .malformed(let reason): throw Refusal(400, reason)
            case .unknown: throw Refusal(404, "there is no such thing here")
            }
        }
        guard Self.methods.contains(exchange.method) else { throw Refusal.wrongMethod(Self.methods.sorted()) }
        if exchange.hasBody, exchange.method != "POST" { throw Refusal(400, "this request has no body") }
        guard exchange.expectation ?? "100-continue" == "100-continue" else {
            throw Refusal(417, "nothing but 100-continue can be expected here")
        }
        guard case .repository(let tenant, let name, let resource) = target else {
            guard exchange.method == "GET" || exchange.method == "HEAD" else {
                throw Refusal.wrongMethod(["GET", "HEAD"])
            }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
        }
        let user = try await login(exchange)
        exchange.user = user
        guard user.tenant == tenant else { throw Refusal(403, "this is another tenant's") }
        let repository = try vault.repository(tenant: tenant, name: name)
        switch resource {
        case .root: return try await root(&exchange, repository, query)
        case .list(let kind): return try await list(&exchange, repository, kind)
        case .file(let file): return try await self.file(&exchange, repository, file)
        case .route(let parts): return try await route(&exchange, repository, parts, query)
        }
    }

    private func login(_ exchange: Exchange) async throws -> ServerUser {
        let credentials = BasicCredentials(header: exchange.request.headers[.authorization])
        var outcome = LoginDesk.Outcome.refused
        if let credentials {
            if let known = desk.recognise(credentials) {
                outcome = known
            } else {
                let (desk, address) = (desk, exchange.address)
                outcome = try await logins.run { desk.login(credentials, from: address) }
            }
        }
        switch outcome {
        case .welcome(let user): return user
        case .refused:
            metrics.loginFailed()
            var refusal = Refusal(401, "who are you?")
            refusal.headers[.wwwAuthenticate] = "Basic realm=\"hikae vault\", charset=\"UTF-8\""
            if let credentials { refusal.note = "login as \(credentials.name) failed" }
            throw refusal
        case .tooMany(let seconds):
            throw Refusal.later(429, "too many logins have failed", seconds: seconds)
        case .tooFast(let seconds):
            throw Refusal.later(429, "too many requests", seconds: seconds)
        }
    }

    /// Throws unless the user's role is at least `role`.
    func require(_ role: ServerRole, _ exchange: Exchange) throws(Refusal) {
        guard let user = exchange.user, user.role >= role else {
            throw Refusal(403, "this needs the role \(role.rawValue)")
        }
    }

    private func root(
        _ exchange: inout Exchange, _ repository: TenantRepository, _ query: String
    ) async throws -> Response {
        switch exchange.method {
        case "POST":
            try require(.append, exchange)
            guard query == "create=true" else { throw Refusal(400, "a repository is made with ?create=true") }
            guard !exchange.hasBody else { throw Refusal(400, "this request has no body") }
            let event = exchange.event(200)
            let limit = limits.repositories
            try await files.run { () throws(HikaeError) in
                let isNew = try !SystemFile.isFolder(repository.folder)
                try repository.create(limit: limit)
                if isNew { try repository.vault.audit.append(event, durable: true) }
            }
            return Response(status: .ok)
        case "DELETE": throw Refusal(403, "nothing here is removed over the network")
        default: throw Refusal.wrongMethod(["POST"])
        }
    }

    private func route(
        _ exchange: inout Exchange, _ repository: TenantRepository, _ parts: [String], _ query: String
    ) async throws -> Response {
        switch routes.match(exchange.method, parts) {
        case .none: throw Refusal(404, "there is no such thing here")
        case .wrongMethod(let allowed): throw Refusal.wrongMethod(allowed.map(\.rawValue))
        case .route(let route, let parameters):
            try require(route.role, exchange)
            guard let user = exchange.user else { throw Refusal(403, "this needs a user") }
            try await files.run { () throws(HikaeError) in
                guard try repository.exists() else {
                    throw HikaeError(.notFound, "there is no repository at \(repository.address)")
                }
            }
            let share = vault.memory.share(user.tenant)
            let body = try await smallBody(&exchange, limit: route.bodyBytes, share)
            let call = (exchange.address, exchange.event(0))
            let answer: RouteAnswer
            do throws(HikaeError) {
                answer = try await files.run { () throws(HikaeError) in
                    // Held until the answer is made.
                    defer { withExtendedLifetime(share) {} }
                    let answer = try route.handler(
                        RouteCall(
                            repository: repository, user: user, address: call.0, parameters: parameters, query: query,
                            body: body))
                    guard route.method == .post else { return answer }
                    var event = call.1
                    event.status = answer.status
                    // 201: something new is kept. What changed nothing is written down only so often.
                    if answer.status == 201 {
                        try repository.vault.audit.append(event, durable: true)
                    } else {
                        try repository.vault.audit.appendTransient(event)
                    }
                    return answer
                }
            } catch {
                throw Refusal(error, isUpload: true)
            }
            var headers = HTTPFields()
            headers[.contentType] = answer.contentType
            return Response(
                status: .init(code: answer.status), headers: headers,
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
    }

    /// A whole body of at most `limit` bytes, which the tenant has the memory for.
    private func smallBody(
        _ exchange: inout Exchange, limit: Int, _ share: MemoryBudget.Share
    ) async throws -> [UInt8] {
        guard exchange.announced ?? 0 <= UInt64(limit) else { throw Refusal(413, "the body is too large") }
        exchange.wantBody()
        var body: [UInt8] = []
        for try await part in exchange.request.body {
            guard body.count + part.readableBytes <= limit else { throw Refusal(413, "the body is too large") }
            guard share.grow(by: part.readableBytes) else { throw Refusal.tooMuchAtOnce }
            body += part.readableBytesView
        }
        exchange.hasReadBody = true
        exchange.bytes = UInt64(body.count)
        return body
    }

    /// The answer to what is refused, written down.
    private func response(_ refusal: Refusal, _ exchange: inout Exchange) -> Response {
        if let fault = refusal.fault { report(fault) }
        if exchange.note.isEmpty { exchange.note = refusal.note.isEmpty ? refusal.message : refusal.note }
        // That something is not there is no more than an answer.
        let isAnswer = refusal.status == 404 && exchange.user != nil && exchange.method != "POST"
        if !isAnswer { vault.audit.appendRefusal(exchange.event(refusal.status)) }
        var headers = refusal.headers
        headers[.contentType] = "text/plain; charset=utf-8"
        let body = ByteBuffer(string: exchange.method == "HEAD" ? "" : refusal.message + "\n")
        return Response(status: .init(code: refusal.status), headers: headers, body: .init(byteBuffer: body))
    }
}
