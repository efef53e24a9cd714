"""The chart of the document: requests/s and processor time of each, as SVG."""

from html import escape
from math import log10

from verdict import figures

CONNECTIONS = 64

WIDTH = 900
LABELS = 214
ROW = 34
TOP = 92
BOTTOM = 64
# Where each panel begins and ends.
RATE = (LABELS, 560)
CPU = (610, 870)

# Colours of its own ground, so that it can be read on any page; on a dark one it is dark.
STYLE = """
    .ground { fill: #ffffff; stroke: #d0d7de; }
    text { fill: #1f2328; font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    .title { font-size: 16px; font-weight: 600; }
    .small { font-size: 12px; fill: #59636e; }
    .ours { font-weight: 700; }
    .value { paint-order: stroke; stroke: #ffffff; stroke-width: 5px; }
    .grid { stroke: #d8dee4; stroke-width: 1; }
    .bar { fill: #8c959f; }
    .bar.ours { fill: #0a7d43; }
    .bar.floor { fill: none; stroke: #8c959f; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; stroke: #3d444d; }
      text { fill: #f0f6fc; }
      .small { fill: #9198a1; }
      .value { stroke: #0d1117; }
      .grid { stroke: #2f353d; }
      .bar { fill: #7d8590; }
      .bar.ours { fill: #3fb950; }
      .bar.floor { stroke: #7d8590; }
    }
"""


def write(file, results):
    """Draws those that answered `CONNECTIONS` connections, the fastest first."""
    seen = figures(results)
    rows = [(name, peer["title"], seen[name, CONNECTIONS]) for name, peer in results["peers"].items()]
    rows.sort(key=lambda row: -row[2]["rate"])
    height = TOP + ROW * len(rows) + BOTTOM
    bottom = TOP + ROW * len(rows)
    most_rate = max(row[2]["rate"] for row in rows)
    most_cpu = max(row[2]["cpu_us"] for row in rows)
    decades = range(int(log10(most_cpu)) + 1)
    # A little further than the last dot.
    axis_end = log10(most_cpu) * 1.08

    def rate_x(rate):
        return RATE[0] + (RATE[1] - RATE[0] - 66) * rate / most_rate

    def cpu_x(cpu_us):
        return CPU[0] + (CPU[1] - CPU[0]) * log10(max(cpu_us, 1)) / axis_end

    drawn = [
        f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        text(20, 30, f"A signed push of 1 KiB over {CONNECTIONS} connections", "title"),
        text(RATE[0], 66, "requests per second: longer is better"),
        text(CPU[0], 66, "CPU µs a request: further left is better"),
    ]
    for decade in decades:
        x = cpu_x(10**decade)
        drawn.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 10}" y2="{bottom}"/>')
        drawn.append(text(x, bottom + 18, f"{10**decade:,}", "small", "middle"))
    for at, (name, title, it) in enumerate(rows):
        middle = TOP + ROW * at + ROW / 2
        kind = {"hookgate": " ours", "floor": " floor"}.get(name, "")
        drawn.append(text(LABELS - 12, middle + 4.5, title, kind.strip(), "end"))
        long = rate_x(it["rate"]) - RATE[0]
        drawn.append(f'<rect class="bar{kind}" x="{RATE[0]}" y="{middle - 9}" width="{long:.1f}" height="18" rx="2"/>')
        drawn.append(text(rate_x(it["rate"]) + 7, middle + 4.5, f"{it['rate']:,.0f}", f"value{kind}"))
        x = cpu_x(it["cpu_us"])
        drawn.append(f'<circle class="bar{kind}" cx="{x:.1f}" cy="{middle}" r="6"/>')
        # To the left of the dot where it would not fit on the right.
        side = (-12, "end") if x > CPU[1] - 60 else (12, "start")
        drawn.append(text(x + side[0], middle + 4.5, shown(it["cpu_us"]), f"value{kind}", side[1]))
    drawn.append(text(CPU[0], bottom + 38, "each line ten times the one before it", "small"))
    drawn.append(text(20, bottom + 38, "nginx and the floor look at nothing; all others verify the signature.", "small"))
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="Requests per second and processor time a request of each receiver">\n'
        f"  <style>{STYLE}  </style>\n  "
        + "\n  ".join(drawn)
        + "\n</svg>\n"
    )


def text(x, y, words, kind="", anchor="start"):
    """Words on the chart."""
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>'


def shown(cpu_us):
    """Microseconds with as many digits as they are worth."""
    return f"{cpu_us:.1f}" if cpu_us < 100 else f"{cpu_us:,.0f}"
