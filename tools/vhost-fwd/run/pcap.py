# SPDX-License-Identifier: BSD-3-Clause
"""Captures: reading their frames, and writing them several times over."""

import struct

from .machine import RunError

MAGIC = (0xA1B2C3D4, 0xA1B23C4D)


def read_frames(path):
    """The bytes of each frame, in order."""
    data = path.read_bytes()
    if len(data) < 24 or struct.unpack_from("<I", data)[0] not in MAGIC:
        raise RunError(f"{path}: not a capture of this byte order")
    frames, at = [], 24
    while at + 16 <= len(data):
        kept = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + kept])
        at += 16 + kept
    return frames


def repeat(source, target, times):
    """Write the frames of a capture so many times; how many frames that are."""
    data = source.read_bytes()
    with open(target, "wb") as out:
        out.write(data[:24])
        for _ in range(times):
            out.write(data[24:])
    return len(read_frames(source)) * times


def compare(source, times, target):
    """None when target has the frames of source so many times over, in order; else what differs."""
    want, got = read_frames(source), read_frames(target)
    if len(got) != len(want) * times:
        return f"{len(got)} frames came back, {len(want) * times} were sent"
    for number, frame in enumerate(got):
        if frame != want[number % len(want)]:
            return f"frame {number} differs"
    return None
