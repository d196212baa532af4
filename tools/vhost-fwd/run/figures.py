# SPDX-License-Identifier: BSD-3-Clause
"""From reports of vhost-fwd to the figures of a row."""

from statistics import median

LIMIT_NS = 100000


def pps(before, after):
    """Packets a second between two reports."""
    return (after["packets"] - before["packets"]) / (after["seconds"] - before["seconds"])


class Gaps:
    """Gaps of the data loop, added up over spans of several runs."""

    def __init__(self, key):
        self.key = key
        self.histogram = {}

    def add(self, before, after):
        old = dict(before[self.key])
        for end_ns, count in after[self.key]:
            self.histogram[end_ns] = self.histogram.get(end_ns, 0) + count - old.get(end_ns, 0)

    def percentile(self, share):
        """Upper bound of the gap that this share of all gaps does not exceed, ns."""
        left = share * sum(self.histogram.values())
        for end_ns in sorted(self.histogram):
            left -= self.histogram[end_ns]
            if left <= 0:
                return end_ns
        return 0

    def longest(self):
        return max((ns for ns, count in self.histogram.items() if count), default=0)


class Row:
    """One line of the table: what several runs of one configuration measured."""

    SUMS = ("changes", "changes_in_use", "change_over", "over_before", "standing", "over_sleeps", "over_faults", "other_over", "aside",
            "aside_switches", "aside_delay_ns", "corrupt", "dropped", "change_ns")

    def __init__(self, name):
        self.name = name
        self.quiet, self.changing, self.translate = [], [], []  # pps, pps, ns
        self.gaps = Gaps("gaps")
        self.gaps_of_change = Gaps("gaps_of_change")
        self.seconds_quiet, self.seconds_changing = 0.0, 0.0
        self.sums = dict.fromkeys(self.SUMS, 0)
        self.aside_max = 0.0
        self.stolen_ms = 0
        self.changes_in_windows, self.seconds_in_windows = 0, 0.0
        self.regions = 0

    def seconds_all(self):
        return self.seconds_quiet + self.seconds_changing

    def add_quiet(self, before, after):
        self.quiet.append(pps(before, after))
        self.seconds_quiet += after["seconds"] - before["seconds"]
        if after["translate_ns"]:
            self.translate.append(after["translate_ns"])

    def add_changing(self, before, after):
        self.changing.append(pps(before, after))
        self.changes_in_windows += after["changes"] - before["changes"]
        self.seconds_in_windows += after["seconds"] - before["seconds"]
        self.add_span(before, after)
        if after["translate_ns"]:
            self.translate.append(after["translate_ns"])

    def add_span(self, before, after):
        """Gaps and changes of a span of time with changes."""
        self.gaps.add(before, after)
        self.gaps_of_change.add(before, after)
        self.seconds_changing += after["seconds"] - before["seconds"]
        for key in self.SUMS:
            self.sums[key] += after[key] - before[key]
        self.aside_max = max(self.aside_max, after["aside_max_ns"])
        self.regions = max(self.regions, after["regions"] + after["padding"])

    def longest_of_change(self):
        """Buckets are a little wide: what is in none above the limit is not above it."""
        longest = self.gaps_of_change.longest()
        return longest if self.sums["change_over"] else min(longest, LIMIT_NS)

    def rate(self):
        return median(self.quiet) if self.quiet else 0.0

    def rate_changing(self):
        return median(self.changing) if self.changing else 0.0

    def changes_per_second(self):
        return self.changes_in_windows / self.seconds_in_windows if self.seconds_in_windows else 0.0
