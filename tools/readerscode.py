# SPDX-License-Identifier: BSD-3-Clause
"""The code of a shared library as tools/check-readers reads it: instructions, symbols, relocations."""

import re
import subprocess

PREFIX = re.compile(r"^(?:(?:rep\w*|notrack|bnd|data16|cs|ds|es|addr32|rex\S*|xacquire|xrelease) +)+")
# What compilers add to the names of parts and variants of a function.
CLONE = re.compile(r"\.(?:part|isra|constprop|cold)\b.*")
COLD = re.compile(r"\.cold(?:\.\d+)?$")


def tool(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def operands(text):
    return re.split(r",(?![^(]*\))", text) if text else []


class Library:
    """Instructions, function symbols and relocations of a shared library."""

    def __init__(self, path):
        self.code = {}  # {address: (mnemonic, operands, text, next address)}
        self.starts = {}  # {address: name} of functions; one name each,
        self.names = []  # and all of them: (name, address).
        self.objects = {}  # {name: (address, length)}, thread-local ones by their offset
        self.tpoff, self.imported, self.relative = {}, {}, {}
        for line in tool("readelf", "-sW", path):
            field = line.split()
            if len(field) < 8 or field[6] == "UND" or field[3] not in ("FUNC", "OBJECT", "TLS"):
                continue
            address, name = int(field[1], 16), field[7].split("@")[0]
            if field[3] == "FUNC":
                self.starts.setdefault(address, name)
                self.names.append((name, address))
            else:
                self.objects[name] = (address, int(field[2], 0))
        for line in tool("readelf", "-rW", path):
            field = line.split()
            if len(field) < 4 or not field[2].startswith("R_X86_64_"):
                continue
            where, kind = int(field[0], 16), field[2][9:]
            if kind == "TPOFF64":
                self.tpoff[where] = int(field[3], 16)
            elif kind == "RELATIVE":
                self.relative[where] = int(field[3], 16)
            elif kind in ("GLOB_DAT", "JUMP_SLOT"):
                self.imported[where] = field[4]
        self.disassemble(path)

    def disassemble(self, path):
        before = None
        for line in tool("objdump", "-d", "-j", ".text", "--no-show-raw-insn", path):
            found = re.match(r"^ +([0-9a-f]+):\t(.*)", line)
            if not found:
                continue
            address, text = int(found[1], 16), found[2].strip()
            plain = text.split("#")[0].strip()
            words = PREFIX.sub("", plain).split(None, 1)
            if words:
                words[0] = re.sub(r"^(call|ret|jmp|push|pop|leave)q$", r"\1", words[0])  # Older binutils.
            # A rip-relative operand becomes the address that objdump works out.
            target = re.search(r"# ([0-9a-f]+)", text)
            args = operands(words[1]) if len(words) > 1 else []
            if target:
                args = [re.sub(r"-?0x[0-9a-f]+\(%rip\)", f"0x{target[1]}(%rip)", arg) for arg in args]
            self.code[address] = [words[0] if words else "", args, text, None]
            if before is not None:
                self.code[before][3] = address
            before = address

    def starts_of(self, name):
        """Where functions of this name begin, those that the compiler made of it included."""
        whole = [(full, at) for full, at in self.names if not COLD.search(full)]
        return sorted({at for full, at in whole if CLONE.sub("", full) == name})

    def table(self, name):
        """The functions whose addresses an object holds."""
        if name not in self.objects:
            return []
        first, length = self.objects[name]
        held = [to for at, to in sorted(self.relative.items()) if first <= at < first + length]
        return [to for to in held if to in self.starts]
