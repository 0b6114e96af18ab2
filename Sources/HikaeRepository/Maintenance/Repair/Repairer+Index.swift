// Repairing the index: from what the packs say of themselves.

public import HikaeCore
import HikaeFormat
import HikaeStore

extension Repairer {
    /// What stands where, before the index is repaired.
    private struct IndexSurvey {
        var summary = IndexRepairSummary()
        var sizes: [FileID: UInt64] = [:]
        /// Packs whose header is to be read.
        var readAnew: [FileID] = []
        /// Packs that index files are to name no more, before those read anew are added.
        var dropped: Set<FileID> = []
        var table: PackTable
        var index: BlobIndex
    }

    /// Makes the index say what the packs hold: adds packs that it does not know, reads again those it has wrong,
    /// forgets those that are gone, drops index files that are damaged.
    ///
    /// - Parameter readAllPacks: takes nothing from the old index files and reads every pack's header.
    /// - Throws: the error of a file that could not be read but may be whole. Then no old index file is gone.
    public func repairIndex(readAllPacks: Bool = false) throws(HikaeError) -> IndexRepairSummary {
        var survey = try surveyIndex(readAllPacks: readAllPacks)
        let known = try survey.index.blobs(of: Set(survey.readAnew), survey.table)
        guard !options.dryRun else {
            try readHeaders(&survey, known) { _, _ in }
            return survey.summary
        }
        progress?.begin(phase: "reading pack files", files: survey.readAnew.count)
        let obsolete = readAllPacks ? Set(try repository.store.list(.index).map(\.id)) : []
        let rewriter = IndexRewriter(repository: repository, progress: progress, cancellation: cancellation)
        let dropped = survey.dropped
        let unusable = obsolete.union(survey.summary.droppedIndexes)
        if !dropped.isEmpty || !unusable.isEmpty || !survey.readAnew.isEmpty {
            try rewriter.rewrite(dropping: { dropped.contains($0) }, obsolete: unusable) {
                output throws(HikaeError) in
                try readHeaders(&survey, known) { pack, blobs throws(HikaeError) in try output.add(pack, blobs) }
            }
        }
        try repository.loadIndex()
        return survey.summary
    }

    private func surveyIndex(readAllPacks: Bool) throws(HikaeError) -> IndexSurvey {
        var dropped: [(FileID, HikaeError)] = []
        try repository.loadIndexAnew(progress: progress) { dropped.append(($0, $1)) }
        let index = repository.index
        var survey = IndexSurvey(table: PackTable(index), index: index)
        for (id, error) in dropped {
            note("removing invalid index \(id.hex): \(error.message)")
            survey.summary.droppedIndexes.append(id)
        }
        let totals = try PackTotals.all(index, survey.table)
        for info in try repository.store.list(.pack) { survey.sizes[info.id] = info.size }
        for (number, id) in survey.table.ids.enumerated() {
            guard let size = survey.sizes[id] else {
                note("removing not found pack file \(id.hex)")
                survey.summary.forgotten.append(id)
                survey.dropped.insert(id)
                continue
            }
            let expected = totals[number].bytes
            guard readAllPacks || size != expected || survey.table.namings[number] > 1 else { continue }
            if size != expected {
                note("reindexing pack file \(id.hex) with unexpected size \(size) instead of \(expected)")
            }
            survey.readAnew.append(id)
            survey.dropped.insert(id)
            if size != expected || survey.table.namings[number] > 1 { survey.summary.reindexed.append(id) }
        }
        for id in survey.sizes.keys.sorted() where survey.table.number(of: id) == nil {
            note("adding pack file to index \(id.hex)")
            survey.readAnew.append(id)
        }
        survey.readAnew.sort()
        return survey
    }

    /// Reads the headers of the packs that are to be read anew and hands on what they hold; of those whose header is
    /// damaged, what the index knew.
    private func readHeaders(
        _ survey: inout IndexSurvey, _ known: [FileID: [PackedBlob]],
        each: (FileID, [PackedBlob]) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        for id in survey.readAnew {
            try cancellation?.check()
            let blobs: [PackedBlob]
            do throws(HikaeError) {
                blobs = try header(of: id, size: survey.sizes[id] ?? 0)
                if survey.table.number(of: id) == nil { survey.summary.added.append(id) }
            } catch {
                guard error.isLoss else { throw error }
                survey.summary.unreadable.append(id)
                note("pack file \(id.hex) has no readable header: \(error.message)")
                blobs = known[id] ?? []
            }
            if !blobs.isEmpty { try each(id, blobs) }
            progress?.add(files: 1)
        }
    }
}
