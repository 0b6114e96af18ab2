// A vault server's agreement, asked over HTTP: beside the repository's own address, with the same user and password.
// Everything that comes back is bounded; a proposal's bytes are verified against its name.

public import HikaeAgreement
public import HikaeCore
import HikaeFormat
import HikaeHTTP
public import HikaeRemote

/// What a vault server answers under a repository's `hikae/`.
public struct AgreementClient: Sendable {
    private struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// The repository's address, without a slash at its end and without credentials.
    public let address: String
    private let transport: HTTPTransport
    private let authorization: SecretProvider?

    /// The agreement at a repository's location; nil for one that is on no REST server.
    ///
    /// Throws `.usage` for an address that is none.
    public init?(_ location: String, _ options: RemoteOptions) throws(HikaeError) {
        guard location.lowercased().hasPrefix("rest:") else { return nil }
        let place = try RESTLocation(location)
        address = place.origin + place.path.dropLast()
        transport = try HTTPTransport(
            host: place.host, port: place.port, place: place.origin, trust: ServerTrust(settings: options.trust),
            connections: 2, patience: Patience(), cancellation: options.cancellation)
        let password = options.password
        if let user = place.user ?? options.user {
            authorization = { () throws(HikaeError) in
                var secret = place.password ?? Secret("")
                if place.password == nil, let password { secret = try password() }
                return Secret(Array("Basic ".utf8) + Base64.encode(Array("\(user):".utf8) + secret.bytes))
            }
        } else {
            authorization = nil
        }
    }

    /// What the vault tells; nil when the server knows nothing of agreement.
    public func report() throws(HikaeError) -> AgreementReport? {
        let answer = try send("GET", "agreement", limit: AgreementReport.maximumBytes)
        if [400, 403, 404, 405, 501].contains(answer.status) { return nil }
        return try AgreementReport(decoding: try body(answer))
    }

    /// A proposal. Throws `.untrusted` when the bytes are not those that the name promises.
    public func proposal(_ id: ProposalID) throws(HikaeError) -> Proposal {
        let bytes = try body(try send("GET", "proposals/\(id.hex)", limit: Proposal.Limits.bytes))
        guard Proposal.id(of: bytes) == id else {
            throw HikaeError(.untrusted, "\(address) shows another proposal under the name \(id.short)")
        }
        return try Proposal(decoding: bytes)
    }

    /// Brings a proposal forward.
    public func propose(_ proposal: Proposal) throws(HikaeError) -> AgreementReport {
        let answer = try send("POST", "proposals", proposal.encoded(), limit: AgreementReport.maximumBytes)
        return try AgreementReport(decoding: try body(answer))
    }

    /// Hands in a signed word.
    public func say(_ word: SignedWord) throws(HikaeError) -> AgreementReport {
        let folder = word.word == .approve ? "approvals" : "vetoes"
        let answer = try send(
            "POST", "proposals/\(word.proposal.hex)/\(folder)", word.encoded(), limit: AgreementReport.maximumBytes)
        return try AgreementReport(decoding: try body(answer))
    }

    /// The snapshots that have registered, and those that the vault keeps just now whatever is signed; nil when the
    /// server knows nothing of agreement.
    public func ledger() throws(HikaeError) -> (registered: Set<FileID>, kept: Set<FileID>)? {
        let answer = try send("GET", "ledger", limit: 64 << 20)
        if [400, 403, 404, 405, 501].contains(answer.status) { return nil }
        var (registered, kept): (Set<FileID>, Set<FileID>) = ([], [])
        try JSONReader.read(try body(answer), of: "vault's ledger") { json, key throws(HikaeError) in
            let isKept = key.is("kept")
            guard isKept || key.is("snapshots") else { return try json.skip() }
            try json.beginArray()
            while try json.nextElement() {
                let id: FileID = try json.identifier()
                if isKept { kept.insert(id) } else { registered.insert(id) }
            }
        }
        return (registered, kept)
    }

    /// Registers a snapshot.
    public func register(_ entry: LedgerEntry) throws(HikaeError) {
        _ = try body(try send("POST", "ledger/\(entry.snapshot.hex)", entry.encoded(), limit: 1 << 20))
    }

    /// Ends the connections.
    public func close() { transport.close() }

    private func send(
        _ method: String, _ path: String, _ content: [UInt8]? = nil, limit: Int
    ) throws(HikaeError) -> Answer {
        var headers = [WireField("Content-Type", "application/octet-stream")]
        if let authorization { headers.append(WireField("Authorization", try authorization().text)) }
        do throws(HikaeError) {
            let exchange = try transport.begin(
                method: method, url: "\(address)/hikae/\(path)", headers: headers, body: content)
            defer { exchange.close() }
            // A large body takes its time to be sent and looked at.
            let head = try exchange.response.head(extra: Double(content?.count ?? 0) / 100_000 + 60)
            return Answer(status: head.status, body: try exchange.response.all(limit: limit))
        } catch {
            throw transport.explained(error)
        }
    }

    private func body(_ answer: Answer) throws(HikaeError) -> [UInt8] {
        guard !(200..<300).contains(answer.status) else { return answer.body }
        var words = String(decoding: answer.body.prefix(1000), as: UTF8.self)
        while words.last?.isWhitespace == true { words.removeLast() }
        if words.isEmpty || !PlainText.isPlain(words) { words = "status \(answer.status)" }
        let message = "\(address): \(words)"
        switch answer.status {
        case 401:
            throw HikaeError(
                .accessDenied, "\(address) does not let us in",
                hint: "Give the user and the password in HIKAE_REST_USERNAME and HIKAE_REST_PASSWORD, or in the plan.")
        case 403: throw HikaeError(.refused, message)
        case 404: throw HikaeError(.notFound, message)
        case 409: throw HikaeError(.repositoryExists, message)
        case 429, 500...599:
            throw HikaeError(answer.status == 507 ? .quota : .unreachable, message, isRetryable: answer.status != 507)
        default: throw HikaeError(.protocolViolation, message)
        }
    }
}
