// What a key of a plan may hold, as data: the reader checks keys against it, and the schema for editors is made of it,
// so that the two can never disagree.

/// What a key holds.
indirect enum PlanShape: Sendable, Equatable {
    /// A line of text.
    case text
    /// A name that becomes a part of paths and tags.
    case name
    /// A path of this machine.
    case path
    /// An address that begins with one of these, each with "://".
    case address([String])
    /// A reference to a secret.
    case secret
    case duration
    case percent
    case count(ClosedRange<Int>)
    /// A count of snapshots, or `unlimited`.
    case keep
    /// Bytes a second.
    case rate
    case flag
    /// One of these words.
    case choice([String])
    /// A list of these words.
    case choices([String])
    case texts
    case pathOrPaths
    case section(PlanSection)
    /// A list of sections, at least so many.
    case sections(PlanSection, minimum: Int)
    /// A list of sources.
    case sources
    /// Where a source goes back to.
    case destination
}

/// A key of a section.
struct PlanKey: Sendable, Equatable {
    var name: String
    var shape: PlanShape
    /// A sentence for whoever writes the plan.
    var summary: String
    var isRequired: Bool

    init(_ name: String, _ shape: PlanShape, _ summary: String, required: Bool = false) {
        (self.name, self.shape, self.summary, self.isRequired) = (name, shape, summary, required)
    }
}

/// A section: a mapping of known keys and no others.
struct PlanSection: Sendable, Equatable {
    /// What it is called in messages and in the schema: "vault".
    var name: String
    var summary: String
    var keys: [PlanKey]

    subscript(name: String) -> PlanKey? { keys.first { $0.name == name } }
}
