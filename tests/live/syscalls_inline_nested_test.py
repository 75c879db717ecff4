"""Under --syscalls=inline calls whose pointers lead to pointers are recorded in the process, too: vectors, messages,
sets of descriptors. The lines are those that stops give.
"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target
from inline_calls import INLINE, SameLines, ptrace_requests, require_dispatch

MANY = 20000


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    require_dispatch(*INLINE)


class SameLinesTest(SameLines):
    renumbered = {
        r"\b(nlmsg_pid|nl_pid)=\d+": r"\1=N",
        r"tv_(sec|nsec|usec)=\d+": r"tv_\1=N",
        r"^(process_vm_\w+)\(\d+": r"\1(N",
    }

    def test_pointers_that_lead_to_pointers(self):
        for case in "vectors", "messages", "sets":
            for options in [], ["-s", "0"], ["-s", "45"], ["-v"], ["-e", "raw=writev,recvmsg"]:
                with self.subTest(case=case, options=options):
                    self.same(lambda _: target("nested_calls", case), *options)


class CompletenessTest(unittest.TestCase):
    def test_calls_are_recorded_without_stops(self):
        trace = testing.trace_json(target("nested_calls", "many"), *INLINE)
        names = ["writev", "sendmsg", "readv", "recvmsg", "pselect6"]
        calls = [call for call in trace.of_type("call") if call["name"] in names]
        self.assertTrue([call["name"] for call in calls] == names * MANY)
        for i in range(MANY):
            for call in calls[5 * i:5 * i + 4]:
                self.assertIn(f'{{iov_base=" {i}", ', call["args"][1])
        self.assertEqual({call["engine"] for call in calls[300:]}, {"inline"})

    def test_they_take_no_requests(self):
        with tempfile.TemporaryDirectory() as folder:
            ran, count = ptrace_requests(VDSOTRACE, *INLINE, "-o", Path(folder) / "trace", "--",
                                         *target("nested_calls", "many"))
            self.assertEqual(ran.status, 0, ran.stderr)
            self.assertLess(count, MANY // 4)


if __name__ == "__main__":
    testing.main()
