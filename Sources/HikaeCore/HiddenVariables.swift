// Variables of the environment that hold secrets for this process: no program that it starts is given them.

import Synchronization

/// The names of such variables. Whoever can look at a program's environment must find no secret of another place there.
public enum HiddenVariables {
    private static let names = Mutex<Set<String>>([])

    /// Gives these to no program from now on.
    public static func hide(_ more: some Sequence<String>) { names.withLock { $0.formUnion(more) } }

    /// Whether a program must not be given the variable.
    public static func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}
