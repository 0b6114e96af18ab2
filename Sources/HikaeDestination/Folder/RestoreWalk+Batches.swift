// Working off what was planned: contents, then further names, then the directories' metadata.

import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension RestoreWalk {
    /// Hands what was planned to the threads when they wait for it, or when no more may be planned at once; and ends
    /// what they are done with.
    mutating func handOver() throws(HikaeError) {
        if batch.isFull {
            // Two in work and one that is being planned are as much as memory is granted to.
            while running.count > 1 { try finishFirst() }
            try begin()
        } else if batch.isWorthwhile, crew.isHungry, !RestoreBatch.areMany(running.map(\.batch)) {
            // More than that is planned on to a full batch, which waits: one stretch may be waited for very long.
            try begin()
        } else {
            return
        }
        while let first = running.first, first.isDone { try finishFirst() }
    }

    /// Has all done that was planned.
    mutating func flush() throws(HikaeError) {
        try begin()
        while !running.isEmpty { try finishFirst() }
    }

    /// Gives what was planned to the threads.
    private mutating func begin() throws(HikaeError) {
        guard !batch.isEmpty else { return }
        try begin(batch, at: running.endIndex)
        batch = RestoreBatch()
    }

    private mutating func begin(_ work: RestoreBatch, at place: Int) throws(HikaeError) {
        // Nothing more is made on a disk that is full.
        try fatal.check()
        let writer = BatchWriter(
            work, repository: repository, index: index, packs: packs, options: options, reporter: reporter,
            cancellation: cancellation, fatal: fatal, clearsInherited: clearsInherited)
        running.insert(writer, at: place)
        writer.prepare()
        crew.add(writer)
    }

    /// Waits until the batch that was begun first is written, and does what had to wait for that: a name is given to a
    /// file that is whole, a directory gets its time when nothing more comes into it.
    private mutating func finishFirst() throws(HikaeError) {
        guard let writer = running.first else { return }
        try writer.wait()
        running.removeFirst()
        let work = writer.batch
        for (number, file) in work.files.enumerated() where !writer.isWhole(number) {
            if let link = file.link { failedLinks.insert(link) }
        }
        if options.verifies {
            let verifier = BatchVerifier(
                work, index: index, reporter: reporter, cancellation: cancellation,
                isWanted: { writer.isWhole($0) })
            try verifier.run(workers: workers)
        }
        for link in work.links { try makeLink(link) }
        for (folder, metadata) in work.folders { finish(folder, metadata) }
    }

    /// Ends the threads. What was begun beside files that are there, and is not whole, goes.
    mutating func end() {
        crew.end()
        for writer in running { writer.clearUp() }
        running = []
    }

    private func finish(_ folder: TargetFolder, _ metadata: NodeMetadata) {
        do throws(HikaeError) {
            try folder.withDescriptor { descriptor throws(HikaeError) in
                folder.forgetFormerMode()
                let clears = clearsInherited || folder.existedBefore
                if let failure = metadata.apply(to: descriptor, clearsInherited: clears, path: { folder.path }) {
                    throw failure
                }
            }
        } catch {
            reporter.fail(error)
        }
    }

    private mutating func makeLink(_ link: PlannedLink) throws(HikaeError) {
        let path = EntryPath(folder: link.folder, name: link.node.name)
        guard let first = firstNames[link.key], !failedLinks.contains(link.key) else {
            reporter.fail(
                HikaeError(.damaged, "\(path.text) is not restored: it is another name of a file that is damaged"))
            return
        }
        do throws(HikaeError) {
            let number = try link.folder.withDescriptor { directory throws(HikaeError) -> Int32 in
                let name = link.replaces ? Self.workingName : link.node.name
                if link.replaces { EntryName.remove(name, in: directory) }
                let number = try first.folder.withDescriptor { from in
                    EntryName.with(first.name) { old in
                        EntryName.with(name) { linkat(from, old, directory, $0, 0) }
                    } == 0 ? 0 : errno
                }
                if number == 0, link.replaces { try takePlace(link.node.name, directory, path) }
                return number
            }
            if number == 0 {
                reporter.count { $0.hardLinks += 1 }
                reporter.progress.add(files: 1)
                tell(path, link.replaces ? .updated : .restored)
            } else if number == EMLINK || number == EPERM || number == EXDEV || number == EACCES {
                try makeCopy(link, path)
            } else {
                throw .system("link", path.text, errno: number)
            }
        } catch {
            if error.code == .noSpace || error.code == .cancelled { throw error }
            reporter.fail(error)
        }
    }

    /// The filesystem takes no more names for a file: this one becomes a file with the same content, and what follows
    /// links to that.
    private mutating func makeCopy(_ link: PlannedLink, _ path: EntryPath) throws(HikaeError) {
        var work = RestoreBatch()
        swap(&work, &batch)
        defer { batch = work }
        try plan(link.node, link.folder, replaces: link.replaces, path, link.key)
        firstNames[link.key] = (link.folder, link.node.name)
        try begin(batch, at: running.startIndex)
        try finishFirst()
    }
}
