// Listings of a store that is far off, asked for while something else is waited for: each spares its taker a round trip.

import HikaeCore
import HikaeStore

/// Listings on their way. Each is taken once: what is asked for later is asked of the store itself.
final class ListingsAhead: Sendable {
    private typealias Answer = Result<[StoredFileInfo], HikaeError>

    private struct Question: Sendable {
        /// When it was asked, by a clock that nobody sets.
        var time = MonotonicTime.seconds()
        var answer: Answer?
        /// Nobody may have the answer any more.
        var isVoid = false
    }

    /// Seconds for which a listing is as good as a new one.
    private static let lifetime = 10.0

    private let questions = Monitor<[FileKind: Question]>([:])

    /// Asks for listings, all at once, without waiting. Of a store on this machine nothing is asked.
    func begin(_ kinds: [FileKind], of store: any ObjectStore) {
        guard store.traits.isRemote else { return }
        for kind in kinds {
            let isNew = questions.withLock { questions in
                if questions[kind] != nil { return false }
                questions[kind] = Question()
                return true
            }
            guard isNew else { continue }
            RunningThread { [self] in
                let answer: Answer
                do throws(HikaeError) { answer = .success(try store.list(kind)) } catch { answer = .failure(error) }
                questions.withLock { questions in
                    if questions[kind]?.isVoid == true { questions[kind] = nil }
                    questions[kind]?.answer = answer
                }
            }.detach()
        }
    }

    /// Waits for a listing that was asked for, and hands it out; nil when none was, or too long ago.
    func take(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo]? {
        let answer = questions.wait { questions -> Answer?? in
            guard let question = questions[kind], !question.isVoid else { return .some(nil) }
            guard let answer = question.answer else { return nil }
            questions[kind] = nil
            return MonotonicTime.seconds() - question.time < Self.lifetime ? .some(answer) : .some(nil)
        }
        return try answer?.get()
    }

    /// A listing that was asked for is to be used by nobody.
    func drop(_ kind: FileKind) {
        questions.withLock { questions in
            if questions[kind]?.answer == nil { questions[kind]?.isVoid = true } else { questions[kind] = nil }
        }
    }
}
