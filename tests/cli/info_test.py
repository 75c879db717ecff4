"""The info command: what it says is checked against what the machine says by other ways."""
import ctypes
import json
import os
import platform
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, vdsotrace

SYS_CLOCK_GETRES = 229
CPU_CLOCKS = ("CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID")


def info(*arguments):
    ran = vdsotrace("info", "--json", *arguments)
    if ran.status != 0:
        raise AssertionError(ran.stderr)
    return json.loads(ran.stdout)


def call(facts, name, clock=None):
    return next(row for row in facts["calls"] if (row["name"], row["clock"]) == (name, clock))


class Info(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.facts = info()

    def test_the_machine(self):
        self.assertEqual(self.facts["kernel"], f"{platform.system()} {platform.release()}")
        self.assertEqual(self.facts["arch"], platform.machine())
        source = self.facts["clocksource"]
        self.assertEqual(source["current"] or "unknown", testing.clocksource())
        if source["current"]:
            self.assertIn(source["current"], source["available"])
        pages = [line.split()[1] for line in Path("/proc/self/maps").read_text().splitlines()
                 if line.endswith("[vsyscall]")]
        expected = {"": "none", "--xp": "xonly", "r-xp": "emulate"}["".join(pages)]
        self.assertEqual(self.facts["vsyscall"], expected)

    def test_the_functions(self):
        expected = testing.vdso_functions()
        if not expected:
            self.assertIsNone(self.facts["vdso"])
            self.skipTest("this machine has no vDSO")
        found = {name: function["offset"] for function in self.facts["vdso"]["functions"]
                 for name in function["names"]}
        self.assertEqual(found, expected)

    def test_every_clock(self):
        clocks = {row["clock_id"]: row for row in self.facts["calls"] if row["name"] == "clock_gettime"}
        self.assertLessEqual({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11}, set(clocks))
        libc = ctypes.CDLL(None, use_errno=True)

        class Timespec(ctypes.Structure):
            _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]
        for clock in list(range(12)) + list(range(16, 24)):
            with self.subTest(clock=clock):
                resolution = Timespec()
                # The system call: a vDSO may answer for clocks that the kernel was built without.
                known = libc.syscall(SYS_CLOCK_GETRES, clock, ctypes.byref(resolution)) == 0
                if not known:
                    self.assertTrue(clock not in clocks or clocks[clock]["error"])
                elif clocks[clock]["error"] is None:
                    self.assertEqual(clocks[clock]["resolution_ns"], resolution.sec * 10**9 + resolution.nsec)

    def test_routes_and_costs_go_together(self):
        for row in self.facts["calls"]:
            with self.subTest(row["name"], clock=row["clock"]):
                if row["error"]:
                    self.assertIsNone(row["route"])
                    continue
                self.assertEqual(row["user_space"], row["route"] == "vdso")
                self.assertEqual(row["vdso_ns"] is None, row["route"] == "syscall")
                self.assertGreater(row["syscall_ns"], 0)

    def test_clocks_that_no_vdso_serves(self):
        for clock in CPU_CLOCKS:
            self.assertIs(call(self.facts, "clock_gettime", clock)["user_space"], False)

    def test_routes_agree_with_a_trace(self):
        """examples/routes makes these calls through the vDSO; the trace says how they went. Its getrandom is a C library's
        first one with that state, which has to be seeded by the kernel; info says how those after it go."""
        testing.require_ptrace()
        trace = testing.trace_json(example("routes"))
        seen = {(event["name"], event["clock"]): event["route"] for event in trace.of_type("call")
                if event["route"] in ("vdso", "fallback") and event["name"] != "getrandom"}
        self.assertGreater(len(seen), 3)
        for (name, clock), route in seen.items():
            with self.subTest(name, clock=clock):
                self.assertEqual(call(self.facts, name, clock)["route"], route)

    def test_served_clocks(self):
        if not testing.has_symbol("__vdso_clock_gettime"):
            self.skipTest("this vDSO has no clock_gettime")
        self.assertTrue(call(self.facts, "clock_gettime", "CLOCK_REALTIME_COARSE")["user_space"])
        served = call(self.facts, "clock_gettime", "CLOCK_MONOTONIC")["user_space"]
        self.assertEqual(served, testing.user_space_clock())

    def test_text(self):
        ran = vdsotrace("info")
        self.assertEqual((ran.status, ran.stderr), (0, ""))
        self.assertIn("clock_gettime(CLOCK_PROCESS_CPUTIME_ID)  no: ", ran.stdout)
        self.assertIn(platform.release(), ran.stdout)


class OtherProcess(unittest.TestCase):
    def test_of_a_process(self):
        if not testing.vdso_functions():
            self.skipTest("this machine has no vDSO")
        facts = info("-p", os.getpid())
        line = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[vdso]"))
        self.assertEqual(facts["vdso"]["base"], int(line.split("-")[0], 16))
        self.assertEqual(facts["process"], {"pid": os.getpid(), "program": os.readlink("/proc/self/exe"),
                                            "same_image": True, "same_time_namespace": True})

    def test_bad_input(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for arguments, words in ((["-p", gone.pid], "No such process"), (["-p", "x"], "not a process"),
                                 (["true"], "takes no program"), (["--symbols"], "an option of the command dump"),
                                 (["-c"], "not an option of info")):
            with self.subTest(arguments):
                ran = vdsotrace("info", *arguments)
                self.assertEqual((ran.status, ran.stdout), (1, ""))
                self.assertIn(words, ran.stderr.splitlines()[0])


class Hidden(unittest.TestCase):
    def test_without_a_vdso(self):
        testing.require_ptrace()
        ran = vdsotrace("-o", "/dev/null", "--no-vdso", "--", VDSOTRACE, "info", "--json")
        self.assertEqual(ran.status, 0, ran.stderr)
        facts = json.loads(ran.stdout)
        self.assertIsNone(facts["vdso"])
        self.assertEqual({row["route"] for row in facts["calls"] if not row["error"]}, {"syscall"})


class Unprivileged(unittest.TestCase):
    def test_as_nobody(self):
        if os.geteuid() != 0:
            self.skipTest("every other test runs unprivileged then")
        ran = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                              VDSOTRACE, "info", "--json"], capture_output=True, encoding="utf-8")
        if "ermission denied" in ran.stderr:
            self.skipTest("nobody may not run " + VDSOTRACE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertTrue(json.loads(ran.stdout)["calls"])


if __name__ == "__main__":
    testing.main()
