"""A vDSO that moves while it is observed: calls go on at the new place, also when vdsotrace has gone or was killed."""

import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import Claims, Trace, target
from every_way import Attached, EveryWayTest, Running, command, ways

# What stops at no system call that moves something, and what does.
ATTACHED = ("counted vdso routes", "counts", "trace", "vdso routes", "vdso functions", "followed")


def setUpModule():
    testing.require_ptrace()


class MovedTest(EveryWayTest):
    def begun(self):
        """A running program that has looked at its vDSO."""
        running = Running(self, target("moved", 3))
        self.ask(running, "c")
        return running

    def ask(self, running, *questions):
        """Asks these; every answer is the one that is due."""
        answers = {"c": "called", "m": "moved", "s": "same"}
        for question in questions:
            said = running.ask(question)
            if said != answers[question]:
                ran = running.end()
                self.fail(f"{question}: {said!r}, then it ended with {ran.status}: {ran.stderr[-1000:]}")

    def ended(self, running):
        ran = running.end()
        self.assertEqual(ran.status, 0, ran.stderr)
        return ran

    def test_a_program_that_is_started(self):
        for threads in (0, 6):
            for engine, name, options in ways():
                with self.subTest(threads=threads, engine=engine, options=name), tempfile.TemporaryDirectory() as folder:
                    file = folder + "/trace"
                    running = Running(self, [*command(engine, options, file), "--", *target("moved", threads)])
                    self.ask(running, "c", "m", "c", "m", "c")
                    ran = self.ended(running)
                    self.check_counts(name, ran, Trace(ran, Path(file).read_text()))

    def check_counts(self, name, ran, trace):
        if name == "audit" or not testing.user_space_clock():
            return
        wrong = Claims(ran.stdout).differences(trace, followed=False)
        self.assertFalse([line for line in wrong if "the trace has" in line], wrong)

    def test_a_process_that_is_attached_to(self):
        """It moves meanwhile; afterwards the code is what it was."""
        for threads in (0, 6):
            for engine, name, options in ways(names=ATTACHED):
                with self.subTest(threads=threads, engine=engine, options=name):
                    running = Running(self, target("moved", threads))
                    self.ask(running, "c")
                    tracer = Attached(self, running.pid, engine, options)
                    self.ask(running, "c", "m", "c", "m", "c")
                    tracer.finish(signal.SIGINT)
                    self.ask(running, "c", "s", "m", "c", "s")
                    self.ended(running)

    def test_it_moves_after_an_attach_that_is_killed(self):
        """Only stubs survive that."""
        for moved_before in (False, True):
            for _, name, options in ways(["auto"], ATTACHED):
                with self.subTest(options=name, moved_before=moved_before):
                    running = self.begun()
                    tracer = Attached(self, running.pid, "auto", options)
                    self.ask(running, "c", *("mc" if moved_before else ""))
                    tracer.process.kill()
                    tracer.process.wait()
                    self.ask(running, "c", "m", "c", "c")
                    self.ended(running)

    def test_the_next_attach_puts_it_right(self):
        for _, name, options in ways(["auto"], ATTACHED):
            with self.subTest(options=name):
                running = self.begun()
                first = Attached(self, running.pid, "auto", options)
                self.ask(running, "c", "m", "c")
                first.process.kill()
                first.process.wait()
                self.ask(running, "c", "m", "c")
                second = testing.vdsotrace("-o", "/dev/null", "--duration", "0.1", *options, "-p", running.pid)
                self.assertEqual(second.status, 0, second.stderr)
                self.ask(running, "c", "s", "m", "c")
                self.ended(running)


if __name__ == "__main__":
    testing.main()
