# SPDX-License-Identifier: BSD-3-Clause
"""The page: all that is known, in one file that needs nothing else."""

import json
import os

from perflib import detect

FOLDER = os.path.dirname(os.path.abspath(__file__))
PARTS = {"@STYLE@": "page.css", "@CHART@": "page_chart.js", "@SCRIPT@": "page.js"}


def short(value):
    """Five digits are more than is known, and what a page should carry."""
    return float(f"{value:.5g}")


def peer_key(series):
    """What the rows of peers have in common: all but the subject, which stands second."""
    words = series.name.split("/")
    return (series.machine, series.unit, words[0], *words[2:]) if series.unit == "ns" and len(words) > 1 else None


def peers_of(all_series, last):
    """{name and machine: [(peer, its level now)]}; `last` by the same key."""
    groups = {}
    for series in all_series:
        key = peer_key(series)
        if key:
            groups.setdefault(key, []).append(series)
    return {(one.name, one.machine): [[other.name.split("/")[1], short(last[other.name, other.machine])]
                                      for other in group if other is not one]
            for group in groups.values() for one in group}


def data_of(store):
    """What page.js draws."""
    runs, all_series = store.runs(), store.series()
    place = {run: number for number, run in enumerate(runs)}
    machines = sorted({series.machine for series in all_series})
    drawn, last = [], {}
    for series in all_series:
        values = [point.value for point in series.points]
        changes = detect.changes(values, series.exact)
        bands = detect.bands(values, changes)
        last[series.name, series.machine] = bands[-1][2]
        drawn.append({"n": series.name, "u": series.unit, "m": machines.index(series.machine),
                      "r": [place[point.run] for point in series.points], "v": [short(value) for value in values],
                      "c": [[change.at, short(change.before), short(change.after)] for change in changes],
                      "b": [[*band[:2], *map(short, band[2:])] for band in bands]})
    peers = peers_of(all_series, last)
    for series, one in zip(all_series, drawn):
        one["p"] = peers.get((series.name, series.machine), [])
    return {"machines": machines, "series": drawn,
            "runs": [{"c": facts["commit_id"], "t": facts["committed"], "s": facts["subject"], "k": facts["compiler"]}
                     for facts in runs.values()]}


def page_of(data):
    def text(name):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            return file.read()

    page = text("page.html")
    for mark, name in PARTS.items():
        page = page.replace(mark, text(name).rstrip("\n"))
    # No name or subject may end the element that the data stand in.
    packed = json.dumps(data, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    return page.replace("@DATA@", packed)


def write(store, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(page_of(data_of(store)))
