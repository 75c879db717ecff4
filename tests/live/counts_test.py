"""vDSO counts equal those of the processor's own breakpoints (perf stat -e mem:ADDRESS:x).

Both look at the same run: perf counts the entries of vDSO functions in all that vdsotrace
starts, while vdsotrace puts its probes on the same instructions. Address randomisation is off
for the program and on for vdsotrace, so vdsotrace's own calls lie elsewhere. Programs whose
calls do not depend on timing are also counted in a run without vdsotrace.

A signal that arrives at an entry makes perf count that call twice: before the handler runs
vdsotrace puts the program counter back to the entry, where the program comes past again when
the handler has returned. Programs that send themselves signals say by themselves how many calls
they made (signal_storm in targets_test.py); here their count has the signals as its margin.
"""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, Trace, VDSOTRACE, perf_entries, target, vdso_base

# Hardware has four breakpoints; these are the functions that C libraries use.
FUNCTIONS = ["clock_gettime", "gettimeofday", "time", "getcpu"]

GO_PROGRAM = """package main

import (
	"fmt"
	"time"
)

func main() {
	started := time.Now()
	ordered := true
	for i := 0; i < 3000; i++ {
		ordered = ordered && !time.Now().Before(started)
	}
	fmt.Println(ordered)
}
"""


def setUpModule():
    testing.require_ptrace()
    testing.require_perf()
    randomised = Path("/proc/sys/kernel/randomize_va_space").read_text().strip()
    if randomised == "0":
        raise unittest.SkipTest("kernel.randomize_va_space is 0: vdsotrace's own calls "
                                "could not be distinguished from the program's")


# perf stat now and then misses part of a thread's calls, of a program that nobody traces as well: how often it may.
PERF_MISSES = 2


class CountsTest(unittest.TestCase):
    def same_run(self, command, *options):
        """Counts one run in both ways; returns the counts."""
        counted, entered, trace = self.counted_twice(command, *options)
        for _ in range(PERF_MISSES):
            if not self.has_missed(entered, counted):
                break
            counted, entered, trace = self.counted_twice(command, *options)
        self.assertEqual(counted, entered)
        self.assertEqual(trace.summary["lost"], 0)
        return counted

    def has_missed(self, entered, counted):
        return any(entered[name] < counted[name] for name in counted)

    def counted_twice(self, command, *options):
        base = vdso_base(command)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trace"
            ran, entered = perf_entries(
                [VDSOTRACE, "-f", *options, "--json", "-o", file, "--", "setarch", "-R", *command],
                base, FUNCTIONS)
            self.assertEqual(ran.status, 0, ran.stderr[-2000:])
            trace = Trace(ran, file.read_text())
        counted = {name: trace.count(name, "vdso", "fallback") for name in FUNCTIONS}
        return counted, entered, trace

    def both_runs(self, command):
        counted = self.same_run(command, "-c")
        for _ in range(1 + PERF_MISSES):
            _, untraced = perf_entries(["setarch", "-R", *command], vdso_base(command), FUNCTIONS)
            if not self.has_missed(untraced, counted):
                break
        self.assertEqual(counted, untraced)
        return untraced

    def test_python(self):
        counts = self.both_runs([PYTHON, "-c", "import time; [time.time() for _ in range(1000)]"])
        self.assertGreaterEqual(counts["clock_gettime"], 1000)

    def test_threads(self):
        counts = self.both_runs(target("threads", 8, 20000))
        self.assertEqual(counts, dict.fromkeys(FUNCTIONS, 160000))

    def test_threads_static(self):
        self.both_runs(target("threads_static", 4, 500))

    def test_stress_ng(self):
        testing.require_program("stress-ng")
        counts = self.same_run(["stress-ng", "--vdso", "1", "--vdso-ops", "20000"], "-c")
        self.assertGreaterEqual(sum(counts.values()), 20000)

    def test_go(self):
        testing.require_program("go")
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder) / "clock.go", Path(folder) / "clock"
            source.write_text(GO_PROGRAM)
            cache = Path(tempfile.gettempdir()) / "vdsotrace-test-go-cache"
            built = testing.run([shutil.which("go"), "build", "-o", program, source],
                                env={"PATH": "/usr/bin:/bin", "HOME": folder,
                                     "GOCACHE": str(cache), "GO111MODULE": "off"})
            self.assertEqual(built.status, 0, built.stderr)
            # Without the signals by which its scheduler interrupts threads.
            os.environ["GODEBUG"] = "asyncpreemptoff=1"
            self.addCleanup(os.environ.pop, "GODEBUG", None)
            counts = self.same_run([str(program)], "-c")
            del os.environ["GODEBUG"]
            self.assertGreaterEqual(counts["clock_gettime"], 6000)
            counted, entered, trace = self.counted_twice([str(program)])
        signals = len(trace.of_type("signal"))
        self.assertLessEqual(counted["clock_gettime"], entered["clock_gettime"])
        self.assertLessEqual(entered["clock_gettime"], counted["clock_gettime"] + signals)

    def test_java(self):
        testing.require_program("java")
        counts = self.same_run(["java", "-version"], "-c")
        self.assertGreater(counts["clock_gettime"], 0)


if __name__ == "__main__":
    testing.main()
