// What a capture of a database server holds and says.

import HikaeCore
import HikaeDatabase
import HikaeSource
import HikaeTesting
import Testing

@Suite(.serialized, .oneAtATime) struct CaptureTests {
    static func rows(_ engine: DatabaseEngine) -> [String: UInt64] {
        engine == .postgreSQL ? SampleDatabases.clinicRows : SampleDatabases.shopRows
    }

    static func script(_ engine: DatabaseEngine) -> String {
        engine == .postgreSQL ? SampleDatabases.clinic : SampleDatabases.shop
    }

    @Test(
        "Facts have the rows of every table, whatever its name and whatever looks like a row",
        arguments: DatabaseEngine.allCases)
    func facts(_ engine: DatabaseEngine) throws {
        let server = try TestServer.of(engine)
        try server.make("facts", Self.script(engine))
        let capture = try CaptureRig().capture(DatabaseSource(server.settings("facts")))
        #expect(capture.reports == [])
        let found = Dictionary(uniqueKeysWithValues: capture.facts.groups.map { ($0.name, $0.items) })
        let expected = Dictionary(uniqueKeysWithValues: Self.rows(engine).map { ("facts.\($0.key)", $0.value) })
        #expect(found == expected)
        #expect(capture.facts.items == expected.values.reduce(0, +))
        #expect(capture.facts.groups.allSatisfy { ($0.items > 0) == ($0.bytes > 0) })
        #expect(capture.facts.tools.map(\.name) == ["server", engine == .postgreSQL ? "pg_dump" : "mariadb-dump"])
        #expect(capture.facts.notes.first?.contains("rows were counted") == true)
        #expect(!capture.facts.notes.contains { $0.contains("rows are in the dump") })
    }
}
