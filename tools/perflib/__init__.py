# SPDX-License-Identifier: BSD-3-Clause
"""What tools/perf is made of: see docs/perf.md."""
