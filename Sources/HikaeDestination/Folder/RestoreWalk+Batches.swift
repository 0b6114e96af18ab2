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
    mutating func flush() throws(HikaeError) {
        guard !batch.isEmpty else { return }
        let work = batch
        batch = RestoreBatch()
        let writer = BatchWriter(
            work, repository: repository, index: index, packs: packs, options: options, reporter: reporter,
            cancellation: cancellation, clearsInherited: clearsInherited)
        try writer.run(workers: workers)
        for (number, file) in work.files.enumerated() where !writer.isWhole(number) {
            if let link = file.link { failedLinks.insert(link) }
        }
        if options.verifies {
            let verifier = BatchVerifier(
                work, index: index, reporter: reporter, cancellation: cancellation,
                isWanted: { writer.isWhole($0) })
            try verifier.run(workers: workers)
        }
        for link in work.links { makeLink(link) }
        for (folder, metadata) in work.folders { finish(folder, metadata) }
        // A link that could not be made has become a file of its own.
        if !batch.isEmpty { try flush() }
    }

    func finish(_ folder: TargetFolder, _ metadata: NodeMetadata) {
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

    mutating func makeLink(_ link: PlannedLink) {
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
                // The filesystem takes no more names for it: this one becomes a file with the same content, and what
                // follows links to that.
                try plan(link.node, link.folder, replaces: link.replaces, path, link.key)
                firstNames[link.key] = (link.folder, link.node.name)
                try flush()
            } else {
                throw .system("link", path.text, errno: number)
            }
        } catch {
            reporter.fail(error)
        }
    }
}
