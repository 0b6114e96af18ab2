// `users.json` in a vault server's folder: who may log in, for which tenant, as what; and what tenants may hold.
// Holds no password, only what scrypt made of it. Replaced whole, never written in place.

public import HikaeCore
internal import HikaeFormat
internal import HikaeStore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The users and quotas of a vault server.
public struct UsersFile: Sendable, Equatable {
    /// A user, with what verifies the password.
    struct Entry: Sendable, Equatable {
        var user: ServerUser
        var password: PasswordHash
        var added: Timestamp
    }

    var entries: [Entry] = []
    /// What tenants may hold; a tenant that is not named has no bound.
    public var quotas: [String: TenantQuota] = [:]

    /// Nobody.
    public init() {}

    /// Everybody who may log in, by name.
    public var users: [ServerUser] { entries.map(\.user).sorted { $0.name < $1.name } }

    /// When a user was added.
    public func added(_ name: String) -> Timestamp? { entries.first { $0.user.name == name }?.added }

    /// Adds a user, or gives one that is there another password, tenant or role.
    public mutating func set(
        _ name: String, tenant: String, role: ServerRole, password: Secret, at time: Timestamp
    ) throws(HikaeError) {
        guard (8...1024).contains(password.bytes.count) else {
            throw HikaeError(.usage, "a password has 8 to 1024 bytes")
        }
        let user = ServerUser(
            name: try VaultName.check(name, "a user"), tenant: try VaultName.check(tenant, "a tenant"), role: role)
        let entry = Entry(user: user, password: try PasswordHash(of: password), added: time)
        guard let index = entries.firstIndex(where: { $0.user.name == name }) else {
            entries.append(entry)
            return
        }
        entries[index] = entry
    }

    /// Takes a user away; `.notFound` when there is none.
    public mutating func remove(_ name: String) throws(HikaeError) {
        guard let index = entries.firstIndex(where: { $0.user.name == name }) else {
            throw HikaeError(.notFound, "there is no user \(name)")
        }
        entries.remove(at: index)
    }

    /// Where the file stands in a server's folder.
    static func path(_ folder: String) -> String { "\(folder)/users.json" }

    /// Reads the file of the server in `folder`; nobody when there is none.
    public static func load(folder: String) throws(HikaeError) -> UsersFile {
        guard try SystemFile.kind(path(folder)) != nil else { return UsersFile() }
        return try UsersFile(decoding: try SystemFile.load(path(folder), limit: 4 << 20))
    }

    /// Reads the file of the server in `folder`, lets `body` change it and replaces it, one after the other where several
    /// do so at once. `.permission` when the folder is another user's: the server could not read what is written here.
    public static func change(
        folder: String, _ body: (inout UsersFile) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        try SystemFile.makeFolder(folder, mode: 0o700)
        try FolderOwner.check(folder)
        let lock = try SystemFile.openWriting("\(folder)/.users", flags: 0)
        defer { SystemFile.close(lock) }
        while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw .system("lock", "\(folder)/.users") } }
        var users = try load(folder: folder)
        try body(&users)
        try users.save(folder: folder)
    }

    /// Replaces the file of the server in `folder`, durably; the folder is made if it is missing.
    func save(folder: String) throws(HikaeError) {
        try SystemFile.makeFolder(folder, mode: 0o700)
        try SystemFile.replace(Self.path(folder), with: encode())
    }

    /// The file's bytes.
    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("version")
        json.number(1)
        json.key("users")
        json.beginArray()
        for entry in entries.sorted(by: { $0.user.name < $1.user.name }) { Self.write(entry, to: &json) }
        json.endArray()
        json.key("tenants")
        json.beginArray()
        for (name, quota) in quotas.sorted(by: { $0.key < $1.key }) {
            json.beginObject()
            json.key("name")
            json.string(name)
            if let bytes = quota.bytes {
                json.key("bytes")
                json.number(bytes)
            }
            if let files = quota.files {
                json.key("files")
                json.number(files)
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes + [0x0A]
    }

    private static func write(_ entry: Entry, to json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(entry.user.name)
        json.key("tenant")
        json.string(entry.user.tenant)
        json.key("role")
        json.string(entry.user.role.rawValue)
        json.key("added")
        json.time(entry.added)
        json.key("scrypt")
        json.beginArray()
        for number in [
            entry.password.parameters.rounds, entry.password.parameters.blockSize,
            entry.password.parameters.parallelism,
        ] { json.number(number) }
        json.endArray()
        json.key("salt")
        json.base64(entry.password.salt)
        json.key("hash")
        json.base64(entry.password.hash)
        json.endObject()
    }
}
