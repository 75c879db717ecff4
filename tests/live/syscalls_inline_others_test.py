"""Under --syscalls=inline programs that trace, interpret or confine others do what they do untraced: strace, gdb, valgrind,
bubblewrap, Chromium. A program that traces its children can do so only if they are not ours: without -f.
"""

import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import target
from inline_calls import require_dispatch

INLINE = ["--syscalls=inline"]
COUNTED, TEXT = [*INLINE, "-c"], INLINE
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def setUpModule():
    testing.require_ptrace()
    require_dispatch(*INLINE)


def comparable(text):
    """Without what differs from run to run."""
    text = re.sub(r"0x[0-9a-f]+", "0xX", text)
    text = re.sub(r"(?m)==\d+==|\bprocess \d+|\bThread \S+ \(LWP \d+\)|^\[?(pid +)?\d+\]? +", "P ", text)
    return re.sub(r"(pid|PID)=\d+", "pid=N", text)


class SameOutcomeTest(unittest.TestCase):
    maxDiff = None

    def same(self, command, *follow, ways=(COUNTED, TEXT), **kwargs):
        """Output and status as untraced. Answers the output."""
        untraced = testing.run(command, **kwargs)
        for way in ways:
            with self.subTest(way=way), tempfile.TemporaryDirectory() as folder:
                ran = testing.vdsotrace(*way, *follow, "-o", Path(folder) / "trace", "--", *command, **kwargs)
                self.assertEqual((ran.status, comparable(ran.stdout)), (untraced.status, comparable(untraced.stdout)),
                                 ran.stderr)
                self.assertIn("execve", Path(folder, "trace").read_text())
        return untraced.stdout

    def test_strace(self):
        testing.require_program("strace")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "of-strace"
            for options in [], ["-f"], ["-f", "--seccomp-bpf"]:
                counts = []
                for way in None, COUNTED, TEXT:
                    command = ["strace", *options, "-o", file, "sh", "-c", "echo x | cat; test -e /nothing"]
                    ran = testing.run(command) if way is None else testing.vdsotrace(*way, "--", *command)
                    self.assertEqual((ran.status, ran.stdout), (1, "x\n"), ran.stderr)
                    counts.append(len(re.findall(r"(?:openat|execve|newfstatat)\(", file.read_text())))
                with self.subTest(options=options):
                    self.assertEqual(len(set(counts)), 1, counts)

    def test_gdb(self):
        """What it debugs is the child of a vfork, which asks to be traced while it shares gdb's memory."""
        testing.require_program("gdb")
        says = self.same(["gdb", "-nx", "-batch", "-ex", "break main", "-ex", "run", "-ex", "continue", "--args",
                          *target("calls")], ways=(COUNTED, TEXT, [], ["-c"], ["--engine=perf"]))
        self.assertRegex(says, r"(?s)Breakpoint 1, .*made clock_gettime.*exited with code 03")

    def test_valgrind(self):
        testing.require_program("valgrind")
        for program in (["/bin/echo", "x"], target("flat_calls", "order")):
            for follow in [], ["-f"]:
                with self.subTest(program=program, follow=follow):
                    self.same(["valgrind", "-q", "--error-exitcode=9", *program], *follow)

    def test_bubblewrap(self):
        testing.require_program("bwrap")
        command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", "sh", "-c", "echo $$; exit 3"]
        if testing.run(command).status != 3:
            raise unittest.SkipTest("bubblewrap does not run here")
        for follow in [], ["-f"]:
            self.same(command, *follow)

    def test_chromium(self):
        names = ("chromium", "chromium-browser", "google-chrome")
        browser = next(filter(None, map(shutil.which, names)), None)
        if browser is None:
            raise unittest.SkipTest("chromium is not installed")
        for user, sandbox in ([], ["--no-sandbox"]), (NOBODY, []):
            for follow, ways in ([], [TEXT]), (["-f"], [COUNTED, TEXT]):
                with self.subTest(sandbox=sandbox, follow=follow), \
                        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                    os.chmod(profile, 0o777)
                    command = [*user, browser, "--headless", "--disable-gpu", *sandbox, f"--user-data-dir={profile}/p",
                               "--dump-dom", "data:text/html,<p id=a></p><script>a.textContent=6*7</script>"]
                    if "42" not in testing.run(command, env={**os.environ, "HOME": profile}).stdout:
                        self.skipTest("the browser does not run here so")
                    self.same(command, *follow, ways=ways, env={**os.environ, "HOME": profile})


if __name__ == "__main__":
    testing.main()
