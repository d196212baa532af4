# SPDX-License-Identifier: BSD-3-Clause
"""A CPU for what is measured: as little as may be of others on it."""

import contextlib
import os
import re
import time

PRIORITY = 10


def busy_ticks():
    with open("/proc/stat", encoding="ascii") as file:
        lines = [line.split() for line in file if re.match(r"cpu\d", line)]
    return {int(words[0][3:]): sum(map(int, words[1:4])) for words in lines}


def idlest():
    """The CPU that had least to do just now, of those that may be used."""
    before = busy_ticks()
    time.sleep(0.05)
    after = busy_ticks()
    return min(os.sched_getaffinity(0), key=lambda number: after[number] - before[number])


@contextlib.contextmanager
def alone():
    """Children begin on one CPU, and where that is allowed before all others on it."""
    allowed, policy, param = os.sched_getaffinity(0), os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setaffinity(0, {idlest()})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        pass
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, param)
        os.sched_setaffinity(0, allowed)
