// A directory inside the target. Reached from its parent by one name at a time, never through a symlink.

internal import CLinux
import HikaeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A directory that is restored into. It is made when first needed; its descriptor is kept while these are plentiful.
///
/// One that was there and takes no entries is opened up once something is to be changed in it. It gets its mode back when
/// it is let go of, unless it was given one by then.
final class TargetFolder: Sendable {
    private struct State {
        var isThere = false
        var existedBefore = false
        /// -1 when not kept open.
        var descriptor: Int32 = -1
        var device: UInt64 = 0
        var inode: UInt64 = 0
        /// Entries can be made in it.
        var isOpenedUp = false
        /// The mode to put back.
        var formerMode: mode_t?
        /// Whom files belong to that are made in it; known from the first one.
        var newOwner: FileOwner?
    }

    /// Nil for the target itself.
    let parent: TargetFolder?
    let name: [UInt8]
    let depth: Int
    private let state: Mutex<State>

    /// How many directories may stay open, so that descriptors are left for all else.
    private static let most: Int = {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 64 }
        return max(16, Int(clamping: limit.rlim_cur) / 4)
    }()
    private static let open = Atomic<Int>(0)

    /// The target itself, open as `descriptor`, which is taken over.
    init(target descriptor: Int32, existedBefore: Bool) {
        parent = nil
        name = []
        depth = 0
        Self.open.add(1, ordering: .relaxed)
        state = Mutex(State(isThere: true, existedBefore: existedBefore, descriptor: descriptor))
    }

    /// The target of a dry run that is not there.
    init() {
        parent = nil
        name = []
        depth = 0
        state = Mutex(State())
    }

    /// A directory in `parent`, which need not be there yet.
    init(_ name: [UInt8], in parent: TargetFolder) {
        self.parent = parent
        self.name = name
        depth = parent.depth + 1
        state = Mutex(State())
    }

    deinit {
        if let mode = state.withLock({ $0.formerMode }) {
            _ = try? withDescriptor { descriptor throws(HikaeError) in fchmod(descriptor, mode) }
        }
        let descriptor = state.withLock { $0.descriptor }
        guard descriptor >= 0 else { return }
        close(descriptor)
        Self.open.subtract(1, ordering: .relaxed)
    }

    /// The path from the target, for messages: `/a/b`.
    var path: String {
        var names: [[UInt8]] = []
        var folder: TargetFolder? = self
        while let current = folder, current.parent != nil {
            names.append(current.name)
            folder = current.parent
        }
        return names.isEmpty
            ? "/" : names.reversed().map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
    }

    /// Whether it is there, made or found.
    var isThere: Bool { state.withLock { $0.isThere } }

    /// Whether it was there before the restore, so that anything may be in it.
    var existedBefore: Bool { state.withLock { $0.existedBefore } }

    // MARK: Making and finding

    /// Makes the directory, and those above it, unless they are there, ready to take entries. Something else of that name
    /// is removed when `replaces`, else an error.
    func make(replaces: Bool) throws(HikaeError) {
        if try find() {
            try openUp()
            return
        }
        guard let parent else { throw HikaeError(.notFound, "the target is not there") }
        try parent.make(replaces: replaces)
        try parent.withDescriptor { above throws(HikaeError) in
            // Where the directory above is new, there is nothing to meet in it.
            var existed = false
            if EntryName.with(name, { mkdirat(above, $0, 0o700) }) != 0 {
                guard errno == EEXIST else { throw .system("make the directory", path) }
                existed = true
                if let status = EntryName.status(above, name), status.st_mode & S_IFMT != S_IFDIR {
                    guard replaces else {
                        throw HikaeError(.refused, "\(path) is no directory in the target, and may not be replaced")
                    }
                    guard EntryName.with(name, { unlinkat(above, $0, 0) }) == 0,
                        EntryName.with(name, { mkdirat(above, $0, 0o700) }) == 0
                    else { throw .system("replace", path) }
                    existed = false
                }
            }
            var former: mode_t?
            var descriptor = EntryName.open(above, name, O_RDONLY | O_DIRECTORY)
            if descriptor < 0, errno == EACCES, existed {
                former = makeAccessible(above)
                if former != nil { descriptor = EntryName.open(above, name, O_RDONLY | O_DIRECTORY) }
            }
            try enter(descriptor, existedBefore: existed, formerMode: former)
        }
        try openUp()
    }

    /// Looks for the directory without making or changing it. False when there is none, or none that may be looked into.
    func find() throws(HikaeError) -> Bool {
        if isThere { return true }
        guard let parent, parent.mayHoldOthers, try parent.find() else { return false }
        return try parent.withDescriptor { above throws(HikaeError) in
            guard let status = EntryName.status(above, name), status.st_mode & S_IFMT == S_IFDIR else { return false }
            let descriptor = EntryName.open(above, name, O_RDONLY | O_DIRECTORY)
            if descriptor < 0, errno == EACCES { return false }
            try enter(descriptor, existedBefore: true, formerMode: nil)
            return true
        }
    }

    /// False for a directory that this restore has made: there is nothing to be found in it.
    private var mayHoldOthers: Bool { state.withLock { !$0.isThere || $0.existedBefore } }

    /// Sees to it that entries can be made and removed in a directory that is there: what an earlier restore made
    /// read-only must take new ones.
    func openUp() throws(HikaeError) {
        guard parent != nil, existedBefore, !state.withLock({ $0.isOpenedUp }) else { return }
        try withDescriptor { descriptor throws(HikaeError) in
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .system("read the metadata of", path) }
            let mode = status.st_mode & 0o7777
            let isChanged =
                mode & 0o700 != 0o700 && status.st_uid == geteuid() && fchmod(descriptor, mode | 0o700) == 0
            state.withLock { state in
                state.isOpenedUp = true
                if isChanged, state.formerMode == nil { state.formerMode = mode }
            }
        }
    }

    /// The directory is being given the mode it is to have.
    func forgetFormerMode() { state.withLock { $0.formerMode = nil } }

    /// Takes over the descriptor of the directory, or throws when it is none.
    private func enter(_ descriptor: Int32, existedBefore: Bool, formerMode: mode_t?) throws(HikaeError) {
        guard descriptor >= 0 else { throw .system("open the directory", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = HikaeError.system("read the metadata of", path)
            close(descriptor)
            throw error
        }
        let isKept = Self.open.add(1, ordering: .relaxed).newValue <= Self.most
        if !isKept {
            Self.open.subtract(1, ordering: .relaxed)
            close(descriptor)
        }
        state.withLock { state in
            state = State(
                isThere: true, existedBefore: existedBefore, descriptor: isKept ? descriptor : -1,
                device: UInt64(status.st_dev), inode: UInt64(status.st_ino), formerMode: formerMode)
        }
    }

    /// Lets the owner into a directory; the mode it had, or nil when that cannot be done.
    private func makeAccessible(_ above: Int32) -> mode_t? {
        guard geteuid() != 0, let status = EntryName.status(above, name) else { return nil }
        let mode = status.st_mode & 0o7777
        return EntryName.with(name) { fchmodat(above, $0, mode | 0o700, AT_SYMLINK_NOFOLLOW) } == 0 ? mode : nil
    }

    // MARK: Use

    /// Whom a file belongs to that was just made in the directory: asked of the first one only.
    func owner(ofNew descriptor: Int32) -> FileOwner? {
        if let known = state.withLock({ $0.newOwner }) { return known }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        let owner = FileOwner(uid: status.st_uid, gid: status.st_gid)
        state.withLock { $0.newOwner = owner }
        return owner
    }

    /// Calls `body` with a descriptor of the directory, open for reading, good during the call.
    func withDescriptor<Result>(_ body: (Int32) throws(HikaeError) -> Result) throws(HikaeError) -> Result {
        let kept = state.withLock { $0.descriptor }
        if kept >= 0 { return try body(kept) }
        let descriptor = try reopened()
        defer { close(descriptor) }
        return try body(descriptor)
    }

    /// Opens the directory again, one name after the other from the nearest one above that is open, and makes sure that
    /// it is still the same.
    private func reopened() throws(HikaeError) -> Int32 {
        var names: [[UInt8]] = []
        var folder = self
        var descriptor: Int32 = -1
        while true {
            let kept = folder.state.withLock { $0.descriptor }
            if kept >= 0 {
                descriptor = fcntl(kept, F_DUPFD_CLOEXEC, 0)
                break
            }
            guard let above = folder.parent else { break }
            names.append(folder.name)
            folder = above
        }
        guard descriptor >= 0 else { throw .system("open the directory", path) }
        for name in names.reversed() {
            let isLast = name == names[0]
            let next = EntryName.open(descriptor, name, (isLast ? O_RDONLY : HIKAE_O_PATH) | O_DIRECTORY)
            let number = errno
            close(descriptor)
            guard next >= 0 else { throw .system("open the directory", path, errno: number) }
            descriptor = next
        }
        var status = stat()
        let expected = state.withLock { ($0.device, $0.inode) }
        guard fstat(descriptor, &status) == 0, UInt64(status.st_dev) == expected.0,
            UInt64(status.st_ino) == expected.1
        else {
            close(descriptor)
            throw HikaeError(.refused, "the directory \(path) was exchanged during the restore")
        }
        return descriptor
    }
}

/// A user and a group.
struct FileOwner: Sendable, Equatable {
    var uid: UInt32
    var gid: UInt32
}

/// Where an entry is, put into words only when somebody asks.
struct EntryPath: Sendable {
    let folder: TargetFolder
    let name: [UInt8]

    /// The path from the target: `/a/b`.
    var text: String {
        let parent = folder.path
        return (parent == "/" ? "" : parent) + "/" + String(decoding: name, as: UTF8.self)
    }
}
