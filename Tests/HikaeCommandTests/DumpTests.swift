import HikaeTesting
import Testing

@Suite struct DumpTests {
    /// A tree with what archives find hard, saved once.
    private static let made = Result { () throws -> Harness in
        let harness = try Harness()
        try harness.makeSource()
        try harness.shell(
            """
            cd source
            long=$(printf 'n%.0s' $(seq 200))
            mkdir -p "$long/$long"; echo deep > "$long/$long/file"
            echo bytes > "$(printf 'caf\\xe9')"
            echo 日本 > 日本語.txt
            echo old > old; touch -d '1965-03-04 05:06:07.25' old
            echo exact > exact; touch -d '2020-02-03 04:05:06.123456789' exact
            ln -s "$long/$long/file" far
            mkfifo pipe
            head -c 20000000 /dev/urandom > large
            chmod 4755 one.txt; mkdir sticky; chmod 1777 sticky
            if setfattr -n user.note -v 'a note' exact 2> /dev/null; then :; fi
            if setfacl -m u:1234:r exact 2> /dev/null; then :; fi
            """
        ).succeed()
        try harness.hikae("init").succeed()
        try harness.hikae("backup", harness.folder.path("source")).succeed()
        return harness
    }

    @Test func aFileIsDumpedByteForByte() throws {
        let harness = try Self.made.get()
        try harness.shell("$HIKAE dump --no-lock latest $PWD/source/large | cmp - source/large").succeed()
        try harness.shell("$HIKAE dump --no-lock -t file.out latest $PWD/source/one.txt; cmp file.out source/one.txt")
            .succeed()
        #expect(try harness.hikae("dump", "--no-lock", "latest", "/nowhere").run().status == 1)
    }

    @Test func aFolderBecomesATarThatTarUnpacksToTheSameFiles() throws {
        let harness = try Self.made.get()
        try harness.shell(
            """
            rm -rf tar; mkdir tar
            $HIKAE dump --no-lock "latest:$PWD/source" / | tar -x -p --xattrs --acls -C tar 2> tar.messages
            cat tar.messages >&2
            diff -r --no-dereference -x pipe source tar
            list() { (cd "$1"; find . -mindepth 1 -printf '%y %m %s %T@ %l %n %p\\n' | LC_ALL=C sort -k7); }
            # A directory's size is the filesystem's own affair, and its link count too.
            list source | sed '/^d/s/ [0-9]* / - /2' > a; list tar | sed '/^d/s/ [0-9]* / - /2' > b
            diff <(grep -v '^d' a) <(grep -v '^d' b)
            diff <(cd source; getfattr -d -R -m - . 2> /dev/null) <(cd tar; getfattr -d -R -m - . 2> /dev/null)
            """
        ).succeed()
    }

    @Test func namesInTheArchiveBeginWithThePathAsked() throws {
        let harness = try Self.made.get()
        let names = try harness.shell("$HIKAE dump --no-lock latest $PWD/source/inner | tar -t").succeed().text
        let prefix = harness.folder.path("source/inner").dropFirst()
        #expect(
            Set(names.split(separator: "\n"))
                == ["deep/", "deep/three.sql", "hard", "link", "two.txt"].map { "\(prefix)/\($0)" }.reduce(into: []) {
                    $0.insert(Substring($1))
                })
    }

    @Test func aFolderBecomesAZipThatUnzipAcceptsAndPythonStreams() throws {
        guard Command.path(of: "unzip") != nil else { return }
        let harness = try Self.made.get()
        try harness.shell(
            """
            rm -rf zip z.zip
            $HIKAE dump --no-lock --archive zip --target z.zip "latest:$PWD/source" /
            unzip -tqq z.zip >&2
            mkdir zip; cd zip; unzip -qq ../z.zip
            cmp large ../source/large; cmp inner/two.txt ../source/inner/two.txt
            cmp 日本語.txt ../source/日本語.txt
            [ "$(readlink inner/link)" = ../one.txt ]
            [ "$(stat -c %a one.txt)" = 755 ]
            """
        ).succeed()
    }

    @Test func aDumpThatCannotBeWrittenFails() throws {
        let harness = try Self.made.get()
        let outcome = try harness.shell("$HIKAE dump --no-lock latest $PWD/source/large > /dev/full").run()
        #expect(outcome.status == 1)
        #expect(outcome.errorText.contains("No space left"))
    }
}
