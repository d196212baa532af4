# SPDX-License-Identifier: BSD-3-Clause
"""Regressions planted into a build: a few instructions more at the beginning of a function.

Nothing in the tree changes: a copy of the source is compiled as the build compiles the
original, and linked in front of it.
"""

import os
import re
import shlex
import tempfile

from benchlib import ROOT, Unmeasurable, hugepages_if_any
from perflib import builds
from perflib.counts import instructions

# Of each counted reader: where the extra instructions go.  What includes a header stands before it.
PLAIN, AVX2 = ("src/batch_plain.c",), ("src/batch_avx2.c", "src/batch_lanes.h")
INLINE = ("bench/counts_readers.c", "include/rcumem_inline.h")
INLINE_HUGE = ("bench/counts_huge.c", "include/rcumem_inline.h")
LOOKUP, TRANSLATE, SPACE = ("src/lookup.c",), ("src/translate.c",), ("src/space_lookup.c",)
SECTION, WALK = ("src/reader.c",), ("src/walk.c",)
READERS = {
    "virt2memseg": (LOOKUP, "rte_mem_virt2memseg"),
    "virt2memseg_miss": (LOOKUP, "rte_mem_virt2memseg"),
    "virt2memseg_external": (("src/external_lookup.c",), "external_segment_of"),
    "virt2memseg_list": (LOOKUP, "rte_mem_virt2memseg_list"),
    "virt2memseg_2m": (LOOKUP, "rte_mem_virt2memseg"),
    "iova2virt": (LOOKUP, "rte_mem_iova2virt"),
    "iova2virt_miss": (LOOKUP, "iova2virt_far"),
    "iova2virt_external": (("src/external_lookup.c",), "external_iova2virt"),
    "iova2virt_2m": (LOOKUP, "rte_mem_iova2virt"),
    "rcumem_iova2virt": (TRANSLATE, "rcumem_iova2virt"),
    "rcumem_iova2virt_2m": (TRANSLATE, "rcumem_iova2virt"),
    "rcumem_virt2iova": (TRANSLATE, "rcumem_virt2iova"),
    "rcumem_virt2iova_2m": (TRANSLATE, "rcumem_virt2iova"),
    "rcumem_virt2iova_external": (TRANSLATE, "external_iova"),
    "inline_virt2memseg": (INLINE, "rcumem_raw_virt2memseg"),
    "inline_virt2memseg_2m": (INLINE_HUGE, "rcumem_raw_virt2memseg"),
    "inline_iova2virt": (INLINE, "rcumem_raw_iova2virt"),
    "inline_iova2virt_2m": (INLINE_HUGE, "rcumem_raw_iova2virt"),
    "space_map": (SPACE, "rcumem_space_map"),
    "map_iova2virt": (SPACE, "rcumem_map_iova2virt"),
    "map_user": (SPACE, "rcumem_map_user"),
    "map_count": (SPACE, "rcumem_map_count"),
    "section": (SECTION, "rcumem_read_lock"),
    "quiescent": (SECTION, "rcumem_reader_quiescent"),
    "offline_online": (SECTION, "rcumem_reader_offline"),
    "walk": (WALK, "rte_memseg_walk"),
    "walk_thread_unsafe": (WALK, "rte_memseg_walk_thread_unsafe"),
    "contig_walk": (WALK, "rte_memseg_contig_walk"),
    "contig_walk_thread_unsafe": (WALK, "rte_memseg_contig_walk_thread_unsafe"),
    "list_walk": (WALK, "rte_memseg_list_walk"),
    "list_walk_thread_unsafe": (WALK, "rte_memseg_list_walk_thread_unsafe"),
    "batch_iova2virt_plain": (PLAIN, "kernel_iova2virt"),
    "batch_virt2iova_plain": (PLAIN, "kernel_virt2iova"),
    "batch_virt2iova_plain_2m": (PLAIN, "kernel_virt2iova"),
    "batch_same_plain": (PLAIN, "kernel_same"),
    "batch_iova2virt_avx2": (AVX2, "kernel_iova2virt"),
    "batch_virt2iova_avx2": (AVX2, "kernel_virt2iova"),
    "batch_virt2iova_avx2_2m": (AVX2, "kernel_virt2iova"),
    "batch_same_avx2": (AVX2, "kernel_same"),
}
NOPS = "nop"
# Each waits for the one before, three cycles: an addition of nothing is no work for recent processors.
CHAIN = "imul $1, %%rsp, %%rsp"


