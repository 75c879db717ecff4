"""Under --syscalls=inline options show what they show with stops, or are refused: those of summaries, descriptors (-y),
paths (-P) and changed calls (-e inject=).
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, target
from inline_calls import INLINE, SameLines, require_dispatch, trace_lines

ROUNDS = 2000
ORDER = target("flat_calls", "order")
TIMED_ROW = re.compile(r" *[0-9.]+ +([0-9.]+) +\d+ +(\d+) +(\d*) +- +(\w+)$")
ROW = re.compile(r" +- +- +- +(\d+) +(\d*) +- +(\w+)$")


def setUpModule():
    testing.require_ptrace()
    require_dispatch(*INLINE)


def rows_of(lines, form):
    """Of a summary: what a row's groups are, by name."""
    matches = [form.match(line) for line in lines]
    return {match.groups()[-1]: match.groups()[:-1] for match in matches if match}


class SummaryTest(unittest.TestCase):
    def test_times_of_the_wall_clock(self):
        rows = rows_of(testing.vdsotrace("-c", "-w", *INLINE, "--", *ORDER).stderr.splitlines(), TIMED_ROW)
        for name in ("lseek", "close", "dup2"):
            seconds, calls, errors = rows[name]
            self.assertGreaterEqual(int(calls), ROUNDS)
            self.assertEqual(int(errors), ROUNDS)
            self.assertGreater(float(seconds), 0)

    def test_a_distribution(self):
        summary = testing.trace_json(ORDER, "-c", "-w", "-T", *INLINE).events[-1]
        by_stops = testing.trace_json(ORDER, "-c", "-w", "-T").events[-1]
        self.assertEqual(summary["syscalls"], by_stops["syscalls"])
        columns = "calls,median-ns,max-ns,name"
        lines = testing.vdsotrace("-c", "-w", "-T", "-U", columns, *INLINE, "--", *ORDER).stderr.splitlines()
        _, median, longest, _ = next(line.split() for line in lines if line.endswith(" lseek"))
        self.assertGreater(int(median), 0)
        self.assertGreaterEqual(int(longest), int(median))

    def test_a_summary_behind_the_trace(self):
        for options, form in ([], ROW), (["-w"], TIMED_ROW):
            with self.subTest(options=options):
                _, lines = trace_lines(ORDER, "-C", *options, *INLINE)
                self.assertEqual(len([line for line in lines if line.startswith("lseek(-1, ")]), ROUNDS)
                self.assertEqual(rows_of(lines, form)["lseek"][-1], str(ROUNDS))

    def test_processor_times_are_refused(self):
        for options in (["-c", "-T"], ["-C", "-T"], ["-c", "-S", "avg-time"], ["-c", "-U", "total-time,name"], ["-C", "-O", "1"],
                        ["-c", "--json", "-T"]):
            with self.subTest(options=options):
                ran = testing.vdsotrace(*INLINE, *options, "--", "true")
                self.assertIn("needs -w", ran.stderr)
                self.assertNotEqual(ran.status, 0)

    def test_times_of_single_calls(self):
        for options in ["-T"], ["-C", "-w", "-T"]:
            _, lines = trace_lines(ORDER, *options, *INLINE)
            self.assertEqual(len([line for line in lines if re.match(r"lseek\(-1, .* <\d+\.\d{6}>$", line)]), ROUNDS)

    def test_what_is_shown_of_single_calls_is_refused(self):
        for options in (["-t"], ["-r"], ["-n"], ["-i"], ["-y"], ["--callers"], ["-a", "10"], ["-e", "read=3"]):
            with self.subTest(options=options):
                ran = testing.vdsotrace("-c", *INLINE, *options, "--", "true")
                self.assertIn("exclude each other", ran.stderr)
                self.assertNotEqual(ran.status, 0)


class CallersTest(SameLines):
    """Of vDSO calls their stubs keep words of the stack, in records of another size; direct calls stop."""
    renumbered = {r"sysinfo.*": "sysinfo", r'"[^"]*"': '""', r"\btv_\w+=\d+": "tv", r"\[\d+\]": "[N]",
                  r"(= |\[)\d{9,} (\(.*?\)|/\* .*? \*/)": r"\1T"}

    def test_same_lines(self):
        program = "import time; time.time(); open('/etc/passwd').read()"
        for command in target("calls"), [PYTHON, "-S", "-c", program]:
            with self.subTest(command=command):
                lines = self.same(lambda _, made=command: made, "--callers", may_fail=True)
                self.assertTrue([line for line in lines if re.search(r"\[vdso\] <.* in ", line)])

    def test_calls_are_recorded_without_stops(self):
        calls = testing.trace_json(ORDER, "--callers", *INLINE).of_type("call")
        engines = {call["engine"] for call in calls[-4 * ROUNDS:] if call["name"] in ("lseek", "close", "dup2")}
        self.assertEqual(engines, {"inline"})


