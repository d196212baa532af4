# SPDX-License-Identifier: BSD-3-Clause
"""What the machine offers to a run, and giving back what was taken from it."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchlib import resize_pool

FREE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
WANTED_PAGES = 192  # Two testpmd of 128 MiB, and some for vhost-fwd.
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def _in_child():
    """Die with the run, however that ends; as root, go before other programs."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        # Sessions share the CPUs by groups; a priority counts within one only.
        Path("/proc/self/autogroup").write_text("-20")


class Machine:
    """A temporary directory, hugepages, and all child processes; gives everything back."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="vhost-run."))
        self.children = []
        self.pages_added = 0
        self.cpus = sorted(os.sched_getaffinity(0))

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
        if self.pages_added:
            # Not the old number: somebody else may have changed it meanwhile, too.
            resize_pool(-self.pages_added)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def data_cpu(self):
        return self.cpus[0]

    @property
    def peer_cpu(self):
        return self.cpus[1] if len(self.cpus) > 1 else self.cpus[0]

    def stolen_ms(self):
        """What the hypervisor took from the data thread's CPU since the start, in steps of 10 ms."""
        for line in Path("/proc/stat").read_text().splitlines():
            words = line.split()
            if words[0] == f"cpu{self.data_cpu}":
                return int(words[8]) * 1000 // os.sysconf("SC_CLK_TCK")
        return 0

    def reserve_pages(self):
        """None, or why there are no hugepages."""
        if os.geteuid() != 0:
            return "not root"
        try:
            missing = WANTED_PAGES - int(FREE.read_text())
            if missing <= 0:
                return None
            self.pages_added = resize_pool(missing)
            got = int(FREE.read_text())
        except OSError as error:
            return str(error)
        return None if got >= WANTED_PAGES else f"only {got} of {WANTED_PAGES} hugepages to be had"

    def start(self, name, command, **options):
        """Start a child whose output goes to a log of that name."""
        log = open(self.directory / f"{name}.log", "wb")
        child = Child(name, Path(log.name), subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=_in_child, **options))
        log.close()
        self.children.append(child)
        return child

    def path(self, name):
        return self.directory / name


class Child:
    """A process with a log."""

    def __init__(self, name, log, process):
        self.name, self.log, self.process = name, log, process

    def text(self):
        return self.log.read_text(errors="replace")

    def fail(self, what):
        tail = "\n".join(self.text().splitlines()[-15:])
        raise RunError(f"{self.name}: {what}\n{tail}")

    def wait_for(self, condition, what, seconds=30):
        """Wait until condition() is true; the process must live as long."""
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                self.fail(f"ended while waiting for {what}")
            if time.monotonic() > end:
                self.fail(f"no {what} within {seconds} s")
            time.sleep(0.03)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, seconds=10):
        """Ask it to end; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.fail(f"does not end within {seconds} s")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class RunError(Exception):
    """Something that ends the run, with its reason."""
