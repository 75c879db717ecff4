"""Whoever looks at the stack in the middle of a vDSO call finds what is there untraced: exceptions that leave handlers,
profilers, debuggers on cores."""

import re
import resource
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, target
from every_way import EveryWayTest, command, has_engine, ways

CORE_PATTERN = "/proc/sys/kernel/core_pattern"


def setUpModule():
    testing.require_ptrace()


class ExceptionTest(EveryWayTest):
    def test_every_exception_is_caught(self):
        self.same_as_alone(target("throws"))

    def test_perf(self):
        if not has_engine("perf"):
            self.skipTest("the perf engine cannot be used here")
        self.same_as_alone(target("throws"), engines=["perf"], names=["counts", "vdso functions"], attach=False)


class ProfilerTest(EveryWayTest):
    """Every stack reaches main, and its innermost place is the program's, a library's or the vDSO's."""

    def profiled(self, walk, *kinds):
        for calls in kinds:
            with self.subTest(calls):
                said = self.same_as_alone(target("unwinds", walk, calls), look=self.where)
                self.assertIn("without main: 0, interrupted elsewhere: 0", said)

    def where(self, text):
        """But not whether the vDSO was interrupted: most time may be spent in stops."""
        return text.split(", within")[0]

    def test_libgcc(self):
        self.profiled("backtrace", "library", "direct")

    def test_libunwind(self):
        self.profiled("libunwind", "library", "direct")

    def test_frame_pointers(self):
        self.profiled("frames", "direct")


class CoreTest(EveryWayTest):
    ROUNDS = 4

    def setUp(self):
        testing.require_program("gdb")
        if Path(CORE_PATTERN).read_text().strip()[:1] in ("|", "/"):
            self.skipTest("cores go elsewhere: " + CORE_PATTERN)

    def stack_in(self, folder, program):
        """What gdb shows of the threads in the core that lies there."""
        core, = Path(folder).glob("core*")
        shown = run(["gdb", "-batch", "-nx", "-ex", "thread apply all bt", program[0], core])
        core.unlink()
        return shown.stdout

    def traced_into_core(self, program, options):
        unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
        limit = ["prlimit", f"--core={unlimited}:{unlimited}"]
        with tempfile.TemporaryDirectory() as folder:
            tracer = command("auto", options, folder + "/trace") + ["--"] if options is not None else []
            ran = run([*limit, *tracer, *program], cwd=folder)
            self.assertEqual(ran.status, -6, ran.stderr)
            return self.stack_in(folder, program)

    def reaches_main(self, *words):
        testing.require_program("prlimit")
        program = target("dumps_core", *words)
        if not self.names_main(self.traced_into_core(program, None)):
            self.skipTest("gdb does not find main in the core of an untraced program")
        for _, name, options in ways(["auto"], ["counts", "vdso functions", "callers"]):
            for _ in range(self.ROUNDS):
                with self.subTest(name):
                    stack = self.traced_into_core(program, options)
                    self.assertTrue(self.names_main(stack), stack)

    def test_the_thread_that_ends_it(self):
        self.reaches_main("self")

    def test_the_others(self):
        self.reaches_main("other")

    def names_main(self, stack):
        return re.search(r"(?m)^#\d+ .* main \(", stack) is not None


if __name__ == "__main__":
    testing.main()
