"""What was measured, as text."""

from verdict import figures


def text(results):
    """A table for a terminal."""
    seen = figures(results)
    lines = [f"{'':24} {'conns':>5} {'requests/s':>11} {'±':>5} {'p50 µs':>8} {'p99 µs':>8} {'CPU µs':>8} {'cores':>6} {'wrk':>5}"]
    for connections in sorted({key[1] for key in seen}):
        for name, peer in results["peers"].items():
            it = seen[name, connections]
            lines.append(
                f"{peer['title']:24} {connections:5} {it['rate']:11,.0f} {it['spread']:5.0%} {it['p50_us']:8,.0f}"
                f" {it['p99_us']:8,.0f} {it['cpu_us']:8.2f} {it['cores']:6.2f} {it['wrk_cores']:5.2f}"
            )
    for peer in results["peers"].values():
        lines.append(f"{peer['title']:24} {peer['memory_bytes'] / 2**20:8.1f} MiB in memory, {peer['bytes_on_disk'] / 2**20:8.1f} MiB on disk; {peer['version']}")
    return "\n".join(lines)


def disturbed(results, limit_cores):
    """What makes the numbers worth less, a line each."""
    turns = results["turns"]
    seconds = sum(turn["duration_us"] for turn in turns) / 1e6
    found = []
    for key, who in (("others_s", "other processes"), ("steal_s", "the hypervisor")):
        share = sum(turn[key] for turn in turns) / seconds
        if share > limit_cores:
            found.append(f"{who} took {share:.2f} of a core during the run: the machine is too busy to trust it")
    wide = [(key, it["spread"]) for key, it in figures(results).items() if it["spread"] > 0.15]
    for (name, connections), spread in wide:
        found.append(f"{name} at {connections} connections: the rounds lie {spread:.0%} apart")
    return found
