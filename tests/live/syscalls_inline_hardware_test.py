"""Under --syscalls=inline the counts are those of the kernel's own trace point at the entry of every system call, for
programs of all kinds: number for number, beside a run that nobody traces.

Where timing decides how often a program calls something, neither counts that call, and it is said which.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, target
from inline_calls import go_that_opens, inline_counts, require_dispatch, threads_that_open
from kernel_counts import KernelCounts

MOST_PAIRS = 6

# They never return: as with strace, a summary is about those that do.
ENDS = {"exit": 60, "exit_group": 231}
# Threads that meet wait for each other as timing has it, and how they share memory.
MEETING = {"futex": 202, "sched_yield": 24, "nanosleep": 35, "clock_nanosleep": 230, "restart_syscall": 219, "select": 23,
           "poll": 7, "ppoll": 271}
MEMORY = {"mmap": 9, "munmap": 11, "mprotect": 10, "madvise": 28, "brk": 12}
# How much of a pipe is read at once; children are waited for again when a signal says so.
PIPES = {"read": 0, "wait4": 61, "rt_sigreturn": 15}
# Go's scheduler starts threads and tells them to give way.
GO = {"clone": 56, "tgkill": 234, "rt_sigreturn": 15, "getpid": 39, "epoll_pwait": 281, "rt_sigprocmask": 14,
      "sigaltstack": 131, "gettid": 186}
# A thread of node's compiles while the others run, and waits are begun anew.
NODE = {"epoll_wait": 232, "epoll_pwait": 281, "read": 0, "write": 1, "epoll_ctl": 233, "getrusage": 98, "clone3": 435,
        "rseq": 334, "set_robust_list": 273, "rt_sigprocmask": 14, "prctl": 157, "exit": 60, "sched_getaffinity": 204,
        "gettid": 186}

LOOP = """import os
for i in range(3000):
    os.getppid(), os.access('/nothing', 0), os.stat('/'), os.lseek(0, 0, 1) if i < 0 else None
print(sum(1 for _ in os.scandir('/usr/bin')) > 0)
"""
SIGNALS = """import os, signal
seen = 0
def note(*_):
    global seen
    seen += 1
signal.signal(signal.SIGUSR1, note)
for _ in range(300):
    os.kill(os.getpid(), signal.SIGUSR1)
    os.getppid()
print(seen)
"""


def setUpModule():
    global kernel
    testing.require_ptrace()
    kernel = KernelCounts()
    require_dispatch("-c", "--syscalls=inline")


class KernelCountsTest(unittest.TestCase):
    def same(self, command, but=None, cwd=None):
        """The same number of calls, output and status as untraced. A program that finds the machine otherwise makes other
        calls: then both run again."""
        but = ENDS | (but or {})
        seen = []
        # A shell comes in between, which says where it is.
        where = {"cwd": cwd, "env": {**os.environ, "PWD": os.path.realpath(cwd or os.getcwd())}}
        for _ in range(MOST_PAIRS):
            untraced, calls = kernel.of(command, but.values(), **where)
            ran, counts = inline_counts(command, "-f", **where)
            self.assertNotIn("its system calls are", ran.stderr)
            self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout))
            # The kernel's count begins behind the call that executes the program.
            inline = sum(count for name, (count, _) in counts.items() if name not in but) - 1
            self.assertGreater(inline, 10)
            seen.append((calls, inline))
            if calls == inline:
                return calls
        self.fail(f"the kernel's and ours: {seen}")

    def test_loops(self):
        self.same(target("flat_calls", "order"))
        self.same(target("call_shapes", "ways"))
        self.same(target("own_calls", "numbers"))
        calls = self.same(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=20000", "status=none"])
        self.assertGreater(calls, 40000)

    def test_small_programs(self):
        for command in (["true"], ["ls", "-lR", "/usr/include/linux"], ["find", "/usr/include", "-name", "xx*"],
                        ["cat", "/nothing", "/etc/passwd"], ["sort", "/etc/passwd"], ["wc", "/etc/passwd"],
                        ["cp", "-r", "/usr/include/linux", "/dev/null"]):
            with self.subTest(command=command):
                self.same(command, {"futex": 202})

    def test_a_static_program(self):
        self.same(target("calls_static"))

    def test_interpreters(self):
        self.same([PYTHON, "-S", "-c", LOOP])
        self.same(["sh", "-c", "i=0; while [ $i -lt 500 ]; do test -e /nothing; i=$((i + 1)); done; echo $i"])

    def test_threads(self):
        self.same([PYTHON, "-S", "-c", threads_that_open(200)], MEETING | MEMORY)

    def test_forks_and_pipes(self):
        self.same(["sh", "-c", "i=0; while [ $i -lt 100 ]; do (exit 3); i=$((i + 1)); done; echo $?"], PIPES)
        self.same(["sh", "-c", "echo b a c | tr ' ' '\\n' | sort | head -2; test -e /nothing || exit 4"],
                  PIPES | {"close": 3, "pread64": 17})

    def test_signals(self):
        self.same([PYTHON, "-S", "-c", SIGNALS])
        self.same(target("own_calls", "signal"))

    def test_git(self):
        testing.require_program("git")
        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(HOME=folder, GIT_CONFIG_NOSYSTEM="1")
            for i in range(30):
                Path(folder, f"file{i}").write_text("x" * i)
            for command in (["init", "-q"], ["add", "."],
                            ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"]):
                subprocess.run(["git", *command], cwd=folder, check=True)
            self.same(["git", "status", "--short"], {"futex": 202}, folder)
            self.same(["git", "--no-pager", "log", "--stat"], {"futex": 202}, folder)

    def test_gcc(self):
        testing.require_program("gcc")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"x\"); }\n")
            # Names of temporary files are drawn until one is free.
            self.same(["gcc", "-c", "a.c", "-o", "a.o"], {"brk": 12, "futex": 202}, folder)

    def test_go(self):
        with tempfile.TemporaryDirectory() as folder:
            self.same([testing.go_program(folder, go_that_opens(300))], MEETING | MEMORY | GO)

    def test_node(self):
        testing.require_program("node")
        self.same([shutil.which("node"), "-e", "for (let i = 0; i < 300; ++i) require('fs').existsSync('/nothing')"],
                  MEETING | MEMORY | NODE)


if __name__ == "__main__":
    testing.main()
