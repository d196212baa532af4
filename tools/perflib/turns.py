# SPDX-License-Identifier: BSD-3-Clause
"""Two builds measured in turns of a fraction of a millisecond, on one CPU: bench/turns.c.

Whatever slows the machine (a neighbour on the same core, the clock, the hypervisor) lasts for
longer than a turn, and slows both: of a pair of turns the ratio is told, and the median of all pairs.
"""

import contextlib
import os
import statistics
import subprocess
import tempfile
from typing import NamedTuple

import numpy

from benchlib import Unmeasurable
from perflib import cpu, measure

PAIRS = 60
TURN_NS = 150_000
# A pair in which the calibration kernel differs by more says nothing: the machine changed meanwhile.
STRAY = 0.15
LEAST_SHARE = 0.25  # Of pairs that must be left.
LIMIT_S = 120
SIDES = ("first", "second")
OTHER_ENDED = "the other side has ended"


class TooNoisy(Unmeasurable):
    """The machine's speed changed all the time."""


class Turns(NamedTuple):
    """Of one row: nanoseconds of the first side, the ratio of the second to it, and which share of the pairs counts."""

    first_ns: float
    ratio: float
    share: float


def start(sides, pairs, rows, outputs):
    """Both processes; each writes to the other, and only they have the ends: one that dies ends both."""
    pipes = [os.pipe(), os.pipe()]
    children = []
    with cpu.alone():
        for number, side in enumerate(sides):
            ends = pipes[1 - number][0], pipes[number][1]
            command = [side.program, "--turns", SIDES[number], *map(str, ends), str(pairs), *rows]
            children.append(subprocess.Popen(command, stdout=outputs[number][0], stderr=outputs[number][1],
                                             pass_fds=ends, env=measure.environment(side)))
    for end in (end for pipe in pipes for end in pipe):
        os.close(end)
    return children


def wait(children, outputs):
    try:
        for child in children:
            child.wait(LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise TooNoisy("too noisy to say: two processes do not come to their turns") from error
    finally:
        for child in children:
            child.kill()
            child.wait()
    said = []
    for child, (_, errors) in zip(children, outputs):
        errors.seek(0)
        if child.returncode != 0:
            said.append(errors.read().decode(errors="replace").strip()[-400:] or f"status {child.returncode}")
    if said:
        # The reason is what the one says that ended first.
        raise Unmeasurable(min(said, key=lambda text: OTHER_ENDED in text))


def rows_of(output):
    output.seek(0)
    for line in output.read().decode().splitlines():
        name, *numbers = line.split(" ")
        yield name, numpy.array(numbers, dtype=float).reshape(-1, 2).T


def compared(first, second, iterations):
    """Turns of one row, of (kernel, run) of both sides."""
    drift = numpy.log(second[0] / first[0])
    steady = numpy.abs(drift - numpy.median(drift)) <= numpy.log1p(STRAY)
    ratios = second[1][steady] / first[1][steady]
    return Turns(statistics.median(first[1]) / iterations, float(numpy.median(ratios)), float(steady.mean()))


def take(sides, rows, pairs=PAIRS):
    """{row: Turns} of two sides; `rows` are iterations by name."""
    with contextlib.ExitStack() as stack:
        outputs = [[stack.enter_context(tempfile.TemporaryFile()) for _ in "oe"] for _ in sides]
        wait(start(sides, pairs, [f"{name}={count}" for name, count in rows.items()], outputs), outputs)
        first, second = (dict(rows_of(output)) for output, _ in outputs)
    return {name: compared(first[name], second[name], count) for name, count in rows.items()}


def iterations_of(ns):
    """How many make a turn."""
    return max(1, round(TURN_NS / ns))


def iterations(side, pattern):
    """The same for rows by name."""
    return {name: iterations_of(ns) for name, ns in measure.times(side, pattern).items()}
