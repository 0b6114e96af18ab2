// The hot loop of the Rabin chunker. One fingerprint depends on the one before it, seven cycles a byte; but each is a
// function of 64 bytes alone, so that four stretches of the buffer can be rolled over side by side.

enum RabinScan {
    /// Bytes of each of the four stretches. Long enough that 64 bytes of run-up do not matter, short enough that what
    /// is scanned behind a cut does not either.
    private static let stretch = 4096

    /// The first cut at `first` to `last`, both at least 64: the least n at which the fingerprint of
    /// `base[n - 64..<n]` has no bit of `mask`.
    ///
    /// `base` must be valid for `last` bytes; `tables` are the chunker's 512 words.
    static func cut(
        _ base: UnsafeRawPointer, _ tables: [UInt64], _ mask: UInt64, from first: Int, through last: Int
    ) -> Int? {
        precondition(tables.count == 512 && first >= ChunkLimits.window)
        return tables.withUnsafeBufferPointer { tables -> Int? in
            guard let reduce = tables.baseAddress else { return nil }
            let bytes = base.assumingMemoryBound(to: UInt8.self)
            var position = first - 1
            while position + 4 * stretch <= last {
                if let cut = four(bytes, reduce, mask, position) { return cut }
                position += 4 * stretch
            }
            return one(bytes, reduce, mask, position, last)
        }
    }

    /// The fingerprint of the 64 bytes before `position`, or of all there are.
    @inline(__always)
    private static func fingerprint(
        _ bytes: UnsafePointer<UInt8>, _ reduce: UnsafePointer<UInt64>, before position: Int
    ) -> UInt64 {
        var print: UInt64 = 0
        for index in max(0, position &- 64)..<position {
            print = (print &<< 8 | UInt64(bytes[index])) ^ reduce[Int(print &>> 45)]
        }
        return print
    }

    /// One step: `new` enters, `old` leaves. `print` stays below 2^53, so `print >> 45` is a byte.
    @inline(__always)
    private static func roll(
        _ print: UInt64, _ new: UInt8, _ old: UInt8, _ reduce: UnsafePointer<UInt64>
    ) -> UInt64 {
        ((print &<< 8 | UInt64(new)) ^ reduce[256 &+ Int(old)]) ^ reduce[Int(print &>> 45)]
    }

    /// The first cut behind one of the bytes `position..<end`.
    private static func one(
        _ bytes: UnsafePointer<UInt8>, _ reduce: UnsafePointer<UInt64>, _ mask: UInt64, _ position: Int, _ end: Int
    ) -> Int? {
        var print = fingerprint(bytes, reduce, before: position)
        var at = position
        // Fewer than 64 bytes before the first one (a minimum of 64): nothing leaves yet.
        while at < end, at < 64 {
            print = (print &<< 8 | UInt64(bytes[at])) ^ reduce[Int(print &>> 45)]
            at &+= 1
            if print & mask == 0, at == 64 { return at }
        }
        while at < end {
            print = roll(print, bytes[at], bytes[at &- 64], reduce)
            at &+= 1
            if print & mask == 0 { return at }
        }
        return nil
    }

    /// The first cut behind one of the `4 * stretch` bytes from `position` on.
    private static func four(
        _ bytes: UnsafePointer<UInt8>, _ reduce: UnsafePointer<UInt64>, _ mask: UInt64, _ position: Int
    ) -> Int? {
        guard position >= 64 else { return one(bytes, reduce, mask, position, position + 4 * stretch) }
        var a = fingerprint(bytes, reduce, before: position)
        var b = fingerprint(bytes, reduce, before: position &+ stretch)
        var c = fingerprint(bytes, reduce, before: position &+ 2 &* stretch)
        var d = fingerprint(bytes, reduce, before: position &+ 3 &* stretch)
        var at = bytes + position
        let end = at + stretch
        while at < end {
            a = roll(a, at[0], at[-64], reduce)
            b = roll(b, at[stretch], at[stretch &- 64], reduce)
            c = roll(c, at[2 &* stretch], at[2 &* stretch &- 64], reduce)
            d = roll(d, at[3 &* stretch], at[3 &* stretch &- 64], reduce)
            at += 1
            if a & mask == 0 || b & mask == 0 || c & mask == 0 || d & mask == 0 { break }
        }
        let done = (at - bytes) &- position
        if done == stretch, a & mask != 0, b & mask != 0, c & mask != 0, d & mask != 0 { return nil }
        // A cut somewhere. It is the first only if none lies in what the stretches before it have left.
        for (index, print) in [a, b, c, d].enumerated() {
            let start = position &+ index &* stretch
            if print & mask == 0 { return start &+ done }
            if let cut = one(bytes, reduce, mask, start &+ done, start &+ stretch) { return cut }
        }
        return nil
    }
}
