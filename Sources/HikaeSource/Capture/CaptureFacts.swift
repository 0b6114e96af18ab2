// What was counted at the source while it was read: what a restore is checked against, and the next capture compared
// with.

/// What a source counts.
public enum CaptureUnit: String, Sendable, CaseIterable {
    case files, messages, rows, objects
}

/// The facts of one capture.
public struct CaptureFacts: Sendable, Equatable {
    /// A part of a source that is counted by itself: a mailbox, a table, a folder, a bucket's prefix.
    public struct Group: Sendable, Equatable {
        /// Its name as the source has it: "INBOX/注文", "public.orders".
        public var name: String
        public var items: UInt64
        public var bytes: UInt64
        /// What makes it this one and no other, if the source says: a mailbox's UIDVALIDITY.
        public var identity: String?

        public init(name: String, items: UInt64, bytes: UInt64, identity: String? = nil) {
            self.name = name
            self.items = items
            self.bytes = bytes
            self.identity = identity
        }
    }

    public var unit: CaptureUnit
    /// Items in all.
    public var items: UInt64
    /// Bytes in all: of files, messages and objects; of a database, of its dump.
    public var bytes: UInt64
    /// Sorted by name; may be empty.
    public var groups: [Group]
    /// What read and what answered, with versions: ("server", "PostgreSQL 15.18"), ("pg_dump", "15.18").
    public var tools: [Tool]
    /// Sentences on what these figures are and are not: "rows were counted in the dump's own transaction".
    public var notes: [String]

    /// A program or server and its version.
    public struct Tool: Sendable, Equatable {
        public var name: String
        public var version: String

        public init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    public init(
        unit: CaptureUnit, items: UInt64 = 0, bytes: UInt64 = 0, groups: [Group] = [], tools: [Tool] = [],
        notes: [String] = []
    ) {
        self.unit = unit
        self.items = items
        self.bytes = bytes
        self.groups = groups
        self.tools = tools
        self.notes = notes
    }
}
