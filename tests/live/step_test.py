"""The step engine counts what the program made, behaves as if it were not there, and reports paths that the
code of the vDSO allows: objdump says which instruction can come after which."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import Claims, run, target, trace_json, vdsotrace, without_counts

STEP = "--engine=step"
MOST_RETRIES = 200  # engines/breakpoint/step.cpp
TRAPS = ["breakpoints", "sent", "ignored", "blocked", "steps", "steps_through", "unhandled"]
# As in targets_test.py, with counts that suit a stop an instruction.
TARGETS = [
    ["no_libc"], ["calls"], ["calls_static"], ["registers"], ["threads", 4, 10], ["short_threads"], ["leader_exits"],
    ["exit_race"], ["children", "fork"], ["children", "vfork_exec"], ["children", "clone_vm"], ["children", "busy_fork"],
    ["exec_chain"], ["exec_thread"], ["slow_signals"], ["jump_out"], ["fault"],
    *(["own_traps", mode] for mode in TRAPS), ["stop_continue"], ["stacks"], ["move_vdso", "unmap"],
    ["move_vdso", "move"], ["seccomp_strict"], ["seccomp_filter"], ["seccomp_filter", "fall_back"], ["getrandom"],
]


def setUpModule():
    testing.require_ptrace()


class Behaviour(unittest.TestCase):
    def test_targets(self):
        for words in TARGETS:
            for options in ([], ["-f"]):
                with self.subTest(words=words, options=options):
                    self.check(target(*words), options)

    def check(self, command, options):
        alone = run(command)
        trace = trace_json(command, STEP, *options)
        self.assertEqual(trace.status, alone.status, [trace.stderr[-2000:], trace.of_type("signal"), trace.events[-5:]])
        self.assertEqual(without_counts(trace.stdout), without_counts(alone.stdout))
        self.assertEqual(trace.summary["lost"], 0)
        if testing.user_space_clock():
            wrong = Claims(trace.stdout).differences(trace, bool(options))
            self.assertFalse(wrong, "\n" + "\n".join(wrong))
        for call in trace.of_type("call"):
            if call["engine"] != "step" or call["ret"] is None or not call["symbol"]:
                continue
            if call["instructions"] is None:  # let go: the kernel wrote its data faster than a busy machine steps
                self.assertGreaterEqual(call["retries"], MOST_RETRIES, call)
            else:
                self.assertGreater(call["instructions"], 1, call)

    def test_same_calls_as_with_breakpoints(self):
        def told(engine):
            trace = trace_json(target("calls"), "--engine=" + engine)
            return [(call["name"], call["route"], call["ret"], call["errno"]) for call in trace.of_type("call")
                    if call["name"] != "write" and call["route"]]
        self.assertEqual(told("step"), told("breakpoint"))

    def test_picked_calls(self):
        trace = trace_json(target("calls"), STEP, "-e", "trace=clock_gettime")
        self.assertEqual({call["name"] for call in trace.of_type("call")}, {"clock_gettime"})
        wrong = [line for line in Claims(trace.stdout).differences(trace, False) if line.startswith("clock_gettime")]
        self.assertEqual(wrong, [])


class Code:
    """The vDSO in objdump's words: for each instruction where it can go on."""

    LINE = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(\S*) *(.*)$")

    def __init__(self, folder):
        file = Path(folder) / "vdso"
        vdsotrace("dump", "-o", file)
        self.after = {}
        for line in run(["objdump", "-d", "-w", file]).stdout.splitlines():
            found = self.LINE.match(line)
            if found:
                self.add(*found.groups())

    def add(self, offset, code, mnemonic, operands):
        at = int(offset, 16)
        behind = at + len(code.split())
        target_ = re.match(r"([0-9a-f]+) <", operands)
        after = set() if mnemonic in ("jmp", "ret", "notrack jmp") else {behind}
        if mnemonic.startswith("rep"):
            after.add(at)
        if target_:
            after = {int(target_[1], 16)} | (after if mnemonic not in ("jmp", "call") else set())
        self.after[at] = (mnemonic, behind, after)


