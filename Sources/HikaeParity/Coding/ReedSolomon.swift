// Reed-Solomon over GF(2^8) by libisal. Knows nothing of packs.

internal import CIsal
public import HikaeCore

/// How many blocks of data stand beside how many of parity: any `parity` of them may be lost.
public struct ParityShape: Sendable, Hashable {
    public let data: Int
    public let parity: Int

    /// Throws `.usage` unless there are 1 to 200 blocks of data, 1 or more of parity and at most 255 in all.
    public init(data: Int, parity: Int) throws(HikaeError) {
        guard (1...200).contains(data), parity >= 1, data + parity <= 255 else {
            throw HikaeError(.usage, "\(data) blocks with \(parity) of parity cannot be made")
        }
        (self.data, self.parity) = (data, parity)
    }
}

/// The code of one shape: a Cauchy matrix, of which every square part can be inverted.
public struct ReedSolomon: Sendable {
    public let shape: ParityShape
    /// `data + parity` rows of `data` coefficients; the first `data` rows are the identity.
    private let matrix: [UInt8]
    /// libisal's tables for the rows of parity.
    private let tables: [UInt8]

    /// libisal wants 32 bytes of table for each coefficient.
    private static let tableBytes = 32

    public init(_ shape: ParityShape) {
        self.shape = shape
        var matrix = [UInt8](repeating: 0, count: (shape.data + shape.parity) * shape.data)
        gf_gen_cauchy1_matrix(&matrix, Int32(shape.data + shape.parity), Int32(shape.data))
        self.matrix = matrix
        tables = Self.tables(Array(matrix[(shape.data * shape.data)...]), shape.data, shape.parity)
    }

    /// The blocks of parity of `blocks`, one after another.
    ///
    /// - Parameter blocks: `shape.data` blocks of `length` bytes, one after another.
    public func parity(_ blocks: [UInt8], length: Int) -> [UInt8] {
        precondition(blocks.count == shape.data * length)
        return Self.multiply(tables, blocks, inputs: shape.data, outputs: shape.parity, length)
    }

    /// Puts lost blocks of data right.
    ///
    /// - Parameters:
    ///   - blocks: data and parity, `shape.data + shape.parity` blocks of `length` bytes; the lost ones with any content.
    ///   - lost: numbers of the lost blocks.
    /// Throws `.damaged` when more are lost than there is parity for.
    public func mend(_ blocks: inout [UInt8], lost: Set<Int>, length: Int) throws(HikaeError) {
        let (data, total) = (shape.data, shape.data + shape.parity)
        precondition(blocks.count == total * length && lost.allSatisfy { (0..<total).contains($0) })
        let wanted = lost.filter { $0 < data }.sorted()
        guard !wanted.isEmpty else { return }
        let whole = (0..<total).filter { !lost.contains($0) }
        guard whole.count >= data else {
            throw HikaeError(
                .damaged, "\(lost.count) blocks of \(total) are lost; parity mends \(shape.parity) at most")
        }
        let used = whole.prefix(data)
        var part: [UInt8] = []
        for row in used { part += matrix[(row * data)..<((row + 1) * data)] }
        var inverse = [UInt8](repeating: 0, count: data * data)
        guard gf_invert_matrix(&part, &inverse, Int32(data)) == 0 else {
            throw HikaeError(.damaged, "the blocks that are left do not tell what is lost")
        }
        var rows: [UInt8] = []
        for row in wanted { rows += inverse[(row * data)..<((row + 1) * data)] }
        var inputs: [UInt8] = []
        inputs.reserveCapacity(data * length)
        for row in used { inputs += blocks[(row * length)..<((row + 1) * length)] }
        let found = Self.multiply(
            Self.tables(rows, data, wanted.count), inputs, inputs: data, outputs: wanted.count, length)
        for (number, row) in wanted.enumerated() {
            blocks.replaceSubrange(
                (row * length)..<((row + 1) * length), with: found[(number * length)..<((number + 1) * length)])
        }
    }

    private static func tables(_ rows: [UInt8], _ inputs: Int, _ outputs: Int) -> [UInt8] {
        var rows = rows
        var tables = [UInt8](repeating: 0, count: tableBytes * inputs * outputs)
        ec_init_tables(Int32(inputs), Int32(outputs), &rows, &tables)
        return tables
    }

    private static func multiply(
        _ tables: [UInt8], _ blocks: [UInt8], inputs: Int, outputs: Int, _ length: Int
    ) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: outputs * length)
        // libisal takes pointers to mutable memory and only reads tables and inputs; all of them live for the call.
        tables.withUnsafeBufferPointer { table in
            blocks.withUnsafeBufferPointer { input in
                result.withUnsafeMutableBufferPointer { output in
                    guard let table = table.baseAddress, let input = input.baseAddress, let output = output.baseAddress
                    else { return }
                    let first = UnsafeMutablePointer(mutating: input)
                    var sources = (0..<inputs).map { UnsafeMutablePointer<UInt8>?(first + $0 * length) }
                    var targets = (0..<outputs).map { UnsafeMutablePointer<UInt8>?(output + $0 * length) }
                    ec_encode_data(
                        Int32(length), Int32(inputs), Int32(outputs), UnsafeMutablePointer(mutating: table), &sources,
                        &targets)
                }
            }
        }
        return result
    }
}
