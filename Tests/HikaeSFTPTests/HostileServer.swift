// An SFTP server that means harm: a script in place of ssh.

import HikaeCore
import HikaeTesting

@testable import HikaeSFTP

/// Speaks SFTP on its standard streams and misbehaves in one way.
struct HostileServer {
    private let folder: TemporaryDirectory
    let settings: SFTPSettings

    /// - Parameter behaviour: Python that may define `answer(kind, id, body)`, which returns bytes to be sent, or None
    ///   for what an honest server with one empty directory and a file "a" says; and `greeting`.
    init(_ behaviour: String) throws {
        folder = try TemporaryDirectory()
        let script = folder.path("ssh")
        try Files.write(
            script, Array((Self.program.replacing(marker: "#BEHAVIOUR", with: behaviour)).utf8), mode: 0o755)
        var settings = SFTPSettings(host: "hostile.example", path: "/site")
        settings.program = script
        settings.silence = 60
        settings.bounds = ListingMachine.Bounds(entries: 20_000, nameBytes: 1 << 20)
        self.settings = settings
    }

    private static let program = """
        #!/usr/bin/env python3
        import itertools, os, struct, sys
        inp, out = sys.stdin.buffer, sys.stdout.buffer
        def u32(n): return struct.pack('>I', n)
        def s(b): return u32(len(b)) + b
        def packet(kind, body): return u32(len(body) + 1) + bytes([kind]) + body
        def status(id, code, text=b''): return packet(101, u32(id) + u32(code) + s(text) + s(b''))
        def attrs(mode, size=0): return u32(1|2|4|8) + struct.pack('>Q', size) + u32(0) + u32(0) + u32(mode) + u32(1) + u32(1)
        def names(id, *entries):
            return packet(104, u32(id) + u32(len(entries)) + b''.join(s(n) + s(n) + attrs(m, z) for n, m, z in entries))
        DIR, FILE, LINK = 0o40755, 0o100644, 0o120777
        greeting = packet(2, u32(3))
        listed = set()
        counter = itertools.count(1)
        def honest(kind, id, body):
            if kind == 16: return names(id, (b'/site', DIR, 0))
            if kind in (7, 17): return packet(105, u32(id) + attrs(DIR))
            if kind == 8: return packet(105, u32(id) + attrs(FILE, 3))
            if kind in (3, 11): return packet(102, u32(id) + s(b'h%d' % next(counter)))
            if kind == 12:
                if body in listed: return status(id, 1)
                listed.add(body)
                return names(id, (b'.', DIR, 0), (b'a', FILE, 3))
            if kind == 5: return packet(103, u32(id) + s(b'abc'))
            return status(id, 0)
        def answer(kind, id, body): return None
        #BEHAVIOUR
        def take(n):
            data = inp.read(n)
            if len(data) < n: os._exit(0)
            return data
        take(9)
        out.write(greeting); out.flush()
        while True:
            length = struct.unpack('>I', take(4))[0]
            data = take(length)
            kind, id, body = data[0], struct.unpack('>I', data[1:5])[0], data[5:]
            reply = answer(kind, id, body)
            out.write(honest(kind, id, body) if reply is None else reply)
            out.flush()

        """
}

extension String {
    /// The text with the marker's line replaced, each new line indented as the marker was not.
    fileprivate func replacing(marker: String, with text: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { $0 == marker ? text[...] : $0 }
            .joined(separator: "\n")
    }
}
