// libFuzzer's entry points. One program for all decoders: HIKAE_FUZZ_DECODER says which one is fed. Built by
// tools/fuzz.sh together with the exercises of Tests/HikaeFormatTests, not by the package.

import Glibc

/// What is fed: a decoder's exercise, the filter's patterns, what a mail or SFTP server says, or what reaches a vault server.
private enum Target {
    case decoder(DecoderExercise)
    case pattern
    case mail
    case sftp
    case server
    case agreement

    static let chosen: Target = {
        let name = getenv("HIKAE_FUZZ_DECODER").map { String(cString: $0) } ?? ""
        if name == "pattern" { return .pattern }
        if name == "mail" { return .mail }
        if name == "sftp" { return .sftp }
        if name == "server" { return .server }
        if name == "agreement" { return .agreement }
        guard let decoder = DecoderExercise(rawValue: name) else {
            print(
                "HIKAE_FUZZ_DECODER must be one of:",
                (DecoderExercise.allCases.map(\.rawValue) + ["pattern", "mail", "sftp", "server", "agreement"]).joined(
                    separator: " "))
            exit(2)
        }
        return .decoder(decoder)
    }()

    func breach(_ input: [UInt8]) -> String? {
        switch self {
        case .decoder(let decoder): decoder.breach(input)
        case .pattern: PatternExercise.breach(input)
        case .mail: MailExercise.breach(input)
        case .sftp: SFTPExercise.breach(input)
        case .server: ServerExercise.breach(input)
        case .agreement: AgreementExercise.breach(input)
        }
    }

    var seeds: [[UInt8]] {
        switch self {
        case .decoder(let decoder): decoder.seeds
        case .pattern: PatternExercise.seeds
        case .mail: MailExercise.seeds
        case .sftp: SFTPExercise.seeds
        case .server: ServerExercise.seeds
        case .agreement: AgreementExercise.seeds
        }
    }
}

/// Feeds one input; a broken promise ends the process, which libFuzzer reports with the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let breach = Target.chosen.breach(Array(UnsafeBufferPointer(start: bytes, count: count))) {
        fatalError("broken promise: \(breach)")
    }
    return 0
}

/// With HIKAE_FUZZ_CORPUS: writes the seeds and the dictionary into that directory and ends.
@_cdecl("LLVMFuzzerInitialize")
public func prepareFuzzing(
    _ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    if getenv("HIKAE_FUZZ_LIST") != nil {
        for decoder in DecoderExercise.allCases { print(decoder.rawValue) }
        print("pattern")
        print("mail")
        print("sftp")
        print("server")
        print("agreement")
        exit(0)
    }
    guard let corpus = getenv("HIKAE_FUZZ_CORPUS").map({ String(cString: $0) }) else { return 0 }
    for (index, seed) in Target.chosen.seeds.enumerated() { write(seed, to: "\(corpus)/seed-\(index)") }
    let words = DecoderExercise.dictionary.map { word in
        let escaped = word.utf8.map { byte in
            byte == 0x22 || byte == 0x5C ? "\\" + String(Unicode.Scalar(byte)) : String(Unicode.Scalar(byte))
        }
        return "\"\(escaped.joined())\"\n"
    }
    write(Array(words.joined().utf8), to: "\(corpus).dict")
    exit(0)
}

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}
