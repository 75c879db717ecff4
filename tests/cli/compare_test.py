"""vdsotrace compare: strace's view beside ours, the numbers equal to what each tracer says by itself."""

import collections
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, run, target, trace_json, vdsotrace


def setUpModule():
    testing.require_ptrace()


def log_of(folder, command, *options):
    file = Path(folder) / "log"
    run(["strace", *options, "-o", file, *command])
    return file


def compared(command, *options):
    ran = vdsotrace("compare", "--json", *options, "--", *command)
    return ran, json.loads(ran.stderr.splitlines()[-1])


class WithStrace(unittest.TestCase):
    def setUp(self):
        testing.require_program("strace")

    def test_numbers(self):
        ran, report = compared(target("calls"))
        self.assertEqual(ran.status, 3)
        trace = trace_json(target("calls"))
        ours = collections.Counter((call["name"], call["route"] or "other") for call in trace.of_type("call"))
        told = {(line["name"], route): count for line in report["calls"]
                for route, count in line["vdsotrace"].items() if count}
        self.assertEqual(told, dict(ours))
        with tempfile.TemporaryDirectory() as folder:
            log = log_of(folder, target("calls"), "-f", "-qq").read_text()
        theirs = collections.Counter(re.findall(r"^\d+ +(\w+)\(", log, re.MULTILINE))
        self.assertEqual({line["name"]: line["strace"] for line in report["calls"] if line["strace"]}, dict(theirs))
        self.assertTrue(report["same_system_calls"])
        self.assertEqual(report["differences"], [])
        self.assertEqual(report["totals"]["only_vdsotrace"],
                         sum(count for (_, route), count in ours.items() if route == "vdso"))

    def test_the_program_runs_twice_as_ever(self):
        ran = vdsotrace("compare", *example("hello"))
        self.assertEqual((ran.status, ran.stdout), (0, "Hello\nHello\n"))

    def test_text(self):
        testing.require_user_space_clock()
        ran = vdsotrace("compare", *example("routes"), env={**os.environ, "COLUMNS": "100"})
        lines = ran.stderr.splitlines()
        # glibc asks since 2.41 how the vDSO wants its random state to be.
        own = [line for line in lines if line.startswith("+ getrandom(NULL, 0, 0)")]
        self.assertRegex(lines[0], r"^strace saw \d+ calls; vdsotrace \(\w+\) saw \d+, "
                                   rf"of which {5 + len(own)} made no system call\.$")
        self.assertIn("Both saw the same system calls, each as often.", lines)
        marked = [line for line in lines if line.startswith("+ ")]
        self.assertEqual(len(marked), 5 + len(own))
        self.assertTrue(all(line.endswith("[vdso]") for line in marked))
        self.assertTrue(all(len(line) <= 100 for line in lines))
        shown = vdsotrace("compare", "--lines", "3", *example("routes")).stderr
        self.assertRegex(shown, r"\n\.\.\. \d+ lines more: --lines \d+\n$")
        self.assertNotIn("Side by side", vdsotrace("compare", "--lines", "0", *example("routes")).stderr)

    def test_threads_and_children(self):
        for command in (target("short_threads"), example("fork-tree")):
            _, report = compared(command)
            names = {call["name"] for call in report["differences"]}
            # Whether a thread waits for another, or a signal interrupts a clone, hangs on time.
            self.assertLessEqual(names, {"futex", "clone", "wait4", "madvise", "munmap", "mmap", "mprotect",
                                         "sched_yield"})

    def test_hidden_vdso_is_a_difference(self):
        ran = vdsotrace("compare", "--no-vdso", *example("hello-vdso"))
        self.assertIn("The system calls themselves differ", ran.stderr)
        self.assertIn("gettimeofday 0 and 1", ran.stderr)
        self.assertIn("> gettimeofday(", ran.stderr)
        self.assertIn("The vDSO was hidden", ran.stderr)

    def test_environment_and_output(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report"
            ran = vdsotrace("compare", "-E", "SEEN=yes", "-o", file, "sh", "-c", "echo $SEEN")
            self.assertEqual((ran.status, ran.stdout, ran.stderr), (0, "yes\nyes\n", ""))
            self.assertIn("strace saw", file.read_text())

    def test_standard_input_goes_to_the_first_run(self):
        done = subprocess.run([VDSOTRACE, "compare", "cat"], input="once\n", encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=testing.TIMEOUT)
        self.assertEqual((done.returncode, done.stdout), (0, "once\n"))

    def test_a_signal_is_passed_on(self):
        ran = vdsotrace("compare", "sh", "-c", "kill -USR1 $$")
        self.assertEqual(ran.status, -signal.SIGUSR1)
        self.assertIn("strace saw", ran.stderr)

    def test_logs_in_every_form(self):
        with tempfile.TemporaryDirectory() as folder:
            for options in ([], ["-f"], ["-f", "-t"], ["-f", "-tt", "-T"], ["-ttt"], ["-r"], ["-f", "-r", "-T"],
                            ["-f", "-k"], ["-f", "-y"], ["-f", "-v"]):
                log = log_of(folder, example("cpu-clock"), *options)
                if not log.exists() or not log.read_text():
                    continue  # a strace without -k
                with self.subTest(options=options):
                    _, report = compared(example("cpu-clock"), "--strace-log", log)
                    self.assertTrue(report["same_system_calls"], report["differences"])

    def test_no_call_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = Path(folder) / "strace"
            fake.write_text("#!/bin/sh\nexit 5\n")
            fake.chmod(0o755)
            ran = vdsotrace("compare", "true", env={"PATH": folder + ":/usr/bin:/bin"})
        self.assertEqual((ran.status, ran.stderr.splitlines()[0]),
                         (1, "vdsotrace: strace saw no call and ended with status 5"))


class WithoutStrace(unittest.TestCase):
    def test_not_installed(self):
        ran = vdsotrace("compare", "/bin/true", env={"PATH": "/nowhere"})
        self.assertEqual((ran.status, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr.splitlines(), [
            "vdsotrace: strace is not installed",
            "hint: --strace-log FILE compares with a log of strace that was made elsewhere"])

    def test_a_log_from_elsewhere(self):
        with tempfile.NamedTemporaryFile("w") as log:
            log.write('7 execve("./hello", ["./hello"], 0x7ffc /* 1 var */) = 0\n7 magic(\x1b[31m) = 0\n')
            log.flush()
            ran = vdsotrace("compare", "--strace-log", log.name, *example("hello"), env={"PATH": "/nowhere"})
        self.assertEqual((ran.status, ran.stdout), (0, "Hello\n"))
        self.assertIn("< magic(\\33[31m) = 0", ran.stderr)
        self.assertRegex(ran.stderr, r"\nmagic +1( +-)+\n")

    def test_bad_input(self):
        with tempfile.TemporaryDirectory() as folder:
            summary, garbage = Path(folder) / "summary", Path(folder) / "garbage"
            summary.write_text("% time     seconds  usecs/call     calls    errors syscall\n------ ------\n")
            garbage.write_bytes(bytes(range(256)) * 100)
            for arguments, message, hint in (
                    ([], "compare: no program given", "see vdsotrace compare"),
                    (["-p", "1"], "not an option of compare", "see vdsotrace compare"),
                    (["--engine=steam", "true"], "--engine=steam: unknown engine", "one of"),
                    (["--lines", "few", "true"], "--lines few: not a number", "see vdsotrace compare"),
                    (["--strace-log", folder, "true"], "is a directory", None),
                    (["--strace-log", "/no/log", "true"], "/no/log: No such file", None),
                    (["--strace-log", summary, "true"], "there is no call in it", "strace -c"),
                    (["--strace-log", garbage, "true"], "there is no call in it", "strace -f -o FILE"),
                    (["--strace-log", "/dev/null", "true"], "there is no call in it", "strace -f -o FILE"),
                    (["/no/such/program"], "No such file", None)):
                with self.subTest(arguments):
                    if arguments == ["/no/such/program"]:
                        testing.require_program("strace")
                    ran = vdsotrace("compare", *arguments)
                    lines = ran.stderr.splitlines()
                    self.assertEqual((ran.status, ran.stdout), (1, ""))
                    self.assertTrue(lines[0].startswith("vdsotrace: "), lines)
                    self.assertIn(message, lines[0])
                    self.assertEqual(len(lines), 1 if hint is None else 2, lines)
                    self.assertIn(hint or "", lines[-1])

    def test_the_option_belongs_here(self):
        ran = vdsotrace("--strace-log", "x", "true")
        self.assertIn("an option of the command compare", ran.stderr)


if __name__ == "__main__":
    testing.main()
