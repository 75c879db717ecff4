"""Under --syscalls=inline a trace has the same lines as with stops, and those that strace prints: calls are recorded in
the process, without a stop, in order with all others. Runs the real strace.
"""

import re
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, target
from inline_calls import INLINE, comparable, ptrace_requests, require_dispatch, trace_lines

REFUSED = "its system calls are seen by stops"
MANY = 200000
ROUNDS = 2000
PER_THREAD = 3000


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    require_dispatch(*INLINE)


def strace_lines(command, *options, **kwargs):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace"
        ran = testing.run(["strace", *options, "-o", file, "--", *command], **kwargs)
        return ran, file.read_text().splitlines()


def requests(command, *options):
    """How often vdsotrace calls ptrace."""
    with tempfile.TemporaryDirectory() as folder:
        ran, count = ptrace_requests(VDSOTRACE, *options, "-o", Path(folder) / "trace", "--", *command)
        if ran.status != 0:
            raise AssertionError(ran.stderr)
        return count


def as_strace_has_them(lines):
    """Comparable lines, without tags and alignment."""
    return comparable(re.sub(r"\s+= ", " = ", re.sub(r" \[(syscall|vdso->syscall)\]$", "", line)) for line in lines)


class SameLinesTest(unittest.TestCase):
    maxDiff = None

    def same(self, command, *options, **kwargs):
        untraced = testing.run(command, **kwargs)
        _, by_strace = strace_lines(command, *options, **kwargs)
        _, by_stops = trace_lines(command, *options, **kwargs)
        ran, lines = trace_lines(command, *INLINE, *options, **kwargs)
        self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout), ran.stderr)
        self.assertNotIn(REFUSED, ran.stderr)
        self.assertEqual(as_strace_has_them(lines), as_strace_has_them(by_stops))
        self.assertEqual(as_strace_has_them(lines), as_strace_has_them(by_strace))
        return lines

    def test_small_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            for i in range(50):
                (Path(folder) / f"file{i}").write_text("x" * i)
            for command in (["true"], ["cat", "/nothing", "/dev/null"], ["ls", folder], ["find", folder, "-name", "x"]):
                with self.subTest(command=command):
                    self.same(command)

    def test_options_that_choose_calls(self):
        command = target("flat_calls", "order")
        for chosen in ("lseek,close", "!lseek", "%desc", "openat,dup2", "getppid"):
            with self.subTest(chosen=chosen):
                self.same(command, "-e", "trace=" + chosen)

    def test_where_calls_are_made(self):
        command = target("flat_calls", "order")
        shown = lambda lines: [re.sub(r"^\[[0-9a-f]+\]", "[]", line) for line in lines if "(-1" in line]
        lines = shown(trace_lines(command, *INLINE, "-i")[1])
        self.assertEqual(len(lines), ROUNDS)
        self.assertEqual(lines, shown(trace_lines(command, "-i")[1]))

    def test_vdso_calls_and_system_calls_are_in_order(self):
        lines = self.same(target("flat_calls", "order"))
        first = lines.index("lseek(-1, 0, SEEK_SET) = -1 EBADF (Bad file descriptor)")
        for i in range(ROUNDS):
            at = first + 4 * i
            clock = "CLOCK_MONOTONIC" if i % 2 == 0 else "CLOCK_REALTIME"
            self.assertEqual(lines[at], f"lseek(-1, {i}, SEEK_SET) = -1 EBADF (Bad file descriptor)")
            self.assertRegex(lines[at + 1], rf"^clock_gettime\({clock}, .*\) = 0 \[vdso")
            self.assertEqual(lines[at + 2], "close(9999) = -1 EBADF (Bad file descriptor)")
            self.assertEqual(lines[at + 3], f"dup2(9998, {i}) = -1 EBADF (Bad file descriptor)")

    def test_a_call_that_ends_with_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            for options in [], ["-f"]:
                ran, lines = trace_lines(target("flat_calls", "killed", str(Path(folder) / "lock")), *INLINE, *options)
                self.assertEqual(ran.status, -signal.SIGKILL)
                without_pid = [re.sub(r"^\[pid +\d+\] ", "", line) for line in lines]
                end = without_pid.index("+++ killed by SIGKILL +++")
                self.assertRegex(without_pid[end - 1], r"^(flock\(4, LOCK_EX\)|<\.\.\. flock resumed>\)) = \?$")


