# SPDX-License-Identifier: BSD-3-Clause
"""What the commands that measure have in common."""

import argparse
import contextlib
import fcntl
import json
import operator
import os
import re
import signal
import statistics
import subprocess
import sys

POOL = "/sys/kernel/mm/hugepages/hugepages-2048kB/"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A handler of these that raises must not get between a change of the pool and the note of it.
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Unmeasurable(Exception):
    """The measurement cannot be made here."""


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def resize_pool(by):
    """Change the pool of hugepages, with the lock that everybody of ours takes for it; by how many it did."""
    with open(POOL + "nr_hugepages", "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        old = int(file.read())
        file.seek(0)
        file.write(str(max(0, old + by)))
        file.flush()
        return int(read(POOL + "nr_hugepages")) - old


@contextlib.contextmanager
def hugepages(count):
    """Add pages to the pool, and take as many out again: others may change it meanwhile."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    added = resize_pool(count)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if added < count:
            raise Unmeasurable(f"only {added} of {count} hugepages of 2 MiB could be reserved")
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        resize_pool(-added)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def hardware():
    """What the figures were taken on."""
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "?")
    return f"{model}, {len(os.sched_getaffinity(0))} CPUs, Linux {os.uname().release}"


def machine():
    """The same, and the commit of the tree."""
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip() or "none"
    return f"{hardware()}, commit {commit}"


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def size(count):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if count >= unit:
            return f"{count // unit} {name}"
    return f"{count >> 10} KiB"


# ---- Rows of google-benchmark ----

TIME_KIND = re.compile(r"/(?:real_time|manual_time)(?=/threads:)")
NOT_COUNTERS = {"real_time", "cpu_time", "iterations", "repetitions", "repetition_index", "threads",
                "family_index", "per_family_instance_index"}


class Samples:
    """Figures by row and counter: a list over the rounds, None where a round has no such figure.

    A row is named as google-benchmark does it, without the kind of time, and without the number
    of threads where that is one.
    """

    def __init__(self):
        self.rounds, self.values, self.skipped, self.context = 0, {}, {}, {}

    def begin_round(self):
        self.rounds += 1

    def add(self, row, counter, value):
        """Of the present round."""
        values = self.values.setdefault(row, {}).setdefault(counter, [])
        values += [None] * (self.rounds - 1 - len(values)) + [value]

    def add_result(self, result):
        """What a program printed, which is part of the present round."""
        self.context = result["context"] | self.context
        for entry in result["benchmarks"]:
            row = TIME_KIND.sub("", entry["name"]).removesuffix("/threads:1")
            if entry.get("error_occurred"):
                self.skipped[row] = entry["error_message"].removeprefix("skipped: ")
                continue
            for counter, value in entry.items():
                if counter not in NOT_COUNTERS and isinstance(value, (int, float)):
                    self.add(row, counter, value)

    def of(self, ref):
        """The list of "row" or "row#counter"; by default nanoseconds, of samples the median."""
        row, _, counter = ref.partition("#")
        counters = self.values.get(row, {})
        values = counters.get(counter or ("thread_ns" if "thread_ns" in counters else "p50_ns"), [])
        return values + [None] * (self.rounds - len(values))

    def missing(self, ref):
        """Why there is no such figure."""
        return self.skipped.get(ref.partition("#")[0], "no such row")

    def as_json(self):
        return {"rounds": self.rounds, "context": self.context, "skipped": self.skipped,
                "rows": self.values}


def within_rounds(above, below, combine=operator.truediv):
    """Combine two lists of figures, each with the one of its own round."""
    return [combine(a, b) for a, b in zip(above, below) if a is not None and b is not None]


def quartiles(values):
    """The first quartile, the median and the third."""
    if len(values) < 2:
        return [values[0]] * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def run_rows(program, pattern, min_time, limit_s=300):
    """What the rows that match make of one run of the program."""
    command = [program, "--benchmark_format=json", f"--benchmark_filter={pattern}",
               f"--benchmark_min_time={min_time}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unmeasurable(f"{program} did not end within {limit_s} s") from error
    if done.returncode != 0 and done.stdout.strip():
        raise Unmeasurable(f"{program} ended with {done.returncode}: {wrong_rows(done.stdout)}")
    if not done.stdout.strip():
        if "Failed to match" in done.stderr + done.stdout:
            return {"context": {}, "benchmarks": []}
        raise Unmeasurable(f"{program} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    # DPDK may have something to say before.
    return json.loads(done.stdout[done.stdout.index("{"):])


def wrong_rows(text):
    """The complaints of a program that found wrong answers."""
    return "; ".join(sorted(set(re.findall(r'"error_message": "((?!skipped)[^"]*)"', text))))


@contextlib.contextmanager
def hugepages_if_any(count):
    """As hugepages(), but where there are none go on without, and say why."""
    with contextlib.ExitStack() as stack:
        why = ""
        try:
            stack.enter_context(hugepages(count))
        except PermissionError:
            why = "no hugepages of 2 MiB: only root may reserve them"
        except (Unmeasurable, OSError) as error:
            why = f"no hugepages of 2 MiB: {error}"
        yield why


def positive(text):
    """A number of rounds on the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def measure_rounds(build, patterns, rounds, min_time):
    """Run each program in turn, round after round; `patterns` are filters by program."""
    samples = Samples()
    for number in range(rounds):
        samples.begin_round()
        names = list(patterns) if number % 2 == 0 else list(reversed(patterns))
        for name in names:
            progress(f"round {number + 1} of {rounds}: {name}")
            program = os.path.join(build, "bench", name)
            if os.path.exists(program):
                samples.add_result(run_rows(program, patterns[name], min_time))
    progress("")
    return samples


def run_command(command, **options):
    """Status, output and errors of a command that, when interrupted, gets time to end in order."""
    with subprocess.Popen(command, text=True, **options) as child:
        try:
            output, errors = child.communicate()
        except BaseException:
            child.terminate()
            child.communicate()
            raise
        return child.returncode, output, errors


def built_with(context):
    """Commit, compiler and flags as the measured program itself knows them."""
    return (f"commit {context.get('commit', 'unknown')}, {context.get('compiler', 'unknown compiler')}, "
            f"flags {context.get('flags', 'unknown')}")


def on_interrupt(*_):
    """Once: what follows is the way out."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt("interrupted, or not done in time")


def catch_interrupts(limit_s):
    """Let a signal, or so many seconds, end the command in order."""
    for number in INTERRUPTS:
        signal.signal(number, on_interrupt)
    signal.alarm(limit_s)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
