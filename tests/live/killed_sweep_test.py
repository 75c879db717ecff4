"""SIGKILL of an attached vdsotrace at one ptrace request after the other, from the first of the attach to the last of the detach: the
program goes on, and under stubs answers right; by breakpoints and steps it may die, but only of SIGTRAP. Runs the real strace.

VDSOTRACE_SWEEP=1 kills at every request; else at some twenty for each way, others in each run. The seed is said at the start, and can be
given as VDSOTRACE_SEED.
"""

import os
import random
import re
import signal
import sys
import tempfile
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


class TrappedTest(unittest.TestCase):
    """SIGKILL right behind the wait for a stop at a breakpoint, whose signal the kernel has forgotten then (wait_task_stopped,
    kernel/exit.c): the thread goes on, and meets the breakpoint once more."""

    # One thread alone: the next breakpoint that another thread meets would end both.
    PROGRAM = [sys.executable, "-c", "import time\nprint('ready', flush=True)\nwhile True: assert time.monotonic() > 0"]

    def visit(self, options, *strace):
        """Of strace's log the lines, and how a program ends that calls all the time; None if vdsotrace has left it by then."""
        running = Running(self, self.PROGRAM)
        self.assertEqual(running.process.stdout.readline(), "ready\n")
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            ran = run(["strace", "-qq", "-o", log, "-e", "trace=ptrace,wait4", *strace, VDSOTRACE, *options, "-o", "/dev/null",
                       "--duration", "0.1", "-p", str(running.pid)])
            lines = log.read_text().splitlines()
        ended = running.process.wait(testing.TIMEOUT) if ran.status == -signal.SIGKILL else None
        running.close()
        return lines, ended

    def requests_behind_traps(self, options):
        """The numbers of those ptrace requests that come first when such a stop has been waited for."""
        number, behind = 0, False
        for line in self.visit(options)[0]:
            if line.startswith("ptrace("):
                number += 1
                if behind:
                    yield number
            behind = re.match(r"wait4\(.*WSTOPSIG\(s\) == SIGTRAP\}\]", line) is not None

    def test_a_thread_at_a_breakpoint_goes_nowhere_else(self):
        for name, options in BREAKPOINTS.items():
            with self.subTest(name):
                requests = list(self.requests_behind_traps(options))
                self.assertGreater(len(requests), KILLS)
                first = requests[:2 * KILLS]  # how many there are is a matter of time
                ends = [self.visit(options, "-e", f"inject=ptrace:signal=KILL:when={request}")[1]
                        for request in (first if EVERY else random.sample(first, KILLS))]
                self.assertLessEqual(set(ends), {-signal.SIGTRAP, None})
                self.assertGreater(ends.count(-signal.SIGTRAP), len(ends) // 2)


class HalfWrittenTest(unittest.TestCase):
    """Where /proc is mounted read-only memory is written a word at a time: what is in the vDSO when vdsotrace is killed between two words
    neither harms the program nor keeps the next vdsotrace from putting in its own."""
    PREFIX = ["unshare", "--mount", "sh", "-c", 'mount -o remount,bind,ro /proc && exec "$@"', "sh"]

    def setUp(self):
        testing.require_program("unshare", "mount")
        if run([*self.PREFIX, "true"]).status != 0:
            self.skipTest("/proc cannot be mounted read-only here")

    def begun(self):
        running = Running(self, target("moved", 2))
        self.assertEqual(running.ask("c"), "called")
        return running

    def visit(self, running, *strace):
        """Of strace's log the ptrace requests, one a line."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            self.ran = run([*self.PREFIX, "strace", "-qq", "-o", log, "-e", "trace=ptrace", *strace, VDSOTRACE, "-c", "-e", "trace=%vdso",
                            "-o", "/dev/null", "--duration", "0.005", "-p", str(running.pid)])
            return [line for line in log.read_text().splitlines() if line.startswith("ptrace(")]

    def writes_to_vdso(self):
        """Which of the requests are such."""
        running = self.begun()
        requests = self.visit(running)
        self.assertEqual(self.ran.status, 0, self.ran.stderr)
        start, end = re.search(r"(?m)^(\w+)-(\w+) .*\[vdso\]$", Path(f"/proc/{running.pid}/maps").read_text()).groups()
        running.close()
        for number, request in enumerate(requests, 1):
            wrote = re.match(r"ptrace\(PTRACE_POKEDATA, \d+, 0x(\w+)", request)
            if wrote and int(start, 16) <= int(wrote[1], 16) < int(end, 16):
                yield number

    def test_the_next_one_puts_in_stubs(self):
        numbers = list(self.writes_to_vdso())
        self.assertGreater(len(numbers), KILLS)
        for number in numbers if EVERY else sorted(random.sample(numbers, KILLS)):
            with self.subTest(request=number):
                running = self.begun()
                self.visit(running, "-e", f"inject=ptrace:signal=KILL:when={number}")
                self.assertEqual(running.ask("c"), "called", running.process.poll())
                self.visit(running)
                self.assertEqual(self.ran.status, 0, self.ran.stderr)
                self.assertNotIn("only those of its vDSO calls that enter the kernel", self.ran.stderr)
                self.assertEqual((running.ask("c"), running.ask("s")), ("called", "same"))
                self.assertEqual(running.end().status, 0)


if __name__ == "__main__":
    testing.main()
