"""--syscalls=inline -p: what options show beside calls is what they show with stops: stacks (-k), callers, times (-c -w)."""

import collections
import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, target
from attached_worker import LOOPED, ObservedTest, Tracing, Worker, files_code, mapped

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
INLINE = ["--syscalls=inline"]
SHOWN = "trace=getppid,close,getuid,gettid,clone3,clone"
# Calls of the vDSO, direct ones and others, from functions of a library and the program's own.
CALLERS = """import ctypes, os, sys, time
libc = ctypes.CDLL(None)
moment = (ctypes.c_long * 2)()
print('ready', flush=True)
for line in sys.stdin:
    for _ in range(50):
        time.clock_gettime(time.CLOCK_MONOTONIC), libc.syscall(228, 1, moment), os.getppid()
    print('done', flush=True)
"""


def setUpModule():
    testing.require_ptrace()


def with_stacks(lines):
    """[(call that has come back, what was said of it, the functions below it)]."""
    calls = []
    for line in lines:
        found = re.match(r"(?:\[pid +\d+\] )?(?:<\.\.\. )?(\w+)(?:\(| resumed).* = (.*)", line)
        if found:
            calls.append((found[1], found[2], []))
        elif line.startswith(" > ") and calls:
            calls[-1][2].append(re.match(r" > (\S*?)\(([^+)]*)", line).groups())
        elif calls:
            calls.append(("", "", []))
    return [(name, said, tuple(stack)) for name, said, stack in calls if name]


class OptionsTest(ObservedTest, unittest.TestCase):
    def lines_by(self, command, *options):
        """The lines of what it does while it works, and what was said."""
        worker = Worker(self, command)
        tracing = Tracing(self, worker, *options)
        worker.work()
        lines, said = tracing.end()
        worker.end()
        return lines, said

    def test_stacks(self):
        """Also of the calls that make threads, which are known by their events."""
        def stacks_by(*options):
            lines, said = self.lines_by(target("works", 3, 200), "-k", "-e", SHOWN, *options)
            return collections.Counter((name, stack) for name, _, stack in with_stacks(lines)), said
        by_stops, _ = stacks_by()
        stacks, said = stacks_by(*INLINE)
        self.assertEqual(stacks, by_stops)
        functions = {name: [function for _, function in stack] for name, stack in stacks}
        self.assertEqual(functions["getppid"][:3], ["getppid", "work", "start_thread"])
        self.assertIn("pthread_create", " ".join(functions.get("clone3") or functions["clone"]))
        self.check_complete(said)

    def test_deep_stacks(self):
        """As far as they go they are whole."""
        program = ("import os, sys\n"
                   "def down(more): return os.access('/nothing', 0) if more == 0 else sorted([more], key=lambda n: down(n - 1))\n"
                   "print('ready', flush=True)\n"
                   "for line in sys.stdin:\n"
                   "    for depth in range(12): down(depth)\n"
                   "    print('done', flush=True)\n")
        stacks = []
        for options in [], INLINE:
            lines, said = self.lines_by([PYTHON, "-S", "-c", program], "-k", "-e", "trace=access", *options)
            stacks.append([stack for _, _, stack in with_stacks(lines)])
            self.assertEqual(len(stacks[-1]), 12)
        self.assertIn("8,192 bytes of the stack are noted", said)
        for stack, whole in zip(stacks[1], stacks[0]):
            self.assertGreater(len(stack), 5)
            self.assertEqual(stack, whole[:len(stack)])
        self.assertLess(len(stacks[1][-1]), len(stacks[0][-1]))

    def test_callers(self):
        """Those of direct calls are found in samples."""
        def callers_by(*options):
            command = [PYTHON, "-S", "-c", CALLERS]
            lines, _ = self.lines_by(command, "--callers", "-e", "trace=clock_gettime,getppid", *options)
            lines = (re.sub(r"\{.*\}|0x[0-9a-f]{8,}| = \d{2,}", "X", line) for line in lines if "[pid" not in line)
            return {line for line, times in collections.Counter(lines).items() if times >= 50}
        found = callers_by(*INLINE)
        self.assertEqual(found, callers_by())
        self.assertEqual(len(found), 3, found)
        self.assertEqual(len([line for line in found if re.search(r"\[(vdso|syscall)\] <.*>$", line)]), 2, found)

    def test_times_in_a_summary(self):
        worker = Worker(self, target("works", 2, 300))
        tracing = Tracing(self, worker, "-c", "-w", *INLINE)
        worker.work()
        lines, said = tracing.end()
        worker.end()
        rows = {line.split()[-1]: line.split() for line in lines if re.match(r" *[0-9.]+ +[0-9.]+ +\d+ +\d+ ", line)}
        for name in set(LOOPED) - {"read"}:
            self.assertEqual(rows[name][3], "600")
            self.assertGreater(float(rows[name][1]), 0)
        self.assertEqual(rows["close"][4], "600")
        self.check_complete(said)

    def test_a_distribution(self):
        worker = Worker(self, target("works", 2, 300))
        tracing = Tracing(self, worker, "-c", "-w", "-T", "-U", "calls,median-ns,max-ns,name", *INLINE)
        worker.work()
        lines, _ = tracing.end()
        worker.end()
        calls, median, longest, _ = next(line.split() for line in lines if line.endswith(" getppid"))
        self.assertEqual(calls, "600")
        self.assertGreater(int(median), 0)
        self.assertGreaterEqual(int(longest), int(median))


class KilledTest(unittest.TestCase):
    def test_at_any_moment(self):
        for how in ([], ["signals"]):
            with self.subTest(how):
                worker = Worker(self, target("works", 4, 1500, *how))
                worker.work()
                code, maps = files_code(worker.pid), mapped(worker.pid)
                for _ in range(8 * STORM):
                    worker.work_while_killed("-k", "--callers", *INLINE)
                for _ in range(2):
                    tracing = Tracing(self, worker, "-k", *INLINE)
                    worker.work()
                    lines, _ = tracing.end()
                    self.assertGreaterEqual(sum("getppid" in line for line in lines if "resumed" not in line), 6000)
                self.assertEqual(files_code(worker.pid), code)
                self.assertEqual(mapped(worker.pid), maps)
                worker.work()
                worker.end()


if __name__ == "__main__":
    testing.main()
