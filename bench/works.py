"""What is observed: a row for each work, and how one run of each kind of work is measured."""

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from observers import CALL, FALLBACK, FILES, IFUNC, MAKE, MEMORY, PROGRAM, START, STUB, SYSCALL, TOOLS, VDSOTRACE, testing
from served import SERVED
from stopped import STOPPED_WORKS
from work import Work, first_missing, quietly

CALLS, STUB_COSTS = (str(testing.BUILD / "bench" / name) for name in ("calls", "stub_costs"))
NS = {"ns": 1, "us": 1e3, "ms": 1e6}
LONG_ENOUGH_NS = 200e6
FEWEST, MOST = 500, 5_000_000


@dataclass
class Loop(Work):
    """bench/calls.c, which measures itself: time per call, without start-up."""
    name: str
    kind: str
    unit: str
    call: str
    threads: int = 1
    beside: str = "bare"
    counts: dict = field(default_factory=dict)  # calls per run, by observer

    def took_ns(self, observer, count):
        command = observer.command([CALLS, self.call, str(count), str(self.threads)])
        # gdb and others print on the program's standard output.
        return int(re.findall(r"^\d+$", quietly(command, stdout=subprocess.PIPE).stdout, re.M)[-1])

    def enough(self, observer):
        """So many calls that what the first ones cost more does not show."""
        count, took = FEWEST, self.took_ns(observer, FEWEST)
        while took < LONG_ENOUGH_NS / 4 and count < MOST:
            count = int(min(MOST, count * LONG_ENOUGH_NS / max(took, 1)))
            took = self.took_ns(observer, count)
        self.counts[observer.name] = int(min(MOST, max(FEWEST, count * LONG_ENOUGH_NS / max(took, 1))))
        return self.counts[observer.name]

    def measure(self, observer):
        count = self.counts.get(observer.name) or self.enough(observer)
        return self.took_ns(observer, count) / count / NS[self.unit]


@dataclass
class Whole(Work):
    """A command from its start to its end."""
    name: str
    kind: str
    command: tuple
    unit: str = "ms"
    beside: str = "bare"
    repeats: int = 1
    rounds: int | None = None

    def measure(self, observer):
        start = time.perf_counter_ns()
        quietly(observer.command(self.command), stdout=subprocess.DEVNULL)
        return (time.perf_counter_ns() - start) / NS[self.unit]

    def missing(self):
        return first_missing(self.command[0])


@dataclass
class Stub(Work):
    """bench/stub_costs.cpp: calls through stubs where no process is traced, so the observer is the stub alone."""
    name: str = "clock_gettime(MONOTONIC) through a stub, not traced"
    kind: str = STUB
    unit: str = "ns"
    calls: int = 4_000_000

    def measure(self, observer):
        kind, *drained = observer.stub
        ran = quietly([STUB_COSTS, kind, str(self.calls), *drained], stdout=subprocess.PIPE)
        return int(ran.stdout) / self.calls


def pg_test_timing():
    """Debian keeps it out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_test_timing"))
    return str(found[-1]) if found else shutil.which("pg_test_timing")


@dataclass
class PgTestTiming(Work):
    """PostgreSQL's own measurement of its clock, as it prints it."""
    name: str = "pg_test_timing, a loop"
    kind: str = PROGRAM
    unit: str = "ns"

    def measure(self, observer):
        ran = quietly(observer.command([pg_test_timing(), "-d", "1"]), stdout=subprocess.PIPE)
        return float(re.search(r"Per loop time including overhead: ([\d.]+) ns", ran.stdout)[1])

    def missing(self):
        return None if pg_test_timing() else "pg_test_timing (postgresql) is not installed"


@dataclass
class Memory(Work):
    """The most memory that the observer itself has had."""
    name: str = "memory of vdsotrace after 1,000,000,000 calls counted"
    kind: str = MEMORY
    unit: str = "MB"
    beside: str = ""
    calls: int = 1_000_000_000
    rounds: int = 1

    def measure(self, observer):
        command = observer.command([CALLS, "coarse", str(self.calls)])
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise RuntimeError(f"{command}: {child.returncode}")
        return usage.ru_maxrss / 1024


WORKS = [
    Loop("clock_gettime(MONOTONIC)", CALL, "ns", "monotonic"),
    Loop("clock_gettime(MONOTONIC), 2 threads", CALL, "ns", "monotonic", 2),
    Stub(),
    Loop("gettimeofday", IFUNC, "ns", "gettimeofday"),
    Loop("time", IFUNC, "ns", "time"),
    Loop("getcpu", IFUNC, "ns", "getcpu"),
    Loop("getcpu, 2 threads", IFUNC, "ns", "getcpu", 2),
    Loop("fallback, clock_gettime(PROCESS_CPUTIME_ID)", FALLBACK, "ns", "cpu_time"),
    Loop("1 us of work and a clock_gettime", PROGRAM, "ns", "timed_work"),
    Loop("1 us of work and no call", PROGRAM, "ns", "work"),
    PgTestTiming(),
    *SERVED,
    *STOPPED_WORKS,
    Loop("system call, getppid", SYSCALL, "us", "getppid", beside="strace"),
    Loop("direct system call, clock_gettime", SYSCALL, "us", "clock_syscall", beside="strace"),
    Whole("true, from start to end", START, ("true",), beside="strace", repeats=9),
    Loop("openat, fstat, read, close of a small file", FILES, "us", "small_file"),
    Whole("dd, 200,000 calls", TOOLS, ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100000"), rounds=3),
    Whole("find /usr/share", TOOLS, ("find", "/usr/share", "-name", "xx*"), rounds=3),
    Whole("git status", TOOLS, ("git", "status"), repeats=3),
    Whole("python3, a module", TOOLS, ("python3", "-c", "import http.client"), repeats=3),
    Whole("gcc -c", TOOLS, ("gcc", "-O2", "-c", "-o", str(testing.BUILD / "bench" / "one.o"), "bench/calls.c"), repeats=3),
    Whole("make that compiles 8 files", MAKE, ("make", "-s", "-B", "-f", "bench/compile.mk")),
    Memory(),
]
