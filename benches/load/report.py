"""What was measured, as tables: one for the terminal, several for the document."""

from verdict import figures, judge

# The generated part of the document stands between these lines.
BEGIN = "<!-- Written by `make load`: what stands here by hand is lost. -->"
END = "<!-- The end of what `make load` writes. -->"

# Rounds that lie further apart than this, in parts of their median, say little about small differences.
WIDE = 0.15

# Others may take this much of one core before the run is called disturbed.
DISTURBED_CORES = 0.1

# Between these, small differences decide.
COMPARED = {"hookgate", "nginx", "floor"}

MIB = 2**20


def text(results):
    """A table for a terminal."""
    seen = figures(results)
    peers = results["peers"]
    heads = ("conns", "requests/s", "spread", "p50 µs", "p99 µs", "CPU µs", "cores", "wrk's")
    rows = [("", *heads)]
    for connections in levels(seen):
        for name, peer in peers.items():
            it = seen[name, connections]
            rates = (f"{it['rate']:,.0f}", f"{it['spread']:.0%}", f"{it['p50_us']:,.0f}", f"{it['p99_us']:,.0f}")
            costs = (f"{it['cpu_us']:.2f}", f"{it['cores']:.2f}", f"{it['wrk_cores']:.2f}")
            rows.append((peer["title"], str(connections), *rates, *costs))
    sizes = [("", "memory", "on disk", "")]
    for peer in peers.values():
        sizes.append((peer["title"], mib(peer["memory_bytes"]), mib(peer["bytes_on_disk"]), peer["version"]))
    return f"{aligned(rows)}\n\n{aligned(sizes)}"


def aligned(rows):
    """The rows with their columns under each other: words from the left, numbers to the right."""
    columns = list(zip(*rows))
    widths = [max(map(len, column)) for column in columns]
    numeric = [are_numbers(column[1:]) for column in columns]
    sides = [str.rjust if it else str.ljust for it in numeric]
    return "\n".join("  ".join(side(*it) for side, *it in zip(sides, row, widths)).rstrip() for row in rows)


def are_numbers(cells):
    """Whether all of them begin with a digit, whatever mark stands before it."""
    return all(cell.lstrip("*≥≤ ")[:1].isdigit() for cell in cells)


def levels(seen):
    """The numbers of connections, ascending."""
    return sorted({connections for _, connections in seen})


def plural(connections):
    """That many connections, in words."""
    return f"{connections} connection{'s' if connections > 1 else ''}"


def at(title, connections):
    """Where a number was measured."""
    return f"{title} at {plural(connections)}"


def mib(count):
    """Bytes, for people."""
    return f"{count / MIB:.1f} MiB"


def beside(theirs, ours, form):
    """Their value, and ours as a multiple of it."""
    ratio = ours / theirs
    digits = 0 if ratio >= 20 else 1 if ratio >= 10 else 2
    return f"{form.format(theirs)} ({ratio:.{digits}f}×)"


def markdown(results):
    """The generated part of the document."""
    seen = figures(results)
    peers = results["peers"]
    parts = [
        f"{peers['hookgate']['version']} on {results['machine']}; turns of {results['seconds']} s,"
        f" medians of {results['rounds']} rounds."
    ]
    for connections in levels(seen):
        rows = level(seen, peers, connections)
        parts.append(f"### {plural(connections)}\n\n{table(rows)}")
    parts.append(f"### Memory and size\n\n{table(sizes(peers))}")
    parts.append(f"### What was asked for\n\n{table(promises(results))}")
    parts.append(f"### How quiet the machine was\n\n{quiet(results)}")
    return "\n\n".join(parts)


# What a table shows of each turn, and how.
COLUMNS = (("rate", "{:,.0f}"), ("p50_us", "{:,.0f}"), ("p99_us", "{:,.0f}"), ("cpu_us", "{:,.1f}"))


def level(seen, peers, connections):
    """Rows: everybody at this number of connections."""
    ours = seen["hookgate", connections]
    rows = [("receiver", "requests/s", "p50, µs", "p99, µs", "CPU, µs a request", "cores", "wrk's cores", "spread")]
    for name, peer in peers.items():
        it = seen[name, connections]
        if name == "hookgate":
            shown = [f"**{form.format(it[key])}**" for key, form in COLUMNS]
        else:
            shown = [beside(it[key], ours[key], form) for key, form in COLUMNS]
        rest = (f"{it['cores']:.2f}", f"{it['wrk_cores']:.2f}", f"{it['spread']:.0%}")
        rows.append((peer["title"], *shown, *rest))
    return rows


def quiet(results):
    """What else went on during the run."""
    wide = [(it["spread"], name, connections) for (name, connections), it in figures(results).items()]
    spread, name, connections = max(wide)
    taken, stolen = others(results, "others_s"), others(results, "steal_s")
    lines = [
        f"The load average was {results['load_average']:.2f} at the start. During the turns, other processes took {taken:.2f}"
        f" of a core and the hypervisor {stolen:.2f}. The rounds lay at most {spread:.0%} apart"
        f" ({at(results['peers'][name]['title'], connections)})."
    ]
    if disturbances(results):
        lines.append("**That is too much to trust the numbers: run it again on a quiet machine.**")
    return "\n\n".join(lines)


def sizes(peers):
    """Rows: what each holds in memory after the run and on the disk."""
    ours = peers["hookgate"]
    rows = [("receiver", "memory after the run, MiB", "on disk, MiB", "version", "what it does")]
    for name, peer in peers.items():
        pairs = [(peer[key], ours[key]) for key in ("memory_bytes", "bytes_on_disk")]
        if name == "hookgate":
            shown = [f"**{theirs / MIB:.1f}**" for theirs, _ in pairs]
        else:
            shown = [beside(theirs / MIB, own / MIB, "{:.1f}") for theirs, own in pairs]
        rows.append((peer["title"], *shown, peer["version"], peer["note"]))
    return rows


def promises(results):
    """Rows: each ratio that was asked for."""
    rows = [("hookgate's", "of", "connections", "is", "asked for", "holds")]
    for line in judge(results):
        asked = f"{'≥' if line.at_least else '≤'} {line.limit:g}×"
        holds = "yes" if line.holds else "**no**"
        rows.append((line.what, line.rival, str(line.connections), f"{line.ratio:.2f}×", asked, holds))
    return rows


def table(rows):
    """Markdown's; what looks like a number stands to the right."""
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    sides = ["---:" if are_numbers(column[1:]) else "---" for column in zip(*rows)]
    return "\n".join([head, f"|{'|'.join(sides)}|", *rest])


def others(results, key):
    """How much of a core, over all turns, went to whom `key` names."""
    seconds = sum(turn["duration_us"] for turn in results["turns"]) / 1e6
    return sum(turn[key] for turn in results["turns"]) / seconds


def disturbances(results):
    """What makes the numbers worth less than they look, a line each."""
    found = []
    for key, who in (("others_s", "other processes"), ("steal_s", "the hypervisor")):
        if (share := others(results, key)) > DISTURBED_CORES:
            found.append(f"{who} took {share:.2f} of a core during the turns: the machine is too busy")
    for (name, connections), it in figures(results).items():
        # One connection waits for the scheduler of two processes more than for anything else.
        if name in COMPARED and connections > 1 and it["spread"] > WIDE:
            title = results["peers"][name]["title"]
            found.append(f"{at(title, connections)}: the rounds lie {it['spread']:.0%} apart")
    return found


def write(document, results):
    """Puts the tables in their place in the document; all around them stays."""
    before, rest = document.read_text().split(BEGIN)
    after = rest.split(END)[1]
    document.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}")
