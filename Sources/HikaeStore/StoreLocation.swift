// From what a person writes behind --repo to a store. Never repeats a location's credentials in a message.

public import HikaeCore

/// Where a repository is, as text.
public enum StoreLocation {
    /// Schemes that restic has and Hikae does not yet have.
    private static let planned: Set<String> = [
        "sftp", "s3", "rest", "rclone", "b2", "azure", "gs", "swift", "http", "https",
    ]

    /// The store at `text`: a path, or `local:` and a path. Opens nothing yet.
    ///
    /// Throws `.unsupported` for the schemes of other stores, `.usage` for what is no location at all.
    public static func open(_ text: String) throws(HikaeError) -> any ObjectStore {
        guard let scheme = scheme(text) else { return try local(text) }
        if scheme == "local" { return try local(String(text.dropFirst("local:".count))) }
        if planned.contains(scheme) {
            throw HikaeError(
                .unsupported, "repositories behind \"\(scheme):\" are not supported yet",
                hint: "Use a local folder, or restic's own program for this repository.")
        }
        throw HikaeError(
            .unsupported, "\"\(scheme):\" is no kind of repository that Hikae knows",
            hint: "A folder with a colon in its name is written with ./ before it, or as local:NAME.")
    }

    /// The letters before a colon that stands before any slash.
    private static func scheme(_ text: String) -> String? {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else { return nil }
        let before = text[..<colon]
        return before.contains("/") ? nil : before.lowercased()
    }

    private static func local(_ path: String) throws(HikaeError) -> LocalStore {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw HikaeError(.usage, "no repository was named", hint: "Name a folder with --repo or HIKAE_REPOSITORY.")
        }
        return LocalStore(path: path)
    }
}
