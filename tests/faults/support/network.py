"""A host of its own, in a network namespace, reached over a cable that can be slowed and cut."""

import itertools
import os
import random
import subprocess

PORT = 5432


def run(*words: str):
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False,
        env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"})
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"


class Site:
    """One host with one network card; the other end of its cable is ours.

    All rules are made inside, so the machine's own network stays as it is but for the cable.
    Addresses are of the range for tests of networks (198.18.0.0/15).
    """

    _numbers = itertools.count()

    def __init__(self):
        number = next(self._numbers)
        self.name = f"sage-{os.getpid()}-{number}"
        self.cable = f"sg{os.getpid()}-{number}"  # 15 bytes at the most
        self._slow = False
        net = random.randrange(1 << 15) * 4
        ours, self.address = (f"198.{18 + (net >> 16)}.{net >> 8 & 255}.{(net & 255) + n}" for n in (1, 2))
        run("ip", "netns", "add", self.name)
        try:
            run("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "card", "netns", self.name)
            run("ip", "address", "add", f"{ours}/30", "dev", self.cable)
            run("ip", "link", "set", self.cable, "up")
            self.inside("ip", "address", "add", f"{self.address}/30", "dev", "card")
            self.inside("ip", "link", "set", "card", "up")
            self.inside("ip", "link", "set", "lo", "up")
        except BaseException:  # a Ctrl-C, too
            self.remove()
            raise

    def inside(self, *words: str):
        run("nsenter", f"--net=/run/netns/{self.name}", *words)

    def remove(self):
        """Whatever runs inside must have ended."""
        run("ip", "netns", "delete", self.name)

    # --- faults of the line, until clear() -------------------------------------

    def drop_requests(self):
        """What is sent to the host is lost; what it sends arrives."""
        self.inside("iptables", "-I", "INPUT", "-p", "tcp", "--dport", str(PORT), "-j", "DROP")

    def drop_answers(self):
        self.inside("iptables", "-I", "OUTPUT", "-p", "tcp", "--sport", str(PORT), "-j", "DROP")

    def cut(self):
        self.drop_requests()
        self.drop_answers()

    def reset(self):
        """Every packet to the host is answered with a reset."""
        self.inside("iptables", "-I", "INPUT", "-p", "tcp", "--dport", str(PORT), "-j", "REJECT",
            "--reject-with", "tcp-reset")

    def lose(self, share: float):
        """Of the packets in both directions, by chance."""
        for chain in ("INPUT", "OUTPUT"):
            self.inside("iptables", "-I", chain, "-p", "tcp", "-m", "statistic", "--mode", "random",
                "--probability", str(share), "-j", "DROP")

    def slow(self, rate: str):
        """Both directions; the rate as tc has it, such as 1mbit."""
        shape = ("root", "tbf", "rate", rate, "burst", "16kb", "latency", "400ms")
        self.inside("tc", "qdisc", "replace", "dev", "card", *shape)
        run("tc", "qdisc", "replace", "dev", self.cable, *shape)
        self._slow = True

    def clear(self):
        for chain in ("INPUT", "OUTPUT"):
            self.inside("iptables", "-F", chain)
        if self._slow:
            self.inside("tc", "qdisc", "delete", "dev", "card", "root")
            run("tc", "qdisc", "delete", "dev", self.cable, "root")
            self._slow = False