class CompletenessTest(unittest.TestCase):
    def test_no_call_is_lost(self):
        for options in [], ["-f"]:
            _, lines = trace_lines(target("flat_calls", "many"), *INLINE, *options)
            self.assertEqual(len([line for line in lines if line.startswith("getppid() = ")]), MANY)
            self.assertFalse([line for line in lines if "lost" in line])

    def test_calls_from_a_place_that_calls_often_stop_no_more(self):
        self.assertLess(requests(target("flat_calls", "many"), *INLINE), MANY // 10)
        self.assertLess(requests(target("flat_calls", "many"), *INLINE, "-T"), MANY // 10)

    def test_calls_that_stop_take_no_more_requests_than_without_stubs(self):
        command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=2000"]
        self.assertLess(requests(command, *INLINE), 1.1 * requests(command))

    def test_json(self):
        trace = testing.trace_json(target("flat_calls", "many"), *INLINE)
        self.assertEqual(trace.events[0]["syscalls"], "inline")
        calls = [call for call in trace.of_type("call") if call["name"] == "getppid"]
        self.assertEqual(len(calls), MANY)
        for call in calls[:1000]:
            self.assertEqual((call["args"], call["route"], call["errno"]), ([], None, None))
            self.assertIsInstance(call["duration_ns"], int)
        self.assertEqual(calls[-1]["engine"], "inline")

    def test_threads(self):
        for options in [], ["-f"]:
            trace = testing.trace_json(target("flat_calls", "threads"), *INLINE, *options)
            seen = {}
            for call in trace.of_type("call"):
                if call["name"] == "lseek" and call["args"][0] == "-1":
                    seen.setdefault(call["tid"], []).append(int(call["args"][1]))
            numbers = sorted(positions[0] // 100000 for positions in seen.values())
            self.assertEqual(numbers, [0, 1, 2, 3, 4])
            for positions in seen.values():
                number = positions[0] // 100000
                count = PER_THREAD if number else 100
                self.assertEqual(positions, [number * 100000 + i for i in range(count)])

    def test_a_call_that_others_overtake(self):
        with tempfile.TemporaryDirectory() as folder:
            _, lines = trace_lines(target("flat_calls", "blocked", str(Path(folder) / "lock")), *INLINE)
            begun = next(i for i, line in enumerate(lines) if line.endswith("flock(4, LOCK_EX <unfinished ...>"))
            pid = re.match(r"\[pid +\d+\] ", lines[begun])[0]
            ended = lines.index(pid + "<... flock resumed>) = 0")
            between = [line for line in lines[begun:ended] if "prctl(PR_GET_DUMPABLE)" in line]
            self.assertGreater(len(between), 0)
            self.assertFalse([line for line in lines[begun + 1:ended] if line.startswith(pid)])

    def test_children(self):
        program = ("import os\n"
                   "for _ in range(100): os.getppid()\n"
                   "for _ in range(3):\n"
                   "    if os.fork() == 0:\n"
                   "        for _ in range(200): os.getppid()\n"
                   "        os._exit(0)\n"
                   "    os.wait()\n"
                   "for _ in range(100): os.getppid()\n")
        for options, made in ([], 200), (["-f"], 800):
            with self.subTest(options=options):
                ran, lines = trace_lines([PYTHON, "-S", "-c", program], *INLINE, *options)
                self.assertEqual(ran.status, 0, ran.stderr)
                self.assertEqual(len([line for line in lines if "getppid() = " in line]), made)


class SignalsTest(unittest.TestCase):
    def test_calls_in_a_storm_of_signals(self):
        ran, lines = trace_lines(target("own_calls", "storm"), *INLINE)
        self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)
        ticks = int(re.search(r"getuid (\d+)", ran.stderr)[1])
        made = lambda call: len([line for line in lines if line.startswith(call) and "ERESTART" not in line])
        self.assertEqual(made("getuid() = "), ticks)
        self.assertEqual(made("rt_sigreturn("), ticks)
        self.assertEqual(made("--- SIGALRM "), ticks)
        self.assertEqual(made("getppid() = "), 100001)
        self.assertEqual(made("close(9999) = -1 EBADF"), 100000)

    def test_programs_that_tell_calls_apart(self):
        for case in ("interrupted", "stopped", "cancelled", "signal", "masked", "registers", "numbers", "orders"):
            for options in [], ["-f"]:
                with self.subTest(case=case, options=options):
                    ran, _ = trace_lines(target("own_calls", case), *INLINE, *options)
                    self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)

    def test_targets_end_as_untraced(self):
        for name in ("signal_storm", "jump_out", "stacks", "own_filter", "exec_thread", "replaced", "move_vdso"):
            with self.subTest(target=name):
                untraced = testing.run(target(name))
                ran, _ = trace_lines(target(name), *INLINE, "-f")
                self.assertEqual(ran.status, untraced.status, ran.stderr[-2000:])
                self.assertEqual(testing.without_counts(ran.stdout), testing.without_counts(untraced.stdout))


if __name__ == "__main__":
    testing.main()
