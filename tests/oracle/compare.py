# SPDX-License-Identifier: BSD-3-Clause
"""Comparing what two drivers say: record by record, the deviations that are meant apart."""

import collections
import errno
import fnmatch
import itertools
import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
RECORD = struct.Struct("<HHiqQII")
CHUNK = 4096 * RECORD.size
HEADER = 0xffff
SKIPPED = 0

# A pointer that is NULL is "not found": an answer, but no success.
POINTERS = ("rte_mem_virt2memseg", "rte_mem_virt2memseg_list", "rte_mem_iova2virt")

Record = collections.namedtuple("Record", "fn row err ret seen op cnt")
Difference = collections.namedtuple("Difference", "index dpdk rcumem why")


class Broken(Exception):
    """It cannot be compared at all."""


def matches(pattern, ret, err):
    """Is that one of the alternatives of a pattern?  See row.h."""
    for alternative in pattern.split("|"):
        want, _, name = alternative.partition(" ")
        if err != (getattr(errno, name) if name else 0):
            continue
        if want == "any" or (want == "found" and ret) or (want == "many" and ret >= 0):
            return True
        if want not in ("found", "many") and ret == int(want):
            return True
    return False


class Tables:
    """What the drivers call functions and rows, and what deviations.txt says of them."""

    def __init__(self, driver):
        self.functions, self.rows, self.patterns, self.violations = [], [], [], []
        for line in subprocess.run([driver, "--tables"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout.splitlines():
            kind, name, *rest = line.split(maxsplit=2)
            if kind == "function":
                self.functions.append(name)
            elif kind == "violation":
                self.violations.append(name)
            else:
                self.rows.append(name)
                self.patterns.append(rest[0])
        self.deviations = {}
        for line in (HERE / "deviations.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                self.add_deviation(*(part.strip() for part in line.split(";", 4)))

    def add_deviation(self, functions, row, dpdk, rcumem, why):
        found = fnmatch.filter(self.functions, functions)
        if not found or row not in self.rows or not why:
            raise Broken(f"deviations.txt: {functions} ; {row}: no such function or row, or no reason")
        for name in found:
            self.deviations[self.functions.index(name), self.rows.index(row)] = (dpdk, rcumem)

    def judge(self, dpdk, rcumem):
        """The row that a pair of answers counts for, or None and what is wrong."""
        for row in {dpdk.row, rcumem.row}:
            meant = self.deviations.get((rcumem.fn, row))
            if meant and matches(meant[0], dpdk.ret, dpdk.err) \
                    and matches(meant[1], rcumem.ret, rcumem.err):
                return row, None
        if dpdk != rcumem:
            return None, "they differ"
        if not matches(self.patterns[rcumem.row], rcumem.ret, rcumem.err):
            return None, "both are not as the row says: " + self.patterns[rcumem.row]
        return rcumem.row, None


class Counts:
    """How often each function met each row, and how often it succeeded."""

    def __init__(self, tables):
        self.tables = tables
        self.rows = collections.Counter()
        self.good = collections.Counter()

    def add(self, record, row):
        name = self.tables.functions[record.fn]
        walk = name.startswith("rte_memseg_") and "walk" in name
        self.rows[record.fn, row] += 1
        if record.err == 0 and (walk or record.ret != -1) and (name not in POINTERS or record.ret):
            self.good[record.fn] += 1

    def lines(self):
        """The table, as text: each function, then its rows."""
        for fn, name in enumerate(self.tables.functions):
            yield f"{name:40} {self.calls(fn):8} calls {self.good[fn]:8} succeeded"
            for (_, row), cnt in sorted(item for item in self.rows.items() if item[0][0] == fn):
                deviates = "  deviates" if (fn, row) in self.tables.deviations else ""
                yield f"    {self.tables.rows[row]:36} {cnt:8} times {cnt:8} as the row says{deviates}"

    def calls(self, fn):
        return sum(cnt for (of, _), cnt in self.rows.items() if of == fn)

    def rare(self, least):
        """What came too seldom to prove anything."""
        met = {row for _, row in self.rows}
        for fn, name in enumerate(self.tables.functions):
            if self.good[fn] < least:
                yield f"{name}: {self.good[fn]} successes"
        for (fn, row), cnt in sorted(self.rows.items()):
            if cnt < least:
                yield f"{self.tables.functions[fn]}, row {self.tables.rows[row]}: {cnt} times"
        for row, name in enumerate(self.tables.rows):
            if row != SKIPPED and row not in met:
                yield f"row {name}: never"


def records(stream):
    """Records of a stream, None for ever when it has ended."""
    while True:
        data = stream.read(CHUNK)
        yield from map(Record._make, RECORD.iter_unpack(data[:len(data) // RECORD.size * RECORD.size]))
        if len(data) < CHUNK:
            break
    yield from itertools.repeat(None)


def compare(tables, dpdk, rcumem, counts=None):
    """The first difference of two streams, or None.  Counts what is equal."""
    ours, theirs = records(rcumem), records(dpdk)
    headers = next(theirs), next(ours)
    if None in headers or headers[0] != headers[1] or headers[0].fn != HEADER:
        raise Broken(f"the drivers do not start alike: {headers}")
    known = {}
    for index, (a, b) in enumerate(zip(theirs, ours)):
        if a is None or b is None:
            return Difference(index, a, b, "one of them has died") if a or b else None
        if a.fn != b.fn or a.op != b.op:
            raise Broken(f"operation {index}: the drivers were asked differently")
        if a.row == b.row == SKIPPED:
            continue
        key = (a == b, a.fn, a.row, b.row, a.ret, b.ret, a.err, b.err)
        row = known.get(key)
        if row is None:
            row, why = tables.judge(a, b)
            if why:
                return Difference(index, a, b, why)
            if -1 <= a.ret <= 1:
                known[key] = row
        if counts:
            counts.add(b, row)
    raise AssertionError
