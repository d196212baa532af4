# SPDX-License-Identifier: BSD-3-Clause
"""Tier 3's memory: every run with what it was made of, in SQLite or PostgreSQL.

A figure is a number of a benchmark in a run.  A *series* is one benchmark on one kind of
machine (CPU and page size), in the order of the commits: what other machines say is never
laid beside it.
"""

import sqlite3
from typing import NamedTuple

from benchlib import Unmeasurable

# What belongs to a run, in the order of the table.
FACTS = ("commit_id", "committed", "recorded", "subject", "compiler", "flags", "kernel", "cpu", "page_size", "source")
NUMBERS = ("committed", "recorded")
DEFAULT = "build-perf/history.sqlite"

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (id {serial}, {facts},
	UNIQUE (commit_id, recorded, cpu, page_size, source));
CREATE TABLE IF NOT EXISTS benchmarks (id {serial}, name TEXT NOT NULL, unit TEXT NOT NULL,
	exact INTEGER NOT NULL, UNIQUE (name, unit));
CREATE TABLE IF NOT EXISTS figures (run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	benchmark INTEGER NOT NULL REFERENCES benchmarks (id), value DOUBLE PRECISION NOT NULL,
	PRIMARY KEY (benchmark, run))
"""


class Figure(NamedTuple):
    name: str
    unit: str
    exact: bool  # Every run of the commit has the same.
    value: float


class Point(NamedTuple):
    run: int
    commit: str
    committed: int
    subject: str
    compiler: str
    value: float


class Series(NamedTuple):
    name: str
    unit: str
    exact: bool
    machine: str  # CPU and page size.
    points: list


def is_postgresql(url):
    return url.startswith(("postgresql://", "postgres://"))


def connect(url):
    """A connection, and what a value in a statement is written as."""
    if not is_postgresql(url):
        connection = sqlite3.connect(url)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection, "?"
    try:
        import psycopg2  # pylint: disable=import-outside-toplevel; a laboratory has it, others need not.
    except ImportError as error:
        raise Unmeasurable("PostgreSQL needs python3-psycopg2: tools/setup") from error
    try:
        return psycopg2.connect(url), "%s"
    except psycopg2.OperationalError as error:
        raise Unmeasurable(f"{url}: {error}") from error


class Store:
    def __init__(self, url):
        self.connection, self.mark = connect(url)
        serial = "SERIAL PRIMARY KEY" if self.mark == "%s" else "INTEGER PRIMARY KEY"
        facts = ", ".join(f"{name} {'BIGINT' if name in NUMBERS else 'TEXT'} NOT NULL" for name in FACTS)
        for statement in SCHEMA.format(serial=serial, facts=facts).split(";"):
            self.ask(statement)
        self.connection.commit()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, statement, values=()):
        cursor = self.connection.cursor()
        cursor.execute(statement.replace("?", self.mark), values)
        return cursor

    def insert(self, statement, rows):
        """Many rows at once: `statement` ends with VALUES."""
        if not rows:
            return
        if self.mark == "%s":
            from psycopg2.extras import execute_values  # pylint: disable=import-outside-toplevel
            execute_values(self.connection.cursor(), f"{statement} %s", rows, page_size=5000)
        else:
            marks = ", ".join("?" * len(rows[0]))
            self.connection.cursor().executemany(f"{statement} ({marks})", rows)

    def benchmark_ids(self, figures):
        wanted = {(figure.name, figure.unit): int(figure.exact) for figure in figures}
        known = {(name, unit): at for at, name, unit in self.ask("SELECT id, name, unit FROM benchmarks")}
        self.insert("INSERT INTO benchmarks (name, unit, exact) VALUES",
                    [(*key, exact) for key, exact in wanted.items() if key not in known])
        return {(name, unit): at for at, name, unit in self.ask("SELECT id, name, unit FROM benchmarks")}

    def add(self, facts, figures):
        """One run: False when it is there already."""
        values = [facts[name] for name in FACTS]
        key = ("commit_id", "recorded", "cpu", "page_size", "source")
        same = " AND ".join(f"{name} = ?" for name in key)
        if self.ask(f"SELECT id FROM runs WHERE {same}", [facts[name] for name in key]).fetchone():
            return False
        try:
            marks = ", ".join("?" * len(FACTS))
            run = self.ask(f"INSERT INTO runs ({', '.join(FACTS)}) VALUES ({marks}) RETURNING id", values).fetchone()[0]
            ids = self.benchmark_ids(figures)
            self.insert("INSERT INTO figures (run, benchmark, value) VALUES",
                        [(run, ids[figure.name, figure.unit], figure.value) for figure in figures])
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()
        return True

    def runs(self):
        """All runs, by the time of their commits: {id: facts}."""
        rows = self.ask(f"SELECT id, {', '.join(FACTS)} FROM runs ORDER BY committed, recorded, id").fetchall()
        return {row[0]: dict(zip(FACTS, row[1:])) for row in rows}

    def series(self):
        """All series, by name; the points in the order of the commits."""
        runs, found = self.runs(), {}
        order = {run: place for place, run in enumerate(runs)}
        rows = self.ask("SELECT name, unit, exact, run, value FROM figures JOIN benchmarks ON benchmark = id").fetchall()
        for name, unit, exact, run, value in sorted(rows, key=lambda row: (row[0], order[row[3]])):
            facts = runs[run]
            machine = f"{facts['cpu']}, {facts['page_size']}"
            series = found.setdefault((name, unit, machine), Series(name, unit, bool(exact), machine, []))
            series.points.append(Point(run, facts["commit_id"], facts["committed"], facts["subject"],
                                       facts["compiler"], value))
        return list(found.values())

    def figures_of(self, run):
        rows = self.ask("SELECT name, unit, exact, value FROM figures JOIN benchmarks ON benchmark = id "
                        "WHERE run = ? ORDER BY name, unit", (run,)).fetchall()
        return [Figure(name, unit, bool(exact), value) for name, unit, exact, value in rows]
