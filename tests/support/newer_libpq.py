#!/usr/bin/env python3
"""A libpq of version 17 or newer, for a distribution that has an older one.

    newer_libpq.py      prints a folder for LD_LIBRARY_PATH, or why there is none (exit status 1)

The same binary then runs with it: nothing is built anew. It comes with the psycopg-binary wheel
of tests/requirements.txt, which brings the libraries that it needs itself, renamed; they find
each other in the folder that they are loaded from, so the folder has links to all of them, and to
two under the names that a program asks for: one OpenSSL in a process, not two.
"""

import ctypes
import importlib.metadata
import os
import sys
from pathlib import Path

NEEDED = 17
FOLDER = Path(__file__).resolve().parents[2] / "build/newer-libpq"
NAMES = {"libpq-*.so*": "libpq.so.5", "libcrypto-*.so*": "libcrypto.so.3"}


class Missing(Exception):
    """There is none; says why."""


def _bundled() -> list[Path]:
    try:
        wheel = importlib.metadata.distribution("psycopg-binary")
    except importlib.metadata.PackageNotFoundError:
        raise Missing("psycopg-binary, which brings a newer libpq, is not installed "
            "(tests/requirements.txt has it)") from None
    return [Path(wheel.locate_file(file)) for file in wheel.files or ()
        if file.parent.name.endswith("psycopg_binary.libs")]


def _link(folder: Path, libraries: list[Path]):
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {library.name: library for library in libraries}
    for pattern, name in NAMES.items():
        wanted[name] = next((library for library in libraries if library.match(pattern)), None)
        if wanted[name] is None:
            raise Missing(f"psycopg-binary has no {pattern}: {sorted(wanted)}")
    for name, library in wanted.items():
        fresh = folder / f".{name}.{os.getpid()}"
        fresh.symlink_to(library)
        fresh.rename(folder / name)


def newer_libpq() -> tuple[Path, int]:
    """The folder, and the version as PQlibVersion() has it; raises Missing."""
    _link(FOLDER, _bundled())
    try:
        version = ctypes.CDLL(str(FOLDER / "libpq.so.5")).PQlibVersion()
    except OSError as why:
        raise Missing(f"the libpq of psycopg-binary does not load: {why}") from None
    if version < NEEDED * 10000:
        raise Missing(f"the libpq of psycopg-binary is {version // 10000}, not {NEEDED} or newer")
    return FOLDER, version


if __name__ == "__main__":
    try:
        print(newer_libpq()[0])
    except Missing as reason:
        sys.exit(f"newer_libpq: {reason}")
