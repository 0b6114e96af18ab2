// The tree of mailboxes as directories: a folder may be a mailbox, hold mailboxes, or both.

import HikaeCore
import HikaeSource

/// A level of the tree.
struct MailboxFolder: SourceDirectory {
    /// A tree in the making.
    struct Draft {
        var mailbox: CapturedMailbox?
        var children: [[UInt8]: Draft] = [:]

        /// Puts a mailbox in its place. False when another one stands there.
        mutating func insert(_ mailbox: CapturedMailbox, at folders: ArraySlice<[UInt8]>) -> Bool {
            guard let name = folders.first else {
                guard self.mailbox == nil else { return false }
                self.mailbox = mailbox
                return true
            }
            return children[name, default: Draft()].insert(mailbox, at: folders.dropFirst())
        }
    }

    let displayPath: String
    private let mailbox: CapturedMailbox?
    private let children: [(name: [UInt8], folder: MailboxFolder)]

    init(_ draft: Draft, path: String = "") {
        displayPath = path.isEmpty ? "/" : path
        mailbox = draft.mailbox
        children = draft.children.map { name, inner in
            (name, MailboxFolder(inner, path: "\(path)/\(MailboxPath.display([name]))"))
        }
    }

    func entries(report: (HikaeError) -> Void) throws(HikaeError) -> [SourceEntry] {
        var entries = children.map { MailFile.entry($0.name, $0.folder) }
        if let mailbox {
            do throws(HikaeError) {
                entries += try mailbox.entries(report: report)
            } catch {
                // The mailboxes below it may be readable all the same.
                try mailbox.session.leaveOut(mailbox, error)
                report(error)
            }
        }
        return MailFile.sorted(entries)
    }
}
