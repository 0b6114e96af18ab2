// Putting a snapshot back through the real sshd.

import HikaeArchive
import HikaeCore
import HikaeDestination
import HikaeSource
import HikaeTesting
import Synchronization
import Testing

@testable import HikaeSFTP

@Suite(.serialized) struct RestoreTests {
    /// A capture of a site, and the folder that it was made of.
    static func site() throws -> (rig: CaptureRig, capture: CaptureRig.Capture, folder: String) {
        let folder = try Server.folder()
        try CaptureTests.fill(folder)
        let rig = try CaptureRig()
        return (rig, try rig.capture(SFTPSource(try Server.settings(folder))), folder)
    }

    static func collecting(_ errors: Collected) -> ReturnWatch {
        ReturnWatch { error in errors.list.withLock { $0.append(error) } }
    }

    final class Collected: Sendable {
        let list = Mutex<[HikaeError]>([])
        var errors: [HikaeError] { list.withLock { $0 } }
    }

    @Test func aSiteComesBackToAnEmptyFolder() throws {
        let (_, capture, folder) = try Self.site()
        let target = try Server.folder() + "/new/place"
        let destination = SFTPDestination(try Server.settings(target))
        let preview = try destination.preview(capture.content, ReturnOptions(), ReturnWatch())
        #expect(preview.items == 311)
        #expect(preview.bytes == capture.facts.bytes)
        #expect(!Files.exists(target), "a preview writes nothing")
        let summary = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(summary.itemsWritten == 311)
        #expect(summary.bytesWritten == capture.facts.bytes)
        #expect(summary.errors == 0)
        try Server.expectSame(folder, target)
        let verification = try destination.verify(
            capture.content, facts: capture.facts, ReturnOptions(), ReturnWatch())
        #expect(verification.isWhole, "\(verification.differences)")
        #expect(verification.compared > 311)
        #expect(verification.equal == verification.compared)
        #expect(verification.extra == 0)
    }

    @Test func aSecondRestoreWritesNothing() throws {
        let (_, capture, _) = try Self.site()
        let target = try Server.folder()
        let destination = SFTPDestination(try Server.settings(target))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        let again = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        #expect(again.itemsWritten == 0)
        #expect(again.itemsSkipped == 311)
    }

    @Test func whatDiffersIsReplacedOnlyWhenThatIsAllowed() throws {
        let (_, capture, folder) = try Self.site()
        let target = try Server.folder()
        let destination = SFTPDestination(try Server.settings(target))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        try Files.write("\(target)/sizes/32768", Array("vandalised".utf8))
        Files.remove("\(target)/sizes/32767")
        Files.remove("\(target)/current")
        try Files.link("\(target)/current", to: "elsewhere")
        let refused = #expect(throws: HikaeError.self) {
            try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        #expect(refused?.code == .refused)
        #expect(!Files.exists("\(target)/sizes/32767"), "what is refused writes nothing at all")

        var missing = ReturnOptions()
        missing.onlyMissing = true
        let filled = try destination.restore(capture.content, missing, ReturnWatch())
        #expect(filled.itemsWritten == 1)
        #expect(try Files.read("\(target)/sizes/32768") == Array("vandalised".utf8))
        let found = try destination.verify(capture.content, facts: nil, ReturnOptions(), ReturnWatch())
        #expect(found.differenceCount == 2, "\(found.differences)")

        var replacing = ReturnOptions()
        replacing.replaces = true
        let replaced = try destination.restore(capture.content, replacing, ReturnWatch())
        #expect(replaced.itemsWritten == 2)
        #expect(replaced.errors == 0)
        try Server.expectSame(folder, target)
    }

