// Directories to back up: the plain kind, and the kind that holds everything a file system can.

import HikaeCore
import HikaeTesting
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Rig {
    /// An ordinary directory: text, noise of several chunks, small files, a copy. Equal for equal seeds.
    @discardableResult
    func plainFiles(_ name: String = "source", seed: UInt64 = 1, megabytes: Int = 12) throws -> String {
        var chance = SeededGenerator(seed: seed)
        let noise = chance.bytes(megabytes << 20)
        try folder.write("\(name)/noise.bin", noise)
        try folder.write("\(name)/again/shifted.bin", [1, 2, 3] + noise.prefix(noise.count / 2))
        var text = ""
        for line in 0..<20_000 { text += "line \(line): 請求書 \(chance.next() & 0xFFF) is paid\n" }
        try folder.write("\(name)/text/log.txt", text)
        for number in 0..<60 {
            try folder.write("\(name)/small/\(number).txt", chance.bytes(Int(chance.next() % 3000)))
        }
        return folder.path(name)
    }

    /// A directory with everything: odd names, links, devices, attributes, holes, strange modes and times.
    @discardableResult
    func menagerie(_ name: String = "menagerie") throws -> String {
        let path = folder.path(name)
        try Files.makeFolders(path)
        let script = #"""
            cd "$1"
            echo one > plain; : > empty; mkdir emptydir
            printf x > $'not utf8 \xff\xfe\x80'; printf x > $'line\nbreak'; printf x > $'tab\t bell\a esc\e del\x7f'
            printf x > '"quotes" & <tags> \back\slash'; printf x > -dash; printf x > ' leading and trailing '
            printf x > $'\u2028line\u2029separators'; printf x > '日本語の名前.txt'; printf x > $'nfd-e\u0301'; printf x > '😀'
            printf x > "$(printf 'n%.0s' {1..255})"
            mkdir $'dir \xe3\x81'; echo inside > $'dir \xe3\x81/file'
            echo linked > hard1; ln hard1 hard2; ln hard1 emptydir/../hard3
            ln -s plain link; ln -s nowhere/at/all dangling; ln -s "$(printf 't%.0s' {1..900})" longlink
            ln -s emptydir dirlink; ln link hardlinked-link
            mkfifo fifo; ln fifo fifo2
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
            truncate -s 20M sparse; printf middle | dd of=sparse bs=1 seek=9000000 conv=notrunc status=none
            seq 1 300000 > numbers
            echo suid > suid; chmod 4755 suid; echo sgid > sgid; chmod 2750 sgid; mkdir sticky; chmod 1777 sticky
            echo none > nomode; chmod 0000 nomode
            setfattr -n user.colour -v green plain || echo 'no extended attributes here' >&2
            setfattr -n user.binary -v 0x00ff8001 plain || true
            setfattr -n user.empty plain || true
            setfattr -n user.dir -v 1 emptydir || true
            setfacl -m u:1234:r--,g:5678:rwx numbers || echo 'no ACLs here' >&2
            setfacl -d -m u:1234:rwx emptydir || true
            mkdir deep; (cd deep; for i in $(seq 1 100); do mkdir "level$i"; cd "level$i"; done; echo bottom > bottom)
            if [ "$(id -u)" = 0 ]; then
                mknod char c 1 3; mknod block b 7 200; chown 12345:54321 empty; chown -h 23456:1 link
            fi
            touch -d '1969-07-20 20:17:40.123456789 UTC' old; touch -d '2106-02-07 06:28:17.5 UTC' future
            touch -h -d '2001-02-03 04:05:06.700000000 UTC' dangling
            touch -d '2020-03-29 01:30:00.000000001 UTC' numbers emptydir; touch -d '2012-06-20 17:00:00 JST' plain
            """#
        try shell(script, path).succeed()
        return path
    }

    /// Everything about a tree that a restore must bring back, as text: one line for each entry, then the bytes' sums,
    /// the attributes and the access lists. The top folder itself is not among them; sockets are not restored.
    func facts(of path: String) throws -> String {
        let script = #"""
            cd "$1"
            find . -mindepth 1 -type f -printf '%p f %m %U %G %T@ %n %s\n' -o -mindepth 1 -type d -printf '%p d %m %U %G %T@\n' \
                -o -type l -printf '%p l %U %G %T@ %l\n' -o \( -type p -o -type c -o -type b \) -printf '%p %y %m %U %G %T@ ' \
                \( -type p -o -type c -o -type b \) -exec stat -c '%t:%T' {} \; | LC_ALL=C sort
            find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
            find . -mindepth 1 \( -type f -o -type d \) -print0 | LC_ALL=C sort -z | xargs -0r getfattr -h -d -m '^user\.' -e hex --
            find . -mindepth 1 \( -type f -o -type d \) -print0 | LC_ALL=C sort -z | xargs -0r getfacl -n -p --
            """#
        return try shell(script, path).succeed().text
    }

    /// Records an issue when two trees are not the same in everything that `facts` tells.
    func expectSame(_ restored: String, _ original: String, _ comment: Comment? = nil) throws {
        let (left, right) = (try facts(of: restored), try facts(of: original))
        guard left != right else { return }
        let theirs = Set(right.split(separator: "\n"))
        let ours = Set(left.split(separator: "\n"))
        let missing = theirs.subtracting(ours).prefix(8).joined(separator: "\n")
        let extra = ours.subtracting(theirs).prefix(8).joined(separator: "\n")
        Issue.record("trees differ; \(comment.map { "\($0)" } ?? "")\nwas:\n\(missing)\nbecame:\n\(extra)")
    }

    /// Restores a snapshot with one of the programs and compares what stood at `source` with what came back.
    func expectRestores(
        _ snapshot: String = "latest", of source: String, by program: String, equals original: String? = nil
    )
        throws
    {
        let target = folder.path("restored-\(program == "restic" ? "restic" : "hikae")-\(snapshot.prefix(8))")
        Files.removeAll(target)
        try command(program, ["restore", snapshot, "--target", target]).succeed()
        try expectSame(target + source, original ?? source, "\(snapshot.prefix(8)) restored by \(program)")
        Files.removeAll(target)
    }
}
