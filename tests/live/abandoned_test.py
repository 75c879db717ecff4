"""What a vdsotrace that was killed has left in a process to which it had attached: the next one clears it away.

The seed is said at the start, and can be given as VDSOTRACE_SEED.
"""

import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target, vdsotrace

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


class Interrupted:
    """A running tests/targets/in_stub."""

    def __init__(self, case, *words):
        self.case = case
        self.process = subprocess.Popen(target("in_stub", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        case.addCleanup(self.close)
        self.pid = int(self.process.stdout.readline().split()[1])

    def close(self):
        self.process.kill()
        self.process.communicate()

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.case.fail(f"it ended with {self.process.wait(30)}: {self.process.stderr.read()}")
        return answer.rstrip("\n")

    def stubs(self):
        return Path(f"/proc/{self.pid}/maps").read_text().count("memfd:vdsotrace")

    def is_stopped(self):
        return testing.state_of(self.pid) == "t"

    def attach_and_kill(self, *options):
        tracer = subprocess.Popen([VDSOTRACE, *options, "-o", "/dev/null", "-p", str(self.pid)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.case.addCleanup(tracer.stderr.close)
        self.case.addCleanup(tracer.kill)
        while self.ask("image") != "image has jumps" or self.is_stopped():  # they are written last
            self.case.assertIsNone(tracer.poll(), "it ended before there were stubs")
        tracer.kill()
        tracer.wait()


class InterruptedStubTest(unittest.TestCase):
    """The thread is in a signal handler that returns to a stub of a vdsotrace that was killed."""
    WAYS = (["-c"], ["-c", "-T"], ["-e", "trace=%vdso"], ["-e", "trace=%vdso", "--callers"], ["audit"])

    def test_the_handler_returns_to_the_vdso(self):
        """At once, whatever the next one does; and it can put in stubs of its own."""
        where = set()
        for way in self.WAYS:
            running = Interrupted(self)
            for nth in range(random.randrange(1, 20), 160, 20 // min(STORM, 20)):
                later = random.choice(self.WAYS)
                with self.subTest(way=way, later=later, nth=nth):
                    running.attach_and_kill(*way)
                    where.add(running.ask(f"enter {nth}"))
                    ran = vdsotrace(*later, "-o", "/dev/null", "-p", running.pid, "--duration", "0.02")
                    self.assertEqual(ran.status, 0, ran.stderr)
                    self.assertEqual(running.ask("image"), "image same", ran.stderr)
                    # Its own it cannot unmap where it leaves the only thread within a system call.
                    self.assertLess(running.stubs(), 2, ran.stderr)
                    self.assertEqual(running.ask("return"), "returned")
            running.close()
        self.assertEqual(where, {"in trampoline", "in stub"})

    def test_a_handler_that_blocks_no_signal(self):
        """Its frame might be the rest of an older one, so it is not written to: the handler returns to the stub, and what stays until
        the next attach is said and takes nothing away from the program."""
        for way in self.WAYS:
            running = Interrupted(self, "nodefer")
            for nth in random.sample(range(1, 160), 4 * STORM):
                with self.subTest(way=way, nth=nth):
                    running.attach_and_kill(*way)
                    self.assertIn(running.ask(f"enter {nth}"), ("in trampoline", "in stub"))
                    while_it_runs, after = (self.visit(running, returns) for returns in (True, False))
                    self.assertIn("stays in its vDSO until the next attach", while_it_runs)
                    self.assertNotIn("stays", after)
                    self.assertEqual(running.ask("image"), "image same", after)
                    self.assertLess(running.stubs(), 2, after)
            running.close()

    def visit(self, running, returns):
        """What vdsotrace says; afterwards the handler may return."""
        ran = vdsotrace(*random.choice(self.WAYS), "-o", "/dev/null", "-p", running.pid, "--duration", "0.02")
        self.assertEqual(ran.status, 0, ran.stderr)
        if returns:
            self.assertNotEqual(running.ask("image"), "image has jumps")
            self.assertEqual(running.ask("return"), "returned")
        return ran.stderr


if __name__ == "__main__":
    testing.main()
