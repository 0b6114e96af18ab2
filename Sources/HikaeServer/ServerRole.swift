// What a user of a vault server may do.

/// What somebody who has logged in may do in a repository.
public enum ServerRole: String, Sendable, CaseIterable {
    /// Read files, and keep locks.
    case read
    /// Read and add, never replace or remove anything but locks.
    case append
    /// Append, and bring forward proposals to remove something.
    case maintenance
}

extension ServerRole: Comparable {
    /// Roles are ordered: each may do what the one before may.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .append: 1
        case .maintenance: 2
        }
    }
}
