# SPDX-License-Identifier: BSD-3-Clause
"""The gate: exact figures against a baseline that is reviewed in the tree.

All figures are costs: more is worse.  The baseline holds for one environment each (compiler,
flags, what valgrind's processor can do, libc); for another there is none, which is no pass.
"""

import json
import os

from benchlib import ROOT, write

BASELINE = os.path.join(ROOT, "bench/baseline.json")
LIMIT = 0.01
# Not judged: what libc does under a lock hangs on whether another thread is at it.
LOOSE = ("libc/",)
PASSED, WORSE, BETTER, NEW, GONE, INEXACT = "same", "worse", "better", "new", "gone", "not exact"
PASS, REGRESSION, RENEW, NO_BASELINE = 0, 3, 5, 77


def key_of(environment):
    return ", ".join(f"{name} {environment[name]}" for name in ("machine", "compiler", "flags", "isa", "libc"))


def load(path=BASELINE):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        return json.load(file)


def save(measured, path=BASELINE):
    baselines = load(path) | {key_of(measured["environment"]): dict(sorted(judged(measured["figures"]).items()))}
    write(path, json.dumps(baselines, indent=1, sort_keys=True) + "\n")


def judged(figures):
    return {name: value for name, value in figures.items() if not name.startswith(LOOSE)}


def verdict(was, now, limit=LIMIT):
    """Of one figure; a cost that was nothing may not become something."""
    if was is None or now is None:
        return NEW if was is None else GONE
    if now > was * (1 + limit):
        return WORSE
    return BETTER if now < was * (1 - limit) else PASSED


def compare(baseline, figures, missing=()):
    """[(figure, was, now, verdict)], of all that is in either; what was not measured is left out."""
    lines, figures = [], judged(figures)
    for name in sorted({*baseline, *figures}):
        was, now = baseline.get(name), figures.get(name)
        if now is None and missing and ("_2m" in name):
            continue
        lines.append((name, was, now, verdict(was, now)))
    return lines


def inexact(first, second):
    """Figures that two runs of one build do not have in common."""
    return sorted(name for name in {*judged(first)} & {*judged(second)} if first[name] != second[name])


def status(lines):
    verdicts = {line[3] for line in lines}
    if verdicts & {WORSE, INEXACT}:
        return REGRESSION
    return RENEW if verdicts - {PASSED} else PASS


def text_of(line):
    name, was, now, what = line
    if was is None or now is None:
        return f"{what}: {name} {now if was is None else was:g}"
    change = f"{(now / was - 1) * 100:+.2f} %" if was else "from nothing"
    return f"{what}: {name} {was:g} -> {now:g} ({change})"


def report(lines, missing=(), everything=False):
    """One line for each figure that is not the same; with `everything` also for those."""
    for line in lines:
        if line[3] == PASSED and not everything:
            continue
        yield f"{'ok     ' if line[3] == PASSED else 'FAILED '} {text_of(line)}"
    for what in missing:
        yield f"skipped {what}"
