# SPDX-License-Identifier: BSD-3-Clause
"""What a function and all that it calls may write to, call and wait for: the half of
tools/check-readers that knows the machine.

A function is followed from its first instruction over all branches, with the facts of
readersstate.py.  A store is allowed where a fact says so.  An instruction that is not known
here is taken to write its last operand and loses the fact about it, so that what is missing
makes a false alarm.  Trusted are the ABI (a callee keeps rsp and the registers that it has
to save) and that a pointer or an index stays in its array.  Beyond the ABI gcc may know what
else a callee keeps; with -Os it uses that in walks, which is such an alarm.
"""

import re

from readerscode import CLONE, COLD
from readersstate import REGISTERS, Memory, State, join, number, on_stack, own, writable

ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
SCRATCH = (*ARGUMENTS, "rax", "r10", "r11")
# What reads its last operand, and what does if it has but one.
READS = re.compile(r"^(?:(?:cmp|test|bt|nop)[bwlq]?|v?ptest|v?u?comis[sd]|push|prefetch\w*)$")
READS_ONE = re.compile(r"^i?(?:mul|div)[bwlq]?$")
FORBIDDEN = re.compile(
    r"^(?:lock|[lms]fence|cpuid|serialize|syscall|sysenter|sysret[lq]?|int3?|iretq?|hlt|rdtscp|"
    r"x(?:begin|end|abort)|v?maskmov(?:dqu|q)|ins?[bwl]?|outs?[bwl]?|wbinvd|u?mwait\w*|u?monitor\w*|"
    r"\(bad\))$"
)
# Registers that are written without being the last operand.
STRING = re.compile(r"^(?:stos|movs[bwlq]$|lods|scas|cmps[bwlq]$)")
HIDDEN = {"cqto": ("rdx",), "cltd": ("rdx",), "cltq": ("rax",), "cwtl": ("rax",), "rdtsc": ("rax", "rdx")}


def width(mnemonic, args):
    """Bytes that a store writes, or more."""
    for register, length in (("%zmm", 64), ("%ymm", 32), ("%xmm", 16)):
        if any(arg.startswith(register) for arg in args):
            return length
    if mnemonic.startswith(("f", "x")):
        return 1 << 30
    register = args[0].lstrip("%")
    return 4 if REGISTERS.get(register, register) != register or re.match(r"mov[lwb]$", mnemonic) else 8


