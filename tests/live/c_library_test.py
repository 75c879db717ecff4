"""Calls that the C library makes for itself: they have a reason of their own, and do not count as the program's."""

import collections
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, target, trace_json, vdsotrace

ENGINES = ("breakpoint", "inline", "step")
ROUTES = ("-e", "trace=%vdso")
KERNEL = "fallback,syscall"
LOGS = """#include <stdlib.h>
#include <syslog.h>
#include <time.h>

__attribute__((noinline)) int used(void) { return clock() < 0; }

int main(void) {
  char name[] = "/nowhere/XXXXXX";
  syslog(LOG_DEBUG, "hello");
  return mkdtemp(name) != NULL || used();
}
"""


def setUpModule():
    testing.require_ptrace()


def reasons(trace):
    """Of calls that entered the kernel."""
    return collections.Counter((call["name"], (call["caller"] or {"symbol": None})["symbol"], call["reason"])
                               for call in trace.of_type("call") if call["reason"])


def part_of_c_library():
    """The command of a program that a part of the C library asks for the time."""
    return target("c_library_part", target("librt.so.9")[0])


class OwnCallsTest(unittest.TestCase):
    def traced(self, command):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                trace = trace_json(command, f"--engine={engine}", "--callers", *ROUTES)
                self.assertEqual(trace.status, 0, trace.stderr)
                yield reasons(trace)

    def check_random(self, program, *allocates):
        """What malloc asks for is its own, what the program asks for is not, whichever way both go."""
        seen = list(self.traced(target(program)))
        if not any(caller in allocates for found in seen for _, caller, _ in found):
            self.skipTest("this C library's malloc makes no system call for random bytes")
        for found in seen:
            own = [key for key in found.elements() if key[2] == "c_library"]
            self.assertEqual(len(own), 1, found)
            self.assertEqual((own[0][0], own[0][1] in allocates), ("getrandom", True), found)
            self.assertLessEqual({reason for _, caller, reason in found if caller == "token"}, {"direct-call", "random-state"})

    def test_malloc(self):
        self.check_random("c_library", "allocate")

    def test_malloc_of_a_static_program(self):
        """By symbols of its own, for there is no file to tell by."""
        self.check_random("c_library_static", "ptmalloc_init.part.0", "ptmalloc_init")

    def test_static_program_without_symbols(self):
        """Nothing is claimed where nothing is known."""
        testing.require_program("strip")
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "stripped")
            subprocess.run(["strip", "-o", stripped, target("c_library_static")[0]], check=True)
            for found in self.traced([stripped]):
                self.assertLessEqual({reason for _, _, reason in found}, {"direct-call", "random-state"})

    def test_calls_that_fall_back(self):
        for found in self.traced(part_of_c_library()):
            del found["getrandom", "main", "c_library"]  # dlopen's malloc
            self.assertEqual(found, {("clock_gettime", "rests", "c_library"): 3, ("clock_gettime", "asks", "cpu-time-clock"): 3})

    def test_static_musl(self):
        testing.require_program("musl-gcc")
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder, "logs.c"), os.path.join(folder, "logs")
            source.write_text(LOGS)
            subprocess.run(["musl-gcc", "-O2", "-static", "-o", program, source], check=True)
            found = reasons(trace_json([program], "--no-vdso", "--callers", *ROUTES))
            self.assertEqual(found, {("clock_gettime", "_vsyslog", "c_library"): 1, ("clock_gettime", "__randname", "c_library"): 1,
                                     ("clock_gettime", "used", "cpu-time-clock"): 1})

    def test_direct_calls_by_a_hidden_vdso(self):
        trace = trace_json(part_of_c_library(), "--no-vdso", "--callers", *ROUTES)
        found = reasons(trace)
        self.assertEqual(found["clock_gettime", "rests", "c_library"], 3)
        self.assertEqual(found["clock_gettime", "asks", "cpu-time-clock"], 3)


class FailOnTest(unittest.TestCase):
    def status(self, rules, command, *options):
        ran = vdsotrace("audit", "--fail-on", rules, "-o", "/dev/null", *options, *command)
        return ran.status, ran.stderr

    def test_a_usual_program_passes(self):
        for engine in ENGINES:
            self.assertEqual(self.status(KERNEL, [shutil.which("ls"), "/"], f"--engine={engine}"), (0, ""))

    def test_a_usual_program_passes_without_debugging_files(self):
        """Names of the C library's inner functions are in those only."""
        testing.require_program("unshare", "mount")
        hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /usr/lib/debug && exec "$@"', "sh"]
        if run([*hidden, "true"]).status != 0:
            self.skipTest("no mount namespace may be made here, or there are no such files")
        ran = run([*hidden, VDSOTRACE, "audit", "--fail-on", KERNEL, "-o", "/dev/null", "ls", "/"])
        self.assertEqual((ran.status, ran.stderr), (0, ""))

    def test_they_count_where_asked(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                status, said = self.status("fallback", part_of_c_library(), f"--engine={engine}")
                self.assertEqual(status, 3, said)
                self.assertEqual(len(said.splitlines()), 1)
                self.assertRegex(said, "^vdsotrace: 3 .* by route fallback: called by asks")
                status, said = self.status("all-fallback", part_of_c_library(), f"--engine={engine}")
                self.assertEqual(status, 3, said)
                self.assertEqual(len(said.splitlines()), 2)
                self.assertIn("called by rests", said)

    def test_no_advice(self):
        ran = vdsotrace("audit", *target("c_library"))
        if "getrandom" not in ran.stderr:
            self.skipTest("no call for random bytes is seen")
        if "by token" not in ran.stderr:
            self.assertNotIn("use the C library's function", ran.stderr)
        own = vdsotrace("audit", shutil.which("ls"), "/").stderr
        self.assertNotIn("use the C library's function", own)


if __name__ == "__main__":
    testing.main()
