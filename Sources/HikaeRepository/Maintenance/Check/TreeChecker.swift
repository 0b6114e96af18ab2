// Judges one tree: its names, its nodes, and whether every blob it names is in the index.

import HikaeCore
import HikaeFormat

/// Checks trees as they are read. May be used from any thread.
struct TreeChecker: Sendable {
    let survey: CheckSurvey

    func check(_ id: BlobID, _ result: Swift.Result<Tree, HikaeError>) {
        switch result {
        case .failure(let error): report(unreadable: id, error)
        case .success(let tree):
            do throws(HikaeError) {
                try tree.validate()
            } catch {
                fault(id, error.message)
            }
            for node in tree.nodes { check(node, in: id) }
        }
    }

    private func report(unreadable id: BlobID, _ error: HikaeError) {
        let isKnown = survey.index.contains(id, .tree)
        let location = survey.index.lookup(id, .tree)
        let message =
            isKnown
            ? "tree \(id.hex) cannot be read: \(error.message)" : "tree \(id.hex) is in no index"
        survey.ledger.hold(
            CheckFinding(
                .error, isKnown ? .tree : .blobMissing, message, pack: location?.pack, blob: id, tree: id), blob: id)
    }

    private func check(_ node: Node, in tree: BlobID) {
        switch node.kind {
        case .file: checkFile(node, in: tree)
        case .dir:
            if node.subtree == nil { fault(tree, "dir node \"\(node.displayName)\" has no subtree") }
        case .symlink, .dev, .chardev, .fifo, .socket: break
        case .irregular: fault(tree, "node \"\(node.displayName)\" with invalid type")
        }
    }

    private func checkFile(_ node: Node, in tree: BlobID) {
        guard let content = node.content else {
            fault(tree, "file \"\(node.displayName)\" has nil blob list")
            return
        }
        var bytes: UInt64 = 0
        var isComplete = true
        for blob in content {
            if let position = survey.index.lookupPosition(blob, .data) {
                bytes &+= UInt64(survey.index.location(position).plaintextLength)
                continue
            }
            isComplete = false
            if survey.ledger.isHeld(blob) { continue }
            survey.ledger.noteIndexTrouble()
            survey.ledger.hold(
                CheckFinding(
                    .error, .blobMissing, "blob \(blob.hex) is in no index, file \"\(node.displayName)\" needs it",
                    blob: blob, tree: tree), blob: blob)
        }
        // Old restic versions recorded another size when a file changed while it was read: no error of the repository.
        if isComplete, bytes != node.size {
            let words = "file \"\(node.displayName)\" has size \(node.size) and content of \(bytes) bytes"
            survey.ledger.report(CheckFinding(.hint, .tree, "tree \(tree.hex): \(words)", tree: tree))
        }
    }

    private func fault(_ tree: BlobID, _ words: String) {
        survey.ledger.report(CheckFinding(.error, .tree, "tree \(tree.hex): \(words)", blob: tree, tree: tree))
    }
}
