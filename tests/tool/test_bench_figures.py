#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the judgement in tools/benchfigures.py, by samples that are made up."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import benchfigures  # pylint: disable=wrong-import-position
import benchlib  # pylint: disable=wrong-import-position
from benchfigures import NOT_MEASURED, PASS, SHORT, Figure, judge  # pylint: disable=wrong-import-position

RATIO = Figure("ours / peer", "q/ours", "q/peer", at_most=1.5)


def entry(name, **more):
    return {"name": name + "/real_time/threads:1", "threads": 1, "real_time": 1e9, **more}


def samples_of(*rounds):
    """Each round is a list of entries, as google-benchmark prints them."""
    samples = benchlib.Samples()
    for entries in rounds:
        samples.begin_round()
        samples.add_result({"context": {"commit": "none"}, "benchmarks": entries})
    return samples


def pair(ours, peer):
    return [entry("q/ours", thread_ns=ours), entry("q/peer", thread_ns=peer)]


class Verdicts(unittest.TestCase):
    def test_at_the_target_is_pass(self):
        self.assertEqual(judge(RATIO, samples_of(pair(1.5, 1.0)))["verdict"], PASS)

    def test_above_the_target_is_short(self):
        self.assertEqual(judge(RATIO, samples_of(pair(1.51, 1.0)))["verdict"], SHORT)

    def test_below_at_least_is_short(self):
        figure = Figure("peer / ours", "q/peer", "q/ours", at_least=4)
        self.assertEqual(judge(figure, samples_of(pair(1.0, 3.9)))["verdict"], SHORT)
        self.assertEqual(judge(figure, samples_of(pair(1.0, 4.1)))["verdict"], PASS)

    def test_a_time_is_judged_in_its_unit(self):
        figure = Figure("alone", "q/ours", at_most=20, unit="us")
        self.assertEqual(judge(figure, samples_of(pair(19e3, 0)))["verdict"], PASS)
        self.assertEqual(judge(figure, samples_of(pair(21e3, 0)))["verdict"], SHORT)

    def test_times_are_subtracted(self):
        figure = Figure("minus clearing", "q/ours", "q/peer", at_most=20, unit="ms")
        self.assertEqual(judge(figure, samples_of(pair(130e6, 115e6)))["value"], 15)

    def test_a_figure_of_its_own_counter(self):
        samples = samples_of([entry("q/ours", thread_ns=1, item_ns=3)])
        self.assertEqual(judge(Figure("item", "q/ours#item_ns", at_most=2, unit="ns"), samples)["verdict"], SHORT)

    def test_without_a_target_there_is_no_pass(self):
        line = judge(RATIO._replace(at_most=None), samples_of(pair(1, 1)))
        self.assertEqual(line["verdict"], benchfigures.NO_TARGET)


class Rounds(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        """The machine slows down for a round: medians of each side apart would give 3."""
        line = judge(RATIO, samples_of(pair(1, 1), pair(300, 300), pair(3, 3), pair(2, 1), pair(3, 1)))
        self.assertEqual(line["value"], 1)

    def test_one_wild_round_does_not_decide(self):
        self.assertEqual(judge(RATIO, samples_of(pair(1, 1), pair(90, 1), pair(1, 1)))["verdict"], PASS)

    def test_a_round_without_the_row_shifts_no_other(self):
        line = judge(RATIO, samples_of(pair(2, 2), [entry("q/ours", thread_ns=50)], pair(4, 4)))
        self.assertEqual((line["value"], line["rounds"]), (1, 2))

    def test_a_row_that_comes_late_keeps_its_round(self):
        line = judge(RATIO, samples_of([entry("q/ours", thread_ns=50)], pair(2, 4)))
        self.assertEqual((line["value"], line["rounds"]), (0.5, 1))


class NotMeasured(unittest.TestCase):
    def test_a_missing_row_is_not_measured(self):
        line = judge(RATIO, samples_of([entry("q/ours", thread_ns=1)]))
        self.assertEqual((line["verdict"], line["why"]), (NOT_MEASURED, "q/peer: no such row"))

    def test_a_skipped_row_is_not_measured(self):
        skip = {"error_occurred": True, "error_message": "skipped: no hugepages"}
        samples = samples_of([entry("q/ours", thread_ns=0.0, **skip), entry("q/peer", thread_ns=1)])
        line = judge(RATIO, samples)
        self.assertEqual((line["verdict"], line["why"]), (NOT_MEASURED, "q/ours: no hugepages"))

    def test_a_processor_without_the_instructions_is_not_measured(self):
        figure = RATIO._replace(needs="avx512f")
        self.assertEqual(judge(figure, samples_of(pair(1, 1)))["verdict"], NOT_MEASURED)
        self.assertEqual(judge(figure, samples_of(pair(1, 1)), ["avx512f"])["verdict"], PASS)

    def test_rows_that_never_share_a_round_are_not_measured(self):
        samples = samples_of([entry("q/ours", thread_ns=1)], [entry("q/peer", thread_ns=1)])
        self.assertEqual(judge(RATIO, samples)["verdict"], NOT_MEASURED)

    def test_without_samples_nothing_is_measured(self):
        lines = benchfigures.judge_all(benchlib.Samples(), ["avx512f"])
        self.assertEqual({line["verdict"] for some in lines.values() for line in some}, {NOT_MEASURED})


class Status(unittest.TestCase):
    def check(self, expected, *verdicts):
        lines = {"work": [{"verdict": verdict} for verdict in verdicts]}
        self.assertEqual(benchfigures.status(lines), expected)

    def test_all_pass_is_0(self):
        self.check(0, PASS, benchfigures.NO_TARGET)

    def test_one_short_is_1(self):
        self.check(1, PASS, SHORT, NOT_MEASURED)

    def test_not_measured_is_not_0(self):
        self.check(2, PASS, NOT_MEASURED)


class Report(unittest.TestCase):
    def test_times_stand_beside_a_ratio(self):
        text = "\n".join(benchfigures.table({"w": [judge(RATIO, samples_of(pair(3.1, 2)))]}))
        self.assertRegex(text, r"ours / peer +<= 1.5 x +1.550 x .* SHORT +3.10 ns / 2.00 ns")

    def test_the_reason_stands_beside_what_is_not_measured(self):
        text = "\n".join(benchfigures.table({"w": [judge(RATIO, samples_of())]}))
        self.assertRegex(text, "not measured +q/ours: no such row")


if __name__ == "__main__":
    unittest.main()
