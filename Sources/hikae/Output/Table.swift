// Tables as restic draws them: a heading, a rule, rows whose cells may hold several lines, a rule, a footer.

/// A table for people.
struct Table {
    /// Column headings; trailing spaces make a column at least that wide.
    var headings: [String]
    /// Rows of cells, a cell being its lines.
    var rows: [[[String]]] = []
    var footer: String?
    /// Whether an empty line stands between the rows.
    var isSpaced = false

    init(_ headings: [String]) { self.headings = headings }

    /// The table's lines.
    var lines: [String] {
        var widths = headings.map(Words.columns)
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.map(Words.columns).max() ?? 0)
            }
        }
        let rule = String(repeating: "-", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        var lines = [line(headings, widths), rule]
        for (index, row) in rows.enumerated() {
            if isSpaced, index > 0 { lines.append("") }
            for number in 0..<(row.map(\.count).max() ?? 0) {
                lines.append(line(row.map { number < $0.count ? $0[number] : "" }, widths))
            }
        }
        lines.append(rule)
        if let footer { lines.append(footer) }
        return lines
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (cell, width) in zip(cells, widths) { text += Words.filled(cell, width) + "  " }
        while text.last == " " { text.removeLast() }
        return text
    }
}
