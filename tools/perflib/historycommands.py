# SPDX-License-Identifier: BSD-3-Clause
"""The commands of tier 3: what is kept, what changed, what goes in and out."""

import os
import sys

from benchlib import Unmeasurable, progress
from perflib import detect, exchange, measure, record, report
from perflib.store import Store, is_postgresql

ROWS = f"{measure.ROWS}|{measure.PEERS}"


def open_store(args):
    if not is_postgresql(args.db):
        os.makedirs(os.path.dirname(os.path.abspath(args.db)), exist_ok=True)
    return Store(args.db)


def keep(store, facts, figures, missing):
    new = store.add(facts, figures)
    print(f"{facts['commit_id']} {facts['subject']}: {len(figures)} figures{'' if new else ', there already'}")
    for what in missing:
        print(f"  not measured: {what}")


def record_command(args):
    with open_store(args) as store:
        known = record.reference(store, args.filter) if args.rounds else None
        if not args.commits and not args.spread:
            keep(store, *record.of_tree(args.build, known, args.rounds))
            return 0
        failed = 0
        commits = args.commits or record.spread(args.spread, args.since)
        for number, commit in enumerate(commits):
            progress(f"commit {number + 1} of {len(commits)}")
            try:
                keep(store, *record.of_commit(commit, known, args.rounds))
            except Unmeasurable as error:
                failed += 1
                print(f"{commit[:12]}: not measured: {error}", file=sys.stderr)
        progress("")
        return 2 if failed == len(commits) else 0


def told(series, change):
    point, before = series.points[change.at], series.points[change.at - 1]
    compiler = f"; {before.compiler} -> {point.compiler}" if before.compiler != point.compiler else ""
    share = f"{change.share * 100:+.1f} %" if change.before else "from nothing"
    between = f"{before.commit}..{point.commit}"
    return f"{share:>10}  {series.name}: {change.before:g} -> {change.after:g} {series.unit}  {between}{compiler}"


def detect_command(args):
    with open_store(args) as store:
        found = 0
        for series in store.series():
            for change in detect.changes([point.value for point in series.points], series.exact):
                found += 1
                word = "worse " if change.after > change.before else "better"
                print(f"{word} {told(series, change)}  {series.points[change.at].subject}")
        print(f"{found} changes")
    return 0


def report_command(args):
    with open_store(args) as store:
        report.write(store, args.to)
    print(f"{args.to}: {os.path.getsize(args.to)} bytes")
    return 0


def list_command(args):
    with open_store(args) as store:
        runs = store.runs()
        for at, facts in runs.items():
            print(f"{at:>5}  {facts['commit_id']:20} {facts['cpu']}, {facts['page_size']}, {facts['compiler']}  "
                  f"{facts['subject']}")
        print(f"{len(runs)} runs")
    return 0


def import_command(args):
    known = {name: value for name, value in (("commit_id", args.commit), ("cpu", args.cpu),
                                             ("committed", args.committed)) if value}
    with open_store(args) as store:
        new = 0
        for path in args.files:
            runs = exchange.read_csv(path) if path.endswith(".csv") else [exchange.read_json(path, **known)]
            new += sum(store.add(*run) for run in runs)
        print(f"{new} runs are new")
    return 0


def export_command(args):
    with open_store(args) as store:
        runs = [(facts, store.figures_of(at)) for at, facts in store.runs().items()]
    if args.to.endswith(".csv"):
        exchange.write_csv(args.to, runs)
    else:
        os.makedirs(args.to, exist_ok=True)
        for number, run in enumerate(runs):
            exchange.write_json(os.path.join(args.to, f"{number:05}-{run[0]['commit_id']}.json"), *run)
    print(f"{len(runs)} runs in {args.to}")
    return 0


def add_record(commands):
    parser = commands.add_parser("record", help="measure, and keep the figures")
    parser.add_argument("--build", default=".", help="a build directory of this tree; default: build it")
    parser.add_argument("--commits", nargs="+", metavar="COMMIT", help="these instead of the tree")
    parser.add_argument("--spread", type=int, metavar="N", help="N commits of the main line")
    parser.add_argument("--since", metavar="COMMIT", help="with --spread: behind this one")
    parser.add_argument("--filter", default=ROWS, help="google-benchmark's names")
    parser.add_argument("--rounds", type=int, default=record.ROUNDS, help="pairs of processes; 0: no times")
    parser.set_defaults(run=record_command)


def add_others(commands):
    commands.add_parser("detect", help="the commits at which something changed").set_defaults(run=detect_command)
    parser = commands.add_parser("report", help="one page of HTML that needs nothing else")
    parser.add_argument("to", metavar="FILE.html")
    parser.set_defaults(run=report_command)
    commands.add_parser("runs", help="what is kept").set_defaults(run=list_command)
    parser = commands.add_parser("import", help="google-benchmark's JSON, or CSV of export")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--commit", help="of JSON that does not say it")
    parser.add_argument("--committed", type=int, metavar="SECONDS", help="when that was, since 1970")
    parser.add_argument("--cpu")
    parser.set_defaults(run=import_command)
    parser = commands.add_parser("export", help="all runs: a .csv, or a folder of google-benchmark's JSON")
    parser.add_argument("to", metavar="FILE.csv|FOLDER")
    parser.set_defaults(run=export_command)


def add(commands):
    add_record(commands)
    add_others(commands)
