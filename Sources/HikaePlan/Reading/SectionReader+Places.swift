// Values of a plan that name places: paths, secrets, addresses.

import HikaeCore
import Yams

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What paths in a plan are relative to.
struct PlanBase: Equatable {
    /// The plan's folder, absolute.
    var folder: String
    /// The home folder of whoever runs Hikae; nil when there is none.
    var home: String?

    /// The path made absolute; nil when it begins with "~" and that cannot be told.
    func absolute(_ path: String) -> String? {
        if path.hasPrefix("/") { return path }
        if path == "~" || path.hasPrefix("~/") { return home.map { $0 + path.dropFirst(1) } }
        if path.hasPrefix("~") { return nil }
        let plain = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return folder == "/" ? "/\(plain)" : "\(folder)/\(plain)"
    }
}

extension SectionReader {
    /// A path of this machine, made absolute.
    func path(_ key: String, base: PlanBase) -> String? {
        guard let node = node(key) else { return nil }
        return path(node, key, base: base)
    }

    /// One path, or a list of them.
    func paths(_ key: String, base: PlanBase) -> [String] {
        guard let node = node(key) else { return [] }
        guard case .sequence = node else { return path(node, key, base: base).map { [$0] } ?? [] }
        return items(key).compactMap { path($0, key, base: base) }
    }

    private func path(_ node: Node, _ key: String, base: PlanBase) -> String? {
        let place = place(node, key)
        // A bare ~ is YAML's word for nothing, and here the home folder.
        if let scalar = node.scalar, scalar.style == .plain, scalar.string == "~" {
            return absolute("~", at: place, base: base)
        }
        guard let text = scalar(node, at: place, allowed: "a path of this machine") else { return nil }
        return absolute(text, at: place, base: base)
    }

    private func absolute(_ text: String, at place: PlanPlace, base: PlanBase) -> String? {
        guard !text.utf8.contains(0), PlanText.isLine(text), text.utf8.count < 4096 else {
            problems.add(place, "no path is like that: it has control characters, or is too long")
            return nil
        }
        guard let path = base.absolute(text) else {
            problems.add(
                place,
                text.hasPrefix("~/") || text == "~"
                    ? "~ stands for the home folder, and HOME is not set: write the whole path"
                    : "\(PlanText.quoted(text)) begins with another user's ~: write the whole path")
            return nil
        }
        return path
    }

    /// Where a repository is: a path, made absolute, or what begins with a scheme as it is.
    func repository(_ key: String, base: PlanBase) -> String? {
        guard let text = text(key) else { return nil }
        let scheme = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
        if !scheme.isEmpty, text[scheme.endIndex...].hasPrefix(":") {
            guard scheme == "local" else { return text }
            return absolute(String(text.dropFirst("local:".count)), at: places.of(key), base: base)
        }
        return absolute(text, at: places.of(key), base: base)
    }

    /// A reference to a secret. What stands there instead is never quoted: it may be the secret.
    func secret(_ key: String, base: PlanBase) -> SecretReference? {
        let allowed = "write where it is: file:PATH, env:NAME or command:PROGRAM"
        guard let node = node(key), let text = scalar(node, at: place(node, key), allowed: allowed) else { return nil }
        func rest(_ prefix: String) -> String? {
            guard text.hasPrefix(prefix) else { return nil }
            let rest = text.dropFirst(prefix.count)
            return String(rest.drop { $0 == " " })
        }
        let place = place(node, key)
        if let path = rest("file:") {
            guard !path.isEmpty else {
                problems.add(place, "no path follows file:; \(allowed)")
                return nil
            }
            return absolute(path, at: place, base: base).map { .file($0) }
        }
        if let name = rest("env:") {
            guard Self.isVariable(name) else {
                problems.add(place, "no variable of the environment is called so after env:; as in env:SHOP_PASSWORD")
                return nil
            }
            return .environment(name)
        }
        if let line = rest("command:") {
            guard !line.isEmpty, PlanText.isLine(line), (try? SecretProgram.split(line)) != nil else {
                problems.add(place, "no command that can be run follows command:; as in command:pass show mail/info")
                return nil
            }
            return .command(line)
        }
        problems.add(
            place,
            "a secret must not stand in the plan itself, which people copy and print: put it into a file that only "
                + "its owner can read (chmod 600) and write `\(key): file:PATH` here; env:NAME and command:PROGRAM "
                + "do as well")
        return nil
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
        }
    }

    /// An address with one of the schemes that the section gives the key. Never quoted in messages: people put
    /// passwords into addresses.
    func address(_ key: String) -> PlanAddress? {
        guard case .address(let schemes)? = section[key]?.shape else {
            preconditionFailure("\(key) holds no address")
        }
        let allowed = "an address that begins with \(schemes.map { "\($0)://" }.joined(separator: " or "))"
        guard let node = node(key), let text = scalar(node, at: place(node, key), allowed: allowed) else { return nil }
        do throws(PlanAddress.Fault) {
            return try PlanAddress(text, schemes: schemes)
        } catch {
            problems.add(place(node, key), "the address \(error.reason)")
            return nil
        }
    }

    /// Bytes a second.
    func rate(_ key: String) -> UInt64? {
        let allowed = "write bytes a second, as in 500K or 10M"
        guard let node = node(key), let text = scalar(node, at: place(node, key), allowed: allowed) else { return nil }
        if let size = ByteCount(text), size.bytes >= 1024, size.bytes < 1 << 50 { return size.bytes }
        problems.add(place(node, key), "\(PlanText.quoted(text)) is no rate: \(allowed), at least 1K")
        return nil
    }

    /// Which authority is believed, where nothing else can be.
    func authority(base: PlanBase) -> TrustSettings {
        guard let node = node("trust"),
            let section = SectionReader(
                node, .authority, path: Self.joined(path, "trust"), problems,
                otherwise: { name in
                    name == "fingerprint"
                        ? "the databases' own programs know authorities only: write `ca: FILE`; a certificate that "
                            + "signed itself is its own authority"
                        : nil
                })
        else { return TrustSettings() }
        return TrustSettings(certificateAuthority: section.path("ca", base: base))
    }

    /// Which certificate is believed.
    func trust(base: PlanBase) -> TrustSettings {
        guard let node = node("trust"),
            let section = SectionReader(node, .trust, path: Self.joined(path, "trust"), problems)
        else { return TrustSettings() }
        var trust = TrustSettings(certificateAuthority: section.path("ca", base: base))
        guard let text = section.text("fingerprint") else { return trust }
        let digits = text.lowercased().filter { $0 != ":" && $0 != " " }
        if digits.hasPrefix("sha256"), digits.count == 6 + 64, digits.dropFirst(6).allSatisfy(\.isHexDigit) {
            trust.fingerprint = "sha256:" + digits.dropFirst(6)
        } else {
            section.fault("fingerprint", "a fingerprint is sha256: and 64 hexadecimal digits")
        }
        return trust
    }
}
