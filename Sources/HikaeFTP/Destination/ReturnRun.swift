// One restore: folders are made in order, files are sent by several threads.

import HikaeCore
import HikaeDestination
import HikaeFormat
import Synchronization

/// Carries out a plan.
final class ReturnRun: Sendable {
    /// One file to handle.
    private struct Task: Sendable {
        var folder: ReturnFolder
        var node: Node
        var verdict: ReturnPlan.Verdict
    }

    private let site: ReturnSite
    private let content: SnapshotContent
    private let plan: ReturnPlan
    private let watch: ReturnWatch
    private let queue = BoundedQueue<Task>(capacity: 64)
    private let summary = Mutex(ReturnSummary())
    private let failure = FirstError()
    private let upload: Upload

    init(_ site: ReturnSite, _ content: SnapshotContent, _ plan: ReturnPlan, _ watch: ReturnWatch) {
        (self.site, self.content, self.plan, self.watch) = (site, content, plan, watch)
        upload = Upload(site, content, watch)
    }

    /// Writes what is to be written. Throws what ends the whole: a full account, a server that is gone.
    func run() throws(HikaeError) -> ReturnSummary {
        let preview = plan.preview
        watch.progress.begin(
            phase: "restoring", files: Int(clamping: preview.items), bytes: Int(clamping: preview.bytes))
        watch.progress.totalsAreFinal.store(true, ordering: .relaxed)
        let senders = RunningThread { [self] in
            runThreads(site.settings.connections) { [self] _ in
                while let task = queue.pop() { if failure.value == nil { handle(task) } }
            }
        }
        var restricted: [(RemotePath, Node)] = []
        do throws(HikaeError) {
            try walk(ReturnFolder(tree: content.tree, names: [], path: site.base), &restricted)
        } catch {
            failure.set(error)
        }
        queue.close()
        senders.join()
        try failure.check()
        for (path, node) in restricted.reversed() { try upload.setMode(path, node) }
        return summary.withLock { $0 }
    }

    private func walk(_ folder: ReturnFolder, _ restricted: inout [(RemotePath, Node)]) throws(HikaeError) {
        guard let decisions = plan.folder(folder.names) else { return }
        let nodes = try content.nodes(of: folder.tree)
        for (node, verdict) in zip(nodes, decisions.verdicts) {
            try watch.cancellation.check()
            try failure.check()
            guard verdict != .impossible else {
                count { $0.errors += 1 }
                continue
            }
            guard node.kind == .dir, let tree = node.subtree else {
                queue.push(Task(folder: folder, node: node, verdict: verdict))
                continue
            }
            let shown = folder.shown(node.name)
            let path = folder.path.appending(try site.wire(node.name, shown))
            if verdict == .write {
                do throws(HikaeError) {
                    try upload.makeFolder(path, shown)
                } catch  where error.code == .permission || error.code == .unsupported {
                    watch.report(error)
                    count { $0.errors += 1 }
                    continue
                }
                restricted.append((path, node))
            }
            try walk(ReturnFolder(tree: tree, names: folder.names + [node.name], path: path), &restricted)
        }
    }

    private func handle(_ task: Task) {
        let shown = task.folder.shown(task.node.name)
        do throws(HikaeError) {
            switch task.verdict {
            case .write, .replace:
                watch.progress.currentItem = shown
                let name = try site.wire(task.node.name, shown)
                try upload.send(task.node, task.folder.path, name, shown, replaces: plan.mayReplace)
                watch.progress.add(files: 1)
                count {
                    $0.itemsWritten += 1
                    $0.bytesWritten += task.node.size
                }
            case .stamp:
                try upload.setTime(task.folder.path.appending(try site.wire(task.node.name, shown)), task.node)
                count { $0.itemsSkipped += 1 }
            case .present, .stay: count { $0.itemsSkipped += 1 }
            case .impossible: break
            }
        } catch {
            switch error.code {
            case .quota, .unreachable, .accessDenied, .untrusted, .cancelled, .damaged: failure.set(error)
            default:
                watch.report(error)
                count { $0.errors += 1 }
            }
        }
    }

    private func count(_ change: (inout ReturnSummary) -> Void) { summary.withLock { change(&$0) } }
}
