// From what a person writes behind --repo to a store on this machine. Never repeats a location's credentials in a
// message.

public import HikaeCore

/// Where a repository is, as text.
public enum StoreLocation {
    /// Schemes that restic has and Hikae has not.
    private static let foreign: Set<String> = ["b2", "azure", "gs", "swift"]

    /// The store at `text`: a path, or `local:` and a path. Opens nothing yet.
    ///
    /// Throws `.unsupported` for the schemes of other stores, `.usage` for what is no location at all.
    public static func open(_ text: String) throws(HikaeError) -> any ObjectStore {
        guard let scheme = scheme(text) else { return try local(text) }
        if scheme == "local" { return try local(String(text.dropFirst("local:".count))) }
        if foreign.contains(scheme) {
            throw HikaeError(
                .unsupported, "repositories behind \"\(scheme):\" are not supported",
                hint: "rclone reaches them: write rclone:REMOTE:PATH, after `rclone config`.")
        }
        if scheme == "http" || scheme == "https" {
            throw HikaeError(
                .unsupported, "\"\(scheme):\" alone is no kind of repository",
                hint: "For restic's rest-server or Hikae's own vault server write rest:\(scheme)://…, for S3 "
                    + "s3:\(scheme)://….")
        }
        throw HikaeError(
            .unsupported, "\"\(scheme):\" is no kind of repository that Hikae knows",
            hint: "A folder with a colon in its name is written with ./ before it, or as local:NAME.")
    }

    /// The letters before a colon that stands before any slash, made small; nil where there are none: a path.
    public static func scheme(_ text: String) -> String? {
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
