"""ptrace is refused: by whom and what can be done is said, in one line each, and nothing is left behind."""

import errno
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run

PTRACE, PROCESS_VM_WRITEV = 101, 311
CONTAINER = "docker run --cap-add SYS_PTRACE, Kubernetes securityContext.capabilities.add: [SYS_PTRACE]"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
TIMEOUT = 60


class RefusedTest(unittest.TestCase):
    def refused(self, command, why, hint, **options):
        """The lines that are said, and nothing more."""
        ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=TIMEOUT, **options)
        if ran.returncode == 125:
            self.skipTest("no filter may be set here")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""), ran.stderr)
        lines = ran.stderr.splitlines()
        self.assertEqual(len(lines), 2, ran.stderr)
        self.assertRegex(lines[0], f"^vdsotrace: cannot (attach to|trace) process [0-9]+: {why}$")
        self.assertTrue(lines[1].startswith("hint: "), lines[1])
        self.assertIn(hint, lines[1])

    def sleeper(self, command=("sleep", "100"), **options):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_by_a_filter(self):
        pid = self.sleeper().pid
        for code in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            why = f"a seccomp filter forbids ptrace \\({os.strerror(code)}\\)"
            for what in (["true"], ["-c", "true"], ["audit", "true"], ["-p", pid], ["-c", "-p", pid],
                         ["--engine=breakpoint", "-p", pid], ["audit", "-p", pid]):
                with self.subTest(f"{code} {what}"):
                    self.refused([VDSOTRACE, *what], why, CONTAINER, preexec_fn=testing.without_call(PTRACE, code))

    def test_a_filter_that_forbids_something_else_is_not_blamed(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        testing.require_ptrace()
        testing.require_program("setpriv")
        if run([*NOBODY, "test", "-x", VDSOTRACE]).status != 0:
            self.skipTest("others may not run " + VDSOTRACE)
        self.refused([*NOBODY, VDSOTRACE, "-p", os.getpid()], "Operation not permitted", "it belongs to user 0: attach as that user",
                     preexec_fn=testing.without_call(PROCESS_VM_WRITEV, errno.EPERM))

    def test_by_another_tracer_of_a_program_that_we_start(self):
        testing.require_ptrace()
        testing.require_program("strace")
        ran = run(["strace", "-f", "-qq", "-e", "trace=none", "-e", "signal=none", "-o", "/dev/null", VDSOTRACE, "true"], timeout=TIMEOUT)
        self.assertEqual(ran.status, 1, ran.stderr)
        self.assertRegex(ran.stderr, r"^vdsotrace: cannot trace process [0-9]+: already traced by process [0-9]+ \(strace\)\n"
                                     r"hint: it follows the children of vdsotrace: run vdsotrace without it\n$")

    def test_root_without_the_capability(self):
        """As in a container. What it may not do to a process with more capabilities it may do to its own children."""
        testing.require_ptrace()
        testing.require_program("setpriv")
        without = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
        if os.geteuid() != 0 or run([*without, "true"]).status != 0:
            self.skipTest("needs root")
        self.refused([*without, VDSOTRACE, "-p", self.sleeper().pid], "Operation not permitted", CONTAINER)
        self.assertEqual(run([*without, VDSOTRACE, "-o", "/dev/null", "true"], timeout=TIMEOUT).status, 0)

    def test_a_process_that_is_not_dumpable(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        testing.require_ptrace()
        testing.require_program("setpriv")
        if run([*NOBODY, VDSOTRACE, "--version"]).status != 0:
            self.skipTest("others may not run " + VDSOTRACE)
        process = self.sleeper([*NOBODY, testing.PYTHON, "-c",
                               "import ctypes, time; ctypes.CDLL(None).prctl(4, 0); print(1, flush=True); time.sleep(100)"])
        if process.stdout.readline() != b"1\n":
            self.skipTest("others may not run " + testing.PYTHON)
        self.refused([*NOBODY, VDSOTRACE, "-p", process.pid], "Operation not permitted", "it is not dumpable (prctl PR_SET_DUMPABLE)")


if __name__ == "__main__":
    testing.main()
