#!/usr/bin/env python3
"""Adds up the results of all kinds of tests and prints one closing line.

    summary.py FILE...

Reads JUnit files (.xml: pytest, and ctest with the XML that cmocka programs print
inside it) and lists of lines (.txt: "ok NAME", "not ok NAME", "skip NAME: why").
Names what failed and what was skipped and why; the exit status is 1 when anything failed.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

passed = 0
failed: list[str] = []
skipped: list[str] = []


def count_cases(suites: ET.Element, prefix: str = "") -> int:
    """Counts the test cases below an element; returns how many of them failed."""
    global passed
    before = len(failed)
    for case in suites.iter("testcase"):
        name = prefix + "::".join(filter(None, (case.get("classname"), case.get("name"))))
        skip = case.find("skipped")
        broken = case.find("failure") if case.find("failure") is not None else case.find("error")
        if broken is not None:
            why = broken.get("message") or broken.text or ""
            failed.append(f"{name}: {' '.join(why.split())[:200]}")
        elif skip is not None:
            skipped.append(f"{name}: {skip.get('message') or skip.text or 'no reason given'}")
        else:
            passed += 1
    return len(failed) - before


def count_ctest(suite: ET.Element) -> None:
    """One program per test case; a cmocka program's own cases are in its output."""
    global passed
    for program in suite.iter("testcase"):
        name = program.get("name") or "?"
        output = program.findtext("system-out") or ""
        inner = re.findall(r"<testsuites>.*?</testsuites>", output, re.DOTALL)
        broken = sum(count_cases(ET.fromstring(text), f"{name}::") for text in inner)
        status = program.get("status")
        if status == "run" and not inner:
            passed += 1
        elif status in ("disabled", "notrun") or program.find("skipped") is not None:
            skipped.append(f"{name}: {status}")
        elif status != "run" and not broken:
            failed.append(name)  # crashed, timed out, or a plain program that failed


def count_lines(text: str) -> None:
    global passed
    for line in text.splitlines():
        if line.startswith("ok "):
            passed += 1
        elif line.startswith("not ok "):
            failed.append(line.removeprefix("not ok "))
        elif line.startswith("skip "):
            skipped.append(line.removeprefix("skip "))


def main() -> int:
    for path in map(Path, sys.argv[1:]):
        if path.suffix == ".txt":
            count_lines(path.read_text())
            continue
        root = ET.parse(path).getroot()
        if path.name == "ctest.xml":
            count_ctest(root)
        else:
            count_cases(root)
    for why in skipped:
        print(f"skipped  {why}")
    for name in failed:
        print(f"FAILED   {name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
