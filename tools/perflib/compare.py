# SPDX-License-Identifier: BSD-3-Clause
"""Tier 2: two builds run in turns (A B B A ...), and what can be said of their difference.

A repetition is two pairs of processes that take turns (turns.py): A beside A, the control, and
B beside A.  Each gives a ratio; those of B are compared with those of the control.  So what
differs from process to process is in both samples, and all ratios are of different processes.
"""

import statistics
from typing import NamedTuple

from benchlib import Unmeasurable, progress
from perflib import samples, turns

REPETITIONS = 15
LEAST_REPETITIONS = 9
MARGIN = 0.02  # A difference that nobody would mind.
CONFIDENCE = 0.99
LIKELY = 0.01  # Of a difference by chance, over all rows together.
TRIES = 3  # Of a pair of processes that was disturbed.
SLOWER, FASTER, SAME, NOISY = "slower", "faster", "same", "too noisy to say"
STATUS = {SLOWER: 3, NOISY: 4, SAME: 0, FASTER: 0}


class Row(NamedTuple):
    name: str
    before: float  # The median, in nanoseconds.
    shift: samples.Shift
    chance: float  # Mann and Whitney's p, with respect to the number of rows.
    verdict: str

    @property
    def after(self):
        return self.before * (1 + self.shift.share)


class Comparison(NamedTuple):
    rows: list
    again: int  # Pairs of processes that were made again.


def verdict(shift, chance, margin=MARGIN):
    """Slower or faster when it is certain and matters; the same when what is possible does not matter."""
    if chance <= LIKELY and shift.low > 0 and shift.share >= margin:
        return SLOWER
    if chance <= LIKELY and shift.high < 0 and shift.share <= -margin:
        return FASTER
    # Twice the margin on either side: an interval of a few runs is wide.
    return SAME if -2 * margin <= shift.low and shift.high <= 2 * margin else NOISY


def judge(control, treated, margin=MARGIN):
    """Rows of two lists of {row: Turns}."""
    shifts = {name: samples.compare([run[name].ratio for run in control], [run[name].ratio for run in treated], CONFIDENCE)
              for name in control[0]}
    chances = samples.adjusted([shift.p for shift in shifts.values()])
    return [Row(name, statistics.median(run[name].first_ns for run in (*control, *treated)), shift, chance,
                verdict(shift, chance, margin))
            for (name, shift), chance in zip(shifts.items(), chances)]


def overall(rows):
    verdicts = {row.verdict for row in rows}
    return next(what for what in (SLOWER, NOISY, FASTER, SAME) if what in verdicts)


def steady(sides, rows, again):
    """Turns of two sides, during which the machine was steady for long enough; `again` counts what was not."""
    for _ in range(TRIES):
        result = turns.take(sides, rows)
        if min(one.share for one in result.values()) >= turns.LEAST_SHARE:
            return result
        again.append(result)
    raise turns.TooNoisy("too noisy to say: the machine's speed changed all the time")


def compare(before, after, pattern, repetitions=REPETITIONS, margin=MARGIN):
    if repetitions < LEAST_REPETITIONS:
        raise Unmeasurable(f"less than {LEAST_REPETITIONS} repetitions say nothing")
    rows, again = turns.iterations(before, pattern), []
    control, treated = [], []
    for number in range(repetitions):
        progress(f"repetition {number + 1} of {repetitions}")
        pairs = [(control, before), (treated, after)]
        for to, side in pairs if number % 2 == 0 else reversed(pairs):
            to.append(steady((before, side), rows, again))
    progress("")
    return Comparison(judge(control, treated, margin), len(again))


def lines(rows):
    yield f"{'':58} {'before':>10} {'after':>10} {'shift':>9}  {'99 % interval':20} {'p':>8}  verdict"
    for row in rows:
        interval = f"{row.shift.low * 100:+.2f} .. {row.shift.high * 100:+.2f} %"
        yield (f"{row.name:58} {row.before:>7.2f} ns {row.after:>7.2f} ns {row.shift.share * 100:>+7.2f} %  "
               f"{interval:20} {row.chance:>8.2g}  {row.verdict}")
