"""How watching ends by signals: the report comes, and the program goes on as it was."""
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target, wait_until


def setUpModule():
    testing.require_ptrace()


def is_traced(pid):
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


class EndingTest(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.report = Path(folder) / "report"

    def start(self, *options, program="ignore", **how):
        """vdsotrace that has started a program which ignores SIGINT, or has a handler for it."""
        command = [VDSOTRACE, *options, "-o", self.report, *target("ignores_interrupt", program)]
        tracer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **how)
        self.addCleanup(tracer.stdout.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        self.addCleanup(tracer.stdin.close)
        self.assertEqual(tracer.stdout.readline(), "ready\n")
        program, = testing.children_of(tracer.pid)
        return tracer, program

    def goes_on(self, tracer, program):
        """The program is alone, and ends as it wants to."""
        self.assertFalse(is_traced(program))
        tracer.stdin.close()
        self.assertEqual(tracer.stdout.readline(), "over\n")

    def test_a_program_that_ignores_what_we_are_sent(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for options in (["-c"], []):
                with self.subTest(number=number, options=options):
                    how = {"preexec_fn": lambda: signal.signal(number, signal.SIG_IGN)}
                    tracer, program = self.start(*options, **how)
                    tracer.send_signal(number)
                    self.assertEqual(tracer.wait(testing.TIMEOUT), 0)
                    self.assertRegex(self.report.read_text(), r"vdsotrace: \d+ vDSO-capable calls?: ")
                    self.goes_on(tracer, program)

    def test_under_a_filter_the_report_comes_first(self):
        """Nobody else could answer the filter, so vdsotrace stays until the program ends."""
        tracer, program = self.start("audit", "--json")
        tracer.send_signal(signal.SIGINT)
        wait_until(lambda: self.report.exists() and self.report.read_text().endswith("}\n"))
        self.assertGreater(json.loads(self.report.read_text())["routes"]["vdso"], 0)
        self.assertTrue(is_traced(program))
        for _ in range(3):
            tracer.send_signal(signal.SIGINT)
        tracer.stdin.close()
        self.assertEqual(tracer.stdout.readline(), "over\n")
        self.assertEqual(tracer.wait(testing.TIMEOUT), 7)

    def test_in_the_background_of_a_script(self):
        """Where a shell has SIGINT ignored."""
        served = subprocess.Popen(target("serve", "calls"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(served.stdout.close)
        self.addCleanup(served.wait)
        self.addCleanup(served.kill)
        self.addCleanup(served.stdin.close)
        self.assertEqual(served.stdout.readline(), "ready\n")
        script = '"$0" -c -o "$1" -p "$2" & echo $!; wait $!; echo $?'
        shell = subprocess.Popen(["sh", "-c", script, VDSOTRACE, self.report, str(served.pid)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(shell.stdout.close)
        self.addCleanup(shell.wait)
        self.addCleanup(shell.kill)
        tracer = int(shell.stdout.readline())
        wait_until(lambda: is_traced(served.pid))
        os.kill(tracer, signal.SIGINT)
        self.assertEqual(shell.stdout.readline(), "0\n")
        self.assertIn("vDSO-capable call", self.report.read_text())

    def on_terminal(self, *options, program):
        """(terminal, vdsotrace, program): keys that are pressed there reach both."""
        terminal, theirs = pty.openpty()
        self.addCleanup(os.close, terminal)
        # The first that opens a terminal in a new session has it.
        tracer, program = self.start(*options, program=program, start_new_session=True, stderr=subprocess.DEVNULL,
                                     preexec_fn=lambda: os.close(os.open(os.ttyname(theirs), os.O_RDWR)))
        os.close(theirs)
        return terminal, tracer, program

    def test_a_second_control_c(self):
        terminal, tracer, program = self.on_terminal("-c", program="ignore")

        def ended():
            os.write(terminal, b"\3")
            return tracer.poll() is not None

        wait_until(ended)
        self.assertEqual(tracer.returncode, 0)
        self.assertIn("vDSO-capable call", self.report.read_text())
        self.goes_on(tracer, program)

    def test_one_control_c_is_the_programs(self):
        terminal, tracer, program = self.on_terminal("-e", "trace=none", program="handle")
        os.write(terminal, b"\3")
        wait_until(lambda: "--- SIGINT {" in self.report.read_text())
        self.assertTrue(is_traced(program))
        tracer.stdin.close()
        self.assertEqual(tracer.stdout.readline(), "over\n")
        self.assertEqual(tracer.wait(testing.TIMEOUT), 7)


if __name__ == "__main__":
    testing.main()
