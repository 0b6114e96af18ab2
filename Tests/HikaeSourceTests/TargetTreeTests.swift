// Targets and the tree that they make.

import HikaeCore
import Testing

@testable import HikaeSource

/// The tree as lines `name=path` for leaves, `name(metadata path)` for inner nodes, indented.
private func picture(_ targets: [String], _ listings: [String: [String]] = [:]) throws -> [String] {
    let tree = try TargetTree(targets: targets.map { Array($0.utf8) }) { path throws(HikaeError) in
        let path = String(decoding: path, as: UTF8.self)
        guard let names = listings[path] else { throw HikaeError(.notFound, path) }
        return names.map { Array($0.utf8) }
    }
    return lines(tree, "")
}

private func lines(_ tree: TargetTree, _ indent: String) -> [String] {
    tree.names.flatMap { name -> [String] in
        guard let node = tree.nodes[name] else { return [] }
        let text = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self) }
        if node.isLeaf { return ["\(indent)\(text(name))=\(text(node.path))"] }
        return ["\(indent)\(text(name))(\(text(node.metadataPath)))"] + lines(node, indent + " ")
    }
}

@Suite("Targets")
struct TargetTreeTests {
    @Test("An absolute target brings the directories on its way")
    func absolute() throws {
        #expect(try picture(["/srv/www/html"]) == ["srv(/srv)", " www(/srv/www)", "  html=/srv/www/html"])
    }

    @Test("A relative target begins at its first name, whatever leads up to it")
    func relative() throws {
        #expect(try picture(["a/b"]) == ["a(a)", " b=a/b"])
        #expect(try picture(["../x/y"]) == ["x(../x)", " y=../x/y"])
        #expect(try picture(["./a/../b"]) == ["b=b"])
    }

    @Test("Targets without a name stand for what is in them")
    func nameless() throws {
        #expect(try picture(["."], [".": ["b", "a"]]) == ["a=a", "b=b"])
        #expect(try picture(["../.."], ["../..": ["x"]]) == ["x=../../x"])
        #expect(try picture(["/"], ["/": ["etc"]]) == ["etc=/etc"])
    }

    @Test("Equal names from different directories get a number")
    func conflicts() throws {
        #expect(try picture(["a/x", "../a/x", "/a"]) == ["a(a)", " x=a/x", "a-1(../a)", " x=../a/x", "a-2=/a"])
    }

    @Test("A target within another becomes part of it, in whatever order they come")
    func nested() throws {
        let listing = ["a": ["b", "c"]]
        #expect(try picture(["a", "a/b"], listing) == ["a(a)", " b=a/b", " c=a/c"])
        #expect(try picture(["a/b", "a"], listing) == ["a(a)", " b=a/b", " c=a/c"])
        #expect(try picture(["a", "./a", "a/"], [:]) == ["a=a"])
    }

    @Test(
        "Paths are taken apart by their text alone",
        arguments: [
            ("", "."), ("/", "/"), ("//a//b/", "/a/b"), ("a/./b", "a/b"), ("a/../..", ".."), ("/..", "/"),
            ("../a/..", ".."),
        ])
    func cleaning(_ path: String, _ expected: String) {
        #expect(LexicalPath.clean(Array(path.utf8)) == Array(expected.utf8))
    }
}