def planted_text(text, function, count, instruction):
    """The source with `count` instructions at the beginning of the function's body."""
    start = re.search(rf"^[a-zA-Z].*\b{function}\((?:[^;{{]|\n)*?\)\n\{{\n", text, re.MULTILINE)
    if not start:
        raise Unmeasurable(f"no definition of {function}()")
    line = f'\t__asm__ volatile(".rept {count}\\n\\t{instruction}\\n\\t.endr" ::: "cc");\n'
    return text[:start.end()] + line + text[start.end():]


def commands_of(build, target):
    return builds.run(["ninja", "-C", build, "-t", "commands", target], 60).splitlines()


class Planting:
    """Copies of sources in a folder, compiled and linked as a build does it."""

    def __init__(self, build, folder, target):
        self.build, self.folder, self.target = os.path.abspath(build), folder, target
        self.commands = [line for line in commands_of(build, target) if not line.startswith(("rm ", "python"))]
        self.sources = {}

    def plant(self, files, function, count, instruction=NOPS):
        """The last of `files` has the function; all are compiled from copies."""
        for path in files:
            if path not in self.sources:
                with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                    self.sources[path] = file.read()
        self.sources[files[-1]] = planted_text(self.sources[files[-1]], function, count, instruction)

    def compile(self, path):
        """The object of a copy."""
        for command in self.commands:
            words = shlex.split(command)
            if "-c" in words and os.path.abspath(os.path.join(self.build, words[-1])).endswith("/" + path):
                source, made = os.path.join(self.folder, os.path.basename(path)), os.path.basename(path) + ".o"
                words[-1] = source
                words[words.index("-o") + 1] = os.path.join(self.folder, made)
                words[words.index("-MF") + 1] = os.path.join(self.folder, made + ".d")
                builds.run([words[0], f"-I{self.folder}", *words[1:]], cwd=self.build)
                return os.path.join(self.folder, made), os.path.basename(words[words.index("-MQ") + 1])
        raise Unmeasurable(f"{self.target} is not made of {path}")

    def link(self, name):
        """The target with the copies in it; its path."""
        for path, text in self.sources.items():
            with open(os.path.join(self.folder, os.path.basename(path)), "w", encoding="utf-8") as file:
                file.write(text)
        objects = {}
        for path in self.sources:
            if path.endswith(".c"):
                made, replaced = self.compile(path)
                objects[replaced] = made
        words, result = shlex.split(self.commands[-1]), os.path.join(self.folder, name)
        words[words.index("-o") + 1] = result
        kept = [word for word in words if os.path.basename(word) not in objects]
        at = next(i for i, word in enumerate(kept) if word.endswith((".o", ".a")))
        builds.run([*kept[:at], *objects.values(), *kept[at:]], cwd=self.build)
        return result


def more_than(share, count):
    """The least number of instructions that is more than this share of a count."""
    return int(count * share) + 1


def counts_with(build, plants):
    """Instructions with `plants` in the build: [(files, function, count)]."""
    with tempfile.TemporaryDirectory() as folder:
        planting = Planting(build, folder, "bench/counts")
        for plant in plants:
            planting.plant(*plant)
        program = planting.link("counts")
        with hugepages_if_any(4):
            return {**instructions(program, "4k")[0], **instructions(program, "2m")[0]}
