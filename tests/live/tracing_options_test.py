"""Whom a trace is of, and when it ends: -p with a program, -b execve, -I."""
import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, vdsotrace

IGNORES_SIGTERM = r"""
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
sys.exit(5)
"""


def setUpModule():
    testing.require_ptrace()


class Case(unittest.TestCase):
    def start(self, *command, **how):
        process = subprocess.Popen(command, text=True, **how)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()

    def cat(self):
        return self.start("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def trace(self, *arguments, **how):
        return self.start(VDSOTRACE, *arguments, stderr=subprocess.PIPE, **how)

    def read_to(self, stream, pattern):
        """The lines up to one in which that is found."""
        lines = []
        for line in stream:
            lines.append(line)
            if re.search(pattern, line):
                return "".join(lines)
        self.fail(f"{pattern} is not in {lines}")


class BothTest(Case):
    def test_a_process_and_a_program(self):
        """The trace lasts as long as either; its status is the program's."""
        for options in ([], ["-f"], ["--engine=breakpoint"], ["--engine=step"], ["-e", "trace=%vdso,read,exit_group"]):
            with self.subTest(options):
                cat = self.cat()
                tracer = self.trace(*options, "-p", str(cat.pid), "sh", "-c", "exit 3")
                begun = self.read_to(tracer.stderr, r"\+\+\+ exited with 3 \+\+\+")
                self.assertIn(f"vdsotrace: Process {cat.pid} attached", begun)
                self.assertRegex(begun, r"exit_group\(3(\) += \?| <unfinished \.\.\.>)")
                cat.stdin.write("more\n")
                cat.stdin.flush()
                self.assertEqual(cat.stdout.readline(), "more\n")
                cat.stdin.close()
                rest = tracer.communicate()[1]
                self.assertIn('"more\\n"', rest)
                self.assertIn("+++ exited with 0 +++", rest)
                self.assertEqual((tracer.returncode, cat.wait()), (3, 0))

    def test_signals_are_the_programs_until_it_has_ended(self):
        cat = self.cat()
        tracer = self.trace("-p", str(cat.pid), "-e", "trace=none", "cat", stdin=subprocess.PIPE)
        self.read_to(tracer.stderr, "attached")
        tracer.stdin.close()
        self.read_to(tracer.stderr, r"\+\+\+ exited with 0")
        tracer.send_signal(signal.SIGTERM)
        self.assertIn(f"Process {cat.pid} detached", tracer.stderr.read())
        self.assertEqual(tracer.wait(), 0)
        cat.stdin.close()
        self.assertEqual(cat.wait(), 0)

    def test_what_cannot_be_had_leaves_the_other_alone(self):
        cat = self.cat()
        ran = vdsotrace("-p", cat.pid, "/no/such/program")
        self.assertEqual((ran.status, ran.stderr), (1, "vdsotrace: /no/such/program: No such file or directory\n"))
        ran = vdsotrace("-p", 2**22 + 1, "sh", "-c", "echo ran")
        self.assertEqual((ran.status, ran.stdout), (1, ""))
        cat.stdin.close()
        self.assertEqual(cat.wait(), 0)
        self.assertEqual(vdsotrace("audit", "-p", os.getppid(), "true").status, 1)


class DetachTest(Case):
    def test_who_executes_a_program_is_detached(self):
        """But not the program that is started."""
        for options in ([], ["-e", "trace=execve,exit_group"], ["--engine=breakpoint"]):
            with self.subTest(options):
                ran = vdsotrace("-f", "-b", "execve", *options, "sh", "-c", "/bin/true; (exit 3); exit 4")
                self.assertEqual(ran.status, 4)
                self.assertEqual(len(re.findall(r"Process \d+ detached", ran.stderr)), 1, ran.stderr)
                self.assertRegex(ran.stderr, r"(?m)^(\[pid \d+\] )?execve\(\"/bin/true\", .* <(detached|unfinished) \.\.\.>$")
                self.assertEqual(re.findall(r"(?m)exited with (\d)", ran.stderr), ["3", "4"])
        self.assertEqual(vdsotrace("-b", "chdir", "true").status, 1)

    def test_an_attached_process_is_detached(self):
        shell = self.start("sh", "-c", "read line; exec cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        tracer = self.trace("--detach-on=execve", "-e", "trace=read", "-p", str(shell.pid))
        self.read_to(tracer.stderr, "attached")
        shell.stdin.write("go on\nmore\n")
        shell.stdin.close()
        self.assertIn("detached", tracer.communicate()[1])
        self.assertEqual((tracer.returncode, shell.wait(), shell.stdout.read()), (0, 0, "more\n"))


class DaemonTest(Case):
    """The program has the number of the process that was started; who traces it is somebody else."""

    PROGRAM = r"""
import os, sys
field = lambda pid, name: next(line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith(name + ":"))
tracer = int(field("self", "TracerPid"))
print(os.getpid(), os.getppid(), tracer, os.getpgid(tracer), os.getsid(tracer), os.getpgid(0), os.getsid(0), flush=True)
sys.stdin.read()
sys.exit(6)
"""

    def test_the_tracer_is_no_parent(self):
        for options, group, session in (["-D", False, False], ["-DD", True, False], ["-DDD", True, True],
                                        ["--daemonize", False, False], ["--daemonize=Pgrp", True, False],
                                        ["--daemonise=session", True, True]):
            for engine in ("inline", "breakpoint"):
                with self.subTest(options, engine=engine):
                    tracer = self.trace(options, f"--engine={engine}", "-e", "trace=exit_group", PYTHON, "-c", self.PROGRAM,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                    numbers = [int(word) for word in tracer.stdout.readline().split()]
                    pid, parent, tracing, its_group, its_session, own_group, own_session = numbers
                    self.assertEqual((pid, parent), (tracer.pid, os.getpid()))
                    self.assertNotIn(tracing, (pid, parent))
                    self.assertEqual((its_group == tracing, its_session == tracing), (group, session))
                    self.assertEqual((own_group, own_session), (os.getpgid(0), os.getsid(0)))
                    tracer.stdin.close()
                    self.assertRegex(self.read_to(tracer.stderr, "exited"), r"exit_group\(6\) += \?")
                    self.assertEqual(tracer.wait(), 6)

    def test_it_says_what_it_has_attached_to(self):
        """As strace: not where the trace goes to a file, nor under -q."""
        for options, says in ((["-D"], True), (["-c", "--daemonized"], True), (["-D", "-q"], False), (["-D", "-o", "/dev/null"], False),
                              ([], False)):
            with self.subTest(options):
                tracer = self.trace(*options, "true")
                self.assertEqual(f"Process {tracer.pid} attached" in tracer.stderr.read(), says)
                self.assertEqual(tracer.wait(), 0)

    def test_what_cannot_be_run(self):
        self.assertEqual(vdsotrace("-D", "/no/such/program").status, 1)
        self.assertEqual(vdsotrace("-D", "-p", os.getpid()).status, 1)
        self.assertEqual(vdsotrace("-DDDD", "true").status, 1)
        self.assertEqual(vdsotrace("--daemonize=pgr", "true").status, 1)


class InterruptibleTest(Case):
    def test_never(self):
        for option in (["-I", "3"], ["-Inever"], ["--interruptible=never_tstp"]):
            with self.subTest(option):
                cat = self.cat()
                tracer = self.trace(*option, "-e", "trace=read", "-p", str(cat.pid))
                self.read_to(tracer.stderr, "attached")
                for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    tracer.send_signal(signal_number)
                    cat.stdin.write("more\n")
                    cat.stdin.flush()
                    self.read_to(tracer.stderr, r'"more\\n"')
                if "tstp" in option[0]:
                    status = Path(f"/proc/{tracer.pid}/status").read_text()
                    ignored = int(re.search(r"SigIgn:\s*(\S+)", status).group(1), 16)
                    self.assertTrue(ignored >> (signal.SIGTSTP - 1) & 1)
                cat.stdin.close()
                self.assertIn("+++ exited with 0 +++", tracer.communicate()[1])
                self.assertEqual(tracer.returncode, 0)

    def test_always(self):
        """Even if the program goes on."""
        for option in (["-I1"], ["-I", "waiting"]):
            with self.subTest(option):
                tracer = self.trace(*option, "-e", "trace=none", PYTHON, "-c", IGNORES_SIGTERM, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE)
                self.assertEqual(tracer.stdout.readline(), "ready\n")
                tracer.send_signal(signal.SIGTERM)
                self.assertIn("detached", self.read_to(tracer.stderr, "detached"))
                tracer.communicate()

    def test_the_program_can_be_stopped_at_the_terminal(self):
        """What the tracer ignores it does not ignore for the program."""
        ignored = "import signal; print(signal.getsignal(signal.SIGTSTP) == signal.SIG_IGN)"
        for option in ("-I1", "-I2", "-I3", "-I4"):
            self.assertEqual(vdsotrace(option, "-q", "-e", "trace=none", PYTHON, "-c", ignored).stdout, "False\n", option)

    def test_words(self):
        for wrong in ("0", "5", "nev", "0x1", "=never"):
            self.assertEqual(vdsotrace("-I", wrong, "true").status, 1)


if __name__ == "__main__":
    testing.main()
