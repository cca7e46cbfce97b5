"""Prometheus text format, as far as tests read it."""

import re
import subprocess

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """One scrape of an admin connection."""

    def __init__(self, admin):
        answer = admin.get("/metrics")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        self.text = answer.body.decode()
        self.types = dict(line.split()[2:4] for line in self.text.splitlines() if line.startswith("# TYPE "))
        self.samples = [self._read(line) for line in self.text.splitlines() if not line.startswith("#")]

    @staticmethod
    def _read(line: str) -> tuple[str, dict, float]:
        found = SAMPLE.match(line)
        assert found, line
        return found[1], dict(LABEL.findall(found[2] or "")), float(found[3])

    def value(self, metric: str, /, **labels: str) -> float:
        """The sum of the samples that have these labels; no sample is 0."""
        return sum(value for name, own, value in self.samples if name == metric and labels.items() <= own.items())

    def labels(self) -> set[str]:
        """Every value of every label."""
        return {value for _, labels, _ in self.samples for value in labels.values()}

    def check(self):
        """What promtool thinks of it."""
        done = subprocess.run(["promtool", "check", "metrics"], input=self.text, capture_output=True, text=True,
            timeout=20, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def scrape(server) -> Metrics:
    with server.admin() as admin:
        return Metrics(admin)
