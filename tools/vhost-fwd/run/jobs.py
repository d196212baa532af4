# SPDX-License-Identifier: BSD-3-Clause
"""The measurements, one function each.

Everything that is compared runs in turns, so that a machine that gets slower or faster
meanwhile does so for all; what is said of it is the median.
"""

import time

from .ends import Backend, Churn, Peer, net_vhost, virtio_user
from .figures import Row
from .pcap import compare, repeat
from .trace import record

RATE = 100  # Changes a second.
START = "start tx_first 8"  # 256 packets under way.


class Job:
    """What all measurements share."""

    def __init__(self, machine, build, capture, quick, progress):
        self.machine, self.build, self.capture = machine, build, capture
        self.quick, self.progress = quick, progress
        self.row = {}
        self.corrupt = 0  # Packets, in runs that have no row.
        self.evidence = None  # Of the trace, once there is one.

    def get_row(self, name):
        return self.row.setdefault(name, Row(name))


# ---- With Debian's testpmd on hugepages ----


def capture_through_testpmd(job, times):
    """The capture, so many times over, while the memory changes; (frames, changes, difference)."""
    source, back = job.machine.path("in.pcap"), job.machine.path("out.pcap")
    frames = repeat(job.capture, source, times)
    backend = Backend(job.machine, job.build)
    churn = Churn(job.machine, job.build, backend.socket)
    peer = virtio_user(job.machine, churn.socket, f"net_pcap0,rx_pcap={source},tx_pcap={back}",
                       options=("--no-flush-rx", "--no-mlockall"))
    peer.command("set fwd io retry")
    # Its default of 64 us is less than a data thread that loses its CPU takes to be back.
    peer.command("set burst tx delay 10 retry 100000")
    churn.on()
    peer.command("start")
    end, sent = time.monotonic() + 30, 0
    while sent < frames and time.monotonic() < end:
        job.progress(f"capture through testpmd: {sent} of {frames} frames came back")
        time.sleep(0.1)
        sent = peer.packets(0, "TX")[0]
    churn.off()
    peer.end()
    changes = churn.end()
    backend.end()
    return frames, changes, compare(job.capture, times, back)


def _front_end_rate(peer, seconds):
    """Packets a second that came back to the front end, by its own counter."""
    before, began = peer.packets(0, "RX")
    time.sleep(seconds)
    after, ended = peer.packets(0, "RX")
    return (after - before) / (ended - began)


def _start_traffic(peer):
    peer.command("set txpkts 60")
    peer.command(START)
    time.sleep(0.5)


def rate_of_vhost_fwd(job, seconds):
    """Packets a second through vhost-fwd, no changes."""
    backend = Backend(job.machine, job.build, "--verify-same")
    peer = virtio_user(job.machine, backend.socket)
    _start_traffic(peer)
    rate = _front_end_rate(peer, seconds)
    peer.end()
    job.corrupt += backend.end()["corrupt"]
    return rate


def rate_of_net_vhost(job, seconds):
    """Packets a second through Debian's net_vhost, no changes."""
    socket = job.machine.path("debian.sock")
    socket.unlink(missing_ok=True)
    backend = net_vhost(job.machine, socket)
    backend.command("start")
    peer = virtio_user(job.machine, socket)
    _start_traffic(peer)
    rate = _front_end_rate(peer, seconds)
    peer.end()
    backend.end()
    return rate


def compare_with_net_vhost(job, rounds, seconds, rates):
    """Add rounds to the two lists of rates, in turns and in alternating order."""
    turns = [("vhost-fwd", rate_of_vhost_fwd), ("net_vhost", rate_of_net_vhost)]
    for number in range(rounds):
        for name, measure in turns if number % 2 == 0 else reversed(turns):
            rate = measure(job, seconds)
            rates[name].append(rate)
            job.progress(f"{name}: {rate / 1e6:.2f} Mpps")


def testpmd_with_changes(job, row, options, windows, traced=False):
    """One connection: windows without and with changes in turns, and one of its own for the trace."""
    backend = Backend(job.machine, job.build, "--verify-same", *options)
    churn = Churn(job.machine, job.build, backend.socket)
    peer = virtio_user(job.machine, churn.socket)
    _start_traffic(peer)
    stolen = job.machine.stolen_ms()
    _windows(job, row, backend, windows, churn.on, churn.off)
    row.stolen_ms += job.machine.stolen_ms() - stolen
    if traced:
        _trace(job, backend, churn.on, churn.off)
    peer.end()
    churn.end()
    backend.end()


def _windows(job, row, backend, windows, turn_on, turn_off):
    for _ in range(windows):
        # The first report of a window may begin before it; the window is the five after.
        before = backend.next(2)
        after = backend.next(4)
        row.add_quiet(before, after)
        before_changes = after
        turn_on()
        before = backend.next(2)
        after = backend.next(4)
        turn_off()
        row.add_changing(before, after)
        end = backend.next(1)
        row.add_span(before_changes, before)
        row.add_span(after, end)
        job.progress(
            f"{row.name}: {row.quiet[-1] / 1e6:.2f} Mpps, with changes {row.changing[-1] / 1e6:.2f},"
            f" {row.sums['changes']} changes, longest gap of one {row.longest_of_change() / 1e3:.0f} us")


def _trace(job, backend, turn_on, turn_off):
    """Not in the windows that are measured: tracing costs time."""
    job.progress("the kernel's trace of the data thread's CPU")
    job.evidence = record(job.machine, backend, turn_on, turn_off, 12 if job.quick else 30)


# ---- With our own front end ----


def capture_through_peer(job, times):
    """The capture through vhost-peer, while regions come and go; as capture_through_testpmd()."""
    frames = repeat(job.capture, job.machine.path("in.pcap"), times)
    backend = Backend(job.machine, job.build)
    peer = Peer(job.machine, job.build, backend.socket, "--pcap", job.capture,
                "--packets", frames, "--seconds", 60, "--rate", RATE)
    report = peer.end(90)
    backend.end()
    bad = report["corrupt"] + report["lost"]
    difference = f"{report['corrupt']} frames differ, {report['lost']} are missing" if bad else None
    if not bad and report["received"] != frames:
        difference = f"{report['received']} of {frames} frames came back in time"
    return frames, report["changes"], difference


def peer_with_changes(job, row, options, peer_options, windows, traced=False):
    """Our front end: windows without changes, and with regions that come and go, in turns; and a
    window of its own for the trace."""
    backend = Backend(job.machine, job.build, *options)
    peer = Peer(job.machine, job.build, backend.socket, "--seconds", 600, "--rate", RATE,
                "--paused", *peer_options)
    backend.child.wait_for(lambda: (backend.last() or {"guests": 0})["guests"], "guest")
    stolen = job.machine.stolen_ms()
    _windows(job, row, backend, windows, peer.on, peer.off)
    row.stolen_ms += job.machine.stolen_ms() - stolen
    if traced:
        _trace(job, backend, peer.on, peer.off)
    peer.child.process.terminate()
    report = peer.end(30)
    row.sums["corrupt"] += report["corrupt"] + report["lost"]
    backend.end()
