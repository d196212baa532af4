# SPDX-License-Identifier: BSD-3-Clause
"""Times of a build: each row many times in one process, in turn with the others, and the least counts.

What disturbs a run only ever adds to it, and it is the thread's own CPU time: on two cores with
fifteen others running the medians of single runs differ by 5 to 15 %, the least of twelve by 1 to 5.
"""

import json
import os
import subprocess
from typing import NamedTuple

from benchlib import TIME_KIND, Unmeasurable, wrong_rows
from perflib import cpu
from perflib.exchange import NANOSECONDS, value_of

LAPS = 8
LAP_S = 0.01
# google-benchmark ends a lap by the clock on the wall: with too little of its own time it says nothing.
OWN_NS = 5e5
TRIES = 5
LIMIT_S = 300
# What fits into a second, needs no hugepages and stands for each kind of reader.
ROWS = "|".join((
    r"^(virt2memseg|iova2virt)/rcumem/4KiB/random/segments:256/real_time/threads:1$",
    r"^(iova2virt|virt2iova)_batch/rcumem/4KiB/random/segments:256/burst:32/real_time/threads:1$",
    r"^(walk|contig_walk|list_walk)/rcumem/4KiB/segments:256/real_time/threads:1$",
    r"^reader/rcumem/real_time/threads:1$"))
# And who they are compared with in the report.
PEERS = "|".join((
    r"^(virt2memseg|iova2virt)/(rcumem-inline|empty|scan|sorted)/4KiB/random/segments:256/real_time/threads:1$",
    r"^walk/scan/4KiB/segments:256/real_time/threads:1$",
    r"^reader/(rcumem-qsbr|empty|urcu-bp|urcu-qsbr)/real_time/threads:1$"))


class Side(NamedTuple):
    """A program, where it finds the library if not where it was built, and what is loaded before."""

    program: str
    libraries: str = ""
    preload: str = ""


def side_of(build):
    return Side(os.path.join(build, "bench/bench"))


def environment(side):
    """Nothing of the caller's that the library would heed."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RCUMEM_")}
    ours |= {"LD_LIBRARY_PATH": side.libraries} if side.libraries else {}
    return ours | ({"LD_PRELOAD": side.preload} if side.preload else {})


def run(side, rows, laps=LAPS, lap_s=LAP_S):
    """What one process measured: google-benchmark's JSON."""
    command = [side.program, "--benchmark_format=json", f"--benchmark_filter={rows}",
               f"--benchmark_min_time={lap_s}", f"--benchmark_repetitions={laps}",
               "--benchmark_enable_random_interleaving=true"]
    try:
        with cpu.alone():
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False,
                                  env=environment(side))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unmeasurable(str(error)) from error
    if done.returncode != 0 or "{" not in done.stdout:
        why = wrong_rows(done.stdout) or done.stderr.strip()[-400:]
        raise Unmeasurable(f"{side.program} ended with {done.returncode}: {why}")
    return json.loads(done.stdout[done.stdout.index("{"):])


def least(result):
    """{google-benchmark's name: the least of its laps in nanoseconds, or None where none was long enough}"""
    rows = {}
    for entry in result["benchmarks"]:
        if entry.get("run_type") == "iteration" and not entry.get("error_occurred"):
            values = rows.setdefault(entry["run_name"], [])
            own_ns = entry["cpu_time"] * NANOSECONDS[entry["time_unit"]] * entry["iterations"]
            values += [value_of(entry)] if own_ns >= OWN_NS else []
    return {name: min(values, default=None) for name, values in rows.items()}


def times(side, rows):
    """{row: nanoseconds}; rows that had too little time are measured again, each time for longer."""
    found, pattern = {}, rows
    for attempt in range(TRIES):
        found |= least(run(side, pattern, lap_s=LAP_S * 2 ** attempt))
        short = [name for name, value in found.items() if value is None]
        if not short:
            break
        pattern = "|".join(f"^{name}$" for name in short)  # Nothing in names is special.
    if not found or None in found.values():
        raise Unmeasurable("too noisy to say: a benchmark gets no time" if found else "no row was measured")
    return {TIME_KIND.sub("", name).removesuffix("/threads:1"): value for name, value in found.items()}


def least_of(side, rows, rounds):
    """The least of some processes: what is kept of a run."""
    runs = [times(side, rows) for _ in range(rounds)]
    return {name: min(run[name] for run in runs if name in run) for name in runs[0]}
