# SPDX-License-Identifier: BSD-3-Clause
"""Builds of this tree and of commits, as the figures want them: release, nothing else differing."""

import glob
import os
import re
import shutil
import subprocess

from benchlib import ROOT, Unmeasurable

FOLDER = os.path.join(ROOT, "build-perf")
SETUP = ("--buildtype", "release", "-Dtests=disabled")
LIMIT_S = 900
LIBRARY = "librcumem.so"


def run(command, limit_s=LIMIT_S, **options):
    """Standard output; what went wrong is in the exception."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unmeasurable(str(error)) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise Unmeasurable(f"{' '.join(command)} ended with {done.returncode}: {said[-800:]}")
    return done.stdout


def git(*arguments):
    return run(["git", "-C", ROOT, *arguments], 60).strip()


def build(source, folder, targets):
    """Configure if need be, and build."""
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        run(["meson", "setup", *SETUP, folder, source])
    return make(folder, targets)


def library_of(folder):
    """The shared library as ninja knows it: its name has the version in it."""
    with open(os.path.join(folder, "build.ninja"), encoding="utf-8") as file:
        return re.search(r"^build (src/librcumem\.so\.[0-9.]+):", file.read(), re.MULTILINE)[1]


def make(folder, targets):
    """Targets of ninja, or LIBRARY."""
    run(["ninja", "-C", folder, *(library_of(folder) if name == LIBRARY else name for name in targets)])
    return folder


def here(targets):
    """A build of the tree as it is."""
    return build(ROOT, os.path.join(FOLDER, "tree"), targets)


def library_folder(build):
    """A folder that has the shared library under the name that programs ask for."""
    folder = os.path.join(build, "libraries")
    os.makedirs(folder, exist_ok=True)
    link = os.path.join(folder, "librcumem.so.0")
    if not os.path.lexists(link):
        os.symlink(next(path for path in glob.glob(f"{build}/src/librcumem.so.*.*.*") if os.path.isfile(path)), link)
    return folder


def symbols(path, kind):
    """Names of the library's interface that a file defines or leaves undefined."""
    lines = run(["nm", "-D", f"--{kind}-only", path], 60).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if re.search(r" (rte|rcumem)_\w+(@|$)", line)}


def stand_ins(program, folder):
    """A library of what `program` needs and an old library has not: without, it would not start.  "": nothing."""
    missing = sorted(symbols(program, "undefined") - symbols(os.path.join(folder, "librcumem.so.0"), "defined"))
    if not missing:
        return ""
    source, made = os.path.join(folder, "stand-ins.c"), os.path.join(folder, "stand-ins.so")
    with open(source, "w", encoding="ascii") as file:
        file.write("#include <stdio.h>\n#include <unistd.h>\n")
        for name in missing:
            file.write(f'void {name}(void);\nvoid {name}(void)\n{{\n\tdprintf(2, "the library has no {name}()\\n");\n\t_exit(1);\n}}\n')
    run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", made, source], 60)
    return made


def resolve(name):
    """The commit that `name` stands for."""
    return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def of_commit(name, targets):
    """A build of a commit, from a copy of its files; kept until `tools/perf clean`."""
    commit = resolve(name)
    source = os.path.join(FOLDER, commit[:12])
    if not os.path.exists(os.path.join(source, "meson.build")):
        os.makedirs(source, exist_ok=True)
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    return build(source, os.path.join(source, "build"), targets)


def of(name, targets):
    """`name` is a build, "." for this tree, or a commit."""
    if name == ".":
        return here(targets)
    if os.path.exists(os.path.join(name, "build.ninja")):
        return make(name, targets)
    return of_commit(name, targets)


def clean():
    shutil.rmtree(FOLDER, ignore_errors=True)
