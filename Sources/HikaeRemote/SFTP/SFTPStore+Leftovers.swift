// What killed runs have left in the folder: files under the names that they have until they are whole. Nobody reads them,
// and only a run that is still writing one may finish it, so they go when that cannot be any more.

public import HikaeCore
import HikaeSFTP
import HikaeStore

extension SFTPStore {
    /// Seconds, by the server's own clock, for which a file was not written before it is nobody's.
    private static let leftoverAge: UInt64 = 86_400

    /// Removes what was left half written for a day or longer, by Hikae or by restic.
    public func removeLeftovers() throws(HikaeError) -> Int {
        let found = try leftovers()
        guard !found.isEmpty else { return 0 }
        let name = String(repeating: "0", count: 64) + "-tmp-\(UInt64.random(in: 0...UInt64.max))"
        guard let now = try files.time(byMaking: path("\(FileKind.lock.folder)/\(name)")) else { return 0 }
        var count = 0
        for leftover in found
        // A server that tells no time of a file says 0.
        where leftover.modified > 0 && UInt64(leftover.modified) + Self.leftoverAge < UInt64(now) {
            do throws(HikaeError) {
                try files.remove(leftover.path)
                count += 1
            } catch { if error.code != .notFound { throw error } }
        }
        return count
    }

    /// Half-written files, of any age, with the times at which they were written last.
    private func leftovers() throws(HikaeError) -> [(path: [UInt8], modified: UInt32)] {
        let kinds = FileKind.standard.filter { $0 != .config && $0 != .pack }.map(\.folder)
        var folders = [root] + kinds.map(path)
        do throws(HikaeError) {
            if try files.isFolder(path(FileKind.parity.folder)) { folders.append(path(FileKind.parity.folder)) }
            folders += try files.list(path("data")).filter { $0.isFolder && Self.isHex($0.name, 2) }
                .map { path("data") + [UInt8(ascii: "/")] + $0.name }
            return try zip(folders, files.list(folders)).flatMap { folder, entries in
                entries.filter { $0.isFile && Self.isLeftover($0.name) }
                    .map { (folder + [UInt8(ascii: "/")] + $0.name, $0.modified) }
            }
        } catch {
            // Which folder it is, and what to do, a listing tells.
            guard error.code == .notFound else { throw error }
            return []
        }
    }

    /// `NAME-tmp-DIGITS` as this store writes before it moves a file to its place, and restic's `NAME-restic-temp-…`; NAME
    /// is that of a file of a repository.
    static func isLeftover(_ name: [UInt8]) -> Bool {
        for mark in ["-tmp-", "-restic-temp-"] {
            guard let at = name.firstRange(of: Array(mark.utf8)) else { continue }
            let (file, rest) = (Array(name[..<at.lowerBound]), name[at.upperBound...])
            return (isHex(file, 64) || file.elementsEqual("config".utf8)) && !rest.isEmpty
                && rest.allSatisfy { (0x30...0x39).contains($0) || mark != "-tmp-" && (0x61...0x7A).contains($0) }
        }
        return false
    }
}
