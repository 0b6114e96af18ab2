// What a file to be uploaded holds: bytes of its own, or memory of somebody who waits for the upload's end.

/// The bytes of an upload.
enum UploadContent: Sendable {
    /// Memory that its owner keeps until the upload is done.
    ///
    /// `@unchecked Sendable` is sound because it is only read, and the one who lent it waits for `done`.
    struct Lent: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
    }

    case owned([UInt8])
    case lent(Lent)

    var count: Int {
        switch self {
        case .owned(let bytes): bytes.count
        case .lent(let lent): lent.bytes.count
        }
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        switch self {
        case .owned(let bytes): bytes.withUnsafeBytes(body)
        case .lent(let lent): body(lent.bytes)
        }
    }
}
