// Durations as restic's options take them: `90s`, `5m`, `1h30m`, `1.5h`.

import ArgumentParser

/// A span of time in seconds.
struct GoDuration: ExpressibleByArgument {
    var seconds: Double

    init?(argument: String) {
        if argument == "0" {
            seconds = 0
            return
        }
        let units: [(String, Double)] = [
            ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
        ]
        var total = 0.0
        var rest = Substring(argument)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(number) else { return nil }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            guard let scale = units.first(where: { $0.0 == unit })?.1 else { return nil }
            total += value * scale
            rest = rest.dropFirst(unit.count)
        }
        seconds = total
    }
}
