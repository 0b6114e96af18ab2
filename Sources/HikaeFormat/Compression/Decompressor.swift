// zstd frames read by libzstd. Output is bounded by what the caller says, never by what a frame says.

internal import CZstd
public import HikaeCore

/// Decompresses blobs, reusing one context. Not for use from two threads at once.
public final class Decompressor {
    /// Up to this size, memory is taken at once on the caller's word; beyond it, as content comes.
    private static let trustedSize = 64 << 20

    private let context: OpaquePointer

    /// A decompressor with a context of its own.
    public init() {
        guard let context = ZSTD_createDCtx() else { fatalError("no memory for zstd") }
        self.context = context
        // Windows of 128 MiB at most: more than any writer of these formats uses.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Replaces `output` with the content of `input`, which must be exactly `size` bytes.
    ///
    /// Throws `.damaged`, with `output` empty, when it is not.
    public func decompress(
        _ input: UnsafeRawBufferPointer, size: Int, into output: inout [UInt8]
    ) throws(HikaeError) {
        output.removeAll(keepingCapacity: true)
        guard size >= 0 else { throw HikaeError(.damaged, "compressed bytes of a negative size") }
        if size <= Self.trustedSize {
            var result = 0
            output.appendUninitialized(capacity: size) { target in
                result = ZSTD_decompressDCtx(
                    context, target.baseAddress, target.count, input.baseAddress, input.count)
                return ZSTD_isError(result) != 0 ? 0 : result
            }
            if ZSTD_isError(result) != 0 { throw Self.fault(result) }
        } else {
            try stream(input, limit: size, into: &output)
        }
        guard output.count == size else {
            let found = output.count
            output.removeAll()
            throw HikaeError(.damaged, "compressed bytes give \(found) bytes instead of \(size)")
        }
    }

    /// Appends the content of `input`, however long, to at most `limit` bytes in all.
    ///
    /// Throws `.damaged` for no zstd, `.limit` beyond the limit.
    func stream(
        _ input: UnsafeRawBufferPointer, limit: Int, into output: inout [UInt8]
    ) throws(HikaeError) {
        ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        // Whether a frame has begun and not ended.
        var isWithinFrame = true
        while source.pos < source.size || isWithinFrame {
            var result = 0
            let before = (source.pos, output.count)
            // One byte more than the limit, so that going beyond it shows.
            let room = min(max(ZSTD_DStreamOutSize(), output.count), limit + 1 - output.count)
            output.appendUninitialized(capacity: room) { target in
                var sink = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                result = ZSTD_decompressStream(context, &sink, &source)
                return sink.pos
            }
            if ZSTD_isError(result) != 0 { throw Self.fault(result) }
            guard output.count <= limit else {
                throw HikaeError(.limit, "compressed bytes give more than \(limit) bytes")
            }
            isWithinFrame = result != 0
            guard (source.pos, output.count) != before || !isWithinFrame else {
                throw HikaeError(.damaged, "compressed bytes end too soon")
            }
        }
    }

    private static func fault(_ code: Int) -> HikaeError {
        let reason = String(cString: ZSTD_getErrorName(code))
        return HikaeError(.damaged, "compressed bytes are damaged: \(reason)")
    }
}

extension Array where Element == UInt8 {
    /// Appends what `body` writes into `capacity` bytes of memory: as many as it returns.
    mutating func appendUninitialized(capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        append(addingCapacity: capacity) { span in
            span.withUnsafeMutableBufferPointer { memory, count in
                let written = body(UnsafeMutableRawBufferPointer(memory))
                precondition(written >= 0 && written <= memory.count)
                count = written
            }
        }
    }
}
