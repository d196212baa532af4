# SPDX-License-Identifier: BSD-3-Clause
"""The order of the run, and its verdict."""

import sys
import time
from collections import namedtuple
from statistics import median

from . import jobs
from .figures import Row
from .machine import Machine
from .table import LIMITS, Criteria, print_changes, print_table

Settings = namedtuple("Settings", "build capture quick")

MIN_CHANGES = 1000
MIN_SHARE = 0.8  # Of the packet rate of net_vhost.
MIN_KEPT = 0.95  # Of the packet rate, with changes.


class Progress:
    """A line that says what is going on; it rewrites itself on a terminal."""

    def __init__(self):
        self.began = time.monotonic()
        self.terminal = sys.stdout.isatty()

    def __call__(self, text):
        line = f"[{time.monotonic() - self.began:4.0f} s] {text}"
        if self.terminal:
            print(f"\r\033[K{line[:118]}", end="", flush=True)
        elif not text.startswith("capture through"):
            print(line, flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", flush=True)


def run(settings, no_testpmd):
    """The whole job; the exit status."""
    with Machine() as machine:
        progress = Progress()
        job = jobs.Job(machine, settings.build, settings.capture, settings.quick, progress)
        reason = no_testpmd or machine.reserve_pages()
        criteria = Criteria()
        if reason:
            print(f"No testpmd on hugepages in this run ({reason}): the peer is vhost-peer, our own\n"
                  "front end in a process of its own, with 4 KiB pages; the data path is the same.")
            rows = with_own_peer(job, criteria)
        else:
            rows = with_testpmd(job, criteria)
        progress.clear()
        finish(rows, criteria, job.evidence)
        return 0 if criteria.passed() else 1


def finish(rows, criteria, evidence):
    print("\n60-byte packets, medians; gaps of the data loop in us, 'of a change': the longest that\n"
          "overlaps a memory change, 'over 100': how many of those are above 100 us\n")
    print_table(rows)
    print_changes(rows[0])
    evidence.print()
    print()
    criteria.print()
    print(f"\n{LIMITS}")


def check_capture(job, criteria, result):
    frames, changes, difference = result
    criteria.check("capture comes back byte-identical and in order",
                   difference or f"{frames} frames, {changes} memory changes meanwhile",
                   "no difference", difference is None)


def check_changes(criteria, row, rows, corrupt):
    """What must hold of the row without padding regions, and of all rows."""
    sums = row.sums
    corrupt += sum(other.sums["corrupt"] + other.sums["dropped"] for other in rows)
    criteria.check("packets corrupt or lost, all runs", str(corrupt), "0", corrupt == 0)
    criteria.check("memory changes, each of a region used in the last second",
                   f"{sums['changes_in_use']} of {sums['changes']}", f"{MIN_CHANGES}, all",
                   sums["changes"] >= MIN_CHANGES and sums["changes_in_use"] == sums["changes"])
    criteria.check("gaps of the data loop above 100 us that a change caused",
                   f"{sums['change_over']}, longest {row.longest_of_change() / 1e3:.1f} us",
                   "0", sums["change_over"] == 0)


def check_kept(criteria, row):
    """The rate with changes over the rate in the window before, median of all windows."""
    kept = median(changing / quiet if quiet else 0.0
                  for quiet, changing in zip(row.quiet, row.changing))
    criteria.check(f"packet rate with {jobs.RATE} changes a second over the rate without",
                   f"{kept:.3f} (median of {len(row.quiet)} neighbouring windows)", f"{MIN_KEPT}",
                   kept >= MIN_KEPT)


# ---- With testpmd ----


def with_testpmd(job, criteria):
    quick = job.quick
    check_capture(job, criteria, jobs.capture_through_testpmd(job, 40 if quick else 200))
    rates = {"vhost-fwd": [], "net_vhost": []}
    jobs.compare_with_net_vhost(job, 2 if quick else 7, 1.5 if quick else 2.5, rates)
    criteria.check("packet rate over that of Debian's net_vhost, in turns",
                   f"{share(rates):.2f} ({median(rates['vhost-fwd']) / 1e6:.2f} and "
                   f"{median(rates['net_vhost']) / 1e6:.2f} Mpps, {len(rates['net_vhost'])} rounds)",
                   f"{MIN_SHARE}", share(rates) >= MIN_SHARE)
    index = Row("index")
    jobs.testpmd_with_changes(job, index, (), 9 if quick else 15, traced=True)
    others = [("scan", 1), ("scan", 8), ("scan", 500), ("index", 8), ("index", 500)]
    for _ in range(1 if quick else 2):
        for lookup, regions in others:
            jobs.testpmd_with_changes(job, job.get_row(f"{lookup}, {regions}"),
                                      ("--lookup", lookup, "--pad-regions", regions), 1)
    rows = [index, *job.row.values()]
    check_kept(criteria, index)
    check_changes(criteria, index, rows, job.corrupt)
    return rows


def share(rates):
    return median(rates["vhost-fwd"]) / median(rates["net_vhost"])


# ---- With our own front end ----


def with_own_peer(job, criteria):
    quick = job.quick
    check_capture(job, criteria, jobs.capture_through_peer(job, 20 if quick else 100))

    index = Row("index")
    jobs.peer_with_changes(job, index, (), (), 9 if quick else 15, traced=True)
    for _ in range(1 if quick else 2):
        for lookup in ("scan", "index"):
            for regions in (2, 8, 500):
                options = ("--regions", regions, "--region-kb", max(128, 4096 // regions))
                jobs.peer_with_changes(job, job.get_row(f"{lookup}, {regions}"),
                                       ("--lookup", lookup), options, 1)
    rows = [index, *job.row.values()]
    criteria.skip("packet rate over that of Debian's net_vhost", "not measured: no testpmd")
    check_kept(criteria, index)
    check_changes(criteria, index, rows, job.corrupt)
    return rows
