"""The shim (shim.c): which call of a running server fails next, and which did."""

import errno
import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

from sage import BINARY, ROOT

SOURCE = ROOT / "tests/faults/shim.c"
KINDS = ("memory", "send", "receive", "descriptor", "libpq")
ERRORS = {"memory": errno.ENOMEM, "send": errno.ECONNRESET, "receive": errno.ECONNRESET,
    "descriptor": errno.EMFILE, "libpq": 0}
SITES, SITE_FRAMES = 64, 24
HEAD = struct.Struct(f"=iiqqq{len(KINDS)}q")
SITE = struct.Struct(f"={SITE_FRAMES}Q")


def build(directory: Path) -> Path | None:
    """The shared object; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = directory / "shim.so"
    subprocess.run([compiler, "-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
        "-fno-builtin", "-o", made, SOURCE, "-ldl"], check=True, timeout=60)
    return made


def sanitizer_of(binary: Path) -> str | None:
    """The sanitizer's run time that a program is linked with; the shim stands before it."""
    said = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    return next((line.split("=> ")[1].split()[0] for line in said.splitlines() if "libasan" in line), None)


class Shim:
    def __init__(self, directory: Path):
        self.library = build(directory)
        self.suppressions = directory / "suppressions"
        self.suppressions.write_text("leak:dl_open_worker\n")  # of the shim's own beginning
        self.control = directory / "control"
        self.control.write_bytes(bytes(HEAD.size + SITES * SITE.size))
        with self.control.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.rest()

    def settings(self, binary: Path = BINARY) -> dict[str, str]:
        """The environment of a server that runs with it."""
        settings = {"SHIM_CONTROL": str(self.control), "LD_PRELOAD": str(self.library)}
        sanitizer = sanitizer_of(binary)
        if sanitizer:
            settings["LD_PRELOAD"] += f":{sanitizer}"
            settings["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            settings["LSAN_OPTIONS"] = f"print_suppressions=0:suppressions={self.suppressions}"
        return settings

    def _write(self, kind: int, error: int, after: int, every: int):
        # The kind last: it is what makes the rest count.
        self.memory[0:4] = struct.pack("=i", -1)
        self.memory[4:32] = struct.pack("=iqqq", error, after, every, 0)
        self.memory[0:4] = struct.pack("=i", kind)

    def rest(self):
        """Nothing fails."""
        self._write(-1, 0, 0, 0)

    def fail(self, kind: str, after: int, *, every: int = 0, error: int | None = None):
        """The call of that kind that comes after so many others fails, and then one in every so many."""
        self._write(KINDS.index(kind), ERRORS[kind] if error is None else error, after, every)

    def count(self, kind: str) -> int:
        """How many calls of that kind there were so far."""
        return HEAD.unpack_from(self.memory)[5 + KINDS.index(kind)]

    def failed(self) -> int:
        """How many calls have failed since fail()."""
        return HEAD.unpack_from(self.memory)[4]

    def site(self) -> list[int]:
        """The addresses that led to the last call that failed."""
        number = max(0, self.failed() - 1) % SITES
        return [at for at in SITE.unpack_from(self.memory, HEAD.size + number * SITE.size) if at]


class Symbols:
    """Names for the addresses of a running program, also after its end."""

    def __init__(self, pid: int):
        self.regions = []
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, mode, offset, *_, path = (line + " ").split(" ", 5)
            if "x" in mode and path.strip().startswith("/"):
                start, end = (int(side, 16) for side in span.split("-"))
                self.regions.append((start, end, int(offset, 16), path.strip()))

    def names(self, addresses: list[int]) -> list[str]:
        return [self._name(at - 1) for at in addresses]  # returns come after the call

    def _name(self, at: int) -> str:
        for start, end, offset, path in self.regions:
            if start <= at < end:
                done = subprocess.run(["addr2line", "-fse", path, hex(at - start + offset)], capture_output=True,
                    text=True, check=False)
                function, _, place = done.stdout.strip().partition("\n")
                return f"{function} ({place})" if "?" not in function else Path(path).name
        return hex(at)
