# SPDX-License-Identifier: BSD-3-Clause
"""What the commands that measure rcumem beside DPDK have in common."""

import contextlib
import os
import signal
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


@contextlib.contextmanager
def hugepages(count):
    """Add pages to the pool, and take as many out again: others may change it meanwhile."""

    def resize(by):
        with open(POOL + "nr_hugepages", "r+", encoding="ascii") as file:
            old = int(file.read())
            file.seek(0)
            file.write(str(max(0, old + by)))
        return int(read(POOL + "nr_hugepages")) - old

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    added = resize(count)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if added < count:
            raise Unmeasurable(f"only {added} of {count} hugepages of 2 MiB could be reserved")
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        resize(-added)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def machine():
    """What the figures were taken on."""
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "?")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip() or "none"
    return (f"{model}, {len(os.sched_getaffinity(0))} CPUs, Linux {os.uname().release}, "
            f"commit {commit}")


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def size(count):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if count >= unit:
            return f"{count // unit} {name}"
    return f"{count >> 10} KiB"
