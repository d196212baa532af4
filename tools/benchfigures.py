# SPDX-License-Identifier: BSD-3-Clause
"""The targets, all of them and only here, and what judges them.

A figure is a row, or two rows that are compared within each round.  Its value is the median
over the rounds.  What was skipped or is not there is "not measured", never a PASS.
"""

import operator
from typing import NamedTuple

from benchlib import quartiles, within_rounds

UNITS = {"x": 1, "ns": 1, "us": 1e3, "ms": 1e6, "bytes": 1, "/s": 1}
PASS, SHORT, NOT_MEASURED, NO_TARGET = "PASS", "SHORT", "not measured", "no target"


class Figure(NamedTuple):
    """One line.  `row` and `other` are "row" or "row#counter" of benchlib.Samples."""

    what: str
    row: str
    other: str = ""           # Divides `row`, or is subtracted when the unit is a time.
    at_most: float = None
    at_least: float = None
    unit: str = "x"
    needs: str = ""           # A flag of the processor.


def lookup(question, subject, page="2MiB", pattern="random", segments=256):
    return f"{question}/{subject}/{page}/{pattern}/segments:{segments}"


def virt(*place, **more):
    return lookup("virt2memseg", *place, **more)


def iova(*place, **more):
    return lookup("iova2virt", *place, **more)


def pages(what, subject, rest="2MiB/pages:3/beside:32"):
    return f"{what}/{subject}/{rest}"


SMALL, MILLION = {"page": "4KiB"}, {"page": "4KiB", "segments": 1048576}
MISS = {"pattern": "miss"}
BESIDE = "batch_beside_hotplug/rcumem/{}/random/segments:{}/changes:1000"
HOLES, NO_HOLES = "4KiB/pages:1/fragmented:1000000", "4KiB/pages:1/beside:0"


def two_threads(what, row):
    return Figure(what, f"{row}/threads:2", row, at_most=1.05)


def beside_figures(page, segments):
    row = BESIDE.format(page, segments)
    return (Figure(f"{page} pages, p99.9 / idle", f"{row}#p999_ns", f"{row}#idle_p999_ns", at_most=1.5),
            Figure(f"{page} pages, max / idle", f"{row}#max_ns", f"{row}#idle_max_ns", at_most=1.5),
            Figure(f"{page} pages, changes that were made", f"{row}#changes_per_s", at_least=950, unit="/s"))


