# SPDX-License-Identifier: BSD-3-Clause
"""Does the tracker find what is planted, and nothing else?  Rates, against what is promised.

Each part prints its figures and yields (what, whether it holds).
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

from benchlib import hugepages_if_any
from perflib import builds, compare, counts, gate, plants, report, samples, selftest_builds, store, synthetic

SEED = 1
COUNT_SIZES = (0.01, 0.02, 0.05, 0.1)


# ---- Tier 1 ----

def count_baseline(build):
    with hugepages_if_any(4):
        program = os.path.join(build, "bench/counts")
        return counts.instructions(program, "4k")[0] | counts.instructions(program, "2m")[0]


@contextlib.contextmanager
def beside(program):
    """Another run, and one that was killed before it: neither may matter."""
    for _ in range(2):
        child = subprocess.Popen([program, "4k"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02)
        child.kill()
        child.wait()
    other = subprocess.Popen(["sh", "-c", f"while '{program}' 4k; do :; done"], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(other.pid, signal.SIGKILL)
        other.wait()


def counted_again(build, times):
    """The figures so many times: in turn on one CPU, from a file with a longer name, and beside others."""
    program, allowed = os.path.join(build, "bench/counts"), os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder, hugepages_if_any(4):
        elsewhere = os.path.join(folder, "another-folder-" * 8, "counts")
        os.makedirs(os.path.dirname(elsewhere))
        shutil.copy2(program, elsewhere)
        for number in range(times):
            with contextlib.ExitStack() as stack:
                if number % 3 == 0:
                    os.sched_setaffinity(0, {min(allowed)})
                    stack.callback(os.sched_setaffinity, 0, allowed)
                elif number % 3 == 2:
                    stack.enter_context(beside(program))
                where = elsewhere if number % 3 == 1 else program
                yield counts.instructions(where, "4k")[0] | counts.instructions(where, "2m")[0]


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
    alike = [not gate.inexact(baseline, figures) for figures in counted_again(build, 20 if full else 3)]
    print(f"  the same build, on one CPU, elsewhere, beside another: {sum(alike)} of {len(alike)} runs have the same figures")
    yield f"the same build passes {len(alike)} times", all(alike)


# ---- Tier 2 ----

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
    yield "builds", selftest_builds.tier_2() if full else selftest_builds.short()
    yield "changes", tier_3(count, seed, noise)
    yield "history", history_speed(noise)


def run(full=False, only=(), count=0, seed=SEED, noise=synthetic.NOISE):
    """Prints a line for each thing that must hold, and the tally; 0 if all do."""
    passed = failed = 0
    wanted = only or PARTS
    for title, results in parts(full, count or (1000 if full else 200), seed, noise):
        if title not in wanted:
            continue
        print(title)
        for what, holds in results:
            passed, failed = passed + bool(holds), failed + (not holds)
            print(f"{'ok     ' if holds else 'FAILED '} {what}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
