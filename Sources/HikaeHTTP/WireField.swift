// A name and its value, as headers and queries have them.

/// A header or an item of a query.
package struct WireField: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}
