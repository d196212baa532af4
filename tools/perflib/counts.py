# SPDX-License-Identifier: BSD-3-Clause
"""Tier 1: exact figures of a build, which two runs on one machine have in common.

Of each operation of bench/counts*.c: instructions (callgrind; the program and the library
in it, and libc by itself), system calls of the calling thread (strace), grace periods.  Of
each reader what check-readers' disassembly shows.  Figures are named `kind/subject`.
"""

import collections
import glob
import importlib.machinery
import importlib.util
import json
import os
import platform
import re
import subprocess
import tempfile

from benchlib import ROOT, Unmeasurable, hugepages_if_any
from readerscode import Library
from readerspath import FORBIDDEN, Path

LIMIT_S = 120
# Nothing of the caller's environment is on the counted program's stack.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
CALLGRIND = ("valgrind", "-q", "--tool=callgrind", "--collect-atstart=no", "--compress-strings=no")
MARK = re.compile(r'^(\d+) +write\(-1, "([^"]*)"')
CALL = re.compile(r"^(\d+) +[a-z_0-9]+\(")
SKIPPED = 77


def run(command, **options):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False,
                              env=ENVIRONMENT, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unmeasurable(str(error)) from error


def succeed(command, **options):
    done = run(command, **options)
    if done.returncode == SKIPPED:
        return None
    if done.returncode != 0:
        raise Unmeasurable(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


# ---- Instructions ----

def dump_costs(path):
    """The operation of a dump of callgrind, and its instructions by object."""
    name, where, is_call, costs = "", "", False, collections.Counter()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("desc: Trigger: Client Request: "):
                name = line.split(": ", 3)[3].strip()
            elif line.startswith("ob="):
                where = line[3:].strip()
            elif line.startswith("calls="):
                is_call = True  # The next line is what the callee took, which stands there too.
            elif line[0].isdigit() or line[0] in "+-*":
                if not is_call:
                    costs[os.path.basename(where)] += int(line.split()[1])
                is_call = False
    return name, costs


def instructions(program, pages):
    """{figure: instructions}, and what the program itself says.

    The least of the runs: now and then the library looks how much memory is left, by the clock.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = succeed([*CALLGRIND, f"--callgrind-out-file={folder}/out", program, pages])
        if said is None:
            return {}, {}
        said, own, costs = json.loads(said), os.path.basename(program), {}
        for path in glob.glob(f"{folder}/out.*"):
            name, cost = dump_costs(path)
            costs.setdefault(name, []).append((cost[own], sum(cost.values()) - cost[own]))
    costs.pop("", None)
    if {name: len(runs) for name, runs in costs.items()} != dict.fromkeys(said["operations"], said["runs"]):
        raise Unmeasurable("callgrind did not write a dump for each run")
    middle = {name: [min(column) for column in zip(*runs)] for name, runs in costs.items()}
    floor, figures = middle.pop("empty")[0], {}
    for name, (ours, libc) in middle.items():
        figures[f"instructions/{name}"] = ours - floor
        figures |= {f"libc/{name}": libc} if libc else {}
    return figures, said


# ---- System calls and grace periods ----

def calls_between_marks(lines):
    """System calls of the thread that sets the marks: a list for each mark, in its order."""
    counts, mark, thread = {}, "", None
    for line in lines:
        found = MARK.match(line)
        if found:
            thread, mark = found.groups()
            counts.setdefault(mark, []).append(0)
        elif mark and (call := CALL.match(line)) and call[1] == thread:
            counts[mark][-1] += 1
    return counts


def system_calls(program, pages):
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as trace:
        # Whether asking for the time is a system call is a matter of the machine's clock.
        said = succeed(["strace", "-f", "-e", "trace=!clock_gettime", "-o", trace.name, program, pages])
        if said is None:
            return {}
        said = json.loads(said)
        counts = calls_between_marks(trace)
    missing = set(said["operations"]) - set(counts)
    if missing:
        raise Unmeasurable(f"strace saw no mark of {', '.join(sorted(missing))}")
    figures = {}
    for name, more in said["operations"].items():
        if name != "empty":
            figures[f"system_calls/{name}"] = min(counts[name])
            figures[f"grace_periods/{name}"] = more["grace_periods"] / said["runs"]
    for name in ("index_bytes", "snapshot_bytes"):
        if name in said:
            figures[f"{name}/page"] = said[name]
    return figures


# ---- Machine code ----

def readers_tables():
    """tools/check-readers knows which functions are readers; it has no .py."""
    path = os.path.join(ROOT, "tools/check-readers")
    loader = importlib.machinery.SourceFileLoader("check_readers", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_readers", loader))
    loader.exec_module(module)
    return module


def static_facts(build):
    """Of each reader with all that it calls: instructions, calls, locked instructions."""
    path = os.path.join(build, "src/librcumem.so")
    if platform.machine() != "x86_64":
        return {}
    library, tables, figures = Library(path), readers_tables(), {}
    limits = {**tables.EXTERNAL, **tables.REGISTRATION}
    starts = {name: library.starts_of(name) for name in {**tables.LOOKUPS, **tables.SECTIONS, **tables.WALKS}}
    for table in tables.KERNELS:
        starts |= {f"{table}.{library.starts[at].split('.')[0]}": [at] for at in library.table(table)}
    for name, places in starts.items():
        code = set()
        for start in places:
            code |= Path(library, tables.rules(library, limits, tables.BY_CALLER, True), start, ()).instructions
        if not code:
            continue
        lines = [library.code[at] for at in code]
        figures[f"static_instructions/{name}"] = len(lines)
        figures[f"static_calls/{name}"] = sum(line[0] == "call" for line in lines)
        figures[f"locked/{name}"] = sum(
            bool(re.search(r"\block\b", line[2]) or FORBIDDEN.match(line[0])) for line in lines)
    return figures


# ---- All of it ----

def compiler_of(build, program):
    """As the program says it (crt1.o is always gcc's), and the flags that the build is configured with."""
    said = re.findall(r"\]  (.*)", succeed(["readelf", "-p", ".comment", program]))
    compiler = min(said, key=lambda line: ("clang" not in line, line)) if said else "unknown"
    with open(os.path.join(build, "meson-info/intro-buildoptions.json"), encoding="utf-8") as file:
        options = {entry["name"]: entry["value"] for entry in json.load(file)}
    flags = [f"-O{options['optimization']}", f"-std={options['c_std']}", *options["c_args"]]
    flags += ["-flto"] if options["b_lto"] else []
    flags += ["-DNDEBUG"] if options["b_ndebug"] == "true" or (
        options["b_ndebug"] == "if-release" and options["buildtype"] == "release") else []
    return compiler, " ".join(flags)


def libc_version():
    return " ".join(platform.libc_ver())


def measure(build, program=None, with_calls=True, with_static=True):
    """{figure: value} of a build, what they hang on, and what could not be had."""
    program = program or os.path.join(build, "bench/counts")
    if not os.path.exists(program):
        raise Unmeasurable(f"there is no {program}: it needs valgrind/callgrind.h")
    compiler, flags = compiler_of(build, program)
    figures, said = instructions(program, "4k")
    missing = []
    with hugepages_if_any(4) as why:
        huge, _ = instructions(program, "2m")
        if not huge:
            missing.append(f"operations on a page of 2 MiB: {why or 'no free hugepage'}")
        figures |= huge
        if with_calls:
            figures |= system_calls(program, "4k") | (system_calls(program, "2m") if huge else {})
    if with_static:
        figures |= static_facts(build)
    environment = {"compiler": compiler, "flags": flags, "isa": said["isa"], "libc": libc_version(),
                   "machine": platform.machine()}
    return {"figures": figures, "environment": environment, "missing": missing}
