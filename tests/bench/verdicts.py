"""The closing table of every benchmark here, and the exit status that goes with it."""

import argparse
import sys

HOLDS = {">=": lambda value, target: value >= target, "<=": lambda value, target: value <= target,
    "<": lambda value, target: value < target}


def main(about: str, run):
    """
    Prints what run(quick) measured, rows of name, value and rule, and ends with status 1 when a rule is broken.
    A rule is None, the most that the value may be, or a relation and a number. With --quick there are no verdicts.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short, no verdicts")
    quick = parser.parse_args().quick
    missed = 0
    results = run(quick)
    print(f"\n{'':60} {'measured':>10}   target")
    for name, value, rule in results:
        relation, target = rule if isinstance(rule, tuple) else ("<=", rule)
        verdict = "" if rule is None or quick else "ok" if HOLDS[relation](value, target) else "MISSED"
        missed += verdict == "MISSED"
        print(f"{name:60} {value:10.3f}   {'' if rule is None else f'{relation} {target}':10} {verdict}")
    sys.exit(missed > 0)
