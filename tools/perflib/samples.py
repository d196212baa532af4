# SPDX-License-Identifier: BSD-3-Clause
"""Two samples: by how much the second differs, between which bounds, and whether by chance.

Nothing is assumed of how times are distributed, but that a change moves them all by one share.
"""

import functools
import math
from typing import NamedTuple

import numpy


class Shift(NamedTuple):
    share: float  # Hodges and Lehmann: the median of all ratios, less 1.
    low: float
    high: float
    p: float  # Mann and Whitney, both ways.


@functools.lru_cache(maxsize=64)
def rank_sum_chances(m, n):
    """Chances of 0, 1, ..., m * n pairs in order, when both samples are of one kind."""
    # Ways to choose: each of the first sample's places adds as many pairs as stand before it.
    ways = {(0, 0): 1}
    for seen in range(m + n):
        following = {}
        for (taken, pairs), number in ways.items():
            for key in ((taken + 1, pairs + seen - taken), (taken, pairs)):
                if key[0] <= m and seen + 1 - key[0] <= n:
                    following[key] = following.get(key, 0) + number
        ways = following
    total = math.comb(m + n, m)
    return [ways.get((m, pairs), 0) / total for pairs in range(m * n + 1)]


def pairs_outside(m, n, confidence):
    """How many of the ordered ratios lie beyond either bound of the interval."""
    left, outside = (1 - confidence) / 2, 0
    for chance in rank_sum_chances(m, n):
        left -= chance
        if left < 0:
            return outside
        outside += 1
    return outside


def compare(before, after, confidence=0.99):
    from scipy.stats import mannwhitneyu  # pylint: disable=import-outside-toplevel; it takes a second.

    before, after = numpy.log(before), numpy.log(after)
    ratios = numpy.sort((after[:, None] - before[None, :]).ravel())
    outside = min(pairs_outside(len(before), len(after), confidence), (len(ratios) - 1) // 2)
    p = 1.0 if numpy.ptp(numpy.concatenate((before, after))) == 0 else float(
        mannwhitneyu(after, before, alternative="two-sided", method="auto").pvalue)
    low, high = ratios[max(0, outside - 1)], ratios[len(ratios) - max(1, outside)]
    return Shift(*(float(numpy.expm1(x)) for x in (numpy.median(ratios), low, high)), p)


def adjusted(chances):
    """Holm: each as if it were the only one that was asked for."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    result, largest = [0.0] * len(chances), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, chances[index] * (len(chances) - place)))
        result[index] = largest
    return result
