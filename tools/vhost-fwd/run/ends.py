# SPDX-License-Identifier: BSD-3-Clause
"""The programs of a run: back ends, front ends, and what stands between them."""

import json
import re
import signal
import subprocess
import time

from .machine import RunError


class Backend:
    """vhost-fwd, with its figures."""

    def __init__(self, machine, build, *options, interval_ms=250):
        self.socket = machine.path("fwd.sock")
        self.figures = machine.path("figures.json")
        self.figures.unlink(missing_ok=True)
        self.offset, self.count, self.newest = 0, 0, None
        self.child = machine.start(
            "vhost-fwd",
            [build / "vhost-fwd", "--quiet", "--socket", self.socket, "--json", self.figures,
             "--interval", interval_ms, "--data-cpu", machine.data_cpu,
             "--control-cpu", machine.peer_cpu, *options])
        self.child.wait_for(self.socket.exists, "socket")

    def _read(self):
        """Take in the reports that have been written meanwhile."""
        if not self.figures.exists():
            return
        with open(self.figures, encoding="ascii") as file:
            file.seek(self.offset)
            for text in file.read().splitlines(keepends=True):
                if not text.endswith("\n"):
                    break
                self.offset += len(text)
                self.count += 1
                self.newest = text

    def last(self):
        """The newest report, or None."""
        self._read()
        return json.loads(self.newest) if self.newest else None

    def next(self, count=1):
        """Wait for so many more reports; the last one."""
        self._read()
        wanted = self.count + count

        def there():
            self._read()
            return self.count >= wanted

        self.child.wait_for(there, "report")
        return self.last()

    def end(self):
        if self.child.end() != 0:
            self.child.fail("failed")
        return self.last()


class Testpmd:
    """Debian's dpdk-testpmd, driven through its prompt."""

    def __init__(self, machine, name, cpu, vdevs, *options, eal=()):
        self.name = name
        # Its prompt is written past the buffer of its output: without stdbuf that comes late.
        command = ["stdbuf", "-oL", "dpdk-testpmd", "--no-pci", "--in-memory", "--single-file-segments",
                   "--file-prefix", f"vhostrun{name}", "-m", "128", "--lcores", f"(0-1)@{cpu}"]
        for vdev in vdevs:
            command += ["--vdev", vdev]
        self.child = machine.start(
            f"testpmd-{name}", [*command, *eal, "--", "-i", "--total-num-mbufs=4096", *options],
            stdin=subprocess.PIPE)
        self.prompts = 0
        self.await_prompt()

    def await_prompt(self):
        self.prompts += 1
        self.child.wait_for(lambda: self.child.text().count("testpmd> ") >= self.prompts, "prompt")

    def command(self, text):
        """Give a command; what it printed."""
        before = len(self.child.text())
        self.child.process.stdin.write(f"{text}\n".encode())
        self.child.process.stdin.flush()
        self.await_prompt()
        return self.child.text()[before:]

    def packets(self, port, which):
        """RX-packets or TX-packets of a port, and when it was read."""
        text = self.command(f"show port stats {port}")
        found = re.search(rf"{which}-packets:\s*(\d+)", text)
        if not found:
            self.child.fail("no statistics")
        return int(found.group(1)), time.monotonic()

    def end(self):
        self.command("stop")
        self.child.process.stdin.write(b"quit\n")
        self.child.process.stdin.flush()
        self.child.wait(20)


def virtio_user(machine, socket, *vdevs, options=()):
    """A testpmd whose port speaks to a back end, on the peer's CPU."""
    return Testpmd(machine, "peer", machine.peer_cpu,
                   [*vdevs, f"net_virtio_user0,path={socket},queues=1"], *options)


def net_vhost(machine, socket):
    """Debian's own back end, on the data thread's CPU."""
    return Testpmd(machine, "net_vhost", machine.data_cpu, [f"net_vhost0,iface={socket},queues=1"])


class Churn:
    """vhost-churn between a front end and a back end."""

    def __init__(self, machine, build, backend_socket):
        self.socket = machine.path("churn.sock")
        self.socket.unlink(missing_ok=True)
        self.child = machine.start(
            "vhost-churn",
            [build / "vhost-churn", "--listen", self.socket, "--connect", backend_socket, "--paused"])
        self.child.wait_for(self.socket.exists, "socket")

    def on(self):
        self.child.signal(signal.SIGUSR1)

    def off(self):
        self.child.signal(signal.SIGUSR2)

    def end(self):
        """The number of changes it made."""
        if self.child.wait(10) != 0:
            self.child.fail("failed")
        return json.loads(self.child.text().splitlines()[-1])["changes"]


class Peer:
    """vhost-peer: our front end."""

    def __init__(self, machine, build, socket, *options):
        self.child = machine.start(
            "vhost-peer",
            [build / "vhost-peer", "--socket", socket, "--cpu", machine.peer_cpu, *options])

    def on(self):
        self.child.signal(signal.SIGUSR1)

    def off(self):
        self.child.signal(signal.SIGUSR2)

    def end(self, seconds):
        """Wait so long for its report; none of its packets may be lost or harmed."""
        status = self.child.wait(seconds)
        lines = [text for text in self.child.text().splitlines() if text.startswith("{")]
        if not lines:
            self.child.fail(f"ended with status {status}")
        return json.loads(lines[-1])


__all__ = ["Backend", "Churn", "Peer", "RunError", "Testpmd", "net_vhost", "virtio_user"]
