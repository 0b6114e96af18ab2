// `hikae stats`

import ArgumentParser
import HikaeCore
import HikaeRepository

struct Stats: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how much the snapshots hold.",
        discussion: """
            Modes:
              restore-size       what a restore of the snapshots would write (default)
              files-by-contents  the same, each content counted once
              raw-data           what the blobs take in the repository
              blobs-per-file     blobs that each file refers to

            EXAMPLES
              hikae stats latest
              hikae stats --mode raw-data
            """)

    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case restoreSize = "restore-size"
        case filesByContents = "files-by-contents"
        case rawData = "raw-data"
        case blobsPerFile = "blobs-per-file"

        var engineMode: StatisticsMode {
            switch self {
            case .restoreSize: .restoreSize
            case .filesByContents: .filesByContents
            case .rawData: .rawData
            case .blobsPerFile: .blobsPerFile
            }
        }
    }

    @Argument(help: .init("Only these snapshots; all without one.", valueName: "snapshot"))
    var snapshots: [String] = []

    @Option(help: .init("restore-size, files-by-contents, raw-data or blobs-per-file.", valueName: "mode"))
    var mode = Mode.restoreSize

    @OptionGroup(title: "Which snapshots") var selection: SnapshotFilterOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let chosen = try session.repository.selectSnapshots(snapshots, selection.filter)
            try session.loadIndex()
            let progress = Progress()
            let display = ProgressDisplay(progress, .init(unit: "snapshots", countsBytes: false))
            defer { display.stop() }
            let result = try Statistics(
                repository: session.repository, progress: progress, cancellation: Shutdown.cancellation
            ).collect(chosen, mode: mode.engineMode)
            display.stop()
            show(result)
        }
        return .done
    }

    private func show(_ result: StatisticsResult) {
        if global.json {
            console.printObject { json in
                json.member("total_size", result.bytes)
                json.memberUnlessZero("total_uncompressed_size", result.uncompressedBytes)
                if let ratio = result.compressionRatio { json.member("compression_ratio", ratio) }
                if let progress = result.compressionProgress { json.member("compression_progress", progress) }
                if let saving = result.compressionSpaceSaving { json.member("compression_space_saving", saving) }
                // restic 0.14 writes this one always, newer ones leave zeros out; always is what both can read.
                json.member("total_file_count", result.files)
                json.memberUnlessZero("total_blob_count", result.blobs)
                json.member("snapshots_count", result.snapshots)
            }
            return
        }
        func line(_ title: String, _ value: String) { console.print("\(Words.padded(title, 24)):  \(value)") }
        console.print("Stats in \(result.mode.rawValue) mode:")
        line("Snapshots processed", "\(result.snapshots)")
        if result.blobs > 0 { line("Total Blob Count", "\(result.blobs)") }
        if result.files > 0 { line("Total File Count", "\(result.files)") }
        if result.uncompressedBytes > 0 { line("Total Uncompressed Size", Words.size(result.uncompressedBytes)) }
        line("Total Size", Words.size(result.bytes))
        if let progress = result.compressionProgress { line("Compression Progress", Words.decimals(progress, 2) + "%") }
        if let ratio = result.compressionRatio { line("Compression Ratio", Words.decimals(ratio, 2) + "x") }
        if let saving = result.compressionSpaceSaving {
            line("Compression Space Saving", Words.decimals(saving, 2) + "%")
        }
    }
}
