"""-k under --syscalls=inline: stacks of calls that do not stop are those of calls that do, as far as is noted of them."""

import collections
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, target
from inline_calls import INLINE, comparable, require_dispatch, trace_lines

NESTED = """import os
def look(depth):
    return os.access('/nothing', 0) if depth == 0 else look(depth - 1)
for i in range(400): look(i % 3), os.lseek(99, i, 0) if os.path.exists('/proc/self/fd/99') else os.getuid()
"""


def setUpModule():
    testing.require_ptrace()
    require_dispatch(*INLINE)


def places(call):
    """Where a call returns to, innermost first."""
    return tuple((place.get("symbol"), place.get("offset")) for place in call.get("stack", ()))


def with_stacks(lines):
    """[(line, stack below it)]."""
    calls = []
    for line in comparable(lines):
        if line.startswith(" > "):
            calls[-1][1].append(line)
        else:
            calls.append((line, []))
    return calls


class StacksTest(unittest.TestCase):
    def stacks_of(self, command, *options):
        """{stack: how many calls of access have it}, and by which engines."""
        calls = [call for call in testing.trace_json(command, "-k", "-e", "trace=access", *options).of_type("call")
                 if call["args"][0] == '"/nothing"']
        return collections.Counter(map(places, calls)), collections.Counter(call["engine"] for call in calls)

    def check_cut(self, stacks, by_stops):
        """They are as many, and begin as those do."""
        self.assertEqual(sum(stacks.values()), sum(by_stops.values()))
        for stack in stacks:
            self.assertTrue(any(whole[:len(stack)] == stack for whole in by_stops), stack)
            self.assertGreater(len(stack), 1)

    def test_same_lines(self):
        """Also of calls that stop all the same, as those that map code. Where functions keep paths on their stacks, they are
        cut."""
        for command, shown in (([PYTHON, "-S", "-c", NESTED], "access,newfstatat,lseek,getuid"),
                               (["ls", "-l", str(testing.SOURCE / "src")], "%file,%desc,mmap,mprotect,brk")):
            with self.subTest(command=command):
                options = ["-k", "-e", "trace=" + shown]
                by_stops, by_stubs = (with_stacks(trace_lines(command, *options, *more)[1]) for more in ([], INLINE))
                self.assertEqual(len(by_stubs), len(by_stops))
                for (line, stack), (line_by_stops, whole) in zip(by_stubs, by_stops):
                    self.assertEqual(line, line_by_stops)
                    self.assertEqual(stack, whole[:len(stack)], line)
                same = [stack for stack in by_stubs if stack in by_stops and stack[1]]
                self.assertGreater(len(same), 0.9 * len(by_stubs))

    def test_threads(self):
        """What 8,192 bytes of the stack hold is shown."""
        by_stops, _ = self.stacks_of(target("deep_calls", 9, 100))
        stacks, engines = self.stacks_of(target("deep_calls", 9, 100), *INLINE)
        self.assertEqual(stacks, by_stops)
        self.assertEqual(max(len([name for name, _ in stack if name == "descend"]) for stack in stacks), 9)
        self.assertGreater(engines["inline"], 3000)

    def test_deep_stacks_are_cut(self):
        by_stops, _ = self.stacks_of(target("deep_calls", 20, 50))
        stacks, _ = self.stacks_of(target("deep_calls", 20, 50), *INLINE)
        self.check_cut(stacks, by_stops)
        self.assertGreater(sum((stacks - by_stops).values()), 0)
        trace = testing.trace_json(["true"], "-k", *INLINE)
        self.assertIn("8,192 bytes of the stack are noted", " ".join(notice["text"] for notice in trace.of_type("notice")))

    def test_other_stacks(self):
        """Of which it is not known how far they reach: nothing is read beyond the page."""
        by_stops, _ = self.stacks_of(target("deep_calls", 4, 100, "handler"))
        stacks, engines = self.stacks_of(target("deep_calls", 4, 100, "handler"), *INLINE)
        self.check_cut(stacks, by_stops)
        self.assertGreater(engines["inline"], 1000)

    def test_children(self):
        command = ["sh", "-c", "ls /nothing; ls / > /dev/null"]
        stacks = []
        for options in [], INLINE:
            trace = testing.trace_json(command, "-f", "-k", "-e", "trace=openat,newfstatat,statx,close", *options)
            stacks.append(collections.Counter(map(places, trace.of_type("call"))))
        self.check_cut(stacks[1], stacks[0])

    def test_callers_too(self):
        """The stub leaves to stops only what the vDSO offers."""
        calls = testing.trace_json(target("callers"), "-k", "--callers", *INLINE, "-e", "trace=all").of_type("call")
        direct = [call for call in calls if call["route"] == "syscall" and call["name"] == "clock_gettime"]
        self.assertTrue(direct)
        for call in direct:
            self.assertIn(call["caller"]["symbol"], [place.get("symbol") for place in call["stack"]])

    def test_programs_end_as_untraced(self):
        for name in ("own_traps", "signal_storm", "stacks", "jump_out", "exec_thread", "move_vdso", "throws", "deep_calls"):
            with self.subTest(target=name):
                untraced = testing.run(target(name))
                ran = testing.vdsotrace(*INLINE, "-k", "-f", "-o", "/dev/null", "--", *target(name))
                self.assertEqual(ran.status, untraced.status, ran.stderr[-2000:])
                self.assertEqual(testing.without_counts(ran.stdout), testing.without_counts(untraced.stdout))


if __name__ == "__main__":
    testing.main()
