# SPDX-License-Identifier: BSD-3-Clause
"""Tier 2: two builds run in turns (A B B A ...), and what can be said of their difference."""

import statistics
from typing import NamedTuple

from benchlib import Unmeasurable, progress
from perflib import measure, samples

REPETITIONS = 9
MARGIN = 0.02  # A difference that nobody would mind.
CONFIDENCE = 0.99
LIKELY = 0.01  # Of a difference by chance, over all rows together.
# A run while the calibration kernel takes so much longer than usual is made again.
STRAY = 0.15
SLOWER, FASTER, SAME, NOISY = "slower", "faster", "same", "too noisy to say"
STATUS = {SLOWER: 3, NOISY: 4, SAME: 0, FASTER: 0}


class Row(NamedTuple):
    name: str
    before: float  # Medians, in nanoseconds.
    after: float
    shift: samples.Shift
    chance: float  # Mann and Whitney's p, with respect to the number of rows.
    verdict: str


def verdict(shift, chance, margin=MARGIN):
    """Slower or faster when it is certain and matters; the same when what is possible does not matter."""
    if chance <= LIKELY and shift.low > 0 and shift.share >= margin:
        return SLOWER
    if chance <= LIKELY and shift.high < 0 and shift.share <= -margin:
        return FASTER
    # Twice the margin on either side: an interval of a few runs is wide.
    return SAME if -2 * margin <= shift.low and shift.high <= 2 * margin else NOISY


def judge(before, after, margin=MARGIN):
    """Rows of two lists of {row: value}."""
    names = [name for name in before[0] if all(name in run for run in (*before, *after))]
    columns = {name: ([run[name] for run in before], [run[name] for run in after]) for name in names}
    shifts = {name: samples.compare(*pair, CONFIDENCE) for name, pair in columns.items()}
    chances = samples.adjusted([shift.p for shift in shifts.values()])
    return [Row(name, *map(statistics.median, columns[name]), shift, chance, verdict(shift, chance, margin))
            for (name, shift), chance in zip(shifts.items(), chances)]


def overall(rows):
    verdicts = {row.verdict for row in rows}
    return next(what for what in (SLOWER, NOISY, FASTER, SAME) if what in verdicts)


def turns(repetitions):
    """A B, B A, A B, ...: neither side is always the first."""
    for number in range(repetitions):
        yield from ("ab" if number % 2 == 0 else "ba")


class Comparison:
    """Runs of two sides until both have enough that were not disturbed."""

    def __init__(self, sides, calibrate, rows=measure.ROWS, repetitions=REPETITIONS):
        if repetitions < REPETITIONS:
            raise Unmeasurable(f"less than {REPETITIONS} repetitions say nothing")
        self.sides, self.calibrate, self.rows = dict(zip("ab", sides)), calibrate, rows
        self.repetitions, self.runs, self.speeds = repetitions, {"a": [], "b": []}, []

    def once(self, side):
        speed = max(measure.speed(self.calibrate), 1)
        self.runs[side].append((speed, measure.times(self.sides[side], self.rows)))
        self.speeds.append(speed)

    def stray(self):
        usual = statistics.median(self.speeds)
        return {side: sum(speed > usual * (1 + STRAY) for speed, _ in runs) for side, runs in self.runs.items()}

    def good(self, side):
        usual = statistics.median(self.speeds)
        return [run for speed, run in self.runs[side] if speed <= usual * (1 + STRAY)]

    def make(self):
        """[before], [after]; those made again are as many as the others at most."""
        for number, side in enumerate(turns(self.repetitions)):
            progress(f"run {number + 1} of {2 * self.repetitions}")
            self.once(side)
        for _ in range(self.repetitions):
            short = [side for side in "ab" if len(self.good(side)) < self.repetitions]
            if not short:
                break
            for side in short:
                self.once(side)
        progress("")
        before, after = self.good("a"), self.good("b")
        if min(len(before), len(after)) < REPETITIONS:
            raise Unmeasurable("too noisy to say: the machine's speed changed all the time")
        return before, after


def compare(sides, calibrate, rows=measure.ROWS, repetitions=REPETITIONS, margin=MARGIN):
    comparison = Comparison(sides, calibrate, rows, repetitions)
    result = judge(*comparison.make(), margin)
    if not result:
        raise Unmeasurable("no row that both have")
    return result, comparison


def lines(rows):
    yield f"{'':58} {'before':>10} {'after':>10} {'shift':>9}  {'99 % interval':20} {'p':>8}  verdict"
    for row in rows:
        interval = f"{row.shift.low * 100:+.2f} .. {row.shift.high * 100:+.2f} %"
        yield (f"{row.name:58} {row.before:>7.2f} ns {row.after:>7.2f} ns {row.shift.share * 100:>+7.2f} %  "
               f"{interval:20} {row.chance:>8.2g}  {row.verdict}")
