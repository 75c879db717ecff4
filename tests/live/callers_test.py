"""Who made a call: exact callers by each route, whole stacks, and never a wrong name."""

import collections
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, target, trace_json, vdsotrace

ENGINES = ("breakpoint", "inline")
ALL_ROUTES = ("-e", "trace=%vdso", "-e", "route=all")


GO_PROGRAM = """package main

import "time"

var sum int64

//go:noinline
func now(n int) {
	for i := 0; i < n; i++ {
		sum += time.Now().UnixNano()
	}
}

//go:noinline
func since(start time.Time, n int) {
	for i := 0; i < n; i++ {
		sum += int64(time.Since(start))
	}
}

func main() {
	now(50)
	since(time.Now(), 30)
}
"""


MUSL_PROGRAM = """#include <sys/time.h>
#include <time.h>

volatile long sum;

__attribute__((noinline)) void by_clock_gettime(void) {
  struct timespec now;
  sum += clock_gettime(CLOCK_MONOTONIC, &now);
  sum += now.tv_nsec;
}

__attribute__((noinline)) void by_gettimeofday(void) {
  struct timeval now;
  sum += gettimeofday(&now, 0);
  sum += now.tv_usec;
}

__attribute__((noinline)) void by_time(void) {
  sum += time(0);
}

int main(void) {
  for (int i = 0; i < 5; ++i) by_clock_gettime();
  for (int i = 0; i < 5; ++i) by_gettimeofday();
  for (int i = 0; i < 5; ++i) by_time();
}
"""


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


def claims(stdout):
    """What tests/targets/callers.c says it called, from where."""
    expected = collections.Counter()
    for line in stdout.splitlines():
        word, name, route, function, count = line.split()
        if word == "called":
            expected[name, route, function] = int(count)
    return expected


def callers(trace):
    found = collections.Counter()
    for call in trace.of_type("call"):
        if call["route"] and call["name"] != "getrandom":
            caller = call["caller"] or {"symbol": "nobody"}
            found[call["name"], call["route"], caller["symbol"]] += 1
    return found


