// Which cipher ssh is asked for. Its own first choice, ChaCha20, suits processors that have no instructions for AES; with
// them AES-GCM takes a third of the time. Only the order is changed, and only when nobody has chosen ciphers.

import HikaeCore
import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The order of ciphers for one place.
enum CipherOrder {
    private static let fast = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]
    /// What OpenSSH offers when nobody chose, whatever the order of the version.
    private static let usual = Set(
        fast + ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"])

    private static let known = Mutex<[[String]: [String]]>([:])

    /// The ciphers that ssh would offer, the fast ones first; nil when they are in that order, or were chosen by somebody.
    static func better(than offered: [String]) -> [String]? {
        guard Set(offered) == usual, offered.first == "chacha20-poly1305@openssh.com" else { return nil }
        return fast + offered.filter { !fast.contains($0) }
    }

    /// The `ciphers` of what `ssh -G` prints.
    static func offered(in configuration: String) -> [String] {
        for line in configuration.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "ciphers" else { continue }
            return words[1].split(separator: ",").map(String.init)
        }
        return []
    }

    /// What to give to ssh besides: "-o", "Ciphers=…", or nothing. Asks ssh once for each place.
    ///
    /// - Parameters:
    ///   - program: ssh.
    ///   - arguments: of ssh for this place, without the host.
    static func arguments(_ program: String, _ arguments: [String], host: String) -> [String] {
        guard hasFastAES else { return [] }
        let question = [program, "-G"] + arguments + ["--", host]
        if let answer = known.withLock({ $0[question] }) { return answer }
        let order = (try? configuration(question)).flatMap { better(than: offered(in: $0)) }
        let answer = order.map { ["-o", "Ciphers=\($0.joined(separator: ","))"] } ?? []
        known.withLock { $0[question] = answer }
        return answer
    }

    private static func configuration(_ question: [String]) throws(HikaeError) -> String {
        var options = ChildProcess.Options()
        options.environment = ["LC_ALL": "C"]
        options.keepsMessages = true
        let process = try ChildProcess(question, options: options)
        defer { process.terminate() }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while text.count < 1 << 20 {
            let count = try part.withMutableBytes { bytes throws(HikaeError) in try process.read(into: bytes) }
            guard count > 0 else { break }
            text += part[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether this machine's processor has instructions for AES.
    private static let hasFastAES: Bool = {
        #if canImport(Glibc)
            guard let file = fopen("/proc/cpuinfo", "r") else { return false }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 1 << 14)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 > 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasPrefix("flags") || text.hasPrefix("Features") else { continue }
                return text.split(whereSeparator: \.isWhitespace).contains("aes")
            }
            return false
        #else
            return true
        #endif
    }()
}
