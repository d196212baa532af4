# SPDX-License-Identifier: BSD-3-Clause
"""Does the tracker find what is planted, and nothing else?  Rates, against what is promised.

Each part prints its figures and yields (what, whether it holds).
"""

import collections
import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchlib import hugepages_if_any
from perflib import builds, compare, counts, gate, measure, plants, report, samples, store, synthetic, turns

SEED = 1
COUNT_SIZES = (0.01, 0.02, 0.05, 0.1)
TIME_SIZES = (0.01, 0.02, 0.05, 0.1)
WALK_ROW = "walk/rcumem/4KiB/segments:256"
WALK = f"^{WALK_ROW}/real_time/threads:1$"
WALK_FUNCTION = (("src/walk.c",), "rte_memseg_walk")


# ---- Tier 1 ----

def count_baseline(build):
    with hugepages_if_any(4):
        program = os.path.join(build, "bench/counts")
        return counts.instructions(program, "4k")[0] | counts.instructions(program, "2m")[0]


def flagged(baseline, figures):
    return {line[0] for line in gate.compare(baseline, figures) if line[3] == gate.WORSE}


def planted_all(build, baseline, size):
    """(caught, planted): each reader's function made `size` longer, all in one build."""
    wanted = {}
    for operation, place in plants.READERS.items():
        if f"instructions/{operation}" in baseline:
            count = plants.more_than(size, baseline[f"instructions/{operation}"])
            # Operations that share a function: enough for the longest.
            wanted[place] = max(count, wanted.get(place, 0))
    figures = plants.counts_with(build, [(*place, count) for place, count in wanted.items()])
    caught = flagged(baseline, figures)
    planted = {f"instructions/{operation}" for operation in plants.READERS} & set(baseline)
    return planted & caught, planted


def planted_each(build, baseline, size):
    """The same, one reader a build."""
    caught, planted = set(), set()
    for operation, place in plants.READERS.items():
        name = f"instructions/{operation}"
        if name in baseline:
            planted.add(name)
            figures = plants.counts_with(build, [(*place, plants.more_than(size, baseline[name]))])
            caught |= {name} & flagged(baseline, figures)
    return caught, planted


def tier_1(full):
    build = builds.here([builds.LIBRARY, "bench/counts"])
    baseline = count_baseline(build)
    for size in COUNT_SIZES if full else COUNT_SIZES[:1]:
        caught, planted = (planted_each if full and size == 0.01 else planted_all)(build, baseline, size)
        print(f"  +{size * 100:.0f} % of instructions in each reader: {len(caught)} of {len(planted)} caught")
        yield f"+{size * 100:.0f} % in each of {len(planted)} readers is caught", planted and caught == planted
    runs = 20 if full else 3
    alike = sum(not gate.inexact(baseline, count_baseline(build)) for _ in range(runs))
    print(f"  the same build: {alike} of {runs} runs have the same figures")
    yield f"the same build passes {runs} times", alike == runs


# ---- Tier 2 ----

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
    confirmed, side = share(high, 9)
    return side, high, confirmed


def told(result, row):
    return next((one for one in result.rows if one.name == row), None) if result else None


def comparisons(before, after, times):
    """What so many say; None: the machine was never steady."""
    for _ in range(times):
        try:
            yield compare.compare(before, after, measure.ROWS)
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


def tier_2():
    build = builds.here([builds.LIBRARY, "src/librcumem.a", "bench/bench", "bench/counts"])
    walk = counts.instructions(os.path.join(build, "bench/counts"), "4k")[0]["instructions/walk"]
    with tempfile.TemporaryDirectory() as folder, Busy():
        clean = planted_side(build, os.path.join(folder, "clean"), 0)
        for size in TIME_SIZES:
            slow, count, share = calibrated(build, folder, clean, size)
            more = plants.counts_with(build, [(*WALK_FUNCTION, count, plants.CHAIN)])["instructions/walk"] - walk
            print(f"  planted +{size * 100:.0f} % of time: {count} instructions ({more} counted), which take {share * 100:+.2f} %")
            result = tell(f"+{size * 100:.0f} %, other core busy", [*comparisons(clean, slow, 10)])
            if size == 0.05:
                yield f"what is planted is 5 % of time ({share * 100:.2f} %) and counted", abs(share - 0.05) < 0.005 and more == count
                yield "+5 % of time is found in 9 of 10 comparisons", result[compare.SLOWER] >= 9
        results = [*comparisons(clean, clean, 20)]
        tell("the same library, other core busy", results)
        alarms = sum(compare.overall(result.rows) == compare.SLOWER for result in results if result)
        quiet = sum(compare.overall(result.rows) == compare.NOISY if result else True for result in results)
        print(f"    any row slower: {alarms} of 20 comparisons; too noisy: {quiet}")
        yield "the same library is called slower at most once in 20, all rows together", alarms <= 1


