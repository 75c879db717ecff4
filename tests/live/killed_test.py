"""SIGKILL at any moment: of the program, of vdsotrace, of one while the other starts."""

import os
import random
import select
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, children_of, target

ROUNDS = 15


def setUpModule():
    testing.require_ptrace()


def is_alive(pid):
    try:
        return testing.state_of(pid) not in "ZX"
    except OSError:
        return False


class KilledTest(unittest.TestCase):
    def start(self, *options):
        tracer = subprocess.Popen([VDSOTRACE, "-f", "-o", "/dev/null", *options, *target("spin")],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.stdout.close)
        self.addCleanup(tracer.kill)
        return tracer

    def started(self, *options):
        """A tracer whose program has its threads under way, and the program's id."""
        tracer = self.start(*options)
        self.assertEqual(tracer.stdout.readline(), "ready\n")
        program, = children_of(tracer.pid)
        return tracer, program

    def test_the_program_is_killed(self):
        for _ in range(ROUNDS):
            tracer, program = self.started()
            for _ in range(random.randrange(2000)):
                os.getppid()  # a moment of no particular length
            os.kill(program, signal.SIGKILL)
            self.assertEqual(tracer.wait(30), -signal.SIGKILL)

    def test_the_program_is_terminated(self):
        tracer, program = self.started()
        os.kill(program, signal.SIGTERM)
        self.assertEqual(tracer.wait(30), -signal.SIGTERM)

    def test_vdsotrace_is_killed(self):
        for _ in range(ROUNDS):
            tracer, program = self.started()
            exit_of_program = os.pidfd_open(program)
            tracer.kill()
            tracer.wait(30)
            # A pidfd becomes readable when the process has ended.
            ready, _, _ = select.select([exit_of_program], [], [], 30)
            os.close(exit_of_program)
            self.assertTrue(ready, "the program outlives vdsotrace")
            self.assertFalse(is_alive(program))

    def test_killed_while_it_starts(self):
        for _ in range(ROUNDS):
            tracer = self.start()
            program = None
            while tracer.poll() is None and program is None:
                program = next(iter(children_of(tracer.pid)), None)
            if program is not None:
                os.kill(program, signal.SIGKILL)
            # Before the program began there is nothing to die of: that is said instead.
            if tracer.wait(30) != -signal.SIGKILL:
                self.assertEqual(tracer.returncode, 1)
                self.assertRegex(tracer.stderr.read(), "^vdsotrace: .*\n$")

    def test_interrupted_by_the_terminal(self):
        """^C reaches both; vdsotrace ends as the program does."""
        tracer = subprocess.Popen([VDSOTRACE, "-o", "/dev/null", *target("spin")],
                                  stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(tracer.stdout.close)
        self.addCleanup(tracer.kill)
        self.assertEqual(tracer.stdout.readline(), "ready\n")
        os.killpg(tracer.pid, signal.SIGINT)
        self.assertEqual(tracer.wait(30), -signal.SIGINT)


if __name__ == "__main__":
    testing.main()