class CallersTest(unittest.TestCase):
    def traced(self, command, *options):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                trace = trace_json(command, f"--engine={engine}", "--callers", *options)
                self.assertEqual(trace.status, 0, trace.stderr)
                yield trace

    def test_each_route(self):
        for options in (ALL_ROUTES, ("-e", "route=all")):
            for trace in self.traced(target("callers"), *options):
                self.assertEqual(callers(trace), claims(trace.stdout))

    def test_under_perf(self):
        """By the sample of an entry, or the stop of a system call."""
        testing.require_perf_engine()
        for options in (("-e", "trace=clock_gettime,gettimeofday"), ("-e", "trace=%vdso", "-e", "route=fallback")):
            for program in ("callers", "callers_static"):
                with self.subTest(options=options, program=program):
                    trace = trace_json(target(program), "--engine=perf", "--callers", *options)
                    routes = {"fallback"} if options[-1] == "route=fallback" else {"vdso", "fallback", "syscall"}
                    expected = {key: count for key, count in claims(trace.stdout).items() if key[1] in routes}
                    self.assertEqual(callers(trace), expected)
        self.assertEqual({call["caller"]["module"] for call in trace.of_type("call")},
                         {os.path.realpath(target("callers_static")[0])})

    def test_of_an_audit_under_perf(self):
        testing.require_perf_engine()
        ran = vdsotrace("audit", "--json", "--engine=perf", "-e", "trace=clock_gettime", *target("callers"))
        found = collections.Counter()
        for call in json.loads(ran.stderr)["calls"]:
            for caller in call["callers"]:
                found[call["name"], call["route"], caller["symbol"]] += caller["count"]
        expected = {key: count for key, count in claims(ran.stdout).items() if key[0] == "clock_gettime"}
        self.assertEqual(found, expected)

    def test_places(self):
        for trace in self.traced(target("callers"), *ALL_ROUTES):
            for call in trace.of_type("call"):
                caller = call["caller"]
                if call["name"] == "getrandom":
                    continue
                self.assertEqual(caller["module"], os.path.realpath(target("callers")[0]))
                self.assertRegex(caller["source"] or "", r"callers\.c:\d+$")
                self.assertLess(caller["offset"], 4096)
                named = run(["addr2line", "-f", "-e", caller["module"], hex(caller["in_module"] - 1)])
                if named.status == 0:
                    self.assertEqual(named.stdout.splitlines()[0].split(".")[0], caller["symbol"])

    def test_library_in_another_ones_place(self):
        for options in ((), ALL_ROUTES, ("-e", "trace=%vdso", "-e", "route=vdso")):
            for trace in self.traced(target("replaced"), *options):
                if "elsewhere" in trace.stdout:
                    self.skipTest("no library came to the place of another")
                found = collections.Counter({key: count for key, count in callers(trace).items() if "library" in key[2]})
                self.assertEqual(found, claims(trace.stdout), options)

    def test_static_program(self):
        for trace in self.traced(target("callers_static"), *ALL_ROUTES):
            self.assertEqual(callers(trace), claims(trace.stdout))

    def test_behind_a_large_frame(self):
        """As much as in glibc lies between the vDSO and who called it."""
        said = re.findall(r"(?m)^called (\S+) (\S+) (\d+)$", run(target("far_caller")).stdout)
        for trace in self.traced(target("far_caller"), "-e", "trace=clock_gettime,getrandom", "-e", "route=vdso,fallback"):
            found = collections.Counter((call["name"], (call["caller"] or {"symbol": "nobody"})["symbol"])
                                        for call in trace.of_type("call") if call["args"][0] != "NULL")
            self.assertEqual(found, {(name, caller): int(count) for name, caller, count in said})

    def test_stripped_program_has_places_and_no_names(self):
        testing.require_program("strip")
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "stripped")
            subprocess.run(["strip", "-o", stripped, target("callers")[0]], check=True)
            named = trace_json(target("callers"), "--engine=breakpoint", "--callers", *ALL_ROUTES)
            places = [call["caller"]["in_module"] for call in named.of_type("call")]
            for trace in self.traced([stripped], *ALL_ROUTES):
                seen = [call["caller"] for call in trace.of_type("call")]
                self.assertEqual({caller["symbol"] for caller in seen}, {None})
                self.assertEqual([caller["offset"] for caller in seen], places)

    def test_library_without_unwind_information(self):
        """Its code says where its frames are, or a notice says that nothing does: once."""
        for trace in self.traced(target("silent_library"), "-e", "trace=%vdso"):
            self.assertEqual(callers(trace), claims(trace.stdout))
            why = [notice["text"] for notice in trace.of_type("notice")]
            self.assertEqual(why, [f"callers in {os.path.realpath(target('silent_library')[0])} are not known: "
                                   "it has no unwind information"])

    def test_stripped_program_that_contains_its_library(self):
        testing.require_program("strip")
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "stripped")
            subprocess.run(["strip", "-o", stripped, target("callers_static")[0]], check=True)
            for trace in self.traced([stripped], *ALL_ROUTES):
                self.assertEqual({call["caller"] for call in trace.of_type("call")}, {None})
                why = [notice["text"] for notice in trace.of_type("notice") if "callers" in notice["text"]]
                self.assertEqual(why, [f"callers in {stripped} are not known: "
                                       "it contains its C library and has no symbols"])

    def test_musl(self):
        testing.require_program("musl-gcc")
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder, "clock.c"), os.path.join(folder, "clock")
            source.write_text(MUSL_PROGRAM)
            for options in (["-static"], []):
                subprocess.run(["musl-gcc", "-O2", *options, "-o", program, source], check=True)
                for trace in self.traced([program], "-e", "trace=%vdso"):
                    self.assertEqual(callers(trace), {("clock_gettime", "vdso", "by_clock_gettime"): 5,
                                                      ("clock_gettime", "vdso", "by_gettimeofday"): 5,
                                                      ("clock_gettime", "vdso", "by_time"): 5})

    def test_deleted_program(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("/proc/PID/map_files is for root")
        with tempfile.TemporaryDirectory() as folder:
            script = "cp $0 $1 && exec 3<$1 && rm $1 && exec /proc/self/fd/3"
            command = ["sh", "-c", script, target("callers")[0], os.path.join(folder, "copy")]
            for trace in self.traced(command, *ALL_ROUTES):
                self.assertEqual(callers(trace), claims(trace.stdout))

    def test_text(self):
        ran = vdsotrace("-q", "--callers", "--engine=breakpoint", "-e", "route=syscall", *target("callers"))
        lines = [line for line in ran.stderr.splitlines() if "by_instruction" in line]
        self.assertEqual(len(lines), 8)
        for line in lines:
            self.assertRegex(line, r" \[syscall\] <by_instruction\+0x[0-9a-f]+ in /.*/callers>$")

    def test_python_names_only_what_is_there(self):
        names = run(["nm", "-D", "--defined-only", os.path.realpath(testing.PYTHON)])
        if names.status != 0:
            raise unittest.SkipTest("nm cannot read " + testing.PYTHON)
        known = {line.split()[-1].split("@")[0] for line in names.stdout.splitlines()}
        for trace in self.traced([testing.PYTHON, "-c", "import time; [time.time() for i in range(50)]"],
                                 "-e", "trace=%vdso"):
            calls = [call for call in trace.of_type("call") if call["route"]]
            self.assertGreater(len(calls), 50)
            for call in calls:
                self.assertNotRegex(call["caller"]["module"], r"/(libc|ld-linux[^/]*)\.so")
                if call["caller"]["symbol"] and call["caller"]["module"] == os.path.realpath(testing.PYTHON):
                    self.assertIn(call["caller"]["symbol"], known)


class StackTest(unittest.TestCase):
    def test_text(self):
        ran = vdsotrace("-q", "-k", "-e", "trace=clock_gettime", *target("callers"))
        lines = ran.stderr.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("clock_gettime("))
        library = r" > /.*/libc[^/]*\(clock_gettime\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]"
        self.assertRegex(lines[at + 1], r"^ > \[vdso\]\(__vdso_clock_gettime\+0x0\) \[0x[0-9a-f]+\]$")
        self.assertRegex(lines[at + 2], f"^{library}$")
        self.assertRegex(lines[at + 3], r"^ > /.*/callers\(by_library\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]$")
        self.assertRegex(lines[at + 4], r"^ > /.*/callers\(one_round\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]$")

    def test_of_what_starts_the_program_nothing_is_shown(self):
        ran = vdsotrace("-q", "-k", "-e", "trace=execve,exit_group", "sh", "-c", "exec true")
        lines = ran.stderr.splitlines()
        self.assertRegex(lines[0], r'^execve\("[^"]*/sh", ')
        self.assertRegex(lines[1], r'^execve\("[^"]*/true", ')
        self.assertRegex(lines[2], r"^ > /.*\(execve\+0x[0-9a-f]+\) ")

    def test_of_signals(self):
        """Where the thread was, under each signal and where a group stopped by one."""
        program = ["sh", "-c", "kill -WINCH $$; kill -STOP $$"]
        kill = r" > /.*/libc[^/]*\(kill\+0x[0-9a-f]+\) \[0x[0-9a-f]+\]"
        for options in ([], ["--engine=inline"], ["-e", "trace=none"]):
            with self.subTest(options=options), tempfile.TemporaryDirectory() as folder:
                report = Path(folder) / "report"
                running = subprocess.Popen([VDSOTRACE, "-q", "-k", *options, "-o", report, *program])
                testing.wait_until(lambda: report.exists() and "--- stopped by SIGSTOP ---" in report.read_text())
                os.kill(testing.children_of(running.pid)[0], signal.SIGCONT)
                self.assertEqual(running.wait(testing.TIMEOUT), 0)
                lines = report.read_text().splitlines()
                for name in ("--- SIGWINCH {", "--- SIGSTOP {", "--- stopped by SIGSTOP"):
                    at = next(i for i, line in enumerate(lines) if line.startswith(name))
                    self.assertRegex(lines[at + 1], f"^{kill}$")
                    self.assertRegex(lines[at + 2], r"^ > /.*sh\(")
        trace = trace_json(["sh", "-c", "kill -WINCH $$"], "-k")
        self.assertEqual(trace.of_type("signal")[0]["stack"][0]["symbol"], "kill")
        self.assertNotIn("stack", trace_json(["sh", "-c", "kill -WINCH $$"]).of_type("signal")[0])

    def test_json_of_all_calls(self):
        trace = trace_json(target("callers"), "-k")
        self.assertEqual(trace.of_type("start")[0]["engine"], "breakpoint")
        for call in trace.of_type("call"):
            if call["name"] == "exit_group":
                self.assertIn("exit", "".join(place["symbol"] or "" for place in call["stack"]))
        by_name = [[place["symbol"] for place in call["stack"]] for call in trace.of_type("call")
                   if call["route"] == "syscall" and call["clock"]]
        self.assertEqual(sum("by_syscall_function" in names and "main" in names for names in by_name), 7)
        self.assertNotIn("stack", trace_json(target("callers"), "--callers").of_type("call")[0])

    def test_whose_stacks_are_short(self):
        """Stubs note the caller; samples of the perf engine have a piece of the stack."""
        trace = trace_json(target("callers"), "-k", "--engine=inline", *ALL_ROUTES)
        self.assertIn("-k: of a call through the vDSO only the caller is noted",
                      " ".join(notice["text"] for notice in trace.of_type("notice")))
        text = vdsotrace("audit", "-k", "--engine=inline", *target("callers")).stderr
        self.assertIn("--folded and --pprof have whole stacks", " ".join(text.replace("\n", " ").split()))
        self.assertEqual(trace_json(target("callers"), "-k").of_type("notice"), [])
        testing.require_perf_engine()
        trace = trace_json(target("callers"), "-k", "--engine=perf", "-e", "trace=clock_gettime")
        self.assertIn("2,048 bytes", " ".join(notice["text"] for notice in trace.of_type("notice")))
        stacks = collections.Counter(tuple(place["symbol"] for place in call["stack"][:4]) for call in trace.of_type("call")
                                     if call["route"] == "vdso")
        self.assertEqual(stacks["__vdso_clock_gettime", "clock_gettime", "by_library", "one_round"], 2)

    def test_the_program_does_the_same(self):
        bare = run(target("callers"))
        for options in (["-k"], ["--callers"]):
            ran = vdsotrace("-o", "/dev/null", *options, *target("callers"))
            self.assertEqual((ran.status, ran.stdout), bare[:2])


