#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same commands of tools/perf with SQLite and with a PostgreSQL server, which must say the same.

Usage: tests/perf/stores.py

The server is Debian's, in a folder of its own, started here as an unprivileged user and ended
here.  Where there is none its part is skipped; SQLite's is not.  The last line is
`N passed, N failed[, N skipped]`.
"""

import contextlib
import glob
import io
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from perflib import commands, selftest, synthetic  # noqa: E402

USERS = ("postgres", "nobody")
LIMIT_S = 120


@contextlib.contextmanager
def server():
    """The URL of a server, or None where there is none."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not programs:
        yield None
        return
    programs = os.path.dirname(programs[-1])
    user = next(name for name in USERS if name in {entry.pw_name for entry in pwd.getpwall()})
    become = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
    folder = tempfile.mkdtemp(prefix="perf-postgresql-")
    data = os.path.join(folder, "data")

    def server_command(*command):
        # The server keeps what it inherits open: no pipes.
        with open(os.path.join(folder, "said"), "w", encoding="utf-8") as said:
            done = subprocess.run([*become, *command], cwd=folder, timeout=LIMIT_S, check=False,
                                  stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        if done.returncode != 0:
            with open(os.path.join(folder, "said"), encoding="utf-8") as said:
                raise RuntimeError(f"{command[0]}: {said.read()[-600:]}")

    try:
        if become:
            shutil.chown(folder, user)
        server_command(f"{programs}/initdb", "-D", data, "-A", "trust", "-U", "perf", "--no-sync")
        server_command(f"{programs}/pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "start", "-o",
                       f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off")
        try:
            yield f"postgresql://perf@/postgres?host={folder}"
        finally:
            server_command(f"{programs}/pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Test:
    def __init__(self, folder):
        self.folder, self.passed, self.failed = folder, 0, 0

    def check(self, what, holds):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok     ' if holds else 'FAILED '} {what}", flush=True)

    @staticmethod
    def call(url, *arguments):
        """Status, output and errors of tools/perf, without the time that another Python takes to begin."""
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            status = commands.main(["--db", url, *arguments])
        return status, output.getvalue(), errors.getvalue()

    def perf(self, url, *arguments):
        status, output, errors = self.call(url, *arguments)
        if status != 0:
            self.check(f"{' '.join(arguments)}: {errors.strip()[-300:]}", False)
        return output

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def commands(self, title, url, source):
        """What each command says, by its name, after `source` was brought in."""
        def path(name):
            return os.path.join(self.folder, name)

        said = {"import": self.perf(url, "import", *source), "again": self.perf(url, "import", *source)}
        said |= {name: self.perf(url, name) for name in ("runs", "detect")}
        self.perf(url, "export", path(f"{title}.csv"))
        self.perf(url, "export", path(f"{title}.json"))
        self.perf(url, "report", path(f"{title}.html"))
        said |= {"export": self.read(f"{title}.csv"), "report": self.read(f"{title}.html")}
        self.check(f"{title}: what is imported twice is there once", said["again"].startswith("0 runs"))
        self.check(f"{title}: changes are found: {said['detect'].splitlines()[-1]}", not said["detect"].startswith("0 "))
        return said

    def alike(self, title, one, other):
        for name in one:
            self.check(f"{title}: {name} says the same", one[name] == other[name])

    def refused(self, url):
        for name, text in (("x.json", "{}"), ("y.csv", "a,b\n1,2\n"), ("z.json", "no")):
            path = os.path.join(self.folder, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            status, _, errors = self.call(url, "import", path)
            self.check(f"{text!r} is refused", status == 2 and errors.startswith("perf: "))


def main():
    skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        test = Test(folder)
        selftest.large_history(os.path.join(folder, "made.sqlite"), synthetic.NOISE, 40, 12)
        test.perf(os.path.join(folder, "made.sqlite"), "export", os.path.join(folder, "made.csv"))
        source = [os.path.join(folder, "made.csv")]
        sqlite = test.commands("sqlite", os.path.join(folder, "h.sqlite"), source)
        test.check("CSV in and out is the same", sqlite["export"] == test.read("made.csv"))
        files = sorted(glob.glob(os.path.join(folder, "sqlite.json", "*.json")))
        test.alike("through google-benchmark's JSON", sqlite, test.commands("json", os.path.join(folder, "j.sqlite"), files))
        test.refused(os.path.join(folder, "h.sqlite"))
        with server() as url:
            if url:
                test.alike("PostgreSQL", sqlite, test.commands("postgresql", url, source))
                test.refused(url)
            else:
                skipped = 1
                print("skipped no PostgreSQL: tools/setup")
    print(f"{test.passed} passed, {test.failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())
