// Where in the file a value stands, so that a message can point at it long after the file was read.

/// A place in a plan: what editors open and people look for.
public struct PlanPlace: Sendable, Equatable, CustomStringConvertible {
    /// The plan's file.
    public var file: String
    /// 1 and more.
    public var line: Int
    /// 1 and more.
    public var column: Int
    /// The keys that lead there: "systems.shop.sources.site.sftp".
    public var key: String

    public init(file: String, line: Int, column: Int = 1, key: String) {
        (self.file, self.line, self.column, self.key) = (file, line, column, key)
    }

    /// "hikae.yaml:12: systems.shop.sources.site.sftp"
    public var description: String { "\(file):\(line): \(key)" }
}

/// The places of one section of a plan: its own, and that of each key in it.
public struct PlanPlaces: Sendable, Equatable {
    /// The section's first line; line 0 when the section does not stand in the file.
    public var section: PlanPlace
    /// The place of each key that stands in the section.
    public var keys: [String: PlanPlace]

    public init(section: PlanPlace = PlanPlace(file: "", line: 0, key: ""), keys: [String: PlanPlace] = [:]) {
        (self.section, self.keys) = (section, keys)
    }

    /// Where the key stands; the section's place when the key was left out.
    public func of(_ key: String) -> PlanPlace { keys[key] ?? section }
}
