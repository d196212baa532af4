# SPDX-License-Identifier: BSD-3-Clause
"""Series with known changes, and how well detection finds them.

The noise is what tools/perf noise has taken from a machine: stretches of it, as they were, so
that slow minutes are slow minutes.  Series are made of one seed.
"""

import json
import os
from typing import NamedTuple

import numpy

from benchlib import ROOT
from perflib import detect

NOISE = os.path.join(ROOT, "tools/perflib/noise.json")
KINDS = ("step", "ramp", "spike", "none")
STEPS = (0.01, 0.02, 0.05, 0.1)
RUNS = (60, 100, 150)
EDGE = 10  # Runs that a change keeps from the ends.
NEAR = 5  # Runs by which a change may be told too early or too late.


class Case(NamedTuple):
    kind: str
    size: float  # As a share, with its sign.
    at: int
    end: int
    values: numpy.ndarray


def load_noise(path=NOISE):
    """Logarithms of the runs by their median: one array a benchmark."""
    with open(path, encoding="ascii") as file:
        rows = json.load(file)["rows"]
    return [numpy.array(values) / 1e5 for values in rows.values()]


def stretch(random, noises, n):
    """`n` neighbours of one benchmark's noise, from a place on; round the end it goes on backwards."""
    noise = noises[random.integers(len(noises))]
    there_and_back = numpy.concatenate((noise, noise[::-1]))
    start = random.integers(len(there_and_back))
    return numpy.take(there_and_back, range(start, start + n), mode="wrap")


def make(random, noises, kind, size):
    n = int(random.choice(RUNS))
    at, end = int(random.integers(EDGE, n - EDGE)), n
    shape = numpy.zeros(n)
    if kind == "step":
        shape[at:] = numpy.log1p(size)
    elif kind == "ramp":
        at = int(random.integers(EDGE, n // 2))
        end = int(random.integers(at + EDGE, n - EDGE // 2))
        shape[at:end] = numpy.linspace(0, numpy.log1p(size), end - at)
        shape[end:] = numpy.log1p(size)
    elif kind == "spike":
        end = at + int(random.integers(1, 3))
        shape[at:end] = numpy.log1p(abs(size) * 5)
    base = 10 ** random.uniform(0, 4)
    return Case(kind, size, at, end, base * numpy.exp(shape + stretch(random, noises, n)))


def cases(count, seed, noises):
    """`count` of them, the kinds in turn, and the sizes too."""
    random = numpy.random.default_rng(seed)
    for number in range(count):
        size = STEPS[number // len(KINDS) % len(STEPS)] * random.choice((-1, 1))
        yield make(random, noises, KINDS[number % len(KINDS)], size)


class Score:
    """What was told of cases of one kind and size."""

    def __init__(self):
        self.series = self.found = self.wrong = self.alarmed = 0

    def add(self, case, changes):
        """A ramp has its changes anywhere in it; nothing else may be told, and no direction that is none."""
        right = [change for change in changes if case.kind in ("step", "ramp")
                 and case.at - NEAR <= change.at <= (case.end if case.kind == "ramp" else case.at) + NEAR
                 and (change.share > 0) == (case.size > 0)]
        self.series += 1
        self.found += bool(right)
        extra = len(changes) - (len(right) if case.kind == "ramp" else min(1, len(right)))
        self.wrong += extra
        self.alarmed += extra > 0


def f1(scores):
    """Of steps: found, missed, and told though not there."""
    found, series = sum(s.found for s in scores), sum(s.series for s in scores)
    wrong = sum(s.wrong for s in scores)
    return 2 * found / (2 * found + wrong + series - found) if series else 0.0


def evaluate(count, seed, noises):
    """{(kind, size): Score}"""
    scores = {}
    for case in cases(count, seed, noises):
        score = scores.setdefault((case.kind, abs(case.size)), Score())
        score.add(case, detect.changes(case.values))
    return scores


def summary(scores):
    """What the issue asks for: F1 of steps of 5 % or more, and alarms where nothing changed, by series."""
    large = [score for (kind, size), score in scores.items() if kind == "step" and size >= 0.05]
    still = [score for (kind, _), score in scores.items() if kind in ("spike", "none")]
    return {"f1": f1(large), "alarmed": sum(s.alarmed for s in still), "still": sum(s.series for s in still)}


def lines(scores):
    yield f"{'':8}{'size':>6} {'series':>7} {'found':>6} {'alarms where nothing is':>24}"
    for (kind, size), score in scores.items():
        told = "-" if kind in ("spike", "none") else f"{score.found / score.series * 100:.0f} %"
        shown = "-" if kind == "none" else f"{size * (5 if kind == 'spike' else 1) * 100:.0f} %"
        yield f"{kind:8}{shown:>6} {score.series:>7} {told:>6} {score.wrong:>24}"