def beyond(trace):
    """Of calls whose caller is in a runtime: who is beyond."""
    return collections.Counter((call["name"], call["route"], call["beyond"]["symbol"]) for call in trace.of_type("call")
                               if call["caller"] and call["beyond"] and call["beyond"] != call["caller"])


class BeyondTest(unittest.TestCase):
    """Names that lead somewhere: callers beyond language runtimes."""

    def test_chrono(self):
        for engine in ("breakpoint", "inline", "step"):
            with self.subTest(engine=engine):
                trace = trace_json(target("chrono"), f"--engine={engine}", "--callers", "-e", "trace=clock_gettime")
                said = collections.Counter()
                for line in trace.stdout.splitlines():
                    _, name, route, rest = line.split(" ", 3)
                    said[name, route, rest.rsplit(" ", 1)[0]] = int(rest.rsplit(" ", 1)[1])
                self.assertEqual(beyond(trace), said)
                self.assertEqual({call["caller"]["symbol"] for call in trace.of_type("call")},
                                 {"std::chrono::_V2::steady_clock::now()", "std::chrono::_V2::system_clock::now()"})

    def test_text(self):
        ran = vdsotrace("-q", "--callers", "--engine=breakpoint", "-e", "trace=clock_gettime", *target("chrono"))
        self.assertRegex(ran.stderr.splitlines()[0], r" \[vdso\] <std::chrono::_V2::steady_clock::now\(\)\+0x[0-9a-f]+ in "
                                                     r"/.*/libstdc\+\+\.so[^ ]*> <app::by_chrono\(int\)\+0x[0-9a-f]+ in /.*/chrono>$")

    def test_a_runtime_of_ones_own(self):
        trace = trace_json(target("chrono"), "--engine=breakpoint", "--callers", "-e", "trace=clock_gettime",
                           "--runtime", "app::*", "--runtime=void app::*")
        self.assertEqual({key[2] for key in beyond(trace)}, {"main"})

    def test_a_program_without_runtime_is_its_own_beyond(self):
        for engine in ENGINES:
            trace = trace_json(target("callers"), f"--engine={engine}", "--callers", *ALL_ROUTES)
            for call in trace.of_type("call"):
                self.assertEqual(call["beyond"], call["caller"])

    def test_audit(self):
        ran = vdsotrace("audit", "--json", "--engine=breakpoint", *target("chrono"))
        found = json.loads(ran.stderr.splitlines()[-1])
        callers = [caller for call in found["calls"] if call["name"] == "clock_gettime" for caller in call["callers"]]
        self.assertEqual({(caller["symbol"], caller["beyond"]["symbol"], caller["count"]) for caller in callers},
                         {("std::chrono::_V2::steady_clock::now()", "app::by_chrono(int)", 4),
                          ("std::chrono::_V2::system_clock::now()",
                           "void app::Server::serve<std::chrono::_V2::system_clock>()", 3)})
        text = vdsotrace("audit", "--engine=breakpoint", *target("chrono")).stderr
        self.assertRegex(text, r"by std::chrono::_V2::steady_clock::now\(\)\+0x\w+ in \S+ for app::by_chrono\(int\)\+0x")

    def test_an_interpreted_program_is_not_known(self):
        trace = trace_json([testing.PYTHON, "-c", "import time; [time.time() for i in range(50)]"],
                           "--engine=breakpoint", "--callers", "-e", "trace=%vdso")
        calls = [call for call in trace.of_type("call") if call["route"] and call["caller"]]
        self.assertGreater(len(calls), 50)
        self.assertEqual({call["beyond"]["symbol"] for call in calls if call["beyond"]}, set())


