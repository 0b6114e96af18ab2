// Keywords of a mailbox as letters of file names, in the way of Dovecot: `a` is the first line of dovecot-keywords.

/// Which letter stands for which keyword. A letter never changes its meaning from one capture to the next.
struct KeywordTable: Sendable, Equatable {
    /// The file in a Maildir that names the keywords.
    static let fileName = "dovecot-keywords"
    /// Letters there are; keywords beyond them stand in the mailbox's record.
    static let letters = 26
    /// Keywords of a mailbox that are taken at most.
    static let maximum = 4096

    /// By number. The first 26 have letters.
    private(set) var keywords: [String] = []
    private var numbers: [String: Int] = [:]

    init(_ keywords: [String] = []) { for keyword in keywords { _ = number(of: keyword) } }

    /// The keyword's number; a new one when it has none. Nil when there are too many.
    mutating func number(of keyword: String) -> Int? {
        if let number = numbers[keyword] { return number }
        guard keywords.count < Self.maximum else { return nil }
        numbers[keyword] = keywords.count
        keywords.append(keyword)
        return keywords.count - 1
    }

    /// The letters for these keywords, in order, and the keywords that have none.
    mutating func letters(for names: [String]) -> (letters: [UInt8], others: [String]) {
        var found: (letters: [UInt8], others: [String]) = ([], [])
        for name in names {
            if let number = number(of: name), number < Self.letters {
                found.letters.append(UInt8(ascii: "a") + UInt8(number))
            } else {
                found.others.append(name)
            }
        }
        found.letters.sort()
        return found
    }

    /// The keyword of a letter.
    func keyword(_ letter: UInt8) -> String? {
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) else { return nil }
        let number = Int(letter - UInt8(ascii: "a"))
        return number < keywords.count && !keywords[number].isEmpty ? keywords[number] : nil
    }

    /// The content of dovecot-keywords.
    var fileContent: [UInt8] {
        Array(keywords.prefix(Self.letters).enumerated().map { "\($0) \($1)\n" }.joined().utf8)
    }

    /// Reads dovecot-keywords as Dovecot has it; lines that make no sense are passed over.
    init(fileContent: [UInt8]) {
        var names: [Int: String] = [:]
        for line in String(decoding: fileContent, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2, let number = Int(parts[0]), (0..<Self.letters).contains(number) {
                names[number] = String(parts[1])
            }
        }
        for number in 0..<(names.keys.max().map { $0 + 1 } ?? 0) {
            keywords.append(names[number] ?? "")
            if let name = names[number] { numbers[name] = number }
        }
    }
}
