// Sources and destinations of a plan: which kind they are, and the options of that kind.

import HikaeCore
import Yams

extension PlanReader {
    /// The sources of a system.
    func sources(_ system: SectionReader, _ verdicts: VerdictThresholds) -> [PlanSource] {
        let items = system.items("sources")
        if items.isEmpty, system.node("sources")?.sequence != nil {
            system.fault("sources", "the list is empty: a system has at least one source")
        }
        let sources = items.enumerated().compactMap { index, node in
            source(node, path: path(of: node, at: index, "sources", in: system), verdicts)
        }
        refuseTwins(sources.map { ($0.name, $0.places) }, "sources of this system")
        return sources
    }

    private func source(_ node: Node, path: String, _ verdicts: VerdictThresholds) -> PlanSource? {
        guard let kind = kind(node, path: path, among: SourceKindName.allCases, what: "source"),
            let section = SectionReader(
                node, .source(kind), path: path, problems, otherwise: { Self.strayKey($0, kind) })
        else { return nil }
        let name = section.name()
        var own = verdicts
        read(&own, in: section)
        let options = options(kind, section)
        var destination: PlanDestination?
        if let node = section.node("restore") { destination = self.destination(node, of: kind, in: section) }
        guard let name, let options else { return nil }
        return PlanSource(name: name, kind: options, restore: destination, verdicts: own, places: section.places)
    }

    private func destination(_ node: Node, of source: SourceKindName, in parent: SectionReader) -> PlanDestination? {
        let path = SectionReader.joined(parent.path, "restore")
        guard let kind = kind(node, path: path, among: SourceKindName.destinations, what: "place to restore to"),
            let section = SectionReader(
                node, .destination(kind), path: path, problems, otherwise: { Self.strayKey($0, kind) })
        else { return nil }
        let fits = kind == source || kind == .files || (kind.isFileTree && source.isFileTree)
        if !fits {
            section.fault(
                kind.rawValue,
                "what was read from \(source.rawValue) cannot be put back to \(kind.rawValue); "
                    + (source.isFileTree
                        ? "sftp, ftp, s3 and files can take it"
                        : source == .command
                            ? "files can take it" : "\(source.rawValue) and files can take it"))
        }
        guard let options = options(kind, section) else { return nil }
        if case .files(let files) = options, files.paths.count != 1 {
            section.fault("files", "a place to restore to is one folder")
            return nil
        }
        return PlanDestination(kind: options, places: section.places)
    }

    /// The one kind that the keys of a source name.
    private func kind(
        _ node: Node, path: String, among kinds: [SourceKindName], what: String
    ) -> SourceKindName? {
        let names = kinds.map(\.rawValue)
        let place = PlanPlace(
            file: problems.file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, key: path)
        guard case .mapping(let mapping) = node else {
            problems.add(place, "a \(what) has keys and values, one of them \(names.joined(separator: ", "))")
            return nil
        }
        let keys = mapping.compactMap { pair in pair.key.scalar.map { ($0.string, pair.key.mark) } }
        let found = keys.filter { names.contains($0.0) }
        if found.count == 1 { return SourceKindName(rawValue: found[0].0) }
        guard found.isEmpty else {
            var second = place
            if let mark = found[1].1 { (second.line, second.column) = (mark.line, mark.column) }
            problems.add(
                second,
                "a \(what) has one kind, and this one has \(found.map(\.0).joined(separator: " and "))"
                    + "; make a source of each")
            return nil
        }
        let known =
            PlanSection.sourceKeys.map(\.name)
            + SourceKindName.allCases.flatMap { $0.options.map(\.name) }
        for (name, mark) in keys where !known.contains(name) {
            guard let nearest = Self.synonyms[name.lowercased()] ?? NearestWord.of(name, in: names) else { continue }
            problems.add(
                PlanPlace(file: problems.file, line: mark?.line ?? 1, column: mark?.column ?? 1, key: path),
                "\(PlanText.quoted(name)) is no kind of \(what); did you mean `\(nearest)`?")
            return nil
        }
        problems.add(place, "a \(what) needs a key that says where it is: one of \(names.joined(separator: ", "))")
        return nil
    }

    /// What people call the kinds otherwise.
    private static let synonyms = [
        "ssh": "sftp", "ftps": "ftp", "imaps": "imap", "mail": "imap", "postgres": "postgresql", "pgsql": "postgresql",
        "mysql": "mariadb", "folder": "files", "folders": "files", "path": "files", "paths": "files", "bucket": "s3",
        "program": "command",
    ]

    /// What to say of a key that belongs to another kind.
    private static func strayKey(_ name: String, _ kind: SourceKindName) -> String? {
        let owners = SourceKindName.allCases.filter { $0.options.contains { $0.name == name } }
        guard !owners.isEmpty else { return nil }
        let known = kind.options.map(\.name)
        if known.contains(name) {
            return "`\(name)` is for reading: it stands at the source, and has no meaning in `restore`"
        }
        return "`\(name)` belongs to \(owners.map(\.rawValue).joined(separator: ", ")), and this is \(kind.rawValue)"
            + (known.isEmpty ? "" : ", which has \(known.joined(separator: ", "))")
    }
}
