# SPDX-License-Identifier: BSD-3-Clause
"""Delta debugging over a list of operations."""


def shrink(operations, fails):
    """Fewer operations that still fail: none of them can be left out alone.

    fails(some) tells how many of `some` it took to fail, 0 when they do not.
    """
    size = len(operations) // 2
    while size:
        begin = 0
        while begin < len(operations):
            some = operations[:begin] + operations[begin + size:]
            taken = fails(some) if some else 0
            if taken:
                operations = some[:taken]
            else:
                begin += size
        size //= 2
    return operations
