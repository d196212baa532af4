# SPDX-License-Identifier: BSD-3-Clause
"""A run to be kept: the figures of a build, and what they were taken of, with and on."""

import os
import platform
import statistics
import time

from benchlib import ROOT, Unmeasurable, hardware
from perflib import builds, counts, measure, turns
from perflib.store import Figure

PAGE_SIZE = "4KiB"
REFERENCE_ROUNDS = 9
COUNTS = ("counts.h", "counts.c", "counts_batches.c", "counts_huge.c", "counts_readers.c", "counts_writers.c")
UNITS = {"instructions": "instructions", "libc": "instructions", "static_instructions": "instructions",
         "static_calls": "calls", "locked": "instructions", "system_calls": "calls",
         "grace_periods": "grace periods", "index_bytes": "bytes", "snapshot_bytes": "bytes"}


def commit_facts(name):
    """Of a commit; "." is this tree, which may have more than its commit."""
    commit = "HEAD" if name == "." else name
    when, subject = builds.git("show", "-s", "--format=%ct%n%s", commit).split("\n", 1)
    dirty = name == "." and builds.git("status", "--porcelain", "--untracked-files=no")
    return {"commit_id": builds.resolve(commit)[:12] + ("-dirty" if dirty else ""),
            "committed": int(when), "subject": subject}


def cpu():
    return hardware().split(", Linux")[0]


def facts_of(name, environment, source):
    return {**commit_facts(name), "recorded": int(time.time()), "compiler": environment["compiler"],
            "flags": environment["flags"], "kernel": platform.release(), "cpu": cpu(),
            "page_size": PAGE_SIZE, "source": source}


def figures_of_counts(measured):
    return [Figure(name, UNITS[name.split("/")[0]], not name.startswith("libc/"), float(value))
            for name, value in measured["figures"].items()]


def figures_of_times(side, rows, rounds):
    return [Figure(name, "ns", False, value) for name, value in measure.least_of(side, rows, rounds).items()]


def reference(rows):
    """(side, {row: nanoseconds}) of this tree, for the libraries of commits to take turns with."""
    side = measure.side_of(builds.here([builds.LIBRARY, "bench/bench"]))
    return side, measure.least_of(side, rows, REFERENCE_ROUNDS)


def ratios(sides, counts, rounds):
    """{row: ratio}, and why others have none: what one row asks of an old library must not cost all rows."""
    try:
        runs = [turns.take(sides, counts) for _ in range(rounds)]
        return {name: statistics.median(run[name].ratio for run in runs) for name in counts}, []
    except Unmeasurable as error:
        if len(counts) == 1:
            return {}, [f"{next(iter(counts))}: {str(error).splitlines()[-1].removeprefix('bench: ')}"]
    found, missing = {}, []
    for name, count in counts.items():
        one, why = ratios(sides, {name: count}, rounds)
        found, missing = found | one, missing + why
    return found, missing


def figures_in_turns(build, reference_side, times, rounds):
    """Times of a commit's library: those of the reference, by how much slower it is in turns with it."""
    program = reference_side.program
    library = builds.library_folder(build)
    side = measure.Side(program, library, builds.stand_ins(os.path.join(os.path.dirname(program), "libbench_main.so"), library))
    found, missing = ratios((reference_side, side), {name: turns.iterations_of(ns) for name, ns in times.items()}, rounds)
    return [Figure(name, "ns", False, times[name] * ratio) for name, ratio in found.items()], missing


def foreign_counts(source, build):
    """This tree's counts with the library of another commit, made as bench/meson.build does it."""
    program = os.path.join(build, "foreign-counts")
    includes = [f"-I{source}/{folder}" for folder in ("include", "src", "rcu")]
    files = [os.path.join(ROOT, "bench", name) for name in COUNTS if name.endswith(".c")]
    flags = ["-O3", "-std=gnu11", "-DNDEBUG", "-D_GNU_SOURCE", "-fvisibility=hidden", "-w"]
    builds.run([os.environ.get("CC", "cc"), *flags, *includes, f"-I{ROOT}/bench", *files, "-o", program,
                os.path.join(build, "src/librcumem.a"), "-Wl,--as-needed", "-pthread", "-lnuma", "-lurcu-bp"])
    return program


def of_tree(name, rows, rounds):
    """(facts, figures) of this tree or a build of it."""
    build = builds.of(name, [builds.LIBRARY, "bench/counts", *(["bench/bench"] if rounds else [])])
    measured = counts.measure(build)
    figures = figures_of_counts(measured)
    if rounds:
        figures += figures_of_times(measure.side_of(build), rows, rounds)
    return facts_of(".", measured["environment"], "record"), figures, measured["missing"]


def of_commit(name, known, rounds):
    """The same of another commit: its library, and the programs of this tree as far as they fit; `known` is reference()."""
    build = builds.of_commit(name, [builds.LIBRARY, "src/librcumem.a"])
    measured = counts.measure(build, foreign_counts(os.path.dirname(build), build))
    figures, missing, source = figures_of_counts(measured), measured["missing"], "record"
    if known:
        times, without = figures_in_turns(build, *known, rounds)
        figures, missing, source = figures + times, missing + without, f"record, in turns with {commit_facts('.')['commit_id']}"
    return facts_of(name, measured["environment"], source), figures, missing


def spread(count, first=None):
    """So many commits of the main line at about the same distance, the last one included, oldest first."""
    listed = builds.git("rev-list", "--first-parent", "--reverse", *([f"{first}..HEAD"] if first else ["HEAD"])).split()
    if count >= len(listed):
        return listed
    return [listed[round((len(listed) - 1) * i / (count - 1))] for i in range(count)] if count > 1 else listed[-1:]