class Paths(unittest.TestCase):
    def setUp(self):
        testing.require_program("objdump")
        with tempfile.TemporaryDirectory() as folder:
            self.code = Code(folder)
        self.functions = testing.vdso_functions()

    def calls(self, *command):
        trace = trace_json(command, STEP, "--steps")
        return [call for call in trace.of_type("call") if call["symbol"]]

    def check_path(self, call):
        path = call["steps"]
        self.assertEqual(len(path), call["instructions"])
        self.assertEqual(path[0], self.functions[call["symbol"]])
        returns = []
        for i, at in enumerate(path):
            mnemonic, behind, after = self.code.after[at]
            if i + 1 == len(path):
                self.assertEqual((mnemonic, returns), ("ret", []))
            elif mnemonic == "ret":
                self.assertEqual(path[i + 1], returns.pop())
            else:
                self.assertIn(path[i + 1], after, f"after {at:x} {mnemonic}")
            if mnemonic == "call":
                returns.append(behind)
        entered = [at for at in path if self.code.after[at][0] == "syscall"]
        if call["route"] != "fallback":
            self.assertEqual(entered, [])
        elif call["name"] == "getrandom":  # it begins again when the kernel has reseeded meanwhile (lib/vdso/getrandom.c)
            self.assertGreaterEqual(len(entered), 1)
        else:
            self.assertEqual(len(entered), 1)

    def test_every_path_is_one_of_the_code(self):
        for words in (["calls"], ["getrandom"], ["threads", 3, 4]):
            calls = self.calls(*target(*words))
            self.assertTrue(calls or words == ["getrandom"])
            for call in calls:
                with self.subTest(name=call["name"], args=call["args"]):
                    self.check_path(call)

    def test_time_is_straight(self):
        """time(&t) executes each of its instructions once."""
        at, straight = self.functions["__vdso_time"], []
        while True:
            mnemonic, behind, after = self.code.after[at]
            straight.append(at)
            if mnemonic == "ret":
                break
            at = behind if behind in after else after.pop()
        paths = [call["steps"] for call in self.calls(*target("calls")) if call["symbol"] == "__vdso_time"]
        self.assertEqual(paths[0], straight)
        self.assertLessEqual(len(paths[1]), len(straight))

    def test_text(self):
        ran = vdsotrace("--steps", "-e", "trace=%vdso", "--", *target("calls"))
        lines = ran.stderr.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("clock_gettime(CLOCK_MONOTONIC,"))
        self.assertRegex(lines[at + 1], r"^    \d+ instructions, (no|\d+) seqlock retr(y|ies)$")
        self.assertEqual(lines[at + 2], "    <__vdso_clock_gettime>:")
        self.assertRegex(lines[at + 3], rf"^ +{self.functions['__vdso_clock_gettime']:x}:  \w+")
        shown = "\n".join(lines)
        self.assertIn("; fallback: enters the kernel", shown)
        self.assertIn("; return", shown)
        plain = vdsotrace("--engine=step", "-e", "trace=%vdso", "--", *target("calls")).stderr
        self.assertNotIn("instructions", plain)


class Attached(unittest.TestCase):
    def test_let_go_in_the_middle_of_a_call(self):
        program = "import time\nprint(flush=True)\nwhile True: time.time()"
        process = subprocess.Popen([testing.PYTHON, "-c", program], stdout=subprocess.PIPE)
        try:
            process.stdout.readline()
            code = vdsotrace("dump", "--disassemble", "-p", process.pid).stdout
            for _ in range(5):
                ran = vdsotrace(STEP, "--duration", "0.2", "-p", process.pid)
                self.assertEqual(ran.status, 0, ran.stderr)
                self.assertIn("[vdso]", ran.stderr)
                self.assertIsNone(process.poll())
                self.assertEqual(vdsotrace("dump", "--disassemble", "-p", process.pid).stdout, code)
            self.assertIn("clock_gettime", code)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


class Options(unittest.TestCase):
    def test_conflicts(self):
        for options, message, hint in (
                (["--steps", "--engine=inline"], "--steps: the inline engine makes no steps", "use --engine=step"),
                (["--steps", "-c"], "-c and --steps exclude each other", None)):
            ran = vdsotrace(*options, "true")
            expected = [f"vdsotrace: {message}"] + ([f"hint: {hint}"] if hint else [])
            self.assertEqual((ran.status, ran.stderr.splitlines()), (1, expected))

    def test_steps_choose_the_engine(self):
        trace = trace_json(["true"], "--steps")
        self.assertEqual(trace.events[0]["engine"], "step")


if __name__ == "__main__":
    testing.main()