def statistics_of_samples():
    """The interval and the verdict on made-up samples, whose truth is known."""
    random, wrong, missed, covered, tries = synthetic.numpy.random.default_rng(SEED), 0, 0, 0, 400
    for _ in range(tries):
        a, b = (synthetic.numpy.exp(random.normal(0, 0.01, compare.REPETITIONS)) for _ in range(2))
        same, slower = samples.compare(a, b, 0.99), samples.compare(a, b * 1.05, 0.99)
        wrong += compare.verdict(same, same.p) == compare.SLOWER
        missed += compare.verdict(slower, slower.p) != compare.SLOWER
        covered += slower.low <= 0.05 <= slower.high
    print(f"  made-up samples of {compare.REPETITIONS}, 1 % noise: {wrong} of {tries} wrong alarms, {missed} of {tries} "
          f"misses of +5 %, the 99 % interval has the truth in {covered}")
    yield "comparisons of made-up samples", wrong <= tries / 100 and missed <= tries / 100 and covered >= tries * 0.975


# ---- Tier 3 ----

def tier_3(count, seed, noise):
    begin = time.process_time()
    scores = synthetic.evaluate(count, seed, synthetic.load_noise(noise))
    found = synthetic.summary(scores)
    for line in synthetic.lines(scores):
        print(f"  {line}")
    print(f"  seed {seed}, {count} series: F1 of steps of 5 % or more {found['f1']:.3f}, alarms in {found['alarmed']} of "
          f"{found['still']} series without a change; {time.process_time() - begin:.1f} s of CPU time")
    yield "F1 of steps of 5 % or more is 0.9 at least", found["f1"] >= 0.9
    yield "alarms in at most 1 of 100 series without a change", found["alarmed"] <= found["still"] / 100


def large_history(url, noise, runs=200, benchmarks=100):
    """So many runs of made-up figures."""
    random, noises = synthetic.numpy.random.default_rng(SEED), synthetic.load_noise(noise)
    columns = [10 ** random.uniform(0, 4) * synthetic.numpy.exp(synthetic.stretch(random, noises, runs))
               for _ in range(benchmarks)]
    for number in range(0, benchmarks, 3):
        columns[number][random.integers(runs // 4, 3 * runs // 4):] *= 1 + random.choice((-0.1, -0.05, 0.05, 0.1))
    names = [f"question{number // 4}/{('rcumem', 'scan', 'spdk', 'empty')[number % 4]}/4KiB" for number in range(benchmarks)]
    with store.Store(url) as kept:
        for run in range(runs):
            when = 1_700_000_000 + run * 3600
            facts = {"commit_id": f"{run:012x}", "committed": when, "recorded": when, "subject": f"area: change <{run}>",
                     "compiler": "gcc 12.2.0", "flags": "-O3", "kernel": "6.1", "cpu": "made up", "page_size": "4KiB",
                     "source": "self-test"}
            kept.add(facts, [store.Figure(name, "ns", False, float(column[run])) for name, column in zip(names, columns)])


def history_speed(noise):
    with tempfile.TemporaryDirectory() as folder:
        database, page = os.path.join(folder, "h.sqlite"), os.path.join(folder, "page.html")
        large_history(database, noise)
        wall, begin = time.monotonic(), time.process_time()
        with store.Store(database) as kept:
            report.write(kept, page)
        spent, size = time.process_time() - begin, os.path.getsize(page)
        print(f"  200 runs of 100 benchmarks: {spent:.1f} s of CPU time ({time.monotonic() - wall:.1f} s by the clock), "
              f"a page of {size / 1e6:.2f} MB")
    yield "200 x 100 loads, detects and renders in 10 s of CPU time", spent <= 10
    yield "the page is 2 MB at most", size <= 2e6


PARTS = ("counts", "samples", "builds", "changes", "history")


def parts(full, count, seed, noise):
    yield "counts", tier_1(full)
    yield "samples", statistics_of_samples()
    yield "builds", tier_2()
    yield "changes", tier_3(count, seed, noise)
    yield "history", history_speed(noise)


def run(full=False, only=(), count=0, seed=SEED, noise=synthetic.NOISE):
    """Prints a line for each thing that must hold, and the tally; 0 if all do."""
    passed = failed = 0
    wanted = only or [part for part in PARTS if full or part != "builds"]
    for title, results in parts(full, count or (1000 if full else 200), seed, noise):
        if title not in wanted:
            continue
        print(title)
        for what, holds in results:
            passed, failed = passed + bool(holds), failed + (not holds)
            print(f"{'ok     ' if holds else 'FAILED '} {what}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
