"""vdsotrace under a seccomp filter, as in a container or a service: programs that it starts inherit it. They get stubs, or it is said
why not, and none is killed for what it has to do for us."""

import errno
import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target

MADVISE, KEYCTL, MEMFD_CREATE = 28, 250, 319
KILL_PROCESS, TRAP, ERRNO = 0x80000000, 0x00030000, 0x00050000
WAYS = (["-c"], ["-c", "-T"], ["-c", "-e", "trace=%vdso"], ["-c", "-f", "-e", "trace=clock_gettime"], ["-e", "trace=clock_gettime"])
NO_STUBS = "no stubs: the process could not make shared memory"


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


class InheritedFiltersTest(unittest.TestCase):
    def notices_under(self, number, answer, *options):
        """Of a program whose calls are all there."""
        ran = subprocess.run([VDSOTRACE, "--json", *options, *target("few_calls")], capture_output=True, text=True,
                             timeout=testing.TIMEOUT, preexec_fn=testing.without_call(number, answer & 0xffff, answer & ~0xffff))
        if ran.returncode == 125:
            self.skipTest("no filter may be set here")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        summary = json.loads(ran.stderr.splitlines()[-1])
        counted = {(call["clock"], call["route"]): call["count"] for call in summary["calls"] if call["name"] == "clock_gettime"}
        self.assertEqual(counted, {("CLOCK_MONOTONIC", "vdso"): 5, ("CLOCK_PROCESS_CPUTIME_ID", "fallback"): 1})
        self.assertEqual(summary["lost"], 0)
        return summary["notices"]

    def test_a_filter_that_does_not_matter(self):
        for number in (KEYCTL, MADVISE):
            for answer in (ERRNO | errno.EPERM, KILL_PROCESS):
                for options in WAYS:
                    with self.subTest(number=number, answer=hex(answer), options=options):
                        self.assertEqual(self.notices_under(number, answer, *options), [])

    def test_a_filter_that_forbids_what_stubs_take(self):
        for answer in (ERRNO | errno.EPERM, TRAP, KILL_PROCESS):
            for options in WAYS:
                with self.subTest(answer=hex(answer), options=options):
                    notice, = self.notices_under(MEMFD_CREATE, answer, *options)
                    self.assertIn(NO_STUBS, notice)

    def test_stops_at_no_fallback(self):
        """The number of stops does not depend on that of calls."""
        script = "import time\nfor _ in range(5000): time.clock_gettime(2)"
        ran = subprocess.run([VDSOTRACE, "audit", "--json", testing.PYTHON, "-S", "-c", script], capture_output=True, text=True,
                             timeout=testing.TIMEOUT, preexec_fn=testing.without_call(KEYCTL, errno.EPERM))
        if ran.returncode == 125:
            self.skipTest("no filter may be set here")
        audit = json.loads(ran.stderr)
        self.assertGreaterEqual(audit["routes"]["fallback"], 5000)
        self.assertLess(audit["added"]["stops"], 5000)


if __name__ == "__main__":
    testing.main()