FIGURES = {
    "virt2memseg, public": (
        Figure("2 MiB / empty call", virt("rcumem"), virt("empty"), at_most=1.5),
        Figure("2 MiB, miss / empty call", virt("rcumem", **MISS), virt("empty", **MISS), at_most=1.5),
        Figure("4 KiB / empty call", virt("rcumem", **SMALL), virt("empty", **SMALL), at_most=2),
        Figure("DPDK / ours, hit", virt("dpdk"), virt("rcumem"), at_least=4),
        Figure("DPDK / ours, miss", virt("dpdk", **MISS), virt("rcumem", **MISS), at_least=40),
        Figure("SPDK's table / ours", virt("spdk"), virt("rcumem"), at_least=2.7),
        Figure("jemalloc's sallocx / ours", virt("jemalloc", page="16KiB"), virt("rcumem"), at_least=2.7),
    ),
    "virt2memseg, raw and inlined": (
        Figure("2 MiB / flat load", virt("rcumem-inline"), virt("flat"), at_most=1.6),
        Figure("4 KiB / flat load", virt("rcumem-inline", **SMALL), virt("flat", **SMALL), at_most=1.6),
    ),
    "iova2virt": (
        Figure("2 MiB, warm / empty call", iova("rcumem"), iova("empty"), at_most=2),
        Figure("4 KiB, warm / empty call", iova("rcumem", **SMALL), iova("empty", **SMALL), at_most=2),
        Figure("window of 32: 1,048,576 / 32 segments", iova("rcumem", pattern="window", **MILLION),
               iova("rcumem", "4KiB", "window", 32), at_most=2),
        Figure("random over 1,048,576 / flat load", iova("rcumem", **MILLION), iova("flat", **MILLION),
               at_most=1.5),
        Figure("the same, inlined", iova("rcumem-inline", **MILLION), iova("flat", **MILLION)),
        Figure("DPDK / ours", iova("dpdk"), iova("rcumem")),
    ),
    "two threads instead of one": (
        Figure("an empty call, to compare", virt("empty") + "/threads:2", virt("empty")),
        two_threads("virt2memseg", virt("rcumem")),
        two_threads("virt2memseg, inlined", virt("rcumem-inline")),
        two_threads("iova2virt", iova("rcumem")),
        two_threads("iova2virt, inlined", iova("rcumem-inline")),
        two_threads("iova2virt_batch of 32", lookup("iova2virt_batch", "rcumem") + "/burst:32"),
        two_threads("virt2iova_batch of 32", lookup("virt2iova_batch", "rcumem") + "/burst:32"),
        two_threads("range over 2 segments", lookup("range", "rcumem") + "/crossing:2"),
        two_threads("walk", "walk/rcumem/2MiB/segments:256"),
        two_threads("contig_walk", "contig_walk/rcumem/2MiB/segments:256"),
        two_threads("list_walk", "list_walk/rcumem/2MiB/segments:256"),
        Figure("DPDK's walk", "walk/dpdk/2MiB/segments:256/threads:2", "walk/dpdk/2MiB/segments:256"),
    ),
    "walk": (
        Figure("a segment of 256 of 2 MiB", "walk/rcumem/2MiB/segments:256#item_ns", at_most=2, unit="ns"),
        Figure("a segment of 65,536 of 4 KiB", "walk/rcumem/4KiB/segments:65536#item_ns", at_most=2, unit="ns"),
        Figure("the same by a bare loop over an array", "walk/flat/4KiB/segments:65536#item_ns", unit="ns"),
        Figure("DPDK / ours", "walk/dpdk/2MiB/segments:256", "walk/rcumem/2MiB/segments:256"),
        Figure("contiguous, one run: 65,536 / 32 segments", "contig_walk/rcumem/4KiB/segments:65536",
               "contig_walk/rcumem/4KiB/segments:32", at_most=2),
    ),
    "batch, an address": tuple(
        Figure(f"{question} of {burst}, {page[0]} {page[1:]}",
               f"{lookup(question, 'rcumem', page)}/burst:{burst}", at_most=0.6, unit="ns", needs="avx512f")
        for page in ("2MiB", "4KiB") for question in ("iova2virt_batch", "virt2iova_batch")
        for burst in (32, 256)),
    "alloc and touch": (
        Figure("3 pages of 2 MiB / bare", pages("alloc_and_touch", "rcumem"), pages("alloc_and_touch", "bare"),
               at_most=1.1),
        *(Figure(f"3 pages of 2 MiB, {others} / 0 other processes", f"alloc, {others} other{'s' * (others > 1)}",
                 "alloc, 0 others", at_most=1.1) for others in (1, 2, 4, 8)),
    ),
    "free of 3 pages of 2 MiB": (
        Figure("alone", pages("free", "rcumem"), at_most=20, unit="us"),
        Figure("0 other processes", "free, 0 others", at_most=20, unit="us"),
        Figure("8 other processes, idle", "free, 8 others", at_most=150, unit="us"),
        Figure("p99 beside a busy walker", pages("free", "rcumem", "2MiB/pages:3/beside:256/walkers:1#p99_ns"),
               unit="us"),
    ),
    "one 4 KiB page in 1,000,000 fragmented": (
        Figure("alloc and touch / empty list", pages("alloc_and_touch", "rcumem", HOLES),
               pages("alloc_and_touch", "rcumem", NO_HOLES), at_most=3),
        Figure("free / empty list", pages("free", "rcumem", HOLES), pages("free", "rcumem", NO_HOLES), at_most=3),
    ),
    "readers during 1,000 plug+unplug a second": (*beside_figures("2MiB", 256), *beside_figures("4KiB", 256)),
    "start-up and attach": (
        Figure("no memory", "start_up/rcumem/memory:0", at_most=20, unit="ms"),
        Figure("1 GiB of 4 KiB, minus clearing it", "start_up/rcumem/4KiB/memory:1GiB",
               "start_up/bare/4KiB/memory:1GiB", at_most=20, unit="ms"),
        Figure("512 MiB of 2 MiB, minus clearing it", "start_up/rcumem/2MiB/memory:512MiB",
               "start_up/bare/2MiB/memory:512MiB", at_most=20, unit="ms"),
        Figure("attach, 1 MiB plugged", "attach, 1 MiB plugged", at_most=1000, unit="us"),
        Figure("attach, 8 GiB plugged", "attach, 8 GiB plugged", at_most=1000, unit="us"),
    ),
    "index memory, a segment": tuple(
        Figure(f"{count:,} segments of 4 KiB",
               f"{lookup('index_lookup', 'rcumem', '4KiB', segments=count)}#bytes_per_segment", at_most=16,
               unit="bytes") for count in (65536, 1048576)),
}


