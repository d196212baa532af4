# SPDX-License-Identifier: BSD-3-Clause
"""What bench-processes measures: processes of ours and DPDK's, and samples of what they do.

bench/procs_main.c says which commands the processes know.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time

from benchlib import Unmeasurable, progress, size

PAGES = 3
SETTLE_S = 0.001  # After an answer its process still has to fall asleep.
WARM_ROUNDS = 3   # Page tables, the pool and the kernel's caches settle.
SHORT_TIMEOUT_MS = 20


class Process:
    """One process, that does as it is told."""

    def __init__(self, side, prefix, first, options=()):
        self.name = os.path.basename(side.program)
        self.errors = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")
        # A group of its own: ^C is for this script, which ends the processes in order.
        self.process = subprocess.Popen(
            side.command(prefix, first, *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env=side.env, process_group=0)

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def answer(self):
        """The words after "ok"; raises Unmeasurable when it failed."""
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ok":
            self.errors.seek(0)
            raise Unmeasurable(f"{self.name}: {' '.join(words) or 'ended'}"
                               f" {self.errors.read().strip()[-400:]}")
        return words[1:]

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    @contextlib.contextmanager
    def stopped(self):
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def end(self):
        """Let it leave its runtime; kill it if it does not."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Ours:
    """Our processes; `page_sz` is what the timed pages have."""

    name = "ours"

    def __init__(self, build, scratch, page_sz):
        self.program = os.path.join(build, "bench/procs-rcumem")
        self.page_sz = page_sz
        self.runtime_dir = os.path.join(scratch, "rcumem")
        os.mkdir(self.runtime_dir, 0o700)
        self.env = {**os.environ, "RCUMEM_RUNTIME_DIR": self.runtime_dir}

    def command(self, prefix, _first, free_timeout_ms=0):
        return [self.program, prefix, str(free_timeout_ms)]


class Dpdk:
    """DPDK's, in a mount namespace whose hugetlbfs vanishes with the last of them."""

    name = "DPDK"
    page_sz = 2 << 20

    def __init__(self, stack, build, scratch):
        self.program = os.path.join(build, "bench/procs-dpdk")
        self.env = {**os.environ, "RUNTIME_DIRECTORY": scratch}
        self.huge = os.path.join(scratch, "huge")
        os.mkdir(self.huge)
        script = 'mount -t hugetlbfs -o pagesize=2M none "$0" && echo mounted && exec cat'
        keeper = stack.enter_context(subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, self.huge], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, process_group=0))
        if keeper.stdout.readline() != "mounted\n":
            raise Unmeasurable("hugetlbfs cannot be mounted")
        self.enter = ["nsenter", f"--mount=/proc/{keeper.pid}/ns/mnt"]
        # By itself it would vanish a moment after the keeper's end, and with it pages of the pool.
        stack.callback(subprocess.run, [*self.enter, "umount", self.huge], check=False)

    def command(self, prefix, first, *options):
        return [*self.enter, self.program, "--no-pci", "--huge-dir", self.huge,
                "-l", str(min(os.sched_getaffinity(0))), "--iova-mode", "va",
                "--file-prefix", prefix, "--proc-type", "primary" if first else "secondary",
                *options]


class Group:
    """One runtime: the process that allocates and frees, and the others."""

    def __init__(self, stack, side, others, listening=False, options=()):
        prefix = f"bench-{os.getpid()}-{others}{'-listening' * listening}{'-o' * bool(options)}"
        self.side, self.length = side, PAGES * side.page_sz
        self.allocated = 0
        self.actor = Process(side, prefix, True, options)
        stack.callback(self.actor.end)
        self.version = " ".join(self.actor.ask("start")[1:])
        self.others = []
        for _ in range(others):
            other = Process(side, prefix, False, options)
            stack.callback(other.end)
            other.ask("start")
            self.others.append(other)
        self.settle(listening)

    def settle(self, listening):
        """Make the others what idle means; they walk while there is something to walk."""
        _, addr = self.alloc()
        for other in self.others:
            if int(other.ask("idle")[0]) < PAGES:
                raise Unmeasurable(f"a process of {self.side.name} does not see all pages")
        self.touch(addr)
        self.free(addr)
        self.allocated = 0
        for other in self.others * listening:
            other.ask("listen")

    def alloc(self):
        """Microseconds and the address."""
        time.sleep(SETTLE_S)
        cost, addr = self.actor.ask("alloc", self.length, self.side.page_sz)
        self.allocated += self.length
        return float(cost), addr

    def free(self, addr):
        """Microseconds."""
        time.sleep(SETTLE_S)
        return float(self.actor.ask("free", addr, self.length)[0])

    def touch(self, addr):
        """Into the page tables of all."""
        for other in self.others:
            other.ask("touch", addr, self.length, self.side.page_sz)

    def sample(self, stopped=None):
        """Microseconds of an alloc and a free, with one of the others stopped during both."""
        stop = stopped.stopped if stopped else contextlib.nullcontext
        with stop():
            alloc, addr = self.alloc()
        self.touch(addr)
        with stop():
            free = self.free(addr)
        return alloc, free

    def check_events(self):
        """The callback of every other process was told of every byte."""
        for other in self.others:
            if [int(word) for word in other.ask("events")] != [self.allocated] * 2:
                raise Unmeasurable(f"a callback of {self.side.name} was not told of everything")


