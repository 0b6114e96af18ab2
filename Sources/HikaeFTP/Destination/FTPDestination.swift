// A site over FTP as a destination.

public import HikaeCore
public import HikaeDestination
import HikaeFormat
public import HikaeSource

/// Puts files back on a site over FTP or FTPS, and compares them with what is there.
///
/// FTP makes no links: those of a snapshot are reported and left out.
public struct FTPDestination: Destination {
    private let settings: FTPSettings

    /// A destination at that site. Connects to nothing.
    public init(_ settings: FTPSettings) { self.settings = settings }

    public var address: String { settings.address }

    /// Logs in and looks whether one may write.
    public func probe() throws(HikaeError) -> ServiceIdentity {
        let site = try ReturnSite.open(settings, ReturnWatch())
        defer { site.close() }
        return try site.identify()
    }

    /// Compares sizes and times of the listings; reads no content.
    public func preview(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnPreview
    {
        let site = try ReturnSite.open(settings, watch)
        defer { site.close() }
        return try ReturnPlan(site, content, options, watch).preview
    }

    /// Uploads what is not there, under a working name first, over several connections.
    public func restore(_ content: SnapshotContent, _ options: ReturnOptions, _ watch: ReturnWatch) throws(HikaeError)
        -> ReturnSummary
    {
        let site = try ReturnSite.open(settings, watch)
        defer { site.close() }
        let plan = try ReturnPlan(site, content, options, watch)
        let preview = plan.preview
        guard preview.conflictCount == 0 || options.onlyMissing || options.replaces else {
            throw HikaeError(
                .refused,
                "\(preview.conflictCount) things at \(address) differ from the snapshot and would be replaced,"
                    + " the first: \(preview.conflicts.first ?? "")",
                hint: "Put back only what is missing (--only-missing), or allow them to be replaced (--replace).")
        }
        return try ReturnRun(site, content, plan, watch).run()
    }

    /// Downloads every file again and compares it byte for byte.
    public func verify(
        _ content: SnapshotContent, facts: CaptureFacts?, _ options: ReturnOptions, _ watch: ReturnWatch
    ) throws(HikaeError) -> Verification {
        let site = try ReturnSite.open(settings, watch)
        defer { site.close() }
        return try SiteComparison(site, content, watch).run(facts)
    }
}
