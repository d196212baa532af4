# SPDX-License-Identifier: BSD-3-Clause
"""The pictures of docs/results.md, from aggregates: {row: {counter: [first, median, third]}}."""

import re

import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt  # pylint: disable=wrong-import-position

# The same input gives the same bytes.
plt.rcParams.update({"svg.hashsalt": "rcumem", "font.size": 10, "axes.grid": True, "grid.alpha": 0.3,
                     "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})

# Subject, what the legend calls it, color, marker, line.
SUBJECTS = (
    ("scan", "scan under a rwlock", "tab:brown", "v", "-"),
    ("spin", "scan under a spinlock", "tab:pink", "^", "-"),
    ("dpdk", "DPDK 22.11 (2 MiB pages)", "tab:red", "D", "-"),
    ("sorted", "sorted array", "tab:purple", "P", "-"),
    ("jemalloc", "jemalloc sallocx (16 KiB)", "tab:orange", "s", "-"),
    ("spdk", "SPDK's structure", "tab:green", "X", "-"),
    ("rcumem", "rcumem", "tab:blue", "o", "-"),
    ("rcumem-raw", "rcumem, raw", "deepskyblue", "o", "--"),
    ("rcumem-inline", "rcumem, inlined", "deepskyblue", "o", "--"),
    ("flat", "bare loads, no call (limit)", "black", "", ":"),
    ("empty", "empty call (floor)", "gray", "", ":"),
)
PAGES = {"dpdk": "2MiB", "jemalloc": "16KiB"}


def over_segments(rows, form, subject, counter):
    """Numbers of segments and medians; `form` is a row with {} for subject, page and segments."""
    name = form.format(subject, PAGES.get(subject, "4KiB"), "@")
    pattern = re.compile(re.escape(name).replace("@", r"(\d+)") + "$")
    points = sorted((int(match.group(1)), rows[row][counter][1])
                    for row in rows if (match := pattern.match(row)) and counter in rows[row])
    return [x for x, _ in points], [y for _, y in points]


def lines(axes, rows, form, counter):
    for subject, label, color, marker, style in SUBJECTS:
        x, y = over_segments(rows, form, subject, counter)
        if x:
            axes.plot(x, y, style, color=color, marker=marker, markersize=5, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks([2 ** i for i in (5, 8, 11, 14, 17, 20)], ["32", "256", "2 Ki", "16 Ki", "128 Ki", "1 Mi"])
    axes.minorticks_off()
    axes.set_xlabel("segments in use (pages of 4 KiB)")


def save(figure, path):
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None} if path.endswith(".svg") else None)
    plt.close(figure)


def common_legend(figure, axes, columns):
    figure.tight_layout()
    found = {}
    for one in axes:
        found |= {label: handle for handle, label in zip(*one.get_legend_handles_labels())}
    figure.legend(found.values(), found.keys(), loc="upper center", ncols=columns, bbox_to_anchor=(0.5, 0.0))


def plain_ticks(axes, values):
    axes.set_yscale("log")
    axes.set_yticks(values, [f"{value:,.0f}" if value >= 1 else f"{value:g}" for value in values])
    axes.minorticks_off()


def lookups(rows, path):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
    for one, question in zip(axes, ("virt2memseg", "iova2virt")):
        lines(one, rows, question + "/{}/{}/random/segments:{}", "thread_ns")
        one.set_title(f"{question}, random addresses, one thread")
    plain_ticks(axes[0], [0.5, 1, 2, 5, 10, 100, 1000, 10000, 100000])
    axes[0].set_ylabel("ns a lookup (log)")
    common_legend(figure, axes, 4)
    save(figure, path)


def walks(rows, path):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4))
    for one, question in zip(axes, ("walk", "contig_walk")):
        lines(one, rows, question + "/{}/{}/segments:{}", "item_ns")
    axes[0].set_title("walk, summing a field, one thread")
    axes[0].set_ylabel("ns a segment")
    axes[0].set_ylim(bottom=0)
    axes[1].set_title("contiguous walk over one run, one thread")
    axes[1].set_ylabel("ns a run (log)")
    plain_ticks(axes[1], [10, 100, 1000, 10000, 100000, 1000000])
    common_legend(figure, axes, 4)
    save(figure, path)


PERCENTILES = (("p50", "median"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max"))


def beside(rows, path):
    """Batches of 64 lookups: idle, and while 1000 pages a second come and go."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for one, (subject, label) in zip(axes, (("rcumem", "rcumem"), ("scan", "scan under a rwlock"))):
        row = rows.get(f"batch_beside_hotplug/{subject}/2MiB/random/segments:256/changes:1000", {})
        for prefix, text, color, offset in (("idle_", "nothing changes", "lightgray", -0.2),
                                            ("", "1,000 changes a second", "tab:blue", 0.2)):
            heights = [row[f"{prefix}{name}_ns"][1] / 1e3 for name, _ in PERCENTILES
                       if f"{prefix}{name}_ns" in row]
            if heights:
                one.bar([i + offset for i in range(len(heights))], heights, 0.4, color=color, label=text)
        one.set_xticks(range(len(PERCENTILES)), [name for _, name in PERCENTILES])
        one.set_title(f"iova2virt of {label}")
        one.grid(axis="x", visible=False)
    plain_ticks(axes[0], [0.1, 1, 10, 100, 1000, 10000])
    axes[0].set_ylabel("us a batch of 64 lookups (log)")
    common_legend(figure, axes, 2)
    save(figure, path)


def processes(rows, path):
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8))
    for one, what in zip(axes, ("alloc", "free")):
        for suffix, label, color, marker in ((", DPDK", "DPDK 22.11", "tab:red", "D"), ("", "rcumem", "tab:blue", "o")):
            points = [(int(match.group(1)), row["p50_ns"]) for name, row in rows.items()
                      if (match := re.fullmatch(rf"{what}, (\d+) others?{suffix}", name))]
            x = [number for number, _ in sorted(points)]
            first, median, third = ([row[i] / 1e3 for _, row in sorted(points)] for i in range(3))
            if x:
                one.plot(x, median, color=color, marker=marker, label=label)
                one.fill_between(x, first, third, color=color, alpha=0.15)
        one.set_title(f"{what} of 3 pages of 2 MiB")
        one.set_xlabel("other processes in the runtime, idle")
        one.set_ylabel("us (median, quartiles shaded)")
        one.set_ylim(bottom=0)
        one.set_xticks([0, 1, 2, 4, 8])
    common_legend(figure, axes, 2)
    save(figure, path)
