# SPDX-License-Identifier: BSD-3-Clause
"""What a machine does to times when nothing changes: for the self-test of detection."""

import math
import statistics

from benchlib import Unmeasurable, progress
from perflib import measure


def take(side, rows, count, write):
    """Measure a build again and again; `write` gets {row: [logarithm by its median, in 1e-5]} after each."""
    runs = []
    while len(runs) < count:
        progress(f"run {len(runs) + 1} of {count}")
        try:
            runs.append(measure.least_of(side, rows, measure.ROUNDS))
        except Unmeasurable:  # No figure, no noise of it.
            continue
        write(relative(runs))
    progress("")


def relative(runs):
    columns = {name: [run[name] for run in runs] for name in runs[0]}
    return {name: [round(1e5 * math.log(value / statistics.median(values))) for value in values]
            for name, values in columns.items()}
