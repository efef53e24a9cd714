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


# What is told of a turn.
VALUES = {
    "rate": lambda turn: turn["requests"] / turn["duration_us"] * 1e6,
    "p50_us": lambda turn: turn["p50_us"],
    "p99_us": lambda turn: turn["p99_us"],
    "cpu_us": lambda turn: turn["cpu_s"] / turn["requests"] * 1e6,
    "cores": lambda turn: turn["in_turn_s"] / turn["duration_us"] * 1e6,
    "wrk_cores": lambda turn: turn["wrk_s"] / turn["duration_us"] * 1e6,
}


def figure(turns):
    """The medians of some turns, and how far their rates lie apart."""
    medians = {key: median(map(value, turns)) for key, value in VALUES.items()}
    rates = [VALUES["rate"](turn) for turn in turns]
    return {**medians, "spread": (max(rates) - min(rates)) / medians["rate"]}


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
    """Every promise on what was measured, one line for each number of connections.

    Two are compared within a round, where their turns lie close together: from round to round the machine is faster or slower by
    more than what parts them. The ratio is the median of those of the rounds.
    """
    turns = {(turn["peer"], turn["connections"], turn["round"]): turn for turn in results["turns"]}
    lines = []
    for what, key, rival, limit, at_least in PROMISES:
        for connections in CONNECTIONS:
            rounds = range(results["rounds"])
            pairs = [(turns.get(("hookgate", connections, it)), turns.get((rival, connections, it))) for it in rounds]
            ratios = [VALUES[key](ours) / VALUES[key](theirs) for ours, theirs in pairs if ours and theirs]
            if ratios:
                title = results["peers"][rival]["title"]
                lines.append(Line(what, title, connections, median(ratios), limit, at_least))
    return lines
