"""Who observes: a row for each, with what it can see and how it is started."""

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import vdsotrace_testing as testing

VDSOTRACE = testing.VDSOTRACE
OUT = ["-o", "/dev/null"]
FILE = ["-o", str(SOURCE / "build" / "bench" / "trace.out")]
VDSO_ONLY = ["-e", "route=vdso,fallback"]  # no system call stops

# Kinds of work. An IFUNC is resolved to the vDSO's function itself: gdb and uprobes do not see it by name.
CALL, IFUNC, FALLBACK = "call", "ifunc", "fallback"
SYSCALL, START, MAKE, PROGRAM, SERVER, MEMORY, STUB = "syscall", "start", "make", "program", "server", "memory", "stub"
ATTACHED = "attached"  # servers that only those are attached to who let them run
STOPPED = "stopped"    # how long threads are stopped for somebody who comes and goes
FILES, TOOLS = "files", "tools"  # calls with names and buffers; programs that make many calls, and start others
VDSO = {CALL, IFUNC, FALLBACK}
INLINE = "--syscalls=inline"


@dataclass
class Observer:
    name: str
    sees: set
    prefix: tuple = ()     # stands before the observed command
    attach: tuple = ()     # stands before the observed server's number
    wrap: object = None    # makes a command of the observed command, instead of `prefix`
    stub: tuple = ()       # arguments of bench/stub_costs.cpp, but for the count

    def command(self, observed):
        return self.wrap(observed) if self.wrap else [*self.prefix, *observed]

    def missing(self):
        """Why it cannot be measured here, or nothing."""
        try:
            words = self.attach or self.command(["true"])
        except Exception as reason:  # what the tests would skip with
            return str(reason)
        needs = [word for word in words[:4] if word in PROGRAMS]
        return next((f"{word} is not installed" for word in needs if shutil.which(word) is None), None)


PROGRAMS = {"strace", "ltrace", "gdb", "uftrace", "bpftrace", "perf", "setarch", "taskset"}


def gdb(observed):
    return ["gdb", "-q", "-batch", "-ex", "set breakpoint pending on", "-ex", "break clock_gettime",
            "-ex", "ignore 1 1000000000", "-ex", "run", "--args", *observed]


def uprobe(observed):
    libc = next((line.split()[-1] for line in open("/proc/self/maps") if "libc.so" in line), "libc.so.6")
    return ["bpftrace", "-q", "-e", f"uprobe:{libc}:clock_gettime {{ @ = count(); }}", "-c", shlex.join(observed)]


def trace_points(observed):
    count = "tracepoint:raw_syscalls:sys_enter /pid == cpid/ { @ = count(); }"
    return ["bpftrace", "-q", "-e", count, "-c", shlex.join([shutil.which(observed[0]) or observed[0], *observed[1:]])]


def perf_breakpoint(observed):
    testing.require_perf()
    address = testing.vdso_base(observed) + testing.vdso_functions()["clock_gettime"]
    return ["perf", "stat", "-e", f"mem:{address:#x}:x:u", "setarch", "-R", *observed]


def uftrace(observed):
    return ["uftrace", "record", "--force", "-d", str(SOURCE / "build" / "bench" / "uftrace"), *observed]


