"""--no-vdso: the C library does not find the vDSO, in this program and all that it executes,
so every call is a system call."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from inline_calls import require_dispatch
from vdsotrace_testing import example, run, target, trace_json


def setUpModule():
    testing.require_ptrace()


class NoVdsoTest(unittest.TestCase):
    options = []

    def trace(self, command, *options):
        return trace_json(command, "--no-vdso", *self.options, *options)

    def only_system_calls(self, trace):
        routes = {(call["name"], call["route"]) for call in trace.summary["calls"]
                  if call["route"] is not None}
        self.assertTrue(routes)
        self.assertEqual({route for _, route in routes}, {"syscall"}, routes)

    def test_dynamic(self):
        trace = self.trace(example("hello-vdso"))
        self.assertEqual(trace.status, 0)
        self.assertIn("Seconds: ", trace.stdout)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 1)
        self.only_system_calls(trace)

    def test_static(self):
        trace = self.trace(example("hello-vdso-static"))
        self.assertEqual(trace.status, 0)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 1)
        self.only_system_calls(trace)

    def test_cpu_clock_is_no_fallback(self):
        trace = self.trace(example("cpu-clock"))
        self.assertEqual(trace.count("clock_gettime", "syscall"), 3)
        self.only_system_calls(trace)

    def test_threads(self):
        trace = self.trace(example("threads", 4, 25))
        self.assertEqual(trace.count("clock_gettime", "syscall"), 100)
        self.only_system_calls(trace)

    def test_children(self):
        trace = self.trace(example("fork-tree", 2), "-f")
        self.assertEqual(trace.count("clock_gettime", "syscall"), 7)
        self.only_system_calls(trace)

    def test_programs_that_it_executes(self):
        command = ["/bin/sh", "-c", " && ".join("'%s'" % example(name)[0] for name in
                                                ("hello-vdso", "hello-vdso-static", "hello-vdso"))]
        trace = self.trace(command, "-f")
        self.assertEqual(trace.status, 0)
        self.assertEqual(trace.count("gettimeofday", "syscall"), 3)
        self.only_system_calls(trace)

    def test_spawned_child(self):
        trace = self.trace(target("children", "spawn"), "-f")
        self.assertEqual(trace.status, 0, trace.stderr)
        self.assertEqual(trace.count("clock_gettime", "syscall"), 30)
        self.only_system_calls(trace)

    def test_python(self):
        command = [testing.PYTHON, "-c", "import time; print(min(time.time() for _ in range(50)) > 1)"]
        trace = self.trace(command)
        self.assertEqual((trace.status, trace.stdout), (0, "True\n"))
        self.assertGreaterEqual(trace.count("clock_gettime", "syscall"), 50)
        self.only_system_calls(trace)

    def test_strace_then_sees_the_calls(self):
        """The same lines as a C library that never finds the vDSO."""
        testing.require_program("strace")
        mangled = run(["strace", "-e", "trace=gettimeofday", *example("hello-vdso-mangled")])
        hidden = testing.vdsotrace("-q", "--no-vdso", *self.options, "-e", "trace=gettimeofday",
                                   *example("hello-vdso-static"))
        self.assertEqual(mangled.stderr.count("gettimeofday({tv_sec="), 1, mangled.stderr)
        self.assertEqual(hidden.stderr.count("gettimeofday({tv_sec="), 1, hidden.stderr)
        self.assertIn(" = 0 [syscall]\n", hidden.stderr)


class InlineNoVdsoTest(NoVdsoTest):
    """The same where the program's system calls are recorded in the process."""
    options = ["--syscalls=inline"]

    def setUp(self):
        require_dispatch(*self.options)

    def test_calls_are_recorded_without_stops(self):
        program = "import time\nfor _ in range(3000): time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)"
        trace = self.trace([testing.PYTHON, "-S", "-c", program])
        calls = [call for call in trace.of_type("call") if call["name"] == "clock_gettime"]
        self.assertEqual({call["engine"] for call in calls[100:]}, {"inline"})
        self.assertEqual({(call["route"], call["reason"]) for call in calls}, {("syscall", "vdso-hidden")})
        clocks = [call["clock"] for call in calls]
        self.assertGreaterEqual(min(clocks.count("CLOCK_REALTIME"), clocks.count("CLOCK_BOOTTIME")), 3000)
        self.assertRegex(calls[-1]["args"][1], r"^\{tv_sec=\d+, tv_nsec=\d+\}$")

    def test_a_summary_tells_clocks_apart(self):
        program = "import time\nfor _ in range(300): time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)"
        trace = self.trace([testing.PYTHON, "-S", "-c", program], "-c")
        counts = {call["clock"]: call["count"] for call in trace.summary["calls"] if call["name"] == "clock_gettime"}
        self.assertGreaterEqual(min(counts["CLOCK_REALTIME"], counts["CLOCK_BOOTTIME"]), 300)
        self.only_system_calls(trace)


if __name__ == "__main__":
    testing.main()
