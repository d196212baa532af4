# SPDX-License-Identifier: BSD-3-Clause
"""Tier 3's question: at which commits did a series change?

E-divisive: the series is split where the energy distance between the two parts is largest,
if hardly any shuffle of it has one as large, and the parts are looked at in the same way.
Distances are between ranks, so that a few wild runs weigh no more than others, and what
chance makes of a length (and its ties) is worked out once.  Series without noise are not
estimated: where they change is what they say.
"""

import functools
from typing import NamedTuple

import numpy

SHORTEST = 5  # Runs on either side of a change.
LIKELY = 0.001  # Chance that a shuffle splits as well; see docs/perf.md for what it does to series.
SHUFFLES = 999
LEVELS = 32  # Ranks that are told apart: more cost time and find nothing else.
SMALLEST = 0.025  # Of the value: less is not told; docs/perf.md says what that costs.
SMALLEST_EXACT = 0.01
NOISES = 1.1  # And less than so many standard deviations of a single run is not either.
SEED = 1


class Change(NamedTuple):
    at: int  # The first point that is different.
    before: float
    after: float
    chance: float  # At most; 0 for series without noise.

    @property
    def share(self):
        return self.after / self.before - 1 if self.before else float("inf")


def levels_of(values):
    """The ranks of values, equal and near ones the same: 0, 1, ..., and how many of each there are."""
    _, ranks, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    behind = numpy.cumsum(counts)
    coarse = (behind - counts) * LEVELS // len(values) if len(counts) > LEVELS else behind
    _, levels, counts = numpy.unique(coarse[ranks], return_inverse=True, return_counts=True)
    return levels, counts


def energies(rows, counts):
    """Of each row of levels, the energy distance at every split that leaves SHORTEST on both sides.

    With F and G the shares of ranks up to r on the two sides, the distance is the mean over r
    of (F - G)^2, weighted by the lengths of the sides.
    """
    n = rows.shape[1]
    # Where the ranks end: the distance between two levels is the number of values between their middles.
    middle = numpy.cumsum(counts) - (counts - 1) / 2
    gaps = (numpy.diff(middle) / n).astype(numpy.float32)
    whole = (numpy.cumsum(counts)[:-1] / n).astype(numpy.float32)
    below = rows[:, :, None] <= numpy.arange(len(counts) - 1, dtype=rows.dtype)
    left = numpy.cumsum(below, axis=1, dtype=numpy.float32)[:, SHORTEST - 1:n - SHORTEST]
    length = numpy.arange(SHORTEST, n - SHORTEST + 1, dtype=numpy.float32)
    left -= length[:, None] * whole
    numpy.square(left, out=left)
    return (left @ gaps) * (n / (length * (n - length)))


@functools.lru_cache(maxsize=4096)
def best_by_chance(counts):
    """What the best split of shuffled levels reaches: SHUFFLES of them, in order."""
    counts = numpy.array(counts)
    random = numpy.random.default_rng(SEED)
    levels = numpy.repeat(numpy.arange(len(counts), dtype=numpy.int16), counts)
    step = max(1, 4_000_000 // (len(levels) * len(counts)))
    best = []
    for first in range(0, SHUFFLES, step):
        rows = numpy.array([random.permutation(levels) for _ in range(min(step, SHUFFLES - first))])
        best.append(energies(rows, counts).max(axis=1))
    return numpy.sort(numpy.concatenate(best))


def evenly(n):
    """How `n` different values are spread over the levels."""
    return levels_of(numpy.arange(n))[1]


def chances_of(values, counts):
    """The same for a series.  Long ones in which no value is frequent have those of the nearest of some
    lengths: what chance makes of 100 runs it makes of 104."""
    n = len(values)
    if n > 30 and numpy.unique(values, return_counts=True)[1].max() <= max(1, n // LEVELS):
        counts = evenly(round(30 * 1.08 ** round(numpy.log(n / 30) / numpy.log(1.08))))
    return best_by_chance(tuple(int(count) for count in counts))


def shift(before, after):
    """Hodges and Lehmann: the middle of all differences between the sides, as a share."""
    ratios = numpy.log(after)[:, None] - numpy.log(before)[None, :]
    return float(numpy.median(ratios))


def noise(values):
    """How far neighbours differ, as one standard deviation of logarithms; spikes do not count."""
    steps = numpy.abs(numpy.diff(numpy.log(values)))
    return float(numpy.median(steps)) * 1.4826 / numpy.sqrt(2)


def matters(before, after):
    """Large enough to be told, whatever chance says."""
    spread = noise(numpy.concatenate((before, after)))
    return abs(shift(before, after)) > max(numpy.log1p(SMALLEST), NOISES * spread)


def split(values):
    """(place, chance) of the best split, or None."""
    if len(values) < 2 * SHORTEST:
        return None
    levels, counts = levels_of(values)
    if len(counts) < 2:
        return None
    reached = energies(levels.astype(numpy.int16)[None, :], counts)[0]
    place = int(reached.argmax())
    chances = chances_of(values, counts)
    beaten_by = len(chances) - int(numpy.searchsorted(chances, reached[place] * (1 - 1e-6)))
    return place + SHORTEST, (beaten_by + 1) / (SHUFFLES + 1)


def places(values, first=0):
    """Splits of a series with noise, and of the parts: [(place, chance)]."""
    found = split(values)
    if found is None or found[1] > LIKELY:
        return []
    at, chance = found
    return [*places(values[:at], first), (first + at, chance), *places(values[at:], first + at)]


def settled(values, found):
    """Those splits that still matter between the neighbouring ones, the weakest going first."""
    while found:
        edges = [0, *(at for at, _ in found), len(values)]
        parts = [values[a:b] for a, b in zip(edges, edges[1:])]
        sizes = [abs(shift(a, b)) if matters(a, b) else 0 for a, b in zip(parts, parts[1:])]
        weakest = min(range(len(sizes)), key=sizes.__getitem__)
        if sizes[weakest] > 0:
            break
        found = found[:weakest] + found[weakest + 1:]
    return found


def exact_changes(values):
    changes = []
    for at in range(1, len(values)):
        before, after = values[at - 1], values[at]
        if abs(after - before) > SMALLEST_EXACT * abs(before):
            changes.append(Change(at, float(before), float(after), 0.0))
    return changes


def changes(values, exact=False):
    """All changes of a series, in order."""
    values = numpy.asarray(values, dtype=float)
    if exact:
        return exact_changes(values)
    if len(values) < 2 * SHORTEST or (values <= 0).any():
        return []
    found = settled(values, places(values))
    edges = [0, *(at for at, _ in found), len(values)]
    middles = [float(numpy.median(values[a:b])) for a, b in zip(edges, edges[1:])]
    return [Change(at, middles[i], middles[i + 1], chance) for i, (at, chance) in enumerate(found)]


def bands(values, found):
    """Of each part between changes: (first, behind the last, median, low, high), 95 % of its median."""
    edges, lines = [0, *(change.at for change in found), len(values)], []
    for first, end in zip(edges, edges[1:]):
        part = numpy.sort(values[first:end])
        n = len(part)
        # Order statistics that bracket the median, as signs of differences do.
        away = int(numpy.ceil(0.98 * numpy.sqrt(n)))
        low, high = max(0, n // 2 - away), min(n - 1, (n - 1) // 2 + away)
        lines.append((first, end, float(numpy.median(part)), float(part[low]), float(part[high])))
    return lines