class GoTest(unittest.TestCase):
    """Go's functions ask the vDSO on another stack. The way back to their caller is exact, with and without symbols."""

    def stacks(self, program, engine):
        os.environ["GODEBUG"] = "asyncpreemptoff=1"
        self.addCleanup(os.environ.pop, "GODEBUG", None)
        trace = trace_json([program], f"--engine={engine}", "-k", "-e", "trace=%vdso")
        self.assertEqual(trace.status, 0, trace.stderr)
        return [[place["symbol"].removesuffix(".abi0") for place in call["stack"] if place["symbol"]]
                for call in trace.of_type("call") if call["name"] == "clock_gettime" and call["route"] == "vdso"]

    def test_stacks(self):
        for options in ([], ["-ldflags=-s -w"], ["-buildmode=pie"], ["-ldflags=-linkmode=external -s -w", "-buildmode=pie"]):
            # The C linker puts the table into another section.
            source = GO_PROGRAM.replace("import", 'import "C"\nimport', 1) if "external" in "".join(options) else GO_PROGRAM
            with tempfile.TemporaryDirectory() as folder:
                program = testing.go_program(folder, source, *options)
                for engine in ("breakpoint", "step"):
                    with self.subTest(options=options, engine=engine):
                        self.check(self.stacks(program, engine))

    def test_beyond(self):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["GODEBUG"] = "asyncpreemptoff=1"
            self.addCleanup(os.environ.pop, "GODEBUG", None)
            for options in ([], ["-ldflags=-s -w"], ["-buildmode=pie"]):
                program = testing.go_program(folder, GO_PROGRAM, *options)
                for engine in ENGINES:
                    with self.subTest(options=options, engine=engine):
                        found = beyond(trace_json([program], f"--engine={engine}", "--callers", "-e", "trace=clock_gettime"))
                        # Once more in main.main.
                        self.assertEqual(found, {("clock_gettime", "vdso", "main.now"): 100,
                                                 ("clock_gettime", "vdso", "main.since"): 30,
                                                 ("clock_gettime", "vdso", "main.main"): 2})
                        # Summed up in the rings' own order, too.
                        audit = json.loads(vdsotrace("audit", "--json", f"--engine={engine}", program).stderr)
                        sums = collections.Counter()
                        for call in audit["calls"]:
                            for caller in call["callers"]:
                                if caller["beyond"]: sums[caller["beyond"]["symbol"]] += caller["count"]
                        self.assertEqual(sums, {"main.now": 100, "main.since": 30, "main.main": 2})

    def check(self, stacks):
        outer = ["main.main", "runtime.main", "runtime.goexit"]
        found = collections.Counter(tuple(names) for names in stacks)
        # Each time.Now reads two clocks.
        self.assertEqual(found["__vdso_clock_gettime", "time.now", "time.Now", "main.now", *outer], 100)
        self.assertEqual(found["__vdso_clock_gettime", "runtime.nanotime1", "runtime.nanotime", "time.Since",
                               "main.since", *outer], 30)
        for names in found:
            self.assertIn(names[1], ("time.now", "runtime.nanotime1"))
            # The rest are the scheduler's own: out to where a thread or a goroutine began, or came from its other stack.
            self.assertIn(names[-1], ("runtime.goexit", "runtime.mstart", "runtime.rt0_go", "runtime.systemstack",
                                      "runtime.mcall", "runtime.morestack"), names)


if __name__ == "__main__":
    testing.main()
