# SPDX-License-Identifier: BSD-3-Clause
"""What a machine does to the times that are recorded when nothing changes: for the self-test of detection."""

import math
import statistics

from benchlib import Unmeasurable, progress
from perflib import record, turns


def take(side, rows, count, write):
    """Record a build again and again; `write` gets {row: [logarithm by its median, in 1e-5]} after each."""
    runs, counts = [], turns.iterations(side, rows)
    while len(runs) < count:
        progress(f"run {len(runs) + 1} of {count}")
        found, missing = record.ratios((side, side), counts, record.ROUNDS)
        if missing:
            raise Unmeasurable("; ".join(missing))
        runs.append(found)
        write(relative(runs))
    progress("")


def relative(runs):
    columns = {name: [run[name] for run in runs] for name in runs[0]}
    return {name: [round(1e5 * math.log(value / statistics.median(values))) for value in values]
            for name, values in columns.items()}
