// What counts as lost. Only what the stored bytes themselves say: a read that failed says nothing about them.

import HikaeCore
import HikaeStore

extension HikaeError {
    /// Whether the bytes were read and are not what they must be. Everything else may be whole: a disk that is away, a
    /// right that is missing, a wish to stop. Nothing may be removed on account of that.
    var isLoss: Bool {
        switch code {
        case .damaged, .unsupported, .limit: true
        default: false
        }
    }
}

extension Repository {
    /// Loads the index from the index files themselves, past the local cache: what removes things on the word of the
    /// index takes no copy's word.
    ///
    /// - Parameter unreadable: told of index files that are damaged; without it the first such file is thrown. Those
    ///   that could merely not be read are thrown in any case.
    func loadIndexAnew(
        progress: Progress?, unreadable: ((FileID, HikaeError) -> Void)? = nil
    ) throws(HikaeError) {
        let loader = IndexLoader(repository: self, cacheDirectory: nil, progress: progress)
        guard let unreadable else {
            useIndex(try loader.load())
            return
        }
        var failure: HikaeError?
        let index = try loader.load { id, error in
            if error.isLoss { unreadable(id, error) } else { failure = failure ?? error }
        }
        if let failure { throw failure }
        useIndex(index)
    }
}
