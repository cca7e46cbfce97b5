"""How long the event loop does nothing else while the answer of a provider is read.

One answer has 100 vectors of 4,096 numbers, as text (17 digits each) and as base64. libcurl reads at most 100 pieces of 4 KiB in one
turn of the loop. One of a rerank provider has 50 scores and sends their texts back; it is read in one go. CPU time of the thread; the best of some rounds.
"""

import json
import subprocess
from pathlib import Path

from verdicts import main

BINARY = Path(__file__).resolve().parents[2] / "build/release-tests/tests/bench/bench_answer"


def run(quick: bool) -> list[tuple]:
    done = subprocess.run([BINARY, "1" if quick else "50"], capture_output=True, text=True, timeout=120, check=True)
    results = []
    for line in map(json.loads, done.stdout.splitlines()):
        results += [(f"{line['form']}: the longest turn, ms", line["longest_turn_us"] / 1000, 5),
            (f"{line['form']}: all of it, ms", line["all_us"] / 1000, None)]
    return results


if __name__ == "__main__":
    main(__doc__, run)
