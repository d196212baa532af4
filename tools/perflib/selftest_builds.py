# SPDX-License-Identifier: BSD-3-Clause
"""Does the comparison of builds find what is planted into one, with the other core busy, and nothing else?"""

import collections
import os
import statistics
import subprocess
import sys
import tempfile

from perflib import builds, compare, counts, measure, plants, turns

PROMISED = 0.05
TIME_SIZES = (PROMISED, 0.01, 0.02, 0.1)
WALK_ROW = "walk/rcumem/4KiB/segments:256"
WALK = f"^{WALK_ROW}/real_time/threads:1$"
PLAIN_COUNT = 300
WALK_FUNCTION = (("src/walk.c",), "rte_memseg_walk")


class Busy:
    """Somebody else on the last of the CPUs, and only there; what is measured has the others."""

    def __enter__(self):
        self.allowed = os.sched_getaffinity(0)
        last = max(self.allowed)
        self.child = subprocess.Popen([sys.executable, "-c", f"import os\nos.sched_setaffinity(0, {{{last}}})\nwhile 1: pass"])
        if len(self.allowed) > 1:
            os.sched_setaffinity(0, self.allowed - {last})
        return self

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.allowed)
        self.child.kill()
        self.child.wait()


def planted_side(build, folder, count):
    """The build's benchmark with a library whose walk has `count` instructions more, each after the other."""
    if not os.path.exists(folder):
        os.makedirs(folder)
        planting = plants.Planting(build, folder, builds.library_of(build))
        if count:
            planting.plant(*WALK_FUNCTION, count, plants.CHAIN)
        planting.link("librcumem.so.0")
    return measure.Side(os.path.join(build, "bench/bench"), folder)


def calibrated(build, folder, clean, size):
    """(side, count, share): how many instructions make a walk `size` slower, found and then confirmed in turns.

    The first ones hide behind what the processor does meanwhile, so that time is no multiple of counts.
    """
    rows = turns.iterations(clean, WALK)

    def share(count, rounds):
        side = planted_side(build, os.path.join(folder, f"planted-{count}"), count)
        return statistics.median(turns.take((clean, side), rows)[WALK_ROW].ratio for _ in range(rounds)) - 1, side

    low, high = 0, 256
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if share(middle, 5)[0] < size else (low, middle)
    # The nearest of the neighbours, by more turns.
    found = {count: share(count, 15) for count in range(max(1, high - 2), high + 2)}
    count = min(found, key=lambda one: abs(found[one][0] - size))
    return found[count][1], count, found[count][0]


def told(result, row):
    return next((one for one in result.rows if one.name == row), None) if result else None


def comparisons(before, after, times, pattern=measure.ROWS):
    """What so many say; None: the machine was never steady."""
    for _ in range(times):
        try:
            yield compare.compare(before, after, pattern)
        except turns.TooNoisy:
            yield None


def tell(what, results):
    """Prints the verdicts of the walk, and of all rows; {verdict of the walk: how many}."""
    found = [told(result, WALK_ROW) for result in results]
    said = collections.Counter(row.verdict if row else compare.NOISY for row in found)
    print(f"  {what}: the walk is " + ", ".join(f"{number} times {word}" for word, number in said.items())
          + " (shifts in %: " + ", ".join(f"{row.shift.share * 100:+.2f}" for row in found if row) + ")", flush=True)
    others = collections.Counter(row.verdict for result in results if result for row in result.rows if row.name != WALK_ROW)
    print("    other rows: " + ", ".join(f"{number} {word}" for word, number in others.items()), flush=True)
    return said


def short():
    """One comparison of each kind, of the walk alone, with a difference that nothing hides."""
    build = builds.here([builds.LIBRARY, "src/librcumem.a", "bench/bench"])
    with tempfile.TemporaryDirectory() as folder, Busy():
        clean = planted_side(build, os.path.join(folder, "clean"), 0)
        slow = planted_side(build, os.path.join(folder, "slow"), PLAIN_COUNT)
        for name, side in ((f"a walk with {PLAIN_COUNT} instructions more", slow), ("the same walk", clean)):
            row = told(next(comparisons(clean, side, 1, WALK)), WALK_ROW)
            verdict = row.verdict if row else compare.NOISY
            print(f"  {name}: {f'{row.shift.share * 100:+.2f} %, ' if row else ''}{verdict}")
            yield f"{name} is {'' if side is slow else 'not '}called slower", (verdict == compare.SLOWER) == (side is slow)


def tier_2():
    build = builds.here([builds.LIBRARY, "src/librcumem.a", "bench/bench", "bench/counts"])
    walk = counts.instructions(os.path.join(build, "bench/counts"), "4k")[0]["instructions/walk"]
    with tempfile.TemporaryDirectory() as folder, Busy():
        clean = planted_side(build, os.path.join(folder, "clean"), 0)
        for size in TIME_SIZES:
            slow, count, share = calibrated(build, folder, clean, size)
            more = plants.counts_with(build, [(*WALK_FUNCTION, count, plants.CHAIN)])["instructions/walk"] - walk
            print(f"  planted +{size * 100:.0f} % of time: {count} instructions ({more} counted), which take {share * 100:+.2f} %")
            result = tell(f"+{size * 100:.0f} %, other core busy", [*comparisons(clean, slow, 10 if size == PROMISED else 5)])
            if size == PROMISED:
                yield f"what is planted is 5 % of time ({share * 100:.2f} %) and counted", abs(share - PROMISED) < 0.005 and more == count
                yield "+5 % of time is found in 9 of 10 comparisons", result[compare.SLOWER] >= 9
        results = [*comparisons(clean, clean, 20)]
        tell("the same library, other core busy", results)
        alarms = sum(compare.overall(result.rows) == compare.SLOWER for result in results if result)
        quiet = sum(compare.overall(result.rows) == compare.NOISY if result else True for result in results)
        print(f"    any row slower: {alarms} of 20 comparisons; too noisy: {quiet}")
        yield "the same library is called slower at most once in 20, all rows together", alarms <= 1
