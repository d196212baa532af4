# SPDX-License-Identifier: BSD-3-Clause
"""Evidence beside the figures: what the kernel did on the data thread's CPU during long gaps.

The kernel traces every way into it on that CPU, with the clock that vhost-fwd times its gaps with.
A thread that loops without system calls and does not get on while its kernel does nothing either
was stopped from outside: by a hypervisor that runs something else, or by the hardware.
"""

import bisect
import json
import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from .figures import LIMIT_NS

ROOT = Path("/sys/kernel/tracing")
EVENTS = ("irq_vectors", "irq", "exceptions", "raw_syscalls", "nmi", "sched/sched_switch")
LINE = re.compile(r"^.*-(\d+)\s+\[\d+\]\s+\S+\s+(\d+): (\w+): (.*)$")
LOOK_NS = 1000000  # After a gap the data thread asks the kernel about it: a system call.


class Trace:
    """An instance of tracefs of our own; it, and the mount if made here, are gone at the end."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.directory = ROOT / "instances" / f"vhost-run.{os.getpid()}"
        self.made, self.mounted = False, False

    def __enter__(self):
        try:
            if not self.directory.parent.is_dir():
                subprocess.run(["mount", "-t", "tracefs", "none", ROOT], check=True, capture_output=True)
                self.mounted = True
            self.directory.mkdir()
            self.made = True
            self.switch(False)
            self._write("trace_clock", "x86-tsc")
            self._write("tracing_cpumask", f"{1 << self.cpu:x}")
            self._write("buffer_size_kb", 32768)
            for event in EVENTS:
                if (self.directory / "events" / event).is_dir():
                    self._write(f"events/{event}/enable", 1)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.made:
            self.directory.rmdir()
        if self.mounted:
            subprocess.run(["umount", ROOT], check=False)

    def _write(self, name, value):
        (self.directory / name).write_text(f"{value}\n")

    def switch(self, on):
        self._write("tracing_on", int(on))

    def events(self):
        """(time stamp, thread that runs, name, the rest), in order of time."""
        text = (self.directory / "per_cpu" / f"cpu{self.cpu}" / "trace").read_text(errors="replace")
        found = (LINE.match(line) for line in text.splitlines())
        return [(int(m[2]), int(m[1]), m[3], m[4]) for m in found if m]


def kernel_time(events, begin, end, thread):
    """Cycles from begin to end in which the kernel, or another thread, had the CPU, by what it was.

    Whatever follows an entry counts until its exit, even where the CPU was stopped in between.
    """
    inside, away, fault, last, spent = [], False, False, begin, Counter()
    for stamp, _, name, rest in [*events, (end, 0, "", "")]:
        if away or fault or inside:
            spent["another thread" if away else inside[-1] if inside else "page fault"] += stamp - last
        last, fault = stamp, name.startswith("page_fault")
        if name == "sched_switch":
            inside, away = [], f" next_pid={thread} " not in rest
        elif name.endswith("_entry") or name == "sys_enter":
            inside.append(name.removesuffix("_entry").replace("sys_enter", "system call"))
        elif (name.endswith("_exit") or name == "sys_exit") and inside:
            inside.pop()
    return spent


class Evidence:
    """Gaps above the limit that run delay does not explain, and how many the trace does not either."""

    def __init__(self, reason=None):
        self.reason = reason  # Why there is none.
        self.changes = 0
        self.change_share = 0.0
        self.gaps = {0: [], 1: [], 2: []}  # By overlap, as vhost-fwd says it: (ns, ns of it in the kernel, in what most).

    def add(self, events, gaps, cycles_per_ns, thread):
        stamps = [event[0] for event in events]
        for begin, end, delay, overlap in gaps:
            if (end - begin - delay) / cycles_per_ns <= LIMIT_NS or not events or begin < stamps[0]:
                continue
            first, after = bisect.bisect_right(stamps, begin), bisect.bisect_left(stamps, end)
            within = bisect.bisect_left(stamps, end + LOOK_NS * cycles_per_ns)
            spent = kernel_time(events[first:after], begin, end, thread)
            # Without the thread's look behind it, the trace has not seen this gap: it says nothing.
            if not any(event[1] == thread and event[2] == "sys_enter" for event in events[after:within]):
                spent = Counter({"not in the trace": end - begin})
            self.gaps[overlap].append(((end - begin) / cycles_per_ns, spent.total() / cycles_per_ns,
                                       max(spent, key=spent.get, default="nothing")))

    def unexplained(self, *overlaps):
        """How many, of how many, and what the kernel did most in the others."""
        gaps = [gap for overlap in overlaps for gap in self.gaps[overlap]]
        others = Counter(what for length, busy, what in gaps if length - busy <= LIMIT_NS)
        return len(gaps) - others.total(), len(gaps), others

    def print(self):
        if self.reason:
            print(f"\n  No trace of the kernel on the data thread's CPU to compare with: {self.reason}.")
            return
        stopped, remain, others = self.unexplained(1, 2)
        outside, outside_all, _ = self.unexplained(0)
        rest = ", ".join(f"{what} in {count}" for what, count in others.most_common())
        chance = (remain + outside_all) * self.change_share
        print(f"""
  In a window of its own, with a trace of all that the kernel does on the data thread's CPU, {self.changes} changes:
  {remain} gaps above 100 us that overlap a change remain.  In {stopped} of them the trace leaves more than 100 us in which the
  kernel did nothing and no other thread ran: the thread was stopped from outside.  (Most time of the others
  went to: {rest or "there are none"}.)  Outside changes that is so in {outside} of {outside_all}.
  {len(self.gaps[1])} of the {remain} began before the change did, and {len(self.gaps[2])} in one, where {chance:.1f} would by chance: if it is
  more, changes give occasion to stops, though the kernel does not spend the time itself.""")


def _data_thread(backend, cpu):
    pid = backend.child.process.pid
    found = [tid for tid in map(int, os.listdir(f"/proc/{pid}/task"))
             if tid != pid and os.sched_getaffinity(tid) == {cpu}]
    if len(found) != 1:
        raise OSError("the data thread is not the only one on its CPU")
    return found[0]


def _window(trace, backend, turn_on, turn_off, seconds):
    """All reports of a traced span with changes, from the one it begins after."""
    turn_on()
    try:
        backend.next(2)
        first = backend.count
        trace.switch(True)
        time.sleep(seconds)
        backend.next()
        trace.switch(False)
    finally:
        turn_off()
    return [json.loads(text) for text in backend.figures.read_text().splitlines()[first - 1:backend.count]]


def record(machine, backend, turn_on, turn_off, seconds):
    """Trace a span with changes; the evidence of it, or why there is none."""
    if os.geteuid() != 0:
        return Evidence("not root")
    evidence = Evidence()
    try:
        thread = _data_thread(backend, machine.data_cpu)
        with Trace(machine.data_cpu) as trace:
            reports = _window(trace, backend, turn_on, turn_off, seconds)
            events = trace.events()
    except (OSError, subprocess.CalledProcessError) as error:
        return Evidence(str(error))
    before, after = reports[0], reports[-1]
    evidence.changes = after["changes"] - before["changes"]
    evidence.change_share = (after["change_ns"] - before["change_ns"]) / 1e9 / (after["seconds"] - before["seconds"])
    for report in reports[1:]:
        evidence.add(events, report["long_gaps"], report["cycles_per_ns"], thread)
    return evidence
