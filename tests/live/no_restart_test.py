"""Programs that sleep under a filter which kills for restart_syscall, by which the kernel goes on with their call after a stop: they
do not notice that we come, look and go."""

import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, children_of, run, target

RESUMED = ("nanosleep-rest", "clock_nanosleep-rest", "clock_nanosleep-abs", "futex-abs")
BEGUN_AGAIN = ("nanosleep", "clock_nanosleep", "poll", "futex")  # by who may not suspend filters
SLEEP_MS = 3000
SLEPT_WELL = 3
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def setUpModule():
    testing.require_ptrace()


class NoRestartTest(unittest.TestCase):
    def sleeper(self, call, *before):
        program = subprocess.Popen([*before, *target("no_restart", call, SLEEP_MS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.kill)
        return program

    def visit(self, calls, *options, user=(), visits=None):
        """Comes and goes until all have ended, or so often. Whoever slept all of its time after each visit would never end."""
        programs = {call: self.sleeper(call, *user) for call in calls}
        for program in programs.values():
            self.assertEqual(program.stdout.readline(), "ready\n")
        for _ in range(visits or 1000):
            for program in programs.values():
                if program.poll() is None:
                    run([*user, VDSOTRACE, *options, "--duration=0.02", "-o", "/dev/null", "-p", program.pid], timeout=30)
        for call, program in programs.items():
            with self.subTest(call=call, options=options):
                self.assertEqual(program.wait(30), SLEPT_WELL, program.stderr.read())

    def test_attached(self):
        if os.geteuid() != 0:
            self.skipTest("filters are suspended and read by root only")
        for options in (["-c"], [], ["-e", "trace=%vdso", "-f"], ["--engine=breakpoint", "-c"]):
            self.visit(RESUMED + BEGUN_AGAIN, *options)

    def test_attached_without_privilege(self):
        user = ()
        if os.geteuid() == 0:
            testing.require_program("setpriv")
            user = NOBODY
            if run([*user, "test", "-x", target("no_restart")[0]]).status != 0:
                self.skipTest("nobody cannot be made to run it")
        self.visit(RESUMED, "-c", user=user)
        self.visit(BEGUN_AGAIN, user=user, visits=2)

    def test_signals_that_do_nothing(self):
        """Only who is traced is woken by a signal that it ignores."""
        self.signalled("poll", signal.SIGUSR2, signal.SIGUSR2, signal.SIGCHLD)

    def test_a_handler(self):
        self.signalled("handled", signal.SIGUSR2, signal.SIGUSR1)

    def signalled(self, call, *signals):
        for options in ([], ["-c"], ["-e", "trace=%vdso"], ["-e", "trace=%vdso", "--engine=breakpoint"]):
            with self.subTest(options=options):
                program = self.sleeper(call, VDSOTRACE, *options, "-o", "/dev/null")
                self.assertEqual(program.stdout.readline(), "ready\n")
                pid, = children_of(program.pid)
                testing.wait_until(lambda: testing.state_of(pid) == "S")
                for number in signals:
                    os.kill(pid, number)
                self.assertEqual(program.wait(30), SLEPT_WELL, program.stderr.read())


if __name__ == "__main__":
    testing.main()
