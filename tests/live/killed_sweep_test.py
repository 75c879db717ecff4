"""SIGKILL of an attached vdsotrace at one ptrace request after the other, from the first of the attach to the last of the detach: the
program goes on, and under stubs answers right; by breakpoints and steps it may die, but of SIGTRAP only. Runs the real strace.

VDSOTRACE_SWEEP=1 kills at every request; else at some twenty for each way, others in each run. The seed is said at the start, and can be
given as VDSOTRACE_SEED.
"""

import os
import random
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, target
from every_way import Running
from inline_calls import ptrace_requests

EVERY = "VDSOTRACE_SWEEP" in os.environ
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
KILLS = 20
VISITS = 7  # of one process, which ends within a minute; what the first ones leave the later ones find
ROUNDS = 50  # of calls, while vdsotrace comes and goes
STUBS = {
    "counts, no trace points": ["-c", "-e", "trace=%vdso", "--direct=off"],
    "counts, trace points": ["-c", "-e", "trace=%vdso", "--direct=tracepoints"],
    "counts": ["-c"],
    "routes": ["-e", "route=vdso,fallback"],
    "functions, no trace points": ["-e", "trace=%vdso", "--direct=off"],
    "functions, trace points": ["-e", "trace=%vdso", "--direct=tracepoints"],
    "callers": ["-e", "trace=%vdso", "--direct=off", "--callers"],
    "followed": ["-f"],
}
BREAKPOINTS = {
    "breakpoints": ["--engine=breakpoint", "-e", "trace=%vdso"],
    "breakpoints, counts": ["--engine=breakpoint", "-c"],
    "steps": ["--engine=step", "-e", "trace=%vdso"],
}


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


class SweepTest(unittest.TestCase):
    def begun(self):
        running = Running(self, target("moved", 2))
        self.assertEqual(running.ask("c"), "called")
        return running

    def visit(self, running, options, request):
        """Comes while the program calls, and is killed at that request. Whether it was."""
        running.process.stdin.write("c" * ROUNDS)
        running.process.stdin.flush()
        return run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=ptrace", "-e", f"inject=ptrace:signal=KILL:when={request}",
                    *self.command(running, options)]).status == -signal.SIGKILL

    def command(self, running, options):
        return [VDSOTRACE, *options, "-o", "/dev/null", "--duration", "0.005", "-p", str(running.pid)]

    def requests(self, options):
        """At which it is to be killed."""
        running = self.begun()
        ran, total = ptrace_requests(*self.command(running, options))
        if ran.status != 0:
            self.skipTest("it cannot be observed so here: " + ran.stderr)
        running.close()
        stride = 1 if EVERY else max(1, total // KILLS)
        return range(random.randrange(1, stride + 1), total + 1, stride)

    def answers(self, running):
        """How many of the rounds it has answered; less than all if it has died."""
        return sum(running.process.stdout.readline() == "called\n" for _ in range(ROUNDS))

    def survives(self, options, requests):
        """One process is visited for each request. Answers how often vdsotrace was killed."""
        killed = 0
        running = self.begun()
        for request in requests:
            killed += self.visit(running, options, request)
            self.assertEqual(self.answers(running), ROUNDS, f"request {request}: {running.process.poll()}")
            self.assertEqual(running.ask("c"), "called", f"request {request}: {running.process.poll()}")
        self.assertEqual(run(self.command(running, options)).status, 0)
        self.assertEqual(running.ask("s"), "same")
        self.assertEqual(running.ask("m"), "moved")
        self.assertEqual(running.end().status, 0)
        return killed

    def test_stubs(self):
        for name, options in STUBS.items():
            with self.subTest(name):
                requests = self.requests(options)
                visits = [requests[i:i + VISITS] for i in range(0, len(requests), VISITS)]
                self.assertGreater(sum(self.survives(options, some) for some in visits), KILLS // 2)

    def test_breakpoints(self):
        for name, options in BREAKPOINTS.items():
            with self.subTest(name):
                running = None
                for number, request in enumerate(self.requests(options)):
                    if running is None or number % VISITS == 0:
                        running = self.begun()
                    self.visit(running, options, request)
                    if self.answers(running) == ROUNDS and running.ask("c") == "called":
                        continue
                    self.assertEqual(running.end().status, -signal.SIGTRAP, f"request {request}")
                    running = None


if __name__ == "__main__":
    testing.main()
