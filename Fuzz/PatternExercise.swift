// Patterns of --exclude and --include come from files and people: they must compile or be refused, and matching must end.

import HikaeCore
import HikaePatterns

enum PatternExercise {
    /// The input is patterns, one a line, then after a zero byte a path.
    static func breach(_ input: [UInt8]) -> String? {
        let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let patterns = parts[0].split(separator: 0x0A).prefix(20).map { Array($0.prefix(200)) }
        let path = [0x2F] + (parts.count > 1 ? Array(parts[1].prefix(300)) : Array("srv/www/a.tmp".utf8))
        do throws(HikaeError) {
            let filter = try PathFilter(bytes: patterns, ignoringCase: Array(patterns.prefix(2)))
            let verdict = filter.verdict(path: path)
            if verdict.matches != filter.matches(path: path) { return "two answers for one path" }
            return patterns.isEmpty && verdict.matches ? "a match without a pattern" : nil
        } catch {
            return error.code == .usage ? nil : "an error of code \(error.code)"
        }
    }

    static var seeds: [[UInt8]] {
        ["*.tmp\n!keep.tmp\n/srv/**/cache", "[a-z]?[^x]*\\*", "/a/b\n**/c\n**\0a/b/c/d", "!/x\n.*\0.hidden/file"].map {
            Array($0.utf8)
        }
    }
}
