"""Which ratios were promised, and whether they held in this run."""

from dataclasses import dataclass
from statistics import median

# Where the ratios have to hold: one connection measures the way there and back, not the server.
CONNECTIONS = (16, 64, 256)


@dataclass
class Line:
    """One ratio of hookgate's to a rival's in the same run."""

    what: str
    rival: str
    connections: int
    ratio: float
    limit: float
    # Whether the ratio may not be under the limit; otherwise it may not be over it.
    at_least: bool

    @property
    def holds(self):
        """Whether it is as promised."""
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def text(self):
        """It as a line for a terminal."""
        bound = "≥" if self.at_least else "≤"
        return (
            f"{'holds' if self.holds else 'FAILS'}  {self.what} at {self.connections} connections:"
            f" {self.ratio:.2f}× {self.rival} (asked for: {bound} {self.limit:g}×)"
        )


def figures(results):
    """For each peer and number of connections: the medians over the rounds."""
    rounds = {}
    for turn in results["turns"]:
        rounds.setdefault((turn["peer"], turn["connections"]), []).append(turn)
    return {key: figure(turns) for key, turns in rounds.items()}


def figure(turns):
    """The medians of some turns, and how far their rates lie apart."""
    rates = [turn["requests"] / turn["duration_us"] * 1e6 for turn in turns]
    return {
        "rate": median(rates),
        "spread": (max(rates) - min(rates)) / median(rates),
        "p50_us": median(turn["p50_us"] for turn in turns),
        "p99_us": median(turn["p99_us"] for turn in turns),
        "cpu_us": median(turn["cpu_s"] / turn["requests"] * 1e6 for turn in turns),
        "cores": median(turn["in_turn_s"] / turn["duration_us"] * 1e6 for turn in turns),
        "wrk_cores": median(turn["wrk_s"] / turn["duration_us"] * 1e6 for turn in turns),
    }


# What is compared, with whom, and the limit of the ratio.
PROMISES = (
    ("requests/s", "rate", "nginx", 1.0, True),
    ("p99 latency", "p99_us", "nginx", 1.0, False),
    ("CPU per request", "cpu_us", "nginx", 1.0, False),
    ("CPU per request", "cpu_us", "floor", 1.2, False),
    ("requests/s", "rate", "webhook", 10.0, True),
    ("requests/s", "rate", "flask", 15.0, True),
)


def judge(results):
    """Every promise on what was measured, one line for each number of connections."""
    seen = figures(results)
    lines = []
    for what, key, rival, limit, at_least in PROMISES:
        for connections in CONNECTIONS:
            ours, theirs = seen.get(("hookgate", connections)), seen.get((rival, connections))
            if ours and theirs:
                title, ratio = results["peers"][rival]["title"], ours[key] / theirs[key]
                lines.append(Line(what, title, connections, ratio, limit, at_least))
    return lines