# ---- Alloc and free ----

class Samples:
    """Microseconds by side, runtime and operation."""

    def __init__(self):
        self.values = {}

    def take(self, side, which, group, stopped=None):
        for what, cost in zip(("alloc", "free"), group.sample(stopped)):
            self.values.setdefault((side, which, what), []).append(cost)

    def of(self, side, which, what):
        return self.values.get((side, which, what), [])


def start_groups(stack, side, plan):
    progress(f"starting the processes of {side.name}")
    groups = {number: Group(stack, side, number) for number in plan.others}
    groups["callbacks"] = Group(stack, side, plan.most, listening=True)
    return groups


def one_round(sides, groups, plan, number, samples):
    for side in sides if number % 2 else reversed(sides):
        for which in plan.order(number):
            group = groups[side.name].get(which, groups[side.name][plan.most])
            if which != "stopped":
                samples.take(side.name, which, group)
            elif side.name == "ours":
                samples.take("ours", which, group, group.others[0])


def measure_hotplug(sides, plan):
    """Samples, the versions of the sides, and what becomes of DPDK's beside a stopped process."""
    with contextlib.ExitStack() as stack:
        groups = {side.name: start_groups(stack, side, plan) for side in sides}
        for number in range(WARM_ROUNDS):
            one_round(sides, groups, plan, number, Samples())
        samples = Samples()
        for number in range(plan.rounds):
            progress(f"round {number + 1} of {plan.rounds}")
            one_round(sides, groups, plan, number, samples)
        for side in sides:
            groups[side.name]["callbacks"].check_events()
        stuck = dpdk_beside_stopped(groups["DPDK"][plan.most]) if "DPDK" in groups else {}
        return samples, "; ".join(groups[side.name][0].version for side in sides), stuck


def dpdk_beside_stopped(group):
    """How long DPDK's alloc and free take when one of the others is stopped, once each."""
    progress("DPDK beside a stopped process")
    stuck = {}
    def timed(what, *words):
        begin = time.monotonic()
        try:
            with group.others[0].stopped():
                group.actor.ask(what, *words)
            end = "returns"
        except Unmeasurable:
            end = "fails"
        stuck[what] = f"DPDK's {end} after {time.monotonic() - begin:.1f} s"
    timed("alloc", group.length, group.side.page_sz)
    if "fails" in stuck["alloc"]:
        _, addr = group.alloc()
        timed("free", addr, group.length)
    return stuck


def measure_section(side):
    """Microseconds of frees while a process that is stopped inside a section may hold pages."""
    frees = []

    def check_quarantine(group, length):
        if int(group.actor.ask("quarantined")[0]) != length:
            raise Unmeasurable(f"not {length} bytes wait for a stopped reader")

    with contextlib.ExitStack() as stack:
        group = Group(stack, side, 1, options=(SHORT_TIMEOUT_MS,))
        for _ in range(5):
            _, addr = group.alloc()
            group.touch(addr)
            group.others[0].ask("enter")
            with group.others[0].stopped():
                frees.append(group.free(addr))
                check_quarantine(group, group.length)
            group.others[0].ask("leave")
            group.sample()
            check_quarantine(group, 0)
    return frees


# ---- Attach ----

def attach_once(side, prefix, addr, length, page_sz):
    """Microseconds that a new process needs to join; it reads what is plugged."""
    joiner = Process(side, prefix, False)
    try:
        cost = float(joiner.ask("start")[0])
        joiner.ask("touch", addr, length, max(page_sz, length // 64))
    finally:
        joiner.end()
    return cost


def measure_attach(side, plugged, rounds):
    """Samples by bytes plugged, of runtimes that live at once; `plugged` is (bytes, page size)."""
    samples = {length: [] for length, _ in plugged}
    with contextlib.ExitStack() as stack:
        creators = []
        for length, page_sz in plugged:
            progress(f"plugging {size(length)} for {side.name}")
            prefix = f"bench-{os.getpid()}-{length}"
            creator = Process(side, prefix, True)
            stack.callback(creator.end)
            creator.ask("start")
            creators.append((prefix, creator.ask("alloc", length, page_sz)[1], length, page_sz))
        for number in range(rounds):
            progress(f"attach to {side.name}, {number + 1} of {rounds}")
            for creator in creators:
                samples[creator[2]].append(attach_once(side, *creator))
    return samples
