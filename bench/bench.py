"""Measures observers beside each other on the same work and prints one table, and its medians once more at a glance.

Every round runs each observer once, one after the other, so that what else the machine does
meets all of them alike; the table has the medians of the rounds, their range, and the ratio
to the row that the work is compared with, of each round. To add an observer, add a row in
observers.py; to add a work, one in works.py.
"""

import argparse
import dataclasses
import os
import platform
import statistics
import subprocess
import sys

from observers import OBSERVERS, VDSOTRACE
from works import WORKS


def rows(work, observers, rounds):
    """[(observer, median, least, most, ratio)] of one work."""
    taken = {one.name: [] for one in observers if work.kind in one.sees}
    for _ in range(min(rounds, work.rounds or rounds)):
        for one in [one for one in observers if one.name in taken]:
            try:
                taken[one.name].append(statistics.median(work.measure(one) for _ in range(work.repeats)))
            except (subprocess.CalledProcessError, IndexError, TypeError) as reason:
                print(f"not measured: {work.name}: {one.name}: {reason}", file=sys.stderr)
                del taken[one.name]
    base = taken.get(work.beside)
    for name, values in taken.items():
        ratio = statistics.median(a / b for a, b in zip(values, base)) if base else None
        yield name, statistics.median(values), min(values), max(values), ratio


def number(value):
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def summary(works, observers, medians):
    """The medians again: a line for each observer, a column for each work that several of them were measured on."""
    columns = [work for work in works if sum((work.name, one.name) in medians for one in observers) > 1]
    print("\n| observer | " + " | ".join(f"{work.name} ({work.unit})" for work in columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for one in observers:
        cells = [medians.get((work.name, one.name)) for work in columns]
        if any(cell is not None for cell in cells):
            print(f"| {one.name} | " + " | ".join("" if cell is None else number(cell) for cell in cells) + " |")


def beside_before(observers, before):
    """Each, and if it is vdsotrace, that other build of it with the same options."""
    for one in observers:
        yield one
        if VDSOTRACE in (*one.prefix, *one.attach):
            other = {part: tuple(before if word == VDSOTRACE else word for word in getattr(one, part))
                     for part in ("prefix", "attach")}
            yield dataclasses.replace(one, name=one.name.replace("vdsotrace", "vdsotrace before", 1), **other)


def chosen(options):
    """The observers and works that are asked for and possible; says why others are not."""
    observers, works = [], []
    asked = [one for one in OBSERVERS if options.observer in one.name or one.name == "bare"]
    for one in beside_before(asked, options.before) if options.before else asked:
        why = one.missing()
        print(f"not measured: {one.name}: {why}") if why else observers.append(one)
    for work in WORKS:
        if options.work in work.name:
            why = work.missing()
            print(f"not measured: {work.name}: {why}") if why else works.append(work)
    return observers, works


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", default="", help="only works whose name contains this")
    parser.add_argument("--observer", default="", help="beside `bare` only observers whose name contains this")
    parser.add_argument("--before", metavar="PROGRAM", help="another build of vdsotrace, measured beside this one")
    options = parser.parse_args()
    if options.rounds < 1:
        sys.exit("bench.py: --rounds: at least 1")
    print(f"{platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}; "
          f"medians of {options.rounds} rounds\n")
    observers, works = chosen(options)
    print("| work | observer | median | range | ratio |\n|---|---|---:|---:|---:|")
    medians = {}
    for work in works:
        for name, median, least, most, ratio in rows(work, observers, options.rounds):
            medians[work.name, name] = median
            times = f"{ratio:,.2f} × {work.beside}" if ratio is not None else ""
            print(f"| {work.name} | {name} | {number(median)} {work.unit} | "
                  f"{number(least)} – {number(most)} | {times} |", flush=True)
    summary(works, observers, medians)


if __name__ == "__main__":
    main()
