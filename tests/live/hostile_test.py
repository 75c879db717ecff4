"""Processes that mean us ill: nothing of ours hangs, grows without bound, crashes or lets a control byte through.

VDSOTRACE_STORM multiplies the rounds. The seed is said at the start.
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
MOST_MEMORY = (120 << 10) * (4 if "asan" in VDSOTRACE else 1)  # KiB


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


class HostileTest(unittest.TestCase):
    def start(self, *how):
        program = subprocess.Popen(target("hostile", *how), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(program.kill)
        for stream in (program.stdin, program.stdout, program.stderr):
            self.addCleanup(stream.close)
        line = program.stdout.readline()
        if not line and program.wait() == 77:
            self.skipTest("this kernel lets nobody write the vDSO")
        self.assertEqual(line, b"ready\n", program.stderr.read() if not line else b"")
        return program

    def attach(self, pid, *options, duration=0.1, tells=b""):
        """Runs to the end, within bounds, and mentions that."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
            tracer = subprocess.Popen([VDSOTRACE, *options, f"--duration={duration}", "-p", str(pid), "-o", folder + "/trace"],
                                      stdin=subprocess.DEVNULL, stderr=errors)
            self.addCleanup(tracer.kill)
            signal.alarm(testing.TIMEOUT)
            _, status, usage = os.wait4(tracer.pid, 0)
            signal.alarm(0)
            tracer.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            told = errors.read()
            self.check_text(told)
            self.assertEqual([file.name for file in Path(folder).iterdir() if self.check_file(file, tells)],
                             ["trace"] if tells else [])
        self.assertIn(tracer.returncode, (0, 1), told[-2000:])
        self.assertNotIn(b"CHECK", told)
        self.assertLess(usage.ru_maxrss, MOST_MEMORY)

    def check_text(self, text):
        self.assertIsNone(re.search(rb"[^\n\x20-\x7e]", text), text[:2000])

    def check_file(self, file, tells):
        """Whether it mentions that. A piece at a time: what we grow to before it starts counts as vdsotrace's memory."""
        found, end = False, b""
        with open(file, "rb") as trace:
            while piece := trace.read(1 << 20):
                self.check_text(piece)
                found = found or (tells and tells in end + piece)
                end = piece[-100:]
        return found

    def test_a_spoilt_vdso(self):
        program = self.start("headers", str(SEED))
        for round_ in range(40 * STORM):
            with self.subTest(round=round_, seed=SEED):
                program.stdin.write(b"x")
                program.stdin.flush()
                self.assertEqual(program.stdout.readline(), b"spoilt\n", program.poll() and program.stderr.read())
                self.attach(program.pid, *(["-e", "trace=%vdso"] if round_ % 2 else ["--engine=breakpoint"]), duration=0.001)
        program.stdin.close()
        self.assertEqual(program.wait(30), 0, program.stderr.read())

    def test_absurd_values(self):
        for options in (["-s", "1048576"], ["-s", "100", "-k"], ["--json", "-s", "1000"]):
            with self.subTest(options):
                program = self.start("values")
                self.attach(program.pid, *options, duration=2, tells=b"sendmmsg")
                program.stdin.close()
                self.assertEqual(program.wait(30), 0, program.stderr.read())

    def test_its_shared_memory_is_scribbled_over(self):
        for options in (["-e", "trace=%vdso"], ["-e", "trace=%vdso", "--callers"], ["-c"]):
            with self.subTest(options):
                program = self.start("rings")
                self.attach(program.pid, *options, duration=0.5)
                program.stdin.close()
                program.wait(30)

    def test_our_memory_is_unmapped(self):
        """It dies of that, or has lost what a stub would have written; neither is to harm us."""
        for options in (["-e", "trace=%vdso"], ["-c"], ["-f"]):
            with self.subTest(options):
                program = self.start("unmap")
                self.attach(program.pid, *options, duration=0.3)
                program.kill()
                program.wait()

    def test_threads_end_at_every_stage(self):
        program = self.start("exits", str(SEED))
        for round_ in range(5 * STORM):
            for options in (["-f"], [], ["-f", "-c"], ["-f", "--engine=breakpoint"]):
                self.attach(program.pid, *options, duration=random.uniform(0.001, 0.05))
        program.stdin.close()
        self.assertEqual(program.wait(30), 0, program.stderr.read())

    def test_it_ends_while_we_come(self):
        """By itself, whatever there is of it by then."""
        for round_ in range(25 * STORM):
            program = subprocess.Popen(target(*random.choice((["exit_race"], ["exec_chain"], ["children", "fork"],
                                                              ["leader_exits"]))), stdout=subprocess.DEVNULL)
            for _ in range(random.randrange(3000)):
                os.getppid()  # a moment of no particular length
            self.attach(program.pid, "-f", duration=5)
            self.assertIn(program.wait(30), (0, 4, 5, 9))


if __name__ == "__main__":
    testing.main()
