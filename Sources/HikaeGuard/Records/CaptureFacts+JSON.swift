// The facts of a capture as JSON.

import HikaeCore
import HikaeFormat
import HikaeSource

extension CaptureFacts {
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.put("unit", unit.rawValue)
        json.put("items", items)
        json.put("bytes", bytes)
        json.key("groups")
        json.beginArray()
        for group in groups {
            json.beginObject()
            json.put("name", group.name)
            json.put("items", group.items)
            json.put("bytes", group.bytes)
            if let identity = group.identity { json.put("identity", identity) }
            json.endObject()
        }
        json.endArray()
        json.key("tools")
        json.beginArray()
        for tool in tools {
            json.beginObject()
            json.put("name", tool.name)
            json.put("version", tool.version)
            json.endObject()
        }
        json.endArray()
        json.key("notes")
        json.strings(notes)
        json.endObject()
    }

    init(from json: inout JSONReader) throws(HikaeError) {
        self.init(unit: .files)
        var unit: CaptureUnit?
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("unit") {
                unit = CaptureUnit(rawValue: try json.text())
            } else if key.is("items") {
                items = try json.unsigned()
            } else if key.is("bytes") {
                bytes = try json.unsigned()
            } else if key.is("groups") {
                try json.beginArray()
                while try json.nextElement() { groups.append(try Self.group(&json)) }
            } else if key.is("tools") {
                try json.beginArray()
                while try json.nextElement() { tools.append(try Self.tool(&json)) }
            } else if key.is("notes") {
                notes = try json.texts()
            } else {
                try json.skip()
            }
        }
        guard let unit else { throw json.fault("facts without a unit that is known") }
        self.unit = unit
    }

    private static func group(_ json: inout JSONReader) throws(HikaeError) -> Group {
        var group = Group(name: "", items: 0, bytes: 0)
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("name") {
                group.name = try json.text()
            } else if key.is("items") {
                group.items = try json.unsigned()
            } else if key.is("bytes") {
                group.bytes = try json.unsigned()
            } else if key.is("identity") {
                group.identity = try json.text()
            } else {
                try json.skip()
            }
        }
        return group
    }

    private static func tool(_ json: inout JSONReader) throws(HikaeError) -> Tool {
        var tool = Tool(name: "", version: "")
        try json.beginObject()
        while let key = try json.nextKey() {
            if key.is("name") {
                tool.name = try json.text()
            } else if key.is("version") {
                tool.version = try json.text()
            } else {
                try json.skip()
            }
        }
        return tool
    }
}
