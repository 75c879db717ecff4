"""Measures observers beside each other on the same work and prints one table.

Every round runs each observer once, one after the other, so that what else the machine does
meets all of them alike; the table has the medians of the rounds, their range, and the ratio
to the row that the work is compared with. To add an observer or a work, add a row below.
"""

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
VDSOTRACE = str(SOURCE / "build" / "release" / "vdsotrace")
CALLS = str(SOURCE / "build" / "bench" / "calls")


@dataclass
class Observer:
    name: str
    prefix: list  # stands before the observed command
    sees: set     # kinds of work that it can observe at all
    slow: int = 1  # divides the number of calls
    fast: bool = False  # takes as many calls as the bare program


@dataclass
class Work:
    name: str
    kind: str      # what an observer must be able to see
    unit: str
    call: str      # of bench/calls.c; empty: the whole run of `true`
    bare: int      # how many calls unobserved and observed
    observed: int
    beside: str    # the ratio's denominator, an observer's name


VDSO = {"vdso", "ifunc"}  # gdb cannot break on what the C library resolves by an IFUNC
ALL = VDSO | {"syscall", "start"}
STUBS = ["-c", "-e", "route=vdso,fallback"]  # no system call stops
OUT = ["-o", "/dev/null"]
GDB = ["gdb", "-q", "-batch", "-ex", "set breakpoint pending on", "-ex", "break clock_gettime", "-ex", "ignore 1 1000000000",
       "-ex", "run", "--args"]
OBSERVERS = [
    Observer("bare", [], ALL),
    Observer("vdsotrace -c, vDSO only", [VDSOTRACE, *STUBS, *OUT], VDSO, fast=True),
    Observer("vdsotrace -c -T, vDSO only", [VDSOTRACE, *STUBS, "-T", *OUT], VDSO, fast=True),
    Observer("vdsotrace -c -e trace=%vdso", [VDSOTRACE, "-c", "-e", "trace=%vdso", *OUT], ALL, fast=True),
    Observer("vdsotrace, vDSO only, text", [VDSOTRACE, *STUBS[1:], *OUT], VDSO, fast=True),
    Observer("vdsotrace, vDSO only, JSON", [VDSOTRACE, *STUBS[1:], "--json", *OUT], VDSO, fast=True),
    Observer("vdsotrace", [VDSOTRACE, *OUT], ALL),
    Observer("vdsotrace --pin", [VDSOTRACE, "--pin", *OUT], ALL),
    Observer("vdsotrace --engine=breakpoint", [VDSOTRACE, "--engine=breakpoint", *OUT], VDSO),
    Observer("vdsotrace --engine=breakpoint --pin", [VDSOTRACE, "--engine=breakpoint", "--pin", *OUT], VDSO),
    Observer("strace", ["strace", *OUT], {"syscall", "start"}),
    Observer("strace, one CPU", ["taskset", "-c", "0", "strace", *OUT], {"syscall", "start"}),
    Observer("strace -c", ["strace", "-c", *OUT], {"syscall", "start"}),
    Observer("strace --seccomp-bpf -f -e trace=openat", ["strace", "--seccomp-bpf", "-f", "-e", "trace=openat", *OUT],
             {"syscall", "start"}, fast=True),
    Observer("ltrace", ["ltrace", *OUT, "-e", "clock_gettime+gettimeofday"], VDSO, slow=3),
    Observer("gdb, breakpoint with an ignore count", GDB, {"vdso"}, slow=6),
]

WORKS = [
    Work("vDSO call, clock_gettime(MONOTONIC)", "vdso", "ns", "monotonic", 2_000_000, 3_000, "bare"),
    Work("vDSO call, gettimeofday", "ifunc", "ns", "gettimeofday", 2_000_000, 3_000, "bare"),
    Work("fallback, clock_gettime(PROCESS_CPUTIME_ID)", "vdso", "ns", "cpu_time", 300_000, 2_000, "bare"),
    Work("system call, getppid", "syscall", "us", "getppid", 1_000_000, 3_000, "strace"),
    Work("system call, clock_gettime", "syscall", "us", "clock_syscall", 1_000_000, 3_000, "strace"),
    Work("start-up and end of true", "start", "ms", "", 0, 0, "strace"),
]
NS = {"ns": 1, "us": 1e3, "ms": 1e6}


def measure(work, observer):
    """One run, in the work's unit: per call, or all of it."""
    if not work.call:
        start = time.perf_counter_ns()
        subprocess.run([*observer.prefix, "true"], check=True, stderr=subprocess.DEVNULL)
        return (time.perf_counter_ns() - start) / NS[work.unit]
    # A fast observer meets only few of the calls that stop: the direct system calls of one work.
    many = not observer.prefix or (observer.fast and work.call != "clock_syscall")
    count = work.bare if many else max(1, work.observed // observer.slow)
    ran = subprocess.run([*observer.prefix, CALLS, work.call, str(count)], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    # gdb prints on the program's standard output.
    return int(re.findall(r"^\d+$", ran.stdout, re.M)[-1]) / count / NS[work.unit]


def missing(observer):
    return bool(observer.prefix) and shutil.which(observer.prefix[0]) is None


def rows(work, rounds):
    """[(observer, median, least, most, ratio)] of one work."""
    observers = [one for one in OBSERVERS if work.kind in one.sees and not missing(one)]
    taken = {one.name: [] for one in observers}
    for _ in range(rounds):
        for one in observers:
            taken[one.name].append(measure(work, one))
    base = taken.get(work.beside)
    for name, values in taken.items():
        # Of each round, because the two runs of a round met the same conditions.
        ratio = statistics.median(a / b for a, b in zip(values, base)) if base else None
        yield name, statistics.median(values), min(values), max(values), ratio


def number(value):
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--work", default="", help="only works whose name contains this")
    options = parser.parse_args()
    if options.rounds < 1:
        sys.exit("bench.py: --rounds: at least 1")
    print(f"{platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}; "
          f"medians of {options.rounds} rounds\n")
    for observer in filter(missing, OBSERVERS):
        print(f"not measured, as it is not installed: {observer.name}")
    print("| work | observer | median | range | ratio |\n|---|---|---:|---:|---:|")
    for work in WORKS:
        if options.work not in work.name:
            continue
        for name, median, least, most, ratio in rows(work, options.rounds):
            times = f"{ratio:,.2f} × {work.beside}" if ratio is not None else ""
            print(f"| {work.name} | {name} | {number(median)} {work.unit} | "
                  f"{number(least)} – {number(most)} | {times} |", flush=True)


if __name__ == "__main__":
    main()