class SameLinesTest(SameLines):
    def test_descriptors(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            file.write_text("x")
            for option in "-y", "-yy":
                lines = self.same(lambda _: ["cat", str(file)], "-e", "trace=openat,read,brk,access", option)
                self.assertTrue([line for line in lines if line.startswith("read(3<" + str(file) + '>, "x"')])

    def test_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            file.write_text("x")
            lines = self.same(lambda _: ["cat", str(file)], "-P", str(file))
            self.assertIn('read(3, "x", 131072) = 1', [re.sub(r" +=", " =", line) for line in lines])
            self.assertFalse([line for line in lines if line.startswith(("brk(", "mmap(NULL"))])

    def test_paths_in_a_summary(self):
        for options in ["-c"], ["-c", "-w"]:
            ran = testing.vdsotrace(*options, "-P", "/etc/passwd", *INLINE, "--", "cat", "/etc/passwd")
            names = {line.split()[-1] for line in ran.stderr.splitlines() if line.startswith((" ", "100"))}
            self.assertIn("openat", names)
            self.assertFalse(names & {"brk", "mmap", "execve"}, ran.stderr)

    def test_changed_calls(self):
        for what in ("inject=dup2:retval=7:when=2..5", "fault=close:error=EIO:when=3+2",
                     "inject=lseek:signal=SIGCHLD:when=9", "inject=lseek,close:delay_enter=1:when=4"):
            with self.subTest(what=what):
                lines = self.same(lambda _: ORDER, "-e", what, may_fail=True)
                self.assertTrue([line for line in lines if "(INJECTED)" in line or "(DELAYED)" in line
                                 or line.startswith("--- SIGCHLD")])

    def test_changed_calls_of_the_vdso(self):
        """They take breakpoints; the others are recorded all the same."""
        program = ("import os, time\n"
                   "for _ in range(200):\n"
                   "    try: time.clock_gettime(time.CLOCK_MONOTONIC)\n"
                   "    except OSError: os.access('/nothing', 0)\n"
                   "    os.access('/', 0)\n")
        command = [PYTHON, "-S", "-c", program]
        shown = ["-e", "trace=clock_gettime,access", "-e", "inject=clock_gettime:error=EINVAL:when=3+2"]
        by_stops, by_stubs = (trace_lines(command, *shown, *more)[1] for more in ([], INLINE))
        names = lambda lines: [re.sub(r"\{.*\}|0x[0-9a-f]+", "X", line) for line in lines if line.endswith(")")]
        self.assertGreater(len([line for line in by_stubs if "(INJECTED)" in line]), 90)
        self.assertEqual(names(by_stubs), names(by_stops))
        calls = testing.trace_json(command, *shown, *INLINE).of_type("call")
        self.assertEqual({call["engine"] for call in calls[-200:] if call["name"] == "access"}, {"inline"})

    def test_long_strings(self):
        """Where the vDSO has getrandom its calls take breakpoints then."""
        program = "import os\nfor i in range(300): os.access('/nothing', 0), os.write(1, b'x' * 500)"
        trace = testing.trace_json([PYTHON, "-S", "-c", program], "-s", "1000", *INLINE)
        self.assertEqual(trace.of_type("notice"), [])
        calls = [call for call in trace.of_type("call") if call["name"] in ("access", "write")][-400:]
        self.assertEqual({call["engine"] for call in calls}, {"inline"})
        self.assertEqual({call["args"][1] for call in calls if call["name"] == "write"}, {'"' + "x" * 500 + '"'})
        for options in [], INLINE:
            trace = testing.trace_json(target("getrandom"), "-s", "1000", *options)
            claims = testing.Claims(trace.stdout)
            if trace.stdout.startswith("no vDSO getrandom"):
                break
            calls = [call for call in trace.of_type("call") if call["name"] == "getrandom" and call["route"] == "vdso"]
            self.assertGreater(len(calls), 40)
            self.assertEqual(claims.differences(trace, False), [])
            self.assertEqual({call["engine"] for call in calls}, {"breakpoint"})
            self.assertFalse([call for call in calls if call["ret"] == 64 and "..." in call["args"][0]])

    def test_programs_with_breakpoints_end_as_untraced(self):
        for name in ("own_traps", "signal_storm", "stacks", "jump_out", "exec_thread", "move_vdso", "throws"):
            with self.subTest(target=name):
                untraced = testing.run(target(name))
                ran = testing.vdsotrace(*INLINE, "-f", "-s", "1000", "-e", "inject=time:delay_enter=1", "-o", "/dev/null",
                                        "--", *target(name))
                self.assertEqual(ran.status, untraced.status, ran.stderr[-2000:])
                self.assertEqual(testing.without_counts(ran.stdout), testing.without_counts(untraced.stdout))

    def test_changed_calls_are_counted(self):
        ran = testing.vdsotrace("-c", "-e", "inject=close:retval=0:when=1..10", *INLINE, "--", *ORDER)
        by_stops = testing.vdsotrace("-c", "-e", "inject=close:retval=0:when=1..10", "--", *ORDER)
        errors = lambda text: next(line.split()[-3] for line in text.splitlines() if line.endswith(" close"))
        self.assertEqual(errors(ran.stderr), errors(by_stops.stderr))

    def test_calls_through_the_vsyscall_page(self):
        """Where there is nothing to record, they are seen as with stops."""
        shown = [[line.split("(")[0] for line in trace_lines(target("vsyscall"), "-e", "trace=%vdso", *more)[1]]
                 for more in ([], INLINE)]
        self.assertEqual(shown[0], shown[1])


if __name__ == "__main__":
    testing.main()
