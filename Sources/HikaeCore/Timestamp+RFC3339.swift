// RFC 3339 with Go's habits: trailing zeros of the fraction dropped, "Z" for UTC.

extension Timestamp {
    /// Appends the time as Go's `RFC3339Nano` writes it, for example `2012-06-20T17:00:00.5+09:00`.
    public func appendRFC3339(to text: inout [UInt8]) {
        let date = CivilDate(secondsSince1970: seconds &+ Int64(offset))
        appendDigits(date.year, width: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        appendDigits(date.month, width: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        appendDigits(date.day, width: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        appendDigits(date.hour, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDigits(date.minute, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDigits(date.second, width: 2, to: &text)
        appendFraction(to: &text)
        appendZone(to: &text)
    }

    /// The time as Go's `RFC3339Nano` writes it.
    public var rfc3339: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        appendRFC3339(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// `2012-06-20 17:00:00`, as people are shown it, in the time's own zone.
    public var display: String {
        let text = Timestamp(seconds: seconds, offset: offset).rfc3339
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
    }

    private func appendFraction(to text: inout [UInt8]) {
        guard nanoseconds != 0 else { return }
        text.append(UInt8(ascii: "."))
        var rest = Int(nanoseconds)
        var width = 9
        while rest.isMultiple(of: 10) {
            rest /= 10
            width -= 1
        }
        appendDigits(rest, width: width, to: &text)
    }

    private func appendZone(to text: inout [UInt8]) {
        // Go writes the zone in whole minutes, and "Z" when that rounds to none.
        let minutes = Int(offset) / 60
        if minutes == 0, offset == 0 {
            text.append(UInt8(ascii: "Z"))
            return
        }
        text.append(minutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        appendDigits(abs(minutes) / 60, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDigits(abs(minutes) % 60, width: 2, to: &text)
    }

    /// Reads an RFC 3339 time; nil when it is none. Takes any number of fraction digits, keeps nine.
    public init?(rfc3339 text: some Collection<UInt8>) {
        var reader = DigitReader(bytes: Array(text))
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2), reader.takeAny("Tt "), let hour = reader.digits(2), reader.take(":"),
            let minute = reader.digits(2), reader.take(":"), let second = reader.digits(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        guard let nanoseconds = reader.fraction(), let offset = reader.zone(), reader.isAtEnd else { return nil }
        let date = CivilDate(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        self.init(
            seconds: date.secondsSince1970 - Int64(offset), nanoseconds: Int32(nanoseconds), offset: Int32(offset))
    }

    /// Reads an RFC 3339 time; nil when it is none.
    public init?(rfc3339 text: String) { self.init(rfc3339: Array(text.utf8)) }
}

private func appendDigits(_ value: Int, width: Int, to text: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<max(width, 1) { divisor *= 10 }
    while divisor > 0 {
        text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
        divisor /= 10
    }
}

/// A cursor over the digits and marks of an RFC 3339 time.
private struct DigitReader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func digits(_ count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + count] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        position += count
        return value
    }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    mutating func takeAny(_ marks: String) -> Bool {
        guard position < bytes.count, marks.utf8.contains(bytes[position]) else { return false }
        position += 1
        return true
    }

    /// Nanoseconds after an optional point; nil when the point has no digit behind it.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        var value = 0
        var count = 0
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            if count < 9 { value = value * 10 + Int(bytes[position] - 0x30) }
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 9)..<9 { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    mutating func zone() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = digits(2), take(":"), let minutes = digits(2), hours < 25, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
