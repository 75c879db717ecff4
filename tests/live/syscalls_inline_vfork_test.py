"""Under --syscalls=inline a child that has its creator's memory, stack and thread pointer is seen as by stops: whose each
call is, and in which order. Where its creator waits for it, as in vfork, its calls do not stop either.
"""

import re
import sys
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target
from inline_calls import INLINE, comparable, ptrace_requests, require_dispatch

PARENT, CHILD, GRANDCHILD, OTHER = "-1", "-2", "-3", "-4"
ROUNDS, CALLS, MANY, EVERY = 4, 30, 4000, 8


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    require_dispatch(*INLINE)


def made(caller, start, count=CALLS):
    return [(caller, number) for number in range(start, start + count)]


def in_turn(*of_child, count=CALLS):
    """What the parent and its children make; `of_child`: for each round what that child makes."""
    calls = []
    for i in range(ROUNDS):
        calls += made(PARENT, i * CALLS)
        for caller, start, number in of_child or [(CHILD, 0, count)]:
            calls += made(caller, start if caller == OTHER else i * count + start, number)
    return calls + made(PARENT, ROUNDS * CALLS)


HALF = CALLS // 2
IN_ORDER = {
    "vfork": in_turn(),
    "many": in_turn(count=MANY),
    "exec": in_turn((CHILD, 0, CALLS), (OTHER, 0, CALLS)),
    "exec_in_vain": in_turn(),
    "spawn": in_turn((OTHER, 0, CALLS)),
    "killed": in_turn(),
    "killed_asleep": in_turn(),
    "nested": in_turn((CHILD, 0, HALF), (GRANDCHILD, 0, CALLS), (CHILD, HALF, HALF)),
    "pointer": in_turn(),
    "handler": in_turn(),
    "killed_parent": made(PARENT, 0) + made(CHILD, 0),
}
# Of these two run at a time.
AT_A_TIME = {
    "thread": {PARENT: made(PARENT, 0, 5 * CALLS), CHILD: made(CHILD, 0, 4 * CALLS), OTHER: made(OTHER, 0, MANY)},
    "beside": {PARENT: made(PARENT, 0, MANY), CHILD: made(CHILD, 0, MANY)},
    "killed_waiting": {PARENT: made(PARENT, 0, 5 * CALLS), **{caller: made(caller, 0, 4 * CALLS)
                                                              for caller in (CHILD, GRANDCHILD, OTHER)}},
}
def every_call(case):
    return IN_ORDER[case] if case in IN_ORDER else sum(AT_A_TIME[case].values(), [])


# Of threads that run at a time with one thread pointer, stacks show whose vDSO calls are, or it is not known.
VDSO_BY_STACK = {"beside", "killed_waiting"}
# Processes that others wait for in a loop make calls as timing has it.
TEXT_BY_TIMING = {"killed_asleep", "killed_waiting", "thread"}


def texts(command, *options):
    """The lines of each process, in the order in which the processes come."""
    with tempfile.TemporaryDirectory() as folder:
        testing.vdsotrace(*options, "-o", Path(folder) / "of", "--", *command)
        files = sorted(Path(folder).iterdir(), key=lambda file: int(file.suffix[1:] or 0))
        return [as_each_time(file.read_text().splitlines()) for file in files]


def as_each_time(lines):
    """Signals of ends of children come as timing has it."""
    return [re.sub(r"\b\d{3,}\b", "N", line) for line in comparable(lines) if not line.startswith("--- SIGCHLD")]


