# SPDX-License-Identifier: BSD-3-Clause
"""The command line of tools/perf."""

import argparse
import json
import os
import sys

from benchlib import ROOT, Unmeasurable, catch_interrupts, write
from perflib import builds, compare, counts, gate, historycommands, measure, noise, selftest, synthetic, turns
from perflib.store import DEFAULT

LIMIT_S = 7200
UNMEASURABLE = 2


def gate_command(args):
    build = builds.of(args.build, [builds.LIBRARY, "bench/counts"])
    measured = counts.measure(build)
    again = counts.measure(build, with_static=False)
    unlike = gate.inexact(measured["figures"], again["figures"])
    if args.write:
        if unlike:
            raise Unmeasurable(f"two runs differ in {', '.join(unlike)}")
        gate.save(measured, args.baseline)
        print(f"{args.baseline}: {len(gate.judged(measured['figures']))} figures for {gate.key_of(measured['environment'])}")
        return gate.PASS
    baseline = gate.load(args.baseline).get(gate.key_of(measured["environment"]))
    if baseline is None:
        print(f"skipped: no baseline for {gate.key_of(measured['environment'])}")
        return gate.NO_BASELINE
    lines = [line if line[0] not in unlike else (*line[:3], gate.INEXACT)
             for line in gate.compare(baseline, measured["figures"], measured["missing"])]
    for text in gate.report(lines, measured["missing"], args.verbose):
        print(text)
    status = gate.status(lines)
    if status == gate.RENEW:
        print("No figure is worse; record what is better or new: tools/perf gate --write, and review the file.")
    print(f"{len(lines)} figures, {sum(line[3] == gate.PASSED for line in lines)} within 1 %")
    return status


def add_gate(commands):
    parser = commands.add_parser("gate", help="exact counts against the baseline in the tree")
    parser.add_argument("--build", default=".", help="a build directory or a commit; default: this tree")
    parser.add_argument("--baseline", default=gate.BASELINE, metavar="FILE")
    parser.add_argument("--write", action="store_true", help="make what is measured the baseline")
    parser.add_argument("--verbose", action="store_true", help="show all figures")
    parser.set_defaults(run=gate_command)


def compare_command(args):
    program = os.path.join(builds.here([builds.LIBRARY, "bench/bench"]), "bench/bench")
    sides = [measure.Side(program, builds.library_folder(builds.of(name, [builds.LIBRARY])))
             for name in (args.before, args.after)]
    try:
        comparison = compare.compare(*sides, args.filter, args.repetitions, args.margin / 100)
    except turns.TooNoisy as error:
        print(error)
        return compare.STATUS[compare.NOISY]
    print("\n".join(compare.lines(comparison.rows)))
    print(f"{args.repetitions} repetitions a side, {comparison.again} made again as the machine was not steady just then")
    verdict = compare.overall(comparison.rows)
    print(verdict)
    return compare.STATUS[verdict]


def add_compare(commands):
    parser = commands.add_parser("compare", help="two builds or commits, run in turns",
                                 description="Exit status: 0 nothing slower, 3 something slower, 4 too noisy to say.")
    parser.add_argument("before", help="a build directory, a commit, or . for this tree")
    parser.add_argument("after")
    parser.add_argument("--filter", default=measure.ROWS, help="regular expression of google-benchmark's names")
    parser.add_argument("--repetitions", type=int, default=compare.REPETITIONS)
    parser.add_argument("--margin", type=float, default=compare.MARGIN * 100, help="per cent that nobody would mind")
    parser.set_defaults(run=compare_command)


def self_test_command(args):
    return selftest.run(args.full, args.only, args.series, args.seed, args.noise)


def noise_command(args):
    build = builds.of(args.build, [builds.LIBRARY, "bench/bench"])

    def write_all(rows):
        write(args.to, json.dumps({"rows": rows}, separators=(",", ":")) + "\n")

    noise.take(measure.side_of(build), args.filter, args.runs, write_all)
    return 0


def add_tests(commands):
    parser = commands.add_parser("self-test", help="what is planted must be found, and nothing else")
    parser.add_argument("--full", action="store_true", help="all sizes, 1000 series, 45 comparisons of builds (half an hour)")
    parser.add_argument("--only", nargs="+", choices=selftest.PARTS, default=(), help="these parts")
    parser.add_argument("--series", type=int, default=0, help="how many made-up series; default 200, full 1000")
    parser.add_argument("--seed", type=int, default=selftest.SEED)
    parser.add_argument("--noise", default=synthetic.NOISE, metavar="FILE", help="of tools/perf noise")
    parser.set_defaults(run=self_test_command)
    parser = commands.add_parser("noise", help="what this machine does to times when nothing changes")
    parser.add_argument("to", metavar="FILE")
    parser.add_argument("--build", default=".")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--filter", default=measure.ROWS)
    parser.set_defaults(run=noise_command)
    commands.add_parser("clean", help="remove the builds of commits").set_defaults(run=lambda _: builds.clean() or 0)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tools/perf", description="Performance over the commits: docs/perf.md.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    parser.add_argument("--db", default=os.environ.get("RCUMEM_PERF_DB", os.path.join(ROOT, DEFAULT)),
                        help="where runs are kept: a file of SQLite, or postgresql://...")
    for add in (add_gate, add_compare, historycommands.add, add_tests):
        add(commands)
    args = parser.parse_args(arguments)
    catch_interrupts(LIMIT_S)
    try:
        return args.run(args)
    except (Unmeasurable, OSError, KeyboardInterrupt) as error:
        print(f"perf: {error}", file=sys.stderr)
        return UNMEASURABLE
