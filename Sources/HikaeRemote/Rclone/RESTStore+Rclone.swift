// `rclone:remote:path`: the hundred clouds that rclone knows, by the REST protocol that it serves on its pipes.

public import HikaeCore
package import HikaeHTTP

extension RESTStore {
    /// The store at `rclone:REMOTE:PATH`. Starts no program yet.
    public static func rclone(_ text: String, _ options: RemoteOptions) throws(HikaeError) -> RESTStore {
        try rclone(text, options, patience: Patience())
    }

    /// - Parameter patience: how long the program may keep us waiting; five times its silence.
    package static func rclone(_ text: String, _ options: RemoteOptions, patience: Patience) throws(HikaeError)
        -> RESTStore
    {
        let place = String(text.dropFirst("rclone:".count))
        guard !place.isEmpty, !place.hasPrefix("-"), !place.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw HikaeError(.usage, "the location names no place behind rclone:", hint: "As in rclone:remote:path.")
        }
        let location = shown(place)
        let link = RcloneLink(
            [options.rcloneProgram] + options.rcloneArguments + [place], location: location,
            cancellation: options.cancellation, patience: patience)
        let connections = options.connections > 0 ? options.connections : usualConnections
        return RESTStore(link, location: location, connections: connections)
    }

    /// For people. A remote that is configured on the spot (`:ftp,user=…,pass=…:path`) may have a secret in it.
    static func shown(_ place: String) -> String {
        guard let comma = place.firstIndex(of: ",") else { return "rclone:\(place)" }
        return "rclone:\(place[..<comma]),…"
    }
}
