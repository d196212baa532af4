# SPDX-License-Identifier: BSD-3-Clause
"""Runs in and out: google-benchmark's JSON and CSV.

JSON has a run a file, its facts in `context`; a figure that is no time is a row with the
counter `value`.  CSV has a column a run: lines of facts, then a line a benchmark.
"""

import csv
import datetime
import json
import statistics

from benchlib import TIME_KIND, Unmeasurable
from perflib.store import FACTS, NUMBERS, Figure

FACT = "fact"  # In the place of a unit.
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
OURS = "rcumem_perf"


def value_of(entry):
    """Nanoseconds of a row: of samples the median, else the CPU's time, which others do not lengthen."""
    if "p50_ns" in entry:
        return entry["p50_ns"]
    kind = "cpu_time" if entry.get("threads", 1) == 1 and "manual_time" not in entry["name"] else "real_time"
    return entry[kind] * NANOSECONDS[entry.get("time_unit", "ns")]


def figures_of_rows(results):
    """The figures of several runs of google-benchmark: medians of all their samples."""
    samples, exact = {}, []
    for result in results:
        for entry in result["benchmarks"]:
            if entry.get("error_occurred") or entry.get("run_type", "iteration") != "iteration":
                continue
            if "unit" in entry:
                exact.append(Figure(entry["name"], entry["unit"], bool(entry["exact"]), entry["value"]))
                continue
            name = TIME_KIND.sub("", entry["name"]).removesuffix("/threads:1")
            samples.setdefault(name, []).append(value_of(entry))
    return exact + [Figure(name, "ns", False, statistics.median(values)) for name, values in samples.items()]


def facts_of_context(context, **known):
    """What google-benchmark's context says of a run; `known` beats it."""
    said = context.get(OURS, {})
    recorded = datetime.datetime.fromisoformat(context["date"]).timestamp() if "date" in context else 0
    guess = {"commit_id": context.get("commit", "unknown"), "committed": int(recorded), "recorded": int(recorded),
             "subject": "", "compiler": context.get("compiler", "unknown"), "flags": context.get("flags", ""),
             "kernel": "unknown", "cpu": f"{context.get('num_cpus', '?')} CPUs of {context.get('host_name', '?')}",
             "page_size": "any", "source": "import"}
    return {name: known.get(name) or said.get(name, guess[name]) for name in FACTS}


def read_json(path, **known):
    try:
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        figures = figures_of_rows([result])
        return facts_of_context(result["context"], **known), figures
    except (ValueError, KeyError, TypeError) as error:
        raise Unmeasurable(f"{path} is no JSON of google-benchmark: {error!r}") from error


def write_json(path, facts, figures):
    rows = []
    for figure in figures:
        row = {"name": figure.name, "run_name": figure.name, "run_type": "iteration", "iterations": 1,
               "threads": 1, "repetitions": 1, "repetition_index": 0}
        if figure.unit == "ns":
            row |= {"real_time": figure.value, "cpu_time": figure.value, "time_unit": "ns"}
        else:
            row |= {"real_time": 0, "cpu_time": 0, "time_unit": "ns", "unit": figure.unit,
                    "exact": int(figure.exact), "value": figure.value}
        rows.append(row)
    date = datetime.datetime.fromtimestamp(facts["recorded"], datetime.timezone.utc).isoformat()
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"context": {"date": date, OURS: facts}, "benchmarks": rows}, file, indent=1)
        file.write("\n")


def read_csv(path):
    """[(facts, figures)]"""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        facts = {line[0]: line[3:] for line in lines if line[1] == FACT}
        runs = [({name: int(facts[name][at]) if name in NUMBERS else facts[name][at] for name in FACTS}, [])
                for at in range(len(facts[FACTS[0]]))]
        for name, unit, exact, *values in lines[len(facts):]:
            if len(values) != len(runs):
                raise ValueError(f"{name} has not as many figures as there are runs")
            for (_, figures), value in zip(runs, values):
                figures += [Figure(name, unit, exact == "1", float(value))] if value else []
    except (KeyError, ValueError, IndexError) as error:
        raise Unmeasurable(f"{path} is no CSV of tools/perf: {error!r}") from error
    return runs


def write_csv(path, runs):
    columns = [{figure[:3]: figure.value for figure in figures} for _, figures in runs]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for name in FACTS:
            writer.writerow([name, FACT, "", *(facts[name] for facts, _ in runs)])
        for name, unit, exact in sorted({key for column in columns for key in column}):
            values = [column.get((name, unit, exact)) for column in columns]
            writer.writerow([name, unit, int(exact), *("" if value is None else f"{value:.15g}" for value in values)])