class Path:
    """What is reached from one function, and what is wrong with it.

    rules: "boundaries" {function that is not followed: arguments that must be own},
    "indirect" {function that may call through a pointer, or "*": arguments that must be own},
    "section" (thread-local memory and the reader's word may be written, and a fence may
    stand where rcu_self.fence is set), "reader" and "fence" (offsets of these members).
    """

    def __init__(self, library, rules, start, outputs):
        self.library, self.rules = library, rules
        self.problems, self.instructions = {}, set()
        self.left, self.pointers = set(), set()  # Of the exceptions, those that were needed.
        self.waiting, self.seen, self.functions = [], set(), []
        self.function, self.at = start, start
        self.wait_for(start, {name: "own" for name in outputs})
        while self.waiting:
            self.follow(*self.waiting.pop())

    def problem(self, why):
        name = self.library.starts[self.function]
        text = re.sub(r"\s+", " ", self.library.code[self.at][2])
        self.problems[(self.at, why)] = f"{why}: {name}+{self.at - self.function:#x}: {text}"

    def wait_for(self, start, arguments):
        key = (start, tuple(arguments.items()))
        if key not in self.seen:
            self.seen.add(key)
            self.waiting.append(key)

    def follow(self, start, arguments):
        """One function; it returns when nothing new is known of any instruction."""
        self.function = start
        name = self.library.starts[start]
        if name not in self.functions:
            self.functions.append(name)
        states = {start: State({"rsp": ("sp", 0, 0), **dict(arguments)})}
        work = [start]
        while work:
            self.at = work.pop()
            self.instructions.add(self.at)
            for target, state in self.step(states[self.at].copy()):
                if target not in self.library.code:
                    self.problem("leaves the library's code")
                elif target not in states:
                    states[target] = state
                    work.append(target)
                elif states[target].join(state):
                    work.append(target)

    def enter(self, start, state):
        """A call or tail call."""
        name = self.library.starts.get(start)
        if name is None or start not in self.library.code:
            self.problem("calls outside the library (PLT)")
            return
        base = CLONE.sub("", name)
        if base in self.rules["boundaries"]:
            self.left.add(base)
            self.need(self.rules["boundaries"][base], state)
        else:
            known = {name: state.get(name) for name in ARGUMENTS if writable(state.get(name))}
            self.wait_for(start, {name: "own" if own(value) else value for name, value in known.items()})

    def need(self, arguments, state):
        for name in arguments:
            if not writable(state.get(name)):
                self.problem(f"gives memory of others for answers ({name})")

    def indirect(self, operand, state):
        memory = Memory.parse(operand)
        value = self.load(memory, state) if memory else state.get(operand.lstrip("*"))
        allowed = self.rules["indirect"]
        name = self.library.starts[self.function]
        if value == "got" or (memory and memory.base == "rip"):
            self.problem("calls outside the library (GOT)")
        elif name not in allowed and "*" not in allowed:
            self.problem("calls through a pointer")
        else:
            self.pointers.add(name)
            self.need(allowed.get(name, ()), state)

    def load(self, memory, state):
        address = memory.address(state)
        if memory.base == "rip":
            if memory.offset in self.library.tpoff:
                return ("tls", self.library.tpoff[memory.offset])
            return "got" if memory.offset in self.library.imported else None
        if memory.segment == "fs" and not memory.base:
            return "tp" if memory.offset == 0 else None
        if address == ("tls", self.rules["reader"]):
            return "word"
        return state.known.get(address) if on_stack(address) else None

    def store(self, memory, state, length, value):
        address = memory.address(state)
        local = memory.segment == "fs" or (isinstance(address, tuple) and address[0] == "tls")
        if local or address == "word":
            if not self.rules["section"]:
                self.problem("writes the thread's own memory")
        elif memory.segment not in (None, "ds", "es", "ss") or not writable(address):
            self.problem("writes shared memory")
        state.write(address, length, value)

    def step(self, state):
        """The instructions that follow, each with what is known there."""
        mnemonic, args, _, after = self.library.code[self.at]
        tested, fence, state.tested, state.fence = state.tested, state.fence, False, False
        if FORBIDDEN.match(mnemonic) and not (mnemonic == "mfence" and fence and self.rules["section"]):
            self.problem("is locked, serialising or a system call")
        if mnemonic.startswith(("j", "loop")):
            return self.jump(mnemonic, args[0], state, after, tested)
        if mnemonic in ("ret", "ud2"):
            return []
        if mnemonic == "call":
            if args[0].startswith("*"):
                self.indirect(args[0], state)
            else:
                self.enter(int(args[0].split()[0], 16), state)
            state.forget_escaped()
            for name in SCRATCH:
                state.put(name, None)
        elif args:
            self.execute(mnemonic, args, state)
        else:
            for name in HIDDEN.get(mnemonic, ()):
                state.put(name, None)
            if mnemonic == "leave":
                state.put("rsp", state.get("rbp"))
                self.execute("pop", ["%rbp"], state)
        if after in self.library.starts and after != self.function:
            self.problem("runs into another function")
            return []
        return [(after, state)]

    def jump(self, mnemonic, operand, state, after, tested):
        if operand.startswith("*"):
            self.indirect(operand, state)
            return []
        target = int(operand.split()[0], 16)
        taken, passed = state, state.copy()
        taken.fence, passed.fence = tested and mnemonic == "jne", tested and mnemonic == "je"
        ways = [] if mnemonic == "jmp" else [(after, passed)]
        start = self.library.starts.get(target)
        # A cold part is the same function elsewhere: what is known stays known.
        if target not in self.library.code or (start and target != self.function and not COLD.search(start)):
            self.enter(target, taken)
        else:
            ways.append((target, taken))
        return ways

    def execute(self, mnemonic, args, state):
        """What an instruction with operands does to what is known."""
        last, first = args[-1], args[0]
        to = Memory.parse(last)
        source = Memory.parse(first)
        value = self.load(source, state) if source else state.get(first) if first.startswith("%r") else None
        if mnemonic == "push":
            state.move_stack(-8)
            state.write(state.get("rsp"), 8, value)
        elif mnemonic == "pop":
            top = state.get("rsp")
            state.put(last, state.known.get(top))
            state.move_stack(8)
        elif READS.match(mnemonic) or (READS_ONE.match(mnemonic) and len(args) == 1):
            if READS_ONE.match(mnemonic):
                state.put("rax", None)
                state.put("rdx", None)
            if mnemonic == "cmpb" and number(first) == 0 and to:
                state.tested = to.address(state) == ("tls", self.rules["fence"])
        elif mnemonic.startswith("xchg") and (to or source):
            self.problem("is locked, serialising or a system call")
        elif STRING.match(mnemonic):
            if to and to.base == "rdi":
                self.store(to, state, 1 << 30, None)
            state.put("rcx", None)
            for name in ("rdi", "rsi"):  # They move on.
                state.put(name, "own" if own(state.get(name)) else None)
            state.put("rax", None)
        elif to:
            plain = mnemonic in ("mov", "movq", "movl", "movw", "movb") and not first.startswith("%xmm")
            self.store(to, state, width(mnemonic, args), value if plain else None)
            if mnemonic.startswith("cmpxchg"):
                state.put("rax", None)
                state.put("rdx", None)
            for name in args[:-1] if mnemonic.startswith("xadd") else ():
                state.put(name, None)
        else:
            self.compute(mnemonic, args, state, source, value)

    def compute(self, mnemonic, args, state, source, value):
        """The last operand is a register."""
        last, old = args[-1], state.get(args[-1])
        constant = number(args[0])
        if mnemonic in ("mov", "movq"):
            state.put(last, value)
        elif mnemonic == "lea":
            state.put(last, source.address(state) if source.base != "rip" else None)
            if source.base == "rip" and source.offset in self.library.starts:
                self.wait_for(source.offset, {})  # A function that may be called by its address.
        elif mnemonic in ("add", "sub") and constant is not None and isinstance(old, tuple):
            state.put(last, (*old[:-1], old[-1] + (constant if mnemonic == "add" else -constant)))
        elif mnemonic in ("add", "inc", "dec") and own(old):
            state.put(last, "own")
        elif mnemonic == "add" and "tp" in (old, value):
            other = value if old == "tp" else old
            state.put(last, other if isinstance(other, tuple) and other[0] == "tls" else None)
        elif mnemonic == "add" and own(value):
            state.put(last, "own")
        elif mnemonic == "and" and last == "%rsp":
            state.put(last, ("sp", self.at, 0))
        elif mnemonic == "xor" and args[0] == last:
            whole = REGISTERS[last[1:]]
            state.put(whole, "null" if last[1:] in (whole, whole + "d") or last[1] == "e" else None)
        elif mnemonic.startswith("cmov"):
            state.put(last, join(old, value))
        elif mnemonic in ("xchg", "xadd", "mulx"):
            for name in args if args[0] != last else ():
                state.put(name, None)
        else:
            state.put(last, None)
