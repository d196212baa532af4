# SPDX-License-Identifier: BSD-3-Clause
"""A run to be kept: the figures of a build, and what they were taken of, with and on."""

import os
import platform
import time

from benchlib import ROOT, Unmeasurable, hardware
from perflib import builds, counts, measure
from perflib.store import Figure

PAGE_SIZE = "4KiB"
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


def of_commit(name, rows, rounds):
    """The same of another commit: its library, and the programs of this tree as far as they fit."""
    build = builds.of_commit(name, [builds.LIBRARY, "src/librcumem.a"])
    measured = counts.measure(build, foreign_counts(os.path.dirname(build), build))
    figures, missing = figures_of_counts(measured), measured["missing"]
    if rounds:
        program = os.path.join(builds.here(["bench/bench"]), "bench/bench")
        try:
            figures += figures_of_times(measure.Side(program, builds.library_folder(build)), rows, rounds)
        except Unmeasurable as error:
            missing = [*missing, f"times: {error}"]
    return facts_of(name, measured["environment"], "record"), figures, missing


def spread(count, first=None):
    """So many commits of the main line at about the same distance, the last one included, oldest first."""
    listed = builds.git("rev-list", "--first-parent", "--reverse", *([f"{first}..HEAD"] if first else ["HEAD"])).split()
    if count >= len(listed):
        return listed
    return [listed[round((len(listed) - 1) * i / (count - 1))] for i in range(count)] if count > 1 else listed[-1:]
