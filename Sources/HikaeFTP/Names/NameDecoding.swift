// The names of one folder in UTF-8.

/// The names of one folder, decoded together.
struct NameDecoding: Sendable {
    private let decoded: [[UInt8]?]

    /// Decodes names from the wire: with the encoding that was set, or with the one that fits the folder's names.
    init(_ names: [[UInt8]], _ setting: FTPSettings.Encoding) {
        let encoding = setting.fixed ?? NameDetection.encoding(of: names)
        decoded = names.map { name in
            guard let encoding else { return NameDetection.decode(name) ?? name }
            // A name that is not of the encoding stays as it is: it can still be fetched.
            return encoding.decode(name) ?? name
        }
    }

    /// The name at that index.
    subscript(_ index: Int) -> [UInt8]? { decoded[index] }

    /// One text by itself: a link's target.
    static func decode(_ text: [UInt8], _ setting: FTPSettings.Encoding) -> [UInt8] {
        (setting.fixed ?? NameDetection.encoding(of: [text]))?.decode(text) ?? text
    }
}
