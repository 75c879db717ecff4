"""--no-vdso: the C library does not find the vDSO, in this program and all that it executes,
so every call is a system call."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import example, run, target, trace_json


def setUpModule():
    testing.require_ptrace()


class NoVdsoTest(unittest.TestCase):
    def only_system_calls(self, trace):
        routes = {(call["name"], call["route"]) for call in trace.summary["calls"]
                  if call["route"] is not None}
        self.assertTrue(routes)
        self.assertEqual({route for _, route in routes}, {"syscall"}, routes)

    def test_dynamic(self):
        trace = trace_json(example("hello-vdso"), "--no-vdso")
        self.assertEqual(trace.status, 0)
        self.assertIn("Seconds: ", trace.stdout)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 1)
        self.only_system_calls(trace)

    def test_static(self):
        trace = trace_json(example("hello-vdso-static"), "--no-vdso")
        self.assertEqual(trace.status, 0)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 1)
        self.only_system_calls(trace)

    def test_cpu_clock_is_no_fallback(self):
        trace = trace_json(example("cpu-clock"), "--no-vdso")
        self.assertEqual(trace.count("clock_gettime", "syscall"), 3)
        self.only_system_calls(trace)

    def test_threads(self):
        trace = trace_json(example("threads", 4, 25), "--no-vdso")
        self.assertEqual(trace.count("clock_gettime", "syscall"), 100)
        self.only_system_calls(trace)

    def test_children(self):
        trace = trace_json(example("fork-tree", 2), "--no-vdso", "-f")
        self.assertEqual(trace.count("clock_gettime", "syscall"), 7)
        self.only_system_calls(trace)

    def test_programs_that_it_executes(self):
        command = ["/bin/sh", "-c", " && ".join("'%s'" % example(name)[0] for name in
                                                ("hello-vdso", "hello-vdso-static", "hello-vdso"))]
        trace = trace_json(command, "--no-vdso", "-f")
        self.assertEqual(trace.status, 0)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 3)
        self.only_system_calls(trace)

    def test_spawned_child(self):
        trace = trace_json(target("children", "spawn"), "--no-vdso", "-f")
        self.assertEqual(trace.status, 0, trace.stderr)
        self.assertEqual(trace.count("clock_gettime", "syscall"), 30)
        self.only_system_calls(trace)

    def test_python(self):
        command = [testing.PYTHON, "-c", "import time; print(min(time.time() for _ in range(50)) > 1)"]
        trace = trace_json(command, "--no-vdso")
        self.assertEqual((trace.status, trace.stdout), (0, "True\n"))
        self.assertGreaterEqual(trace.count("clock_gettime", "syscall"), 50)
        self.only_system_calls(trace)

    def test_strace_then_sees_the_calls(self):
        """The same lines as a C library that never finds the vDSO."""
        testing.require_program("strace")
        mangled = run(["strace", "-e", "trace=gettimeofday", *example("hello-vdso-mangled")])
        hidden = testing.vdsotrace("-q", "--no-vdso", "-e", "trace=gettimeofday",
                                   *example("hello-vdso-static"))
        self.assertEqual(mangled.stderr.count("gettimeofday({tv_sec="), 1, mangled.stderr)
        self.assertEqual(hidden.stderr.count("gettimeofday({tv_sec="), 1, hidden.stderr)
        self.assertIn(" = 0 [syscall]\n", hidden.stderr)


if __name__ == "__main__":
    testing.main()