def refs():
    """Every "row#counter" that a figure is made of."""
    return [ref for figures in FIGURES.values() for figure in figures
            for ref in (figure.row, figure.other) if ref]


def values_of(figure, samples):
    values = samples.of(figure.row)
    if not figure.other:
        return [value / UNITS[figure.unit] for value in values if value is not None]
    combine = operator.truediv if figure.unit == "x" else operator.sub
    return [value / UNITS[figure.unit] for value in within_rounds(values, samples.of(figure.other), combine)]


def lacking(figure, samples, cpu_flags):
    """Why the figure was not measured."""
    if figure.needs and figure.needs not in cpu_flags:
        return f"the processor has no {figure.needs}"
    for ref in (figure.row, figure.other):
        if ref and all(value is None for value in samples.of(ref)):
            return f"{ref}: {samples.missing(ref)}"
    return "" if values_of(figure, samples) else "no round has both rows"


def judge(figure, samples, cpu_flags=()):
    """The line of a figure, for programs."""
    line = figure._asdict() | {"why": lacking(figure, samples, cpu_flags)}
    if line["why"]:
        return line | {"verdict": NOT_MEASURED}
    values = values_of(figure, samples)
    first, value, third = quartiles(values)
    absolute = [quartiles([x for x in samples.of(ref) if x is not None])[1]
                for ref in (figure.row, figure.other) if ref]
    if figure.at_most is None and figure.at_least is None:
        verdict = NO_TARGET
    else:
        good = value <= figure.at_most if figure.at_most is not None else value >= figure.at_least
        verdict = PASS if good else SHORT
    return line | {"value": value, "quartiles": [first, third], "rounds": len(values),
                   "absolute": absolute, "verdict": verdict}


def judge_all(samples, cpu_flags=()):
    """Lines by work."""
    return {work: [judge(figure, samples, cpu_flags) for figure in figures]
            for work, figures in FIGURES.items()}


def status(lines):
    """0 all PASS, 1 some SHORT, 2 some not measured and none SHORT."""
    verdicts = {line["verdict"] for some in lines.values() for line in some}
    return 1 if SHORT in verdicts else 2 if NOT_MEASURED in verdicts else 0


# ---- Text ----

def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def precise(value):
    """A digit more: what is judged must not look like its target when it is not."""
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def duration(ns):
    for unit in ("ms", "us"):
        if ns >= UNITS[unit]:
            return f"{number(ns / UNITS[unit])} {unit}"
    return f"{number(ns)} ns"


def target(line):
    if line["at_most"] is not None:
        return f"<= {line['at_most']:g} {line['unit']}"
    return f">= {line['at_least']:g} {line['unit']}" if line["at_least"] is not None else ""


def times(line):
    """What a ratio or a difference is made of."""
    return " / ".join(duration(ns) for ns in line["absolute"]) if line["other"] else ""


def cells(line):
    """What, target, measured, spread, times, verdict: the columns of the report."""
    if line["verdict"] == NOT_MEASURED:
        return [line["what"], target(line), "", "", line["why"], NOT_MEASURED]
    return [line["what"], target(line), f"{precise(line['value'])} {line['unit']}",
            "{} .. {}".format(*map(number, line["quartiles"])), times(line), line["verdict"]]


def table(lines):
    """Text lines of everything that was judged."""
    yield f"{'':44} {'target':>10} {'measured':>11}  {'quartiles':18} {'verdict':13} times"
    for work, some in lines.items():
        yield work
        for line in some:
            what, aim, measured, spread, made_of, verdict = cells(line)
            yield f"  {what:42} {aim:>10} {measured:>11}  {spread:18} {verdict:13} {made_of}".rstrip()


def summary(lines):
    verdicts = [line["verdict"] for some in lines.values() for line in some]
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in (SHORT, NOT_MEASURED)]
    return f"{verdicts.count('PASS')} PASS, {', '.join(counts)}"
