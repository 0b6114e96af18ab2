// Files and folders at the edge of what a file system takes.

import HikaeCore
import HikaeTesting
import Testing

@Suite("Extremes")
struct ExtremeFilesTests {
    @Test("Folders 100 deep, each name 255 bytes, come back, though no system call takes such a path")
    func deep() throws {
        let rig = try Rig()
        let source = rig.folder.path("deep")
        let script = #"""
            mkdir "$1"; cd "$1"
            for level in $(seq 1 100); do
                name=$(printf '%03d' "$level"; printf '深%.0s' {1..84}); mkdir "$name"; cd "$name"; echo "$level" > file
            done
            """#
        // The whole path is 25 KB long, more than a system call takes at once: that is the point.
        try rig.shell(script, source).succeed()
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        let target = rig.folder.path("back")
        try rig.hikae("restore", "latest", "--target", target).succeed()
        // No path that is given to a program may be that long, so both are walked from inside.
        let walk = #"""
            cd "$1"; levels=0
            while cd 0* 2>/dev/null || cd 1* 2>/dev/null; do levels=$((levels + 1)); [ "$(cat file)" = "$levels" ]; done
            echo "$levels"
            """#
        for place in [source, target + source] {
            #expect(try rig.shell(walk, place).succeed().text == "100\n")
        }
        try rig.shell("rm -rf \"$1\" \"$2\"", source, target).succeed()
    }

    @Test("A file of 5 GB that is almost all hole is saved in little room and restored with its holes")
    func fiveGigabytes() throws {
        let rig = try Rig()
        let script = #"""
            mkdir "$1"; truncate -s 5G "$1/big"
            printf start | dd of="$1/big" conv=notrunc status=none
            printf middle | dd of="$1/big" bs=1M seek=2500 conv=notrunc status=none
            printf end | dd of="$1/big" bs=1 seek=5368709117 conv=notrunc status=none
            """#
        let source = rig.folder.path("source")
        try rig.shell(script, source).succeed()
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        #expect(try rig.packBytes() < 20_000_000)
        let target = rig.folder.path("back")
        try rig.hikae("restore", "latest", "--target", target, "--sparse").succeed()
        let restored = target + source + "/big"
        try rig.shell("cmp \"$1\" \"$2\"", source + "/big", restored).succeed()
        let kilobytes = try rig.shell("du -k \"$1\" | cut -f1", restored).succeed().text.filter(\.isNumber)
        #expect(Int(kilobytes) ?? .max < 100_000, "the holes are gone: \(kilobytes) KB")
        try rig.restic("check").succeed()
    }

    @Test("An empty folder is a snapshot, and comes back empty")
    func emptyFolder() throws {
        let rig = try Rig()
        let source = rig.folder.path("empty")
        try Files.makeFolders(source)
        try rig.hikae("init").succeed()
        try rig.hikae("backup", source).succeed()
        try rig.resticFindsItWhole()
        try rig.expectRestores(of: source, by: "restic")
        try rig.expectRestores(of: source, by: Rig.binary)
    }

    @Test("A hundred thousand hard links to four files are one content each, and links again after a restore")
    func hardLinks() throws {
        let rig = try Rig()
        let source = rig.folder.path("links")
        let script = """
            import os, sys
            root = sys.argv[1]
            os.mkdir(root)
            for original in range(4):
                name = f"{root}/{original}"
                with open(name, "w") as file: file.write("content " * 1000 + str(original))
                for folder in range(25):
                    os.makedirs(f"{root}/d{folder}", exist_ok=True)
                    for link in range(1000):
                        os.link(name, f"{root}/d{folder}/{original}-{link}")
            """
        try rig.command("python3", ["-c", script, source]).succeed()
        try rig.hikae("init").succeed()
        let saved = try rig.hikae("backup", source, "--json").succeed().text
        #expect(saved.contains("\"data_blobs\":4"), "\(saved.suffix(500))")
        let target = rig.folder.path("back")
        try rig.hikae("restore", "latest", "--target", target).succeed()
        let count = "find \"$1\" -type f -printf '%n %i\\n' | sort | uniq -c | sed 's/^ *//' | cut -d' ' -f1,2"
        let links = try rig.shell(count, target + source).succeed().text
        #expect(links == String(repeating: "25001 25001\n", count: 4), "\(links)")
        try rig.restic("check").succeed()
    }
}
