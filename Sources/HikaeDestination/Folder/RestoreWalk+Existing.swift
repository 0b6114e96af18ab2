// What a restore does about what is there already: leave it, make room, remove what the snapshot does not hold.

internal import CLinux
import HikaeCore
import HikaeFormat
import HikaeRepository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension RestoreWalk {
    var mayReplace: Bool { options.overwriting == .always || options.overwriting == .ifChanged }

    func existing(_ name: [UInt8], _ folder: TargetFolder) throws(HikaeError) -> stat? {
        guard folder.isThere, folder.existedBefore else { return nil }
        return try folder.withDescriptor { EntryName.status($0, name) }
    }

    /// Whether what is there gives way. Metadata of an unchanged file are set here.
    func mayOverwrite(_ node: Node, _ existing: stat, _ path: EntryPath) throws(HikaeError) -> Bool {
        let time = Timestamp(
            seconds: Int64(existing.st_mtim.tv_sec), nanoseconds: Int32(existing.st_mtim.tv_nsec))
        let isFile = existing.st_mode & S_IFMT == S_IFREG
        let isUnchanged: Bool =
            switch options.overwriting {
            case .always: false
            case .never: true
            case .ifNewer: node.mtime <= time
            case .ifChanged:
                node.kind == .file && isFile && UInt64(clamping: existing.st_size) == node.size && node.mtime == time
            }
        guard isUnchanged else { return true }
        reporter.count { summary in
            summary.skipped += 1
            summary.bytesSkipped += node.size
        }
        reporter.progress.add(files: 1, bytes: Int(clamping: node.size))
        tell(path, .unchanged, size: node.size)
        if options.overwriting == .ifChanged, !options.isDryRun, let folder = frames.last?.folder {
            try folder.withDescriptor { directory throws(HikaeError) in
                let descriptor = EntryName.open(directory, node.name, O_RDONLY | O_NONBLOCK)
                guard descriptor >= 0 else { throw .system("open", path.text) }
                defer { close(descriptor) }
                let metadata = NodeMetadata(node)
                if let failure = metadata.apply(to: descriptor, clearsInherited: true, path: { path.text }) {
                    reporter.fail(failure)
                }
            }
        }
        return false
    }

    /// Gives what was made under the working name its own, in the place of what is there.
    func takePlace(_ name: [UInt8], _ directory: Int32, _ path: EntryPath) throws(HikaeError) {
        guard EntryName.rename(Self.workingName, to: name, in: directory) else {
            let error = HikaeError.system("replace", path.text)
            EntryName.remove(Self.workingName, in: directory)
            throw error
        }
    }

    func deleteOthers(in folder: TargetFolder, but nodes: [Node], _ selection: RestoreSelection) {
        let wanted = Tree(nodes: nodes)
        do throws(HikaeError) {
            try folder.withDescriptor { directory throws(HikaeError) in
                for name in try FolderRemoval.names(in: directory, path: { folder.path })
                where wanted.node(named: name) == nil && selection.choice(name, isDirectory: false).isSelected {
                    let path = EntryPath(folder: folder, name: name)
                    do throws(HikaeError) {
                        if !options.isDryRun { try folder.openUp() }
                        let count =
                            options.isDryRun ? 1 : try FolderRemoval.remove(name, of: directory, path: path.text)
                        reporter.count { $0.deleted += count }
                        tell(path, .deleted)
                    } catch {
                        reporter.fail(error)
                    }
                }
            }
        } catch {
            reporter.fail(error)
        }
    }

    /// Notes whether something made in the directory may get attributes from it.
    mutating func noteInheritance(_ folder: TargetFolder) {
        guard !clearsInherited, folder.isThere, folder.existedBefore else { return }
        let found = try? folder.withDescriptor { DefaultAttributes.areInherited(from: $0) }
        clearsInherited = found ?? true
    }
}

/// What a directory gives to entries made in it.
enum DefaultAttributes {
    static func areInherited(from directory: Int32) -> Bool {
        #if canImport(Glibc)
            fgetxattr(directory, "system.posix_acl_default", nil, 0) > 0
        #else
            false
        #endif
    }
}
