# SPDX-License-Identifier: BSD-3-Clause
"""A run to be kept: the figures of a build, and what they were taken of, with and on."""

import os
import platform
import re
import statistics
import time
from typing import NamedTuple

from benchlib import ROOT, Unmeasurable, hardware
from perflib import builds, counts, measure, turns
from perflib.store import Figure

PAGE_SIZE = "4KiB"
ROUNDS = 3  # Pairs of processes whose middle ratio is kept of a run.
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


class Reference(NamedTuple):
    """What all others on a machine take turns with, so that no figure hangs on the state of the machine."""

    commit: str
    side: measure.Side
    times: dict  # Nanoseconds by row.


def program_of_tree():
    return os.path.join(builds.here([builds.LIBRARY, "bench/bench"]), "bench/bench")


def side_of(program, build):
    """The program with the library of another build, and with stand-ins for what that has not."""
    library = builds.library_folder(build)
    return measure.Side(program, library, builds.stand_ins(os.path.join(os.path.dirname(program), "libbench_main.so"), library))


def reference(store, rows):
    """The first that was recorded on this machine, with the times that are kept of it; else this tree."""
    program = program_of_tree()
    runs = sorted(store.runs().items(), key=lambda run: run[1]["recorded"])
    for at, facts in runs:
        if (facts["cpu"], facts["page_size"]) == (cpu(), PAGE_SIZE) and facts["source"].startswith("record"):
            times = {figure.name: figure.value for figure in store.figures_of(at)
                     if figure.unit == "ns" and re.search(rows, f"{figure.name}/real_time/threads:1")}
            if times and "-" not in facts["commit_id"]:
                build = builds.of_commit(facts["commit_id"], [builds.LIBRARY])
                return Reference(facts["commit_id"], side_of(program, build), times)
    side = measure.Side(program)
    return Reference(commit_facts(".")["commit_id"], side, measure.least_of(side, rows, REFERENCE_ROUNDS))


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


def figures_in_turns(side, known, rounds):
    """Times: those of the reference, by how much slower this one is in turns with it."""
    found, missing = ratios((known.side, side), {name: turns.iterations_of(ns) for name, ns in known.times.items()}, rounds)
    return [Figure(name, "ns", False, known.times[name] * ratio) for name, ratio in found.items()], missing


def foreign_counts(source, build):
    """This tree's counts with the library of another commit, made as bench/meson.build does it."""
    program = os.path.join(build, "foreign-counts")
    includes = [f"-I{source}/{folder}" for folder in ("include", "src", "rcu")]
    files = [os.path.join(ROOT, "bench", name) for name in COUNTS if name.endswith(".c")]
    flags = ["-O3", "-std=gnu11", "-DNDEBUG", "-D_GNU_SOURCE", "-fvisibility=hidden", "-w"]
    builds.run([os.environ.get("CC", "cc"), *flags, *includes, f"-I{ROOT}/bench", *files, "-o", program,
                os.path.join(build, "src/librcumem.a"), "-Wl,--as-needed", "-pthread", "-lnuma", "-lurcu-bp"])
    return program


def kept(name, measured, side, known, rounds):
    """(facts, figures, what could not be had)"""
    figures, missing, source = figures_of_counts(measured), measured["missing"], "record"
    if known:
        times, without = figures_in_turns(side, known, rounds)
        figures, missing, source = figures + times, missing + without, f"record, in turns with {known.commit}"
    return facts_of(name, measured["environment"], source), figures, missing


def of_tree(name, known, rounds):
    """Of this tree, or a build of it."""
    build = builds.of(name, [builds.LIBRARY, "bench/counts", *(["bench/bench"] if known else [])])
    return kept(".", counts.measure(build), measure.side_of(build), known, rounds)


def of_commit(name, known, rounds):
    """The same of another commit: its library, and the programs of this tree as far as they fit."""
    build = builds.of_commit(name, [builds.LIBRARY, "src/librcumem.a"])
    measured = counts.measure(build, foreign_counts(os.path.dirname(build), build))
    return kept(name, measured, side_of(known.side.program, build) if known else None, known, rounds)


def spread(count, first=None):
    """So many commits of the main line at about the same distance, the last one included, oldest first."""
    listed = builds.git("rev-list", "--first-parent", "--reverse", *([f"{first}..HEAD"] if first else ["HEAD"])).split()
    if count >= len(listed):
        return listed
    return [listed[round((len(listed) - 1) * i / (count - 1))] for i in range(count)] if count > 1 else listed[-1:]
