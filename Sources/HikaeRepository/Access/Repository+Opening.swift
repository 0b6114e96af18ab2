// Creating and opening: the key file and the config, in the order in which a cut leaves no half repository.

public import HikaeChunker
public import HikaeCore
import HikaeFormat
public import HikaeStore

extension Repository {
    /// Keys that are tried at most before giving up, as restic does.
    static let maximumKeys = 20

    /// Makes a repository in `store`: the layout, one key opened by `password`, then the config, which makes it one.
    ///
    /// Throws `.repositoryExists` when a config is there already.
    public static func create(
        _ store: any ObjectStore, password: [UInt8], options: CreateOptions = CreateOptions(),
        opening: OpenOptions = OpenOptions(), clock: any WallClock = SystemClock()
    ) throws(HikaeError) -> Repository {
        guard (1...2).contains(options.version) else {
            throw HikaeError(.unsupported, "repository version \(options.version) is not 1 or 2")
        }
        try store.create()
        let key = CryptoKey.random()
        let config = makeConfig(options)
        let keyFile = try KeyFile.create(
            master: key, password: password, username: options.username, hostname: options.hostname,
            created: clock.now(), parameters: options.scrypt)
        let encodedKey = keyFile.encoded()
        let keyID = Digest.fileID(encodedKey)
        try store.save(StoredFile(.key, keyID), encodedKey)
        try store.save(StoredFile.config, key.seal(config.encoded()))
        return Repository(store: store, config: config, key: key, keyID: keyID, options: opening, clock: clock)
    }

    private static func makeConfig(_ options: CreateOptions) -> Config {
        var generator = SystemRandomNumberGenerator()
        func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) } }
        var config = Config(
            version: options.version, id: Hex.encode(random(32)),
            chunkerPolynomial: RabinChunker.randomIrreducible(), gearSecret: nil)
        switch options.chunking {
        case .gear: config.gearSecret = random(32)
        case .rabin: break
        case .sameAs(let other):
            config.chunkerPolynomial = other.chunkerPolynomial
            config.gearSecret = other.gearSecret
        }
        return config
    }

    /// Opens the repository in `store` with `password`.
    ///
    /// Throws `.noRepository` when there is none, `.wrongPassword` when no key opens, `.unsupported` for a version that
    /// is not known.
    public static func open(
        _ store: any ObjectStore, password: [UInt8], options: OpenOptions = OpenOptions(),
        clock: any WallClock = SystemClock()
    ) throws(HikaeError) -> Repository {
        let ahead = ListingsAhead()
        ahead.begin(options.willLock ? [.key, .lock] : [.key], of: store)
        let sealedConfig: [UInt8]
        do throws(HikaeError) {
            sealedConfig = try store.load(StoredFile.config)
        } catch {
            guard error.code == .notFound else { throw error }
            throw HikaeError(
                .noRepository, "there is no repository at \(store.location)",
                hint: "Run `hikae init` to make one, or check the path given with --repo.")
        }
        let keys = if let listed = try ahead.take(.key) { listed } else { try store.list(.key) }
        let (keyID, key) = try unlock(store, keys, password: password, hint: options.keyHint)
        let plaintext: [UInt8]
        do throws(HikaeError) {
            plaintext = try key.open(sealedConfig)
        } catch {
            throw HikaeError(.damaged, "the config file of \(store.location) is damaged: \(error.message)")
        }
        let config = try Config(decoding: plaintext)
        guard (1...2).contains(config.version) else {
            throw HikaeError(.unsupported, "\(store.location) has repository version \(config.version), not 1 or 2")
        }
        return Repository(
            store: store, config: config, key: key, keyID: keyID, options: options, clock: clock, ahead: ahead)
    }

    /// Tries the keys one by one, the hinted one first.
    private static func unlock(
        _ store: any ObjectStore, _ keys: [StoredFileInfo], password: [UInt8], hint: String?
    ) throws(HikaeError) -> (FileID, CryptoKey) {
        var files = keys.map(\.id).sorted()
        if let hint, !hint.isEmpty {
            files = files.filter { $0.hex.hasPrefix(hint) } + files.filter { !$0.hex.hasPrefix(hint) }
        }
        var unreadable: HikaeError?
        for id in files.prefix(maximumKeys) {
            do throws(HikaeError) {
                let bytes = try store.load(StoredFile(.key, id))
                return (id, try KeyFile(decoding: bytes).unlock(password: password))
            } catch {
                switch error.code {
                case .wrongPassword: continue
                // Another key may still open; if none does, this is why.
                case .inputOutput, .permission: unreadable = error
                default: unreadable = HikaeError(.damaged, "the key file \(id.short) is damaged: \(error.message)")
                }
            }
        }
        if let unreadable, unreadable.code != .damaged || files.count == 1 { throw unreadable }
        throw HikaeError(
            .wrongPassword, "wrong password, or no key for it, at \(store.location)",
            hint: "Check the password; `hikae key list` with another password shows which keys there are.")
    }

    /// How this repository cuts files. Throws `.damaged` when the config's secret or polynomial cannot be used.
    public func makeChunker() throws(HikaeError) -> Chunker {
        if let secret = config.gearSecret { return .gear(GearChunker(secret: secret)) }
        return .rabin(try RabinChunker(polynomial: config.chunkerPolynomial))
    }
}
