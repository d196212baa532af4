# SPDX-License-Identifier: BSD-3-Clause
"""The table at the end, and the criteria."""

from statistics import median


def _us(ns):
    return f"{ns / 1e3:.1f}"


COLUMNS = ("lookups", "regions", "Mpps", "with changes", "ns each", "gap p50", "p99", "max",
           "of a change", "over 100", "changes/s", "corrupt")


def _cells(row):
    return (row.name, str(row.regions), f"{row.rate() / 1e6:.2f}", f"{row.rate_changing() / 1e6:.2f}",
            f"{median(row.translate):.1f}" if row.translate else "-", _us(row.gaps.percentile(0.5)),
            _us(row.gaps.percentile(0.99)), _us(row.gaps.longest()), _us(row.longest_of_change()),
            str(row.sums["change_over"]), f"{row.changes_per_second():.0f}",
            str(row.sums["corrupt"]))


def print_table(rows):
    """A line for each row; gaps in microseconds."""
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        print("  " + line[0].ljust(widths[0]) + "  "
              + "  ".join(cell.rjust(width) for cell, width in zip(line[1:], widths[1:])))


def print_changes(row):
    """What is behind the gaps of a row."""
    sums = row.sums
    changes = max(sums["changes"], 1)
    share = sums["change_ns"] / 1e9 / row.seconds_changing if row.seconds_changing else 0
    chance = sums["other_over"] * share / (1 - share) if share < 1 else 0
    print(f"""
  {sums['changes']} changes of '{row.name}', {sums['changes_in_use']} of a region used in the last second; one took
  {sums['change_ns'] / changes / 1e3:.0f} us on average, so that one was under way {share:.1%} of the time.
  Gaps above 100 us that overlap a change: {sums['change_over'] + sums['standing'] + sums['aside']}.  {sums['aside']} of them are set aside, because the kernel's
  count of the data thread's run delay explains all but 100 us or less (its own counts over these:
  {sums['aside_switches']} involuntary switches, {sums['aside_delay_ns'] / 1e6:.2f} ms of run delay; longest gap {_us(row.aside_max)} us).
  In {sums['standing']} more the loop had stood still for 20 us or longer when the change began (a round takes what the column p99 says):
  something else had stopped it, and they are in none of the counts below, nor in the table.
  {sums['change_over']} remain; in these the data thread slept {sums['over_sleeps']} times (as for a lock) and took {sums['over_faults']} page faults
  (as for memory that is not there).  {sums['over_before']} of these began before the change did.  Outside
  changes there were {sums['other_over']} such gaps without an explanation: as many would begin in a change by chance as
  {chance:.1f}.  (A hypervisor that takes the CPU away shows in neither count; by /proc/stat it took
  {row.stolen_ms} ms of the data thread's CPU in these {row.seconds_all():.0f} s, counted in steps of 10 ms.)""")


class Criteria:
    """Each with its target and what was measured."""

    def __init__(self):
        self.lines = []

    def check(self, what, measured, target, good):
        self.lines.append(("PASS" if good else "SHORT", what, measured, target))

    def skip(self, what, why):
        self.lines.append(("-", what, why, ""))

    def passed(self):
        return all(line[0] != "SHORT" for line in self.lines)

    def print(self):
        for verdict, what, measured, target in self.lines:
            print(f"  {verdict:5}  {what:62}  {measured}" + (f"  (target {target})" if target else ""))


LIMITS = """What these figures do not show: the same configuration differs by 20 % from run to run on a small
virtual machine, so rates that differ by less say nothing; both ends share two CPUs with everything
else; there is no NIC and no wire, packets only cross memory; the peer's waiting is not measured, only
the back end's; scaling over cores, NUMA and an IOMMU are not in it.  'scan' is this program with its
lookups replaced by a linear scan under a lock that a change holds while it maps, as DPDK's vhost
library does it, not that library itself: net_vhost is, and its gaps cannot be seen from outside."""