class VforkTest(unittest.TestCase):
    maxDiff = None

    def seeks(self, case, *options):
        """The trace, (caller, number) of the calls that were seen, and what each thread has made of them."""
        trace = testing.trace_json(target("vfork_calls", case), *INLINE, *options)
        self.assertEqual((trace.status, trace.stderr), (0, ""))
        self.assertEqual(trace.of_type("lost"), [])
        calls, threads, last = [], defaultdict(list), {}
        for call in trace.of_type("call"):
            if call["name"] == "clock_gettime" and case not in VDSO_BY_STACK:
                self.assertEqual(last.pop(call["tid"]) % EVERY, 0)
            if call["name"] != "lseek" or call["args"][0] not in (PARENT, CHILD, GRANDCHILD, OTHER):
                continue
            if case not in VDSO_BY_STACK:
                # The vDSO call behind the one before has been seen.
                self.assertNotEqual(last.get(call["tid"], 1) % EVERY, 0)
            last[call["tid"]] = int(call["args"][1])
            calls.append((call["args"][0], last[call["tid"]]))
            threads[call["tid"]].append(calls[-1])
        return trace, calls, threads

    def check_threads(self, case, threads):
        """Each makes calls of one kind, and each kind but the parent's is of as many threads as there are rounds."""
        callers = defaultdict(list)
        for calls in threads.values():
            kinds = {caller for caller, _ in calls}
            if case == "exec":
                kinds.discard(OTHER)  # a child's number stays when it executes a program
            if case == "killed_waiting":
                kinds.discard(OTHER)  # the parent
            self.assertEqual(len(kinds), 1)
            callers[kinds.pop()].append(calls)
        for caller, of_threads in callers.items():
            alone = caller == PARENT or case in ("beside", "killed_parent") or (case, caller) == ("thread", OTHER)
            self.assertEqual(len(of_threads), 1 if alone else ROUNDS, caller)

    def test_whose_calls_they_are(self):
        for case, expected in IN_ORDER.items():
            with self.subTest(case=case):
                _, calls, threads = self.seeks(case, "-f")
                self.assertEqual(calls, expected)
                self.check_threads(case, threads)

    def test_whose_they_are_where_two_run_at_a_time(self):
        for case, expected in AT_A_TIME.items():
            with self.subTest(case=case):
                _, calls, threads = self.seeks(case, "-f")
                for caller, of_caller in expected.items():
                    self.assertEqual([call for call in calls if call[0] == caller], of_caller)
                self.assertEqual(len(calls), sum(map(len, expected.values())))
                self.check_threads(case, threads)

    def test_children_are_those_that_vfork_answers(self):
        trace, _, threads = self.seeks("vfork", "-f")
        children = [call["ret"] for call in trace.of_type("call") if call["name"] == "vfork"]
        self.assertEqual(children, [tid for tid, calls in threads.items() if calls[0][0] == CHILD])

    def test_children_that_are_not_followed(self):
        for case in {**IN_ORDER, **AT_A_TIME}.keys() - {"killed_parent"}:
            with self.subTest(case=case):
                of_parent = [call for call in every_call(case) if call[0] == PARENT]
                _, calls, _ = self.seeks(case)
                self.assertEqual([call for call in calls if call[0] == PARENT], of_parent)
                others = len(calls) - len(of_parent)
                self.assertEqual(others, {"thread": MANY, "killed_waiting": ROUNDS * CALLS}.get(case, 0))

    def test_the_text_is_that_of_stops(self):
        for case in {**IN_ORDER, **AT_A_TIME}.keys() - TEXT_BY_TIMING - {"many"}:
            for options in ["-ff"], []:
                with self.subTest(case=case, options=options):
                    command = target("vfork_calls", case)
                    self.assertEqual(texts(command, *INLINE, *options), texts(command, *options))

    def test_a_child_that_is_killed_in_a_call(self):
        ends = [text[-2:] for text in texts(target("vfork_calls", "killed_asleep"), *INLINE, "-ff")
                if text[-1] == "+++ killed by SIGKILL +++"]
        self.assertEqual(len(ends), ROUNDS)
        for call, _ in ends:
            self.assertRegex(call, r"^read\(3, .*= \?$")

    def test_counts(self):
        for case in {**IN_ORDER, **AT_A_TIME}:
            with self.subTest(case=case), tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "counts"
                ran = testing.vdsotrace("-c", *INLINE, "-f", "-o", file, "--", *target("vfork_calls", case))
                self.assertEqual(ran.status, 0, ran.stderr)
                row = re.search(r"^.* lseek$", file.read_text(), re.M)[0].split()
                self.assertEqual(int(row[3]), len(every_call(case)))

    def test_they_make_no_stops(self):
        calls = ROUNDS * MANY
        with tempfile.TemporaryDirectory() as folder:
            ran, requests = ptrace_requests(VDSOTRACE, *INLINE, "-f", "-o", Path(folder) / "trace", "--",
                                            *target("vfork_calls", "many"))
            self.assertEqual(ran.status, 0, ran.stderr)
            self.assertLess(requests, calls // 8)


if __name__ == "__main__":
    testing.main()
