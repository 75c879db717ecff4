"""Numbers of processes in calls: what they are called (-Y), and what they are outside of their PID namespace."""
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, run, vdsotrace

NAMES_ITSELF = r"""
import ctypes, os, signal
ctypes.CDLL(None).prctl(15, b"a<b>\x1b1")
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), 0)
os.kill(os.getpid(), signal.SIGUSR1)
os.getpgid(os.getpid())
"""
FIRST_OF_ITS_NAMESPACE = r"""
import os, signal
os.setsid()
os.kill(os.getpid(), 0)
os.kill(os.getpid(), signal.SIGCONT)
os.getsid(0)
os.sched_getaffinity(os.getpid())
if os.fork() == 0:
    os.setpgid(0, 0)
    os.kill(-os.getpid(), 0)
    os._exit(0)
os.wait()
"""
INNER = ["unshare", "-fp", PYTHON, "-c", FIRST_OF_ITS_NAMESPACE]


def setUpModule():
    testing.require_ptrace()


class NamesTest(unittest.TestCase):
    def test_names_stand_behind_numbers(self):
        """As they are at the call, with what a terminal would act upon escaped; groups have none."""
        text = vdsotrace("-Y", "-e", "trace=kill,getpgid,set_tid_address", PYTHON, "-c", NAMES_ITSELF).stderr
        self.assertRegex(text, r"(?m)^set_tid_address\(0x[0-9a-f]+\) += \d+$")
        name = r"<a\\74b\\76\\0331>"
        self.assertRegex(text, rf"(?m)^kill\((\d+){name}, 0\) = 0$")
        self.assertRegex(text, rf"(?m)^--- SIGUSR1 .*si_pid=\d+{name}, si_uid=")
        self.assertRegex(text, rf"(?m)^getpgid\(\d+{name}\) = \d+$")
        plain = vdsotrace("-e", "trace=kill", PYTHON, "-c", NAMES_ITSELF).stderr
        self.assertNotRegex(plain, r"\d<")

    def test_names_stand_in_front_of_lines(self):
        """A thread's own, from its last call or execve."""
        shell = ["sh", "-c", "(exit 3); cat /dev/null; exit 4"]
        text = vdsotrace("-Y", "-f", "-e", "trace=exit_group", *shell).stderr
        self.assertRegex(text, r"(?m)^\[pid \d+<sh>\] exit_group\(3\) ")
        self.assertRegex(text, r"(?m)^\[pid \d+<cat>\] \+\+\+ exited with 0 \+\+\+$")

    def test_spellings(self):
        """The last counts."""
        for options, named in ((["-Y"], True), (["--decode-pids=comm"], True), (["-e", "decode-pids=comm,pidns"], True),
                               (["-e", "decode-pid=all"], True), (["--decode-pids=none"], False), (["-Y", "--pidns-translation"], False),
                               (["--pidns-translation", "-Y"], True), (["-e", "decode-pids=!comm"], False)):
            with self.subTest(options):
                text = vdsotrace(*options, "-e", "trace=kill", "sh", "-c", "kill -0 $$").stderr
                self.assertEqual(bool(re.search(r"kill\(\d+<sh>, 0\)", text)), named, text)
        for wrong in ("", "gettid", "comm,gettid"):
            self.assertEqual(vdsotrace(f"--decode-pids={wrong}", "true").status, 1)


class TranslationTest(unittest.TestCase):
    def setUp(self):
        testing.require_program("unshare")
        if run([*INNER[:2], "true"]).status != 0:
            raise unittest.SkipTest("no PID namespace may be made")

    def check(self, text):
        """All numbers of the first process of a namespace, in `text`, are that of the thread that makes the calls."""
        lines = re.findall(r"(?m)^\[pid (\d+)\] setsid\(\) = 1 /\* (\d+) in strace's PID NS \*/$", text)
        self.assertTrue(lines, text)
        number, outside = lines[-1]
        self.assertEqual(number, outside)
        one = rf"1 /\* {number} in strace's PID NS \*/"
        for line in (rf"kill\({one}, 0\) = 0", rf"kill\({one}, SIGCONT\) = 0", rf"getsid\(0\) = {one}", rf"getpid\(\) = {one}"):
            self.assertRegex(text, rf"(?m)^\[pid {number}\] {line}$")
        self.assertRegex(text, rf"sched_getaffinity\({one}, ")
        self.assertRegex(text, rf"--- SIGCONT .*si_pid={one}, ")
        child = re.search(r"(?:clone|fork)\b.*\) = 2 /\* (\d+) in strace's PID NS \*/", text)
        self.assertTrue(child, text)
        self.assertIn(f"[pid {child.group(1)}] kill(-2 /* {child.group(1)} in strace's PID NS */, 0", text)
        self.assertIn(f"[pid {child.group(1)}] +++ exited with 0 +++", text)

    def test_numbers_are_translated(self):
        options = ("-f", "--pidns-translation", "-e", "trace=getpid,kill,setsid,getsid,sched_getaffinity,fork,clone,wait4")
        self.check(vdsotrace(*options, *INNER).stderr)

    def test_numbers_are_translated_where_proc_is_an_outer_one(self):
        options = ("-f", "--decode-pids=pidns", "-e", "trace=getpid,kill,setsid,getsid,sched_getaffinity,fork,clone,wait4")
        self.check(run(["unshare", "-fp", VDSOTRACE, *options, *INNER]).stderr)

    def test_numbers_of_our_own_namespace_stay(self):
        text = vdsotrace("-f", "--pidns-translation", "-e", "trace=kill", "sh", "-c", "kill -0 $$").stderr
        self.assertRegex(text, r"(?m)^kill\(\d+, 0\) = 0$")


if __name__ == "__main__":
    testing.main()
