"""Draws the benchmark's report as an SVG: one row of bars a job, shorter is better. No library, readable on light and dark."""

from xml.sax.saxutils import escape

COLOURS = {"hikae": "#0f766e", "restic": "#9aa4b2", "borg": "#c2b280"}
FONT = "font-family=\"system-ui, 'Noto Sans', sans-serif\""


def seconds(value):
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def megabytes(value):
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.0f} MB"


def draw(report, jobs):
    """The chart as text. `jobs` is a list of (key, title)."""
    tools = list(report["tools"])
    panels = [(title, {tool: report["tools"][tool]["jobs"][job]["wall"] for tool in tools}, seconds) for job, title in jobs]
    panels.append(("peak memory", {tool: max(job["rss"] for job in report["tools"][tool]["jobs"].values()) for tool in tools},
                   megabytes))
    panels.append(("repository", {tool: report["tools"][tool]["size"]["first"] for tool in tools}, megabytes))
    bar, gap, columns, width, left = 16, 5, 2, 420, 60
    height = 30 + len(tools) * (bar + gap) + 18
    rows = (len(panels) + columns - 1) // columns
    total_width, total_height = columns * width + 20, rows * height + 74
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" '
           f'viewBox="0 0 {total_width} {total_height}" role="img">',
           "<title>Hikae beside other backup programs: shorter bars are better</title>",
           '<rect width="100%" height="100%" rx="8" fill="#fbfbf8"/>']
    data, machine = report["data"], report["machine"]
    out.append(f'<text x="20" y="28" {FONT} font-size="15" font-weight="600" fill="#1f2937">'
               f"{data['bytes'] / 1e9:.1f} GB in {data['count']:,} files: shorter is better</text>")
    for index, (title, values, show) in enumerate(panels):
        x, y = 20 + index % columns * width, 48 + index // columns * height
        out.append(f'<text x="{x}" y="{y + 14}" {FONT} font-size="12.5" font-weight="600" fill="#1f2937">{escape(title)}</text>')
        longest = max(values.values()) or 1
        room = width - left - 100
        for number, tool in enumerate(tools):
            top = y + 22 + number * (bar + gap)
            length = max(1.5, values[tool] / longest * room)
            weight = 600 if tool == "hikae" else 400
            out.append(f'<text x="{x + left - 8}" y="{top + 12}" {FONT} font-size="11.5" text-anchor="end" '
                       f'font-weight="{weight}" fill="#374151">{escape(tool)}</text>')
            out.append(f'<rect x="{x + left}" y="{top}" width="{length:.1f}" height="{bar}" rx="2" '
                       f'fill="{COLOURS.get(tool, "#777777")}"/>')
            out.append(f'<text x="{x + left + length + 6:.1f}" y="{top + 12}" {FONT} font-size="11.5" '
                       f'font-weight="{weight}" fill="#374151">{show(values[tool])}</text>')
    versions = ", ".join(" ".join(report["tools"][tool]["version"].split()[:2]) for tool in tools)
    rounds = f"{report['rounds']} round" + ("s" if report["rounds"] != 1 else "")
    note = (f"{versions}; medians of {rounds}; {machine['cores']} cores, {machine['processor']}, "
            f"{machine['filesystem']}; {report['when']}")
    out.append(f'<text x="20" y="{total_height - 12}" {FONT} font-size="10.5" fill="#6b7280">{escape(note)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
