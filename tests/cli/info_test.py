"""The info command: what it says is checked against what the machine says by other ways."""
import ctypes
import errno
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
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


def without_figures(text):
    return re.sub(r"0x[0-9a-f]+|[0-9][0-9:.,e+TZ-]*", "N", re.sub(r" {2,}", "  ", text))


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

    def test_a_file(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for options in ([], ["--json"], ["--check", "--max-ns", "1s"]):
            with self.subTest(options):
                file = folder / "report"
                file.write_text("longer than what is written there " * 1000)
                ran = vdsotrace("info", *options, "-o", file)
                plain = vdsotrace("info", *options, "-o", "-")
                self.assertEqual((ran.status, ran.stdout, ran.stderr, plain.stderr), (plain.status, "", "", ""))
                self.assertEqual(without_figures(file.read_text()), without_figures(plain.stdout))
                self.assertEqual(without_figures(plain.stdout), without_figures(vdsotrace("info", *options).stdout))

    def test_a_file_that_cannot_be_written(self):
        """A check that wrote no line must not look like one that found slow clocks."""
        for file, why in (("/", "Is a directory"), ("/no/file", "No such file or directory"), ("/dev/full", "No space left on device")):
            for options, status in (([], 1), (["--json"], 1), (["--check", "--max-ns", "1s"], 3)):
                with self.subTest(file, options=options):
                    ran = vdsotrace("info", *options, "-o", file)
                    self.assertEqual((ran.status, ran.stdout), (status, ""))
                    self.assertRegex(ran.stderr, rf"^vdsotrace: .*{why}\n$")

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


CHECKED = re.compile(r"vDSO (OK|WARNING|UNKNOWN): [^|\n]+( \|( [a-z_]+=[0-9.]+ns;[0-9.e+]+;;0)+)?\n")


class CheckTest(unittest.TestCase):
    """One line and a status, whatever happens."""

    def checked(self, *options, **how):
        done = subprocess.run([VDSOTRACE, "info", "--check", *options], capture_output=True, encoding="utf-8", **how)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, f"^{CHECKED.pattern}$")
        word = CHECKED.match(done.stdout)[1]
        self.assertEqual(word, {0: "OK", 1: "WARNING", 3: "UNKNOWN"}[done.returncode], done.stdout)
        return done

    def test_agrees_with_the_table(self):
        common = {("clock_gettime", "CLOCK_MONOTONIC"), ("clock_gettime", "CLOCK_REALTIME"), ("clock_gettime", "CLOCK_BOOTTIME"),
                  ("clock_gettime", "CLOCK_REALTIME_COARSE"), ("clock_gettime", "CLOCK_MONOTONIC_COARSE"), ("gettimeofday", None),
                  ("time", None)}
        calls = [row for row in info()["calls"] if (row["name"], row["clock"]) in common]
        self.assertEqual(len(calls), len(common))
        done = self.checked("--max-ns", "1s")
        self.assertEqual(done.returncode, 0 if all(row["user_space"] for row in calls) else 1, done.stdout)
        labels = {(row["name"] + ("_" + row["clock"][len("CLOCK_"):] if row["clock"] else "")).lower() for row in calls}
        self.assertEqual(set(re.findall(r" ([a-z_]+)=", done.stdout)), labels)

    def test_a_limit(self):
        for limit in ("0", "0.001", "0.001ns", "0us"):
            self.assertEqual(self.checked("--max-ns", limit).returncode, 1)
        if testing.user_space_clock():
            self.assertEqual(self.checked("--max-ns", "1e9").returncode, 0)
        self.assertEqual(self.checked("--max-ns", "5 parsecs").returncode, 3)

    def test_without_a_vdso(self):
        testing.require_ptrace()
        done = vdsotrace("-o", "/dev/null", "--no-vdso", "--", VDSOTRACE, "info", "--check", "--max-ns", "1s")
        self.assertEqual((done.status, done.stdout.split(":")[0]), (1, "vDSO WARNING"), done.stdout)
        self.assertIn("clock_gettime(CLOCK_MONOTONIC) enters the kernel", done.stdout)

    def test_needs_no_ptrace(self):
        plain = self.checked("--max-ns", "1s").returncode
        ptrace = 101
        self.assertEqual(self.checked("--max-ns", "1s", preexec_fn=testing.without_call(ptrace, errno.EPERM)).returncode, plain)

    def test_what_cannot_be_told(self):
        """Without a trap on system calls it is not known which calls make one."""
        prctl = 157
        done = self.checked("--max-ns", "1s", preexec_fn=testing.without_call(prctl, errno.EPERM))
        self.assertEqual(done.returncode, 3)

    def test_usage(self):
        for options, words in ((["--json"], "--check and --json exclude each other"), (["-p", "1"], "--check and -p exclude each other")):
            ran = vdsotrace("info", "--check", *options)
            self.assertEqual((ran.status, ran.stdout, ran.stderr), (1, "", f"vdsotrace: {words}\n"))
        self.assertEqual(vdsotrace("info", "--max-ns", "5").stderr, "vdsotrace: --max-ns: needs --check\n")


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
