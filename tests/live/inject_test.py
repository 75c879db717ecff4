"""-e inject= and -e fault=: results, signals, delays and bytes that the kernel did not give, for system calls and for calls of
the vDSO by whichever route, under every engine that can change a program."""

import errno
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, target, vdsotrace

ENGINES = ("--engine=inline", "--engine=breakpoint", "--engine=step")

GO_PROGRAM = """package main

import (
	"fmt"
	"time"
)

func main() {
	for i := 0; i < 4; i++ {
		fmt.Println(time.Now().Unix() < 1000)
	}
}
"""


def setUpModule():
    testing.require_ptrace()


def injected(expressions, calls, *options, program="injected"):
    """(what the target says of each call, the lines of the trace)"""
    words = [word for expression in expressions for word in ("-e", expression)]
    ran = vdsotrace("-q", *options, *words, "--", *target(program, *calls))
    if ran.status != 0:
        raise AssertionError(f"status {ran.status}: {ran.stderr}")
    return ran.stdout.splitlines(), ran.stderr.splitlines()


def failed(word, error):
    return f"{word} -1 {error}"


class InjectTest(unittest.TestCase):

    def test_calls_of_the_vdso_by_every_route_are_counted_together(self):
        calls = ["vdso", "fallback", "direct", "vdso", "fallback", "direct"]
        for program in ("injected", "injected_static"):
            for engine in ENGINES:
                for when, meant in (("3+", {2, 3, 4, 5}), ("1", {0}), ("2..4", {1, 2, 3}), ("2+2", {1, 3, 5})):
                    told, lines = injected([f"inject=clock_gettime:error=EINVAL:when={when}"], calls, engine,
                                           "-e", "trace=clock_gettime", program=program)
                    expected = [failed(word, errno.EINVAL) if i in meant else f"{word} 0 0" for i, word in enumerate(calls)]
                    self.assertEqual(told, expected, when)
                    own = [line for line in lines if "MONOTONIC" in line or "PROCESS_CPUTIME" in line]
                    marked = {i for i, line in enumerate(own) if " = -1 EINVAL (Invalid argument) (INJECTED) [" in line}
                    self.assertEqual((len(own), marked), (len(calls), meant), "\n".join(lines))

    def test_a_result_takes_the_place_of_the_call(self):
        for engine in ENGINES:
            told, lines = injected(["inject=time:retval=7", "inject=clock_gettime:retval=0"], ["time", "vdso", "seconds"], engine)
            self.assertEqual(told, ["time 7 0", "vdso 0 0", "seconds 0 0"])
            self.assertIn("time(NULL) = 7 (1970-01-01T00:00:07+0000) (INJECTED) [vdso]", lines)

    def test_system_calls(self):
        told, lines = injected(["inject=getppid:retval=0x10", "fault=chdir:when=2"], ["getppid", "chdir", "chdir", "chdir"])
        self.assertEqual(told, ["getppid 16 0", "chdir 0 0", failed("chdir", errno.ENOSYS), "chdir 0 0"])
        self.assertTrue(any(line.startswith("getppid()") and line.endswith("= 16 (INJECTED)") for line in lines), lines)

    def test_the_last_expression_that_names_a_call_counts(self):
        told, _ = injected(["inject=%clock,chdir:error=EPERM", "inject=chdir:error=1"], ["chdir", "vdso"])
        self.assertEqual(told, [failed("chdir", errno.EPERM), failed("vdso", errno.EPERM)])
        told, _ = injected(["inject=all:error=EPERM", "fault=!exit_group:when=40000"], ["chdir"])
        self.assertEqual(told, ["chdir 0 0"])

    def test_calls_that_are_not_traced_are_left_alone(self):
        told, _ = injected(["inject=chdir,clock_gettime:error=EPERM"], ["chdir", "vdso"], "-e", "trace=getppid")
        self.assertEqual(told, ["chdir 0 0", "vdso 0 0"])

    def test_under_a_filter(self):
        """Where only the calls that are wanted stop."""
        for engine in ENGINES:
            told, _ = injected(["inject=chdir,clock_gettime:error=EPERM"], ["chdir", "vdso", "direct", "getppid"], engine,
                               "-f", "-e", "trace=chdir,clock_gettime")
            self.assertEqual(told[:3], [failed(word, errno.EPERM) for word in ("chdir", "vdso", "direct")])

    def test_another_call_is_made_instead(self):
        told, lines = injected(["inject=chdir:retval=5:syscall=getpid"], ["chdir"])
        self.assertEqual(told, ["chdir 5 0"])
        told, lines = injected(["inject=chdir:error=EXDEV:syscall=getuid"], ["chdir"])
        self.assertEqual(told, [failed("chdir", errno.EXDEV)])

    def test_signals(self):
        for engine in ENGINES:
            for call in ("chdir", "vdso", "fallback", "direct"):
                told, lines = injected(["inject=chdir,clock_gettime:signal=USR1:when=2"], [call] * 3, engine)
                self.assertEqual(told, [f"{call} 0 0"] * 3 + ["signals 1"])
                self.assertEqual(sum("SIGUSR1 {" in line and line.startswith("---") for line in lines), 1)
                told, _ = injected(["inject=chdir,clock_gettime:error=EPERM:signal=SIGUSR1:when=2"], [call] * 3, engine)
                self.assertEqual(told, [f"{call} 0 0", failed(call, errno.EPERM), f"{call} 0 0", "signals 1"])

    def test_a_deadly_signal(self):
        for call in ("chdir", "vdso"):
            ran = vdsotrace("-e", "inject=chdir,clock_gettime:signal=KILL", *target("injected", call))
            self.assertEqual(ran.status, -9)
            self.assertIn("+++ killed by SIGKILL +++", ran.stderr)

    def test_delays(self):
        """At least as long as asked for; other threads of the tracer's go on meanwhile."""
        for engine in ENGINES:
            for where in ("delay_enter", "delay_exit"):
                told, lines = injected([f"inject=chdir,clock_gettime:{where}=20ms"], ["vdso", "chdir", "direct"], engine, "-r")
                self.assertEqual(told, ["vdso 0 0", "chdir 0 0", "direct 0 0"])
                delayed = [line for line in lines if line.endswith("(DELAYED)") or " (DELAYED) [" in line]
                self.assertEqual(len(delayed), 3 + sum("CLOCK_" not in line and "clock_gettime" in line for line in delayed), lines)

    def test_detached_in_the_middle_of_a_delay(self):
        for call in ("chdir", "vdso"):
            ran = vdsotrace("--duration", "300ms", "-e", "inject=chdir,clock_gettime:delay_enter=100s", *target("injected", call))
            self.assertEqual((ran.status, ran.stdout), (0, f"{call} 0 0\n"), ran.stderr)

    def test_bytes(self):
        for engine in ENGINES:
            told, lines = injected(["inject=clock_gettime:poke_exit=@arg2=2a00000000000000"], ["vdso", "seconds", "direct", "seconds"],
                                   engine)
            self.assertEqual(told, ["vdso 0 0", "seconds 42 0", "direct 0 0", "seconds 42 0"])
            own = [line for line in lines if "CLOCK_MONOTONIC" in line]
            self.assertTrue(all("tv_sec=42," in line and "(INJECTED: args)" in line for line in own), own)
        told, lines = injected(["inject=chdir:poke_enter=@arg1=2f2e00:error=EIO"], ["chdir"])
        self.assertIn('chdir("/.") = -1 EIO (Input/output error) (INJECTED: args, retval)', lines)

    def test_bytes_that_cannot_be_written(self):
        """Nothing is injected, and it is said."""
        for engine in ENGINES:
            ran = vdsotrace(engine, "-e", "inject=getppid:poke_enter=@arg1=00", "-e", "inject=clock_gettime:poke_exit=@arg1=00,@arg3=00",
                            *target("injected", "getppid", "vdso", "vdso"))
            self.assertEqual(ran.stdout.splitlines()[1:], ["vdso 0 0"] * 2)
            text = ran.stderr
            self.assertIn("-e inject=getppid: it has no argument 1", text)
            self.assertIn("-e inject=clock_gettime: what argument 1 points to cannot be written", text)
            self.assertIn("-e inject=clock_gettime: it has no argument 3", text)
            self.assertNotIn("INJECTED", text)

    def test_bytes_that_can_be_written_in_part(self):
        ran = vdsotrace("-e", "inject=chdir:poke_enter=@arg1=2f2e00", *target("injected", "edge"))
        self.assertEqual(ran.stdout, failed("edge", errno.EFAULT) + "\n")
        text = ran.stderr
        self.assertIn("-e inject=chdir: of what argument 1 points to, only 1 of 3 bytes could be written", text)
        self.assertRegex(text, r"chdir\(0x\w+fff\) += -1 EFAULT \(Bad address\) \(INJECTED: args\)")

    def test_a_result_that_is_no_error(self):
        """As strace shows it: without its sign."""
        _, lines = injected(["inject=chdir:retval=-1"], ["chdir"])
        self.assertTrue(any(line.endswith(" = 18446744073709551615 (INJECTED)") for line in lines), lines)

    def test_each_thread_has_its_own_count(self):
        told, _ = injected(["inject=clock_gettime:error=EPERM:when=2"], ["fork", "vdso", "vdso"], "-f")
        self.assertEqual(told[1:], ["vdso 0 0", failed("vdso", errno.EPERM)])

    def test_counts_of_others_stay_whole(self):
        ran = vdsotrace("-c", "-e", "inject=time:retval=1", *target("injected", *["vdso"] * 50, "time"))
        self.assertIn("time 1 0", ran.stdout)
        row = next(line for line in ran.stderr.splitlines() if "CLOCK_MONOTONIC" in line and "vdso" in line)
        self.assertIn("50", row.split(), row)

    def test_json(self):
        trace = testing.trace_json(target("injected", "vdso", "chdir"), "-e", "inject=clock_gettime:error=EPERM:when=1")
        call = next(call for call in trace.of_type("call") if call["clock"] == "CLOCK_MONOTONIC")
        self.assertEqual((call["injected"], call["errno"], call["route"]), (["result"], "EPERM", "vdso"))
        self.assertNotIn("injected", next(call for call in trace.of_type("call") if call["name"] == "chdir"))

    def test_32_bit(self):
        if not Path(target("injected_m32")[0]).exists():
            self.skipTest("no compiler for 32-bit programs")
        told, _ = injected(["inject=clock_gettime64,chdir:error=EPERM:when=2"], ["vdso", "vdso", "chdir", "chdir"],
                           program="injected_m32")
        self.assertEqual(told, ["vdso 0 0", failed("vdso", errno.EPERM), "chdir 0 0", failed("chdir", errno.EPERM)])

    def test_musl_does_not_ask_the_kernel_again(self):
        """Its clock_gettime makes the system call where the vDSO's function fails with anything but EINVAL."""
        testing.require_program("musl-gcc")
        with tempfile.TemporaryDirectory() as folder:
            program = str(Path(folder, "injected"))
            source = Path(folder, "program.c")
            source.write_text("#include <time.h>\n#include <stdio.h>\n#include <errno.h>\n"
                              "int main(void) { struct timespec t; for (int i = 0; i < 4; ++i) { errno = 0;\n"
                              "int r = clock_gettime(CLOCK_MONOTONIC, &t); printf(\"%d %d\\n\", r, errno); } }\n")
            built = run([shutil.which("musl-gcc"), "-O2", "-o", program, source])
            self.assertEqual(built.status, 0, built.stderr)
            for engine in ENGINES:
                ran = vdsotrace(engine, "-e", "inject=clock_gettime:error=EPERM:when=2+2", program)
                self.assertEqual(ran.stdout.splitlines(), ["0 0", f"-1 {errno.EPERM}"] * 2, ran.stderr)

    def test_go(self):
        with tempfile.TemporaryDirectory() as folder:
            program = testing.go_program(folder, GO_PROGRAM)
            self.assertEqual(run([program]).stdout, "false\n" * 4)
            for engine in ENGINES:
                ran = vdsotrace("-f", engine, "-e", "trace=clock_gettime",
                                "-e", "inject=clock_gettime:poke_exit=@arg2=0100000000000000", program)
                self.assertEqual((ran.status, ran.stdout), (0, "true\n" * 4), ran.stderr[-2000:])

    def test_refused(self):
        for expression, word in (("inject=chdir", "nothing to inject"), ("inject=chdir:error=EWHAT", "error=EWHAT makes no sense"),
                                 ("inject=nocall:error=EIO", "inject=nocall"), ("inject=chdir:error=EIO:retval=1", "retval=1"),
                                 ("inject=chdir:error=EIO:when=0", "when=0"), ("inject=chdir:error=EIO:when=3..2", "when=3..2"),
                                 ("fault=chdir:signal=HUP", "signal= is unknown here"), ("inject=chdir:retval=1:syscall=open", "syscall=open")):
            ran = vdsotrace("-e", expression, "true")
            self.assertEqual(ran.status, 1)
            self.assertIn(word, ran.stderr.splitlines()[0])
        ran = vdsotrace("--engine=perf", "-e", "inject=time:error=EIO", "true")
        self.assertEqual((ran.status, ran.stderr.splitlines()[0]),
                         (1, "vdsotrace: -e inject=: the perf engine changes nothing of the program"))


if __name__ == "__main__":
    testing.main()