    @Test func aLinkOnTheWayIsNeverFollowed() throws {
        let (_, capture, folder) = try Self.site()
        let target = try Server.folder()
        let outside = try Server.folder()
        try Files.write("\(outside)/sub1/precious", [1])
        // Where a folder of the snapshot belongs stands a link to somewhere else.
        try Files.link("\(target)/dir1", to: outside)
        try Files.link("\(target)/sizes", to: outside)
        let destination = SFTPDestination(try Server.settings(target))
        #expect(throws: HikaeError.self) {
            try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        var missing = ReturnOptions()
        missing.onlyMissing = true
        let errors = Collected()
        _ = try destination.restore(capture.content, missing, Self.collecting(errors))
        #expect(errors.errors.count == 2)
        #expect(Files.all(below: outside) == ["sub1/precious"])
        var replacing = ReturnOptions()
        replacing.replaces = true
        _ = try destination.restore(capture.content, replacing, ReturnWatch())
        #expect(Files.all(below: outside) == ["sub1/precious"])
        try Server.expectSame(folder, target)
    }

    @Test func aFolderIsNeverRemovedForAFile() throws {
        let (_, capture, _) = try Self.site()
        let target = try Server.folder()
        try Files.write("\(target)/current/inner", [1])
        var replacing = ReturnOptions()
        replacing.replaces = true
        let errors = Collected()
        let summary = try SFTPDestination(try Server.settings(target)).restore(
            capture.content, replacing, Self.collecting(errors))
        #expect(summary.errors == 1)
        #expect(errors.errors.first?.message.contains("current") == true)
        #expect(try Files.read("\(target)/current/inner") == [1])
    }

    @Test func verifyingFindsEachKindOfDifference() throws {
        let (_, capture, _) = try Self.site()
        let target = try Server.folder()
        let destination = SFTPDestination(try Server.settings(target))
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        // The same size and time, other bytes; another mode; a file gone; one too many.
        let path = "\(target)/sizes/261120"
        let time = try Command("stat", ["-c", "%Y", path]).succeed().text
        var bytes = try Files.read(path)
        bytes[200_000] ^= 1
        try Files.write(path, bytes)
        Files.setModified(path, seconds: try #require(Int64(time.dropLast())))
        Files.setMode("\(target)/sizes/32768", 0o777)
        Files.remove("\(target)/sizes/32769-none")
        Files.remove("\(target)/dir2/outside")
        try Files.write("\(target)/extra", [1])
        let found = try destination.verify(capture.content, facts: nil, ReturnOptions(), ReturnWatch())
        #expect(found.differenceCount == 3, "\(found.differences)")
        #expect(found.extra == 1)
        #expect(found.compared == found.equal + 3)
        #expect(found.differences.contains { $0.contains("261120: its bytes") })
    }

    @Test func whatABrokenRunLeftIsRemoved() throws {
        let (_, capture, folder) = try Self.site()
        let target = try Server.folder()
        try Files.write("\(target)/.hikae-part.0123456789abcdef.12", [1])
        _ = try SFTPDestination(try Server.settings(target)).restore(
            capture.content, ReturnOptions(), ReturnWatch())
        try Server.expectSame(folder, target)
    }

    @Test(.enabled(if: Mounted.isPossible)) func aFullDiskIsSaidAndLeavesWhatIsDone() throws {
        let (_, capture, folder) = try Self.site()
        let target = try Server.folder() + "/small"
        try Files.makeFolders(target)
        let mounted = try Mounted(target, size: "3m")
        let destination = SFTPDestination(try Server.settings(target))
        let error = #expect(throws: HikaeError.self) {
            try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        }
        #expect(error?.code == .noSpace, "\(String(describing: error))")
        #expect(!Files.all(below: target).isEmpty)
        try mounted.resize("64m")
        _ = try destination.restore(capture.content, ReturnOptions(), ReturnWatch())
        try Server.expectSame(folder, target)
    }
}

/// A file system in memory of a given size; unmounted when released.
final class Mounted {
    private let path: String
    static let isPossible: Bool = {
        guard let folder = try? TemporaryDirectory(), (try? Mounted(folder.path, size: "1m")) != nil else {
            return false
        }
        return true
    }()

    init(_ path: String, size: String) throws {
        self.path = path
        try Command("mount", ["-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path]).succeed()
    }

    func resize(_ size: String) throws {
        try Command("mount", ["-o", "remount,size=\(size)", path]).succeed()
    }

    deinit { _ = try? Command("umount", ["-l", path]).run() }
}
