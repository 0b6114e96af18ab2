// Reading `users.json`. What is not as it must be is an error, never somebody let in.

internal import HikaeCore
internal import HikaeFormat

extension UsersFile {
    /// Reads the file's bytes; `.damaged` when they are none, a name stands twice, or a role is not known.
    init(decoding bytes: [UInt8]) throws(HikaeError) {
        self.init()
        var result = UsersFile()
        var version: UInt64 = 0
        try JSONReader.read(bytes, of: "users' file") { json, key throws(HikaeError) in
            if key.is("version") {
                version = try json.unsigned()
            } else if key.is("users") {
                try json.beginArray()
                while try json.nextElement() { result.entries.append(try Self.entry(&json)) }
            } else if key.is("tenants") {
                try json.beginArray()
                while try json.nextElement() {
                    let (name, quota) = try Self.tenant(&json)
                    guard result.quotas.updateValue(quota, forKey: name) == nil else {
                        throw json.fault("a tenant that stands there twice")
                    }
                }
            } else {
                try json.skip()
            }
        }
        guard version == 1 else { throw HikaeError(.unsupported, "the users' file has version \(version), not 1") }
        guard Set(result.entries.map(\.user.name)).count == result.entries.count else {
            throw HikaeError(.damaged, "the users' file has a user twice")
        }
        self = result
    }

    private static func entry(_ json: inout JSONReader) throws(HikaeError) -> Entry {
        var (name, tenant, role) = ("", "", "")
        var added = Timestamp.zero
        var (salt, hash): ([UInt8], [UInt8]) = ([], [])
        var costs: [Int] = []
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("name") {
                name = try json.text()
            } else if key.is("tenant") {
                tenant = try json.text()
            } else if key.is("role") {
                role = try json.text()
            } else if key.is("added") {
                added = try json.time()
            } else if key.is("salt") {
                salt = try json.base64()
            } else if key.is("hash") {
                hash = try json.base64()
            } else if key.is("scrypt") {
                try json.beginArray()
                while try json.nextElement() { costs.append(Int(clamping: try json.unsigned())) }
            } else {
                try json.skip()
            }
        }
        guard VaultName.isValid(name), VaultName.isValid(tenant), let role = ServerRole(rawValue: role),
            costs.count == 3
        else { throw json.fault("a user without a proper name, tenant, role or cost") }
        let parameters = ScryptParameters(rounds: costs[0], blockSize: costs[1], parallelism: costs[2])
        return Entry(
            user: ServerUser(name: name, tenant: tenant, role: role),
            password: try PasswordHash(parameters: parameters, salt: salt, hash: hash), added: added)
    }

    private static func tenant(_ json: inout JSONReader) throws(HikaeError) -> (String, TenantQuota) {
        var name = ""
        var quota = TenantQuota()
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("name") {
                name = try json.text()
            } else if key.is("bytes") {
                quota.bytes = try json.unsigned()
            } else if key.is("files") {
                quota.files = Int(clamping: try json.unsigned())
            } else {
                try json.skip()
            }
        }
        guard VaultName.isValid(name) else { throw json.fault("a tenant without a proper name") }
        return (name, quota)
    }
}
