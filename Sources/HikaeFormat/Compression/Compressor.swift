// zstd frames written by libzstd. One compressor serves one thread.

internal import CZstd

/// Compresses blobs, reusing one context and its memory. Not for use from two threads at once.
public final class Compressor {
    /// How hard it compresses.
    public let mode: CompressionMode
    private let context: OpaquePointer

    /// A compressor with a context of its own.
    public init(mode: CompressionMode) {
        self.mode = mode
        guard let context = ZSTD_createCCtx() else { fatalError("no memory for zstd") }
        self.context = context
        // Every parameter is in range, so none of these can fail.
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, mode.level)
        // restic's hash and MAC check the content already.
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0)
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Replaces `output` with the frame of `input`, and gives its length; nil, with `output` empty, when the frame
    /// would be no smaller or the mode is `.off`.
    public func compress(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Int? {
        output.removeAll(keepingCapacity: true)
        guard mode != .off, input.count > 16 else { return nil }
        if mode == .auto || mode == .fastest, NoiseTest.looksLikeNoise(input) { return nil }
        // No room for a frame that is not smaller: zstd gives up as soon as it would be.
        guard let count = compress(input, appendingTo: &output, capacity: input.count - 1) else { return nil }
        return count
    }

    /// Replaces `output` with the frame of `input`, even if it is no smaller, and whatever the mode and the size.
    public func frame(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.removeAll(keepingCapacity: true)
        appendFrame(input, to: &output)
    }

    /// Appends the frame of `input` even if it is no smaller, whatever the mode.
    func appendFrame(_ input: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        let bound = ZSTD_compressBound(input.count)
        guard compress(input, appendingTo: &output, capacity: bound) != nil else {
            preconditionFailure("zstd fails within its own bound")
        }
    }

    private func compress(
        _ input: UnsafeRawBufferPointer, appendingTo output: inout [UInt8], capacity: Int
    ) -> Int? {
        var result = 0
        output.appendUninitialized(capacity: capacity) { target in
            result = ZSTD_compress2(context, target.baseAddress, target.count, input.baseAddress, input.count)
            return ZSTD_isError(result) != 0 ? 0 : result
        }
        return ZSTD_isError(result) != 0 ? nil : result
    }
}
