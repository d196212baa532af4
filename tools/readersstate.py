# SPDX-License-Identifier: BSD-3-Clause
"""What tools/check-readers knows before an instruction: for each register and stack slot
one small fact, namely what it points to.

    own              own stack, or memory that the caller gave for answers
    (sp, e, offset)  own stack, exactly there; e changes where rsp is aligned
    (tls, offset)    thread-local memory, or its distance from the thread pointer (tp)
    word             the calling thread's struct rcu_reader, loaded from rcu_self
    got              a function's address out of the global offset table
    null             nothing: the caller wants no answer there

No fact: anything else.  Where branches meet, only facts remain that hold on both.
"""

import re

MEMORY = re.compile(r"^\*?(?:%(\w\w):)?(-?0x[0-9a-f]+)?(?:\(([^)]*)\))?(?:\{.*\})*$")


def register_names():
    names = {}
    for letter in "abcd":
        for name in (f"r{letter}x", f"e{letter}x", f"{letter}x", f"{letter}l", f"{letter}h"):
            names[name] = f"r{letter}x"
    for name in ("si", "di", "sp", "bp"):
        names.update({f"{size}{name}": f"r{name}" for size in ("r", "e", "")}, **{f"{name}l": f"r{name}"})
    for number in range(8, 16):
        names.update({f"r{number}{size}": f"r{number}" for size in ("", "d", "w", "b")})
    return names


REGISTERS = register_names()


def on_stack(value):
    return isinstance(value, tuple) and value[0] == "sp"


def own(value):
    return value == "own" or on_stack(value)


def writable(value):
    """Nobody else's; a store through NULL does not come to pass."""
    return own(value) or value == "null"


def join(a, b):
    return a if a == b else "own" if writable(a) and writable(b) else None


def number(text):
    """An immediate operand, or None."""
    value = int(text[1:], 0) if text.startswith("$") else None
    return value - (1 << 64) if value is not None and value >= 1 << 63 else value


class State:
    """What is known before an instruction."""

    def __init__(self, known):
        self.known = dict(known)  # {register, or (sp, e, offset) of a slot: value}
        self.escaped = {}  # {e: lowest offset whose address was taken}
        self.tested = False  # The instruction before compared rcu_self.fence with 0,
        self.fence = False  # and found it set.

    def copy(self):
        other = State(self.known)
        other.escaped, other.tested, other.fence = dict(self.escaped), self.tested, self.fence
        return other

    def join(self, other):
        """True when something changed."""
        known = {}
        for key in self.known.keys() & other.known.keys():
            value = join(self.known[key], other.known[key])
            if value is not None:
                known[key] = value
        escaped = dict(self.escaped)
        for epoch, offset in other.escaped.items():
            escaped[epoch] = min(offset, escaped.get(epoch, offset))
        fence, tested = self.fence and other.fence, self.tested and other.tested
        changed = (known, escaped, fence, tested) != (self.known, self.escaped, self.fence, self.tested)
        self.known, self.escaped, self.fence, self.tested = known, escaped, fence, tested
        return changed

    def get(self, name):
        return self.known.get(name.lstrip("%"))  # By its whole name only.

    def put(self, name, value):
        register = REGISTERS.get(name.lstrip("%"))
        if register is None:
            return
        self.known.pop(register, None)
        # A part of a register, or a result of 32 bits, is no pointer.
        if value is not None and name.lstrip("%") == register:
            self.known[register] = value
            if register not in ("rsp", "rbp"):
                self.escape(value)

    def escape(self, value):
        if on_stack(value):
            self.escaped[value[1]] = min(value[2], self.escaped.get(value[1], value[2]))

    def drop(self, which):
        for key in [key for key in self.known if isinstance(key, tuple) and which(key)]:
            del self.known[key]

    def forget_escaped(self):
        """Somebody wrote through a pointer: to any object whose address was taken, or behind."""
        self.drop(lambda slot: slot[2] >= self.escaped.get(slot[1], float("inf")))

    def write(self, where, length, value):
        """A store to `where`, which is known to be allowed."""
        self.escape(value)
        if not on_stack(where):
            self.forget_escaped()
            return
        self.drop(lambda slot: slot[1] == where[1] and where[2] - 8 < slot[2] < where[2] + length)
        if value is not None and length == 8:
            self.known[where] = value

    def move_stack(self, by):
        top = self.known.get("rsp")
        if on_stack(top):
            self.known["rsp"] = ("sp", top[1], top[2] + by)


class Memory:
    """A memory operand: segment, displacement, base, index, scale; None when it is no such."""

    @staticmethod
    def parse(text):
        if text.startswith(("%", "$")) and ":" not in text:
            return None
        found = MEMORY.match(text)
        return Memory(found) if found and (found[1] or found[2] or found[3]) else None

    def __init__(self, found):
        parts = (found[3] or "").split(",")
        self.segment, self.offset = found[1], int(found[2] or "0", 0)
        self.base = parts[0].lstrip("%")
        self.index = parts[1].lstrip("%") if len(parts) > 1 else ""
        self.scale = parts[2] if len(parts) > 2 else "1"

    def address(self, state):
        """What the operand points to, the displacement added."""
        base, index = state.get(self.base), state.get(self.index)
        if self.index and self.index not in ("riz", "eiz"):
            if isinstance(base, tuple) and base[0] == "tls":
                return None
            return "own" if own(base) or (own(index) and self.scale == "1") else None
        if isinstance(base, tuple):
            return (*base[:-1], base[-1] + self.offset)
        return base if base in ("own", "null") or (base == "word" and self.offset == 0) else None
