// The XML that S3 answers with, read by the toolchain's parser into a small tree. Bounded: a server cannot make it deep
// or endless. Document types and entities of its own are refused before the parser sees them.

import FoundationXML
import HikaeCore

import struct Foundation.Data
import class Foundation.NSObject

/// One element, its text and what is in it. Prefixes of names are dropped.
struct XMLElement: Sendable, Equatable {
    var name: String
    var text = ""
    var children: [XMLElement] = []

    /// Bytes of one document, at most.
    static let largestDocument = 16 << 20
    /// Elements within each other, at most.
    static let deepest = 12
    /// Elements of one document, at most.
    static let most = 100_000

    /// Reads a document. Throws `.protocolViolation` when it is none, or goes beyond the bounds.
    init(parsing document: [UInt8], from place: String) throws(HikaeError) {
        guard document.count <= Self.largestDocument else {
            throw HikaeError(.protocolViolation, "\(place) sent more than \(Self.largestDocument) bytes of XML")
        }
        let opening = document.prefix(4096).split(separator: UInt8(ascii: "<"))
        guard !opening.contains(where: { $0.starts(with: "!DOCTYPE".utf8) || $0.starts(with: "!ENTITY".utf8) }) else {
            throw HikaeError(.protocolViolation, "\(place) sent XML with a document type, which S3 does not have")
        }
        let builder = Builder()
        let parser = XMLParser(data: Data(document))
        parser.shouldResolveExternalEntities = false
        parser.delegate = builder
        let isWhole = parser.parse()
        if builder.isBeyondBounds {
            throw HikaeError(.protocolViolation, "\(place) sent XML with more or deeper elements than S3 has")
        }
        guard isWhole, let root = builder.root else {
            throw HikaeError(
                .protocolViolation, "\(place) did not answer in XML as S3 does",
                hint: "Is the endpoint that of an S3 server? A proxy or a web server may have answered.")
        }
        self = root
    }

    private init(name: String) { self.name = name }

    /// The first child of this name.
    subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first child of this name.
    func text(_ name: String) -> String? { self[name]?.text }

    /// The children of this name.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Takes in what the parser tells. Used by one parser, on the thread that called it.
    private final class Builder: NSObject, XMLParserDelegate {
        var root: XMLElement?
        var isBeyondBounds = false
        private var open: [XMLElement] = []
        private var count = 0

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            count += 1
            guard open.count < XMLElement.deepest, count <= XMLElement.most else {
                isBeyondBounds = true
                return parser.abortParsing()
            }
            open.append(XMLElement(name: name.split(separator: ":").last.map(String.init) ?? name))
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            guard let last = open.indices.last else { return }
            open[last].text += text
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            guard var element = open.popLast() else { return }
            if !element.children.isEmpty { element.text = "" }
            if let last = open.indices.last {
                open[last].children.append(element)
            } else if root == nil {
                root = element
            }
        }
    }
}