OBSERVERS = [
    Observer("bare", VDSO | {SYSCALL, FILES, START, TOOLS, MAKE, PROGRAM, SERVER, ATTACHED, STOPPED, STUB},
             attach=("true",), stub=("none",)),
    Observer("vdsotrace -c", VDSO | {START, PROGRAM, MEMORY, STOPPED}, (VDSOTRACE, "-c", *OUT), (VDSOTRACE, "-c", *OUT, "-p")),
    Observer("vdsotrace -c -e route=vdso,fallback", VDSO | {PROGRAM, SERVER, ATTACHED}, (VDSOTRACE, "-c", *VDSO_ONLY, *OUT),
             (VDSOTRACE, "-f", "-c", *VDSO_ONLY, *OUT, "-p")),
    Observer("vdsotrace -c -T -e route=vdso,fallback", VDSO | {PROGRAM}, (VDSOTRACE, "-c", "-T", *VDSO_ONLY, *OUT)),
    Observer("vdsotrace -c -e trace=%vdso", VDSO | {SYSCALL}, (VDSOTRACE, "-c", "-e", "trace=%vdso", *OUT)),
    Observer("vdsotrace audit", VDSO | {PROGRAM}, (VDSOTRACE, "audit", "-o", "/dev/null")),
    Observer("vdsotrace -c --syscalls=inline, attached", {SERVER, ATTACHED, STOPPED},
             attach=(VDSOTRACE, "-f", "-c", INLINE, "-o", "/dev/null", "-p")),
    Observer("vdsotrace audit, attached", {SERVER, ATTACHED, STOPPED}, attach=(VDSOTRACE, "audit", "-f", "-o", "/dev/null", "-p")),
    Observer("vdsotrace audit --direct=stops, attached", {SERVER},
             attach=(VDSOTRACE, "audit", "--direct=stops", "-o", "/dev/null", "-p")),
    Observer("vdsotrace -e route=vdso,fallback, text", VDSO | {PROGRAM}, (VDSOTRACE, *VDSO_ONLY, *FILE)),
    Observer("vdsotrace -e route=vdso,fallback, JSON", VDSO | {PROGRAM}, (VDSOTRACE, *VDSO_ONLY, "--json", *FILE)),
    Observer("vdsotrace", VDSO | {SYSCALL, FILES, START, PROGRAM, STOPPED}, (VDSOTRACE, *OUT), (VDSOTRACE, *OUT, "-p")),
    Observer("vdsotrace -y", {FILES}, (VDSOTRACE, "-y", *OUT)),
    Observer("vdsotrace -v", {FILES}, (VDSOTRACE, "-v", *OUT)),
    Observer("vdsotrace -c --syscalls=inline", {SYSCALL, FILES, START}, (VDSOTRACE, "-c", INLINE, *OUT)),
    Observer("vdsotrace --syscalls=inline, text", {SYSCALL, FILES, START}, (VDSOTRACE, INLINE, *FILE)),
    Observer("vdsotrace --syscalls=inline, JSON", {SYSCALL, FILES}, (VDSOTRACE, INLINE, "--json", *FILE)),
    Observer("vdsotrace -f -c --syscalls=inline", {TOOLS, MAKE}, (VDSOTRACE, "-f", "-c", INLINE, *OUT)),
    Observer("vdsotrace -f --syscalls=inline, text", {TOOLS, MAKE}, (VDSOTRACE, "-f", INLINE, *FILE)),
    Observer("vdsotrace --pin", {SYSCALL}, (VDSOTRACE, "--pin", *OUT)),
    Observer("vdsotrace --engine=breakpoint", VDSO, (VDSOTRACE, "--engine=breakpoint", *OUT)),
    Observer("vdsotrace --engine=breakpoint --pin", VDSO, (VDSOTRACE, "--engine=breakpoint", "--pin", *OUT)),
    Observer("vdsotrace --engine=perf -c", {CALL}, (VDSOTRACE, "--engine=perf", "-c", *OUT),
             (VDSOTRACE, "--engine=perf", "-c", *OUT, "-p")),
    Observer("vdsotrace --engine=step", {CALL}, (VDSOTRACE, "--engine=step", *OUT)),
    *(Observer(f"stub that records {what}{reader}", {STUB}, stub=(kind, *drained))
      for kind, what in (("times", "times"), ("values", "values"), ("values_and_times", "values and times"))
      for drained, reader in (((), ""), (("drained",), ", drained meanwhile"))),
    Observer("stub that counts", {STUB}, stub=("count",)),
    Observer("stub that counts by callers", {STUB}, stub=("callers",)),
    Observer("vdsotrace -f -c", {MAKE}, (VDSOTRACE, "-f", "-c", *OUT)),
    Observer("vdsotrace -f -c -e trace=%vdso", {MAKE}, (VDSOTRACE, "-f", "-c", "-e", "trace=%vdso", *OUT)),
    Observer("vdsotrace -f", {TOOLS, MAKE}, (VDSOTRACE, "-f", *OUT)),
    Observer("vdsotrace -f --pin", {TOOLS, MAKE}, (VDSOTRACE, "-f", "--pin", *OUT)),
    Observer("strace", {SYSCALL, FILES, START, PROGRAM}, ("strace", *OUT)),
    Observer("strace -y", {FILES}, ("strace", "-y", *OUT)),
    Observer("strace -v", {FILES}, ("strace", "-v", *OUT)),
    Observer("strace, bound to one processor", {SYSCALL}, ("taskset", "-c", "0", "strace", *OUT)),
    Observer("strace -c", {SYSCALL, START}, ("strace", "-c", *OUT)),
    Observer("strace -f", {TOOLS, MAKE}, ("strace", "-f", *OUT)),
    Observer("strace -c -f", {SERVER, TOOLS, STOPPED}, ("strace", "-c", "-f", *OUT), attach=("strace", "-c", "-f", *OUT, "-p")),
    Observer("strace --seccomp-bpf -f -e trace=openat", {SYSCALL, START, MAKE},
             ("strace", "--seccomp-bpf", "-f", "-e", "trace=openat", *OUT)),
    Observer("ltrace", {CALL, IFUNC}, ("ltrace", *OUT, "-e", "clock_gettime+gettimeofday+time+getcpu")),
    Observer("gdb, breakpoint with an ignore count", {CALL}, wrap=gdb),
    Observer("uftrace record", {CALL, IFUNC, FALLBACK}, wrap=uftrace),
    Observer("bpftrace, uprobe that counts", {CALL, FALLBACK}, wrap=uprobe),
    Observer("bpftrace, trace points that count", {SYSCALL, FILES, TOOLS}, wrap=trace_points),
    Observer("perf trace", {SYSCALL, FILES, TOOLS}, ("perf", "trace", *OUT)),
    Observer("perf stat -e mem:ADDRESS:x", {CALL, FALLBACK}, wrap=perf_breakpoint),
]
