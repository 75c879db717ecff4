"""-f -e trace=SET, and -e trace=%vdso, stop only the calls of the set, by a seccomp filter: the same lines as the full trace with
the rest taken away, and programs, children and filters of their own that do not notice it."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, run, target, trace_json, vdsotrace

ENGINES = ("breakpoint", "inline")
FAMILY = "ls -d / && (date +%Z; true) && exec sh -c 'echo $0 && env true'"


def setUpModule():
    testing.require_ptrace()


def calls_of(trace, *names):
    """[(name, route, arguments without addresses, result)] in order, of the calls named."""
    return [(call["name"], call["route"], [re.sub("0x[0-9a-f]+", "ADDRESS", text) for text in call["args"]],
             call["ret"] if call["name"] != "mmap" else None)
            for call in trace.of_type("call") if call["name"] in names]


def under_filter(*options):
    """How many seccomp filters a traced program is under."""
    ran = vdsotrace("-o", "/dev/null", *options, "grep", "Seccomp_filters", "/proc/self/status")
    return int(ran.stdout.split()[-1])


class FilterTest(unittest.TestCase):
    def test_same_lines_as_the_full_trace(self):
        command = ["cat", "/proc/self/comm"]
        names = ("openat", "read", "write", "close", "execve", "mmap")
        for engine in ENGINES:
            full = trace_json(command, f"--engine={engine}")
            some = trace_json(command, "-f", f"--engine={engine}", "-e", "trace=" + ",".join(names))
            with self.subTest(engine=engine):
                self.assertEqual(calls_of(full, *names), calls_of(some, *names))
                self.assertEqual({call["name"] for call in some.of_type("call")}, set(names))
                self.assertEqual(calls_of(some, "execve")[0][0], "execve")

    def test_only_the_wanted_calls_stop(self):
        """A stop makes the tracee give up its processor: the kernel counts that."""
        script = ("import os, re\n"
                  "for i in range(20000): os.getppid()\n"
                  "print(re.search(r'\\nvoluntary_ctxt_switches:\\s*(\\d+)', open('/proc/self/status').read())[1])")
        for engine in ENGINES:
            for options in (["-f", "-e", "trace=execve"], ["-e", "trace=%vdso"]):
                with self.subTest(engine=engine, options=options):
                    ran = vdsotrace(f"--engine={engine}", "-c", *options, testing.PYTHON, "-c", script)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    self.assertLess(int(ran.stdout), 15000, "it stopped at calls that nobody wants")

    def test_vdso_capable_calls_by_every_route(self):
        for engine in ENGINES:
            for words in (["calls"], ["getrandom"], ["threads", 4, 50], ["signal_storm"], ["jump_out"]):
                with self.subTest(engine=engine, words=words):
                    trace = trace_json(target(*words), f"--engine={engine}", "-e", "trace=%vdso")
                    self.assertEqual(trace.status, run(target(*words)).status, trace.stderr)
                    self.assertEqual(testing.Claims(trace.stdout).differences(trace, followed=False), [])

    def test_direct_calls_beside_stubs(self):
        counted = vdsotrace("-c", "--json", "-e", "trace=%vdso", *example("cpu-clock"))
        full = trace_json(example("cpu-clock"))
        summary = [line for line in counted.stderr.splitlines() if '"summary"' in line]
        routes = {(call["name"], call["route"]): call["count"]
                  for call in testing.json.loads(summary[-1])["calls"]}
        expected = {(call["name"], call["route"]): call["count"]
                    for call in full.summary["calls"] if call["route"] is not None}
        self.assertEqual(routes, expected)

    def test_children_run_right(self):
        bare = run(["sh", "-c", FAMILY])
        for options in ([], ["-f"]):
            for wanted in ("trace=openat", "trace=%vdso", "trace=clone,vfork", "trace=clone3", "route=vsyscall"):
                with self.subTest(options=options, wanted=wanted):
                    ran = vdsotrace("-o", "/dev/null", *options, "-e", wanted, "sh", "-c", FAMILY)
                    self.assertEqual((ran.status, ran.stdout, ran.stderr), bare)

    def test_children_are_silent_unless_followed(self):
        command = ["sh", "-c", "cat /dev/null; cat /dev/null; true"]
        opened = [len([call for call in trace_json(command, *options, "-e", "trace=openat").of_type("call")
                       if '"/dev/null"' in call["args"]]) for options in ([], ["-f"])]
        self.assertEqual(opened, [0, 2])

    def test_clean_children_of_every_kind(self):
        for kind in ("fork", "vfork", "spawn"):
            for engine in ENGINES:
                with self.subTest(kind=kind, engine=engine):
                    trace = trace_json(target("children", kind), f"--engine={engine}", "-e", "trace=%vdso")
                    self.assertEqual(trace.status, 0, trace.stderr)
                    self.assertEqual(testing.Claims(trace.stdout).differences(trace, followed=False), [])

    def test_outlived_by_a_child(self):
        """It is not let go before it has ended, as the filter needs us."""
        reader, script = "read line; cat /proc/self/comm; echo went on", "exec 3<&0; sh -c '%s' <&3 & exit 3"
        with tempfile.NamedTemporaryFile("r") as output:
            tracer = subprocess.Popen([VDSOTRACE, "-o", output.name, "-e", "trace=%vdso", "sh", "-c", script % reader],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.assertEqual(tracer.communicate("line\n", timeout=testing.TIMEOUT)[0], "cat\nwent on\n")
            self.assertEqual(tracer.returncode, 3)
            self.assertNotIn("/proc/self/comm", output.read())

    def test_the_program_has_filters_of_its_own(self):
        bare = run(target("seccomp_filter"))
        for engine in ENGINES:
            for wanted in ("trace=%vdso", "trace=prctl"):
                with self.subTest(engine=engine, wanted=wanted):
                    ran = vdsotrace("-o", "/dev/null", f"--engine={engine}", "-e", wanted, *target("seccomp_filter"))
                    self.assertEqual((ran.status, ran.stdout), bare[:2])
        killed = trace_json(target("seccomp_filter", "fall_back"), "-e", "trace=%vdso")
        self.assertEqual(killed.status, run(target("seccomp_filter", "fall_back")).status)

    def test_calls_that_its_own_filter_answers_are_seen(self):
        trace = trace_json(target("own_filter"), "-e", "trace=getppid,getpgrp,getsid")
        bare = run(target("own_filter"))
        self.assertEqual((trace.status, trace.stdout), bare[:2])
        self.assertEqual([(call["name"], call["errno"]) for call in trace.of_type("call")],
                         [("getppid", "EXDEV"), ("getpgrp", "ENOSYS"), ("getsid", None)])

    def test_no_filter_where_it_saves_nothing(self):
        for options in ([], ["-e", "trace=all"], ["-e", "trace=!openat"], ["-e", "trace=none"],
                        ["-c", "-e", "route=vdso,fallback"]):
            with self.subTest(options=options):
                self.assertEqual(under_filter(*options), under_filter())
        self.assertEqual(under_filter("-f", "-e", "trace=openat"), under_filter() + 1)
        self.assertEqual(under_filter("-e", "trace=%vdso"), under_filter() + 1)

    def test_children_that_are_not_followed_can_be_traced_by_others(self):
        """Under a filter of ours nobody could be detached."""
        self.assertEqual(under_filter("-e", "trace=openat"), under_filter())
        for engine in ENGINES:
            for wanted in ("trace=openat", "trace=ptrace,clock_gettime", "trace=none"):
                with self.subTest(engine=engine, wanted=wanted):
                    ran = vdsotrace("-o", "/dev/null", f"--engine={engine}", "-e", wanted, *target("own_tracer"))
                    self.assertEqual((ran.status, ran.stdout, ran.stderr), tuple(run(target("own_tracer"))))

    def test_children_that_share_memory_can_be_traced_by_others(self):
        """Before they execute a program: there nothing needs us but breakpoints."""
        untraced = run(target("own_tracer", "vfork"))
        self.assertEqual(untraced.status, 0)
        for options in ([], ["-c"], ["-c", "-e", "route=vdso,fallback"], ["-e", "trace=openat"], ["--engine=perf"],
                        ["audit", "--direct=stops"], ["--json", "-T"]):
            with self.subTest(options=options):
                ran = vdsotrace(*options, "-o", "/dev/null", *target("own_tracer", "vfork"))
                self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout), ran.stderr)

    def test_direct_calls_by_stops_need_no_filter(self):
        """So that children of an audited program can be traced by others."""
        untraced = run(target("own_tracer"))
        for command in (["audit"], ["-e", "trace=%vdso"], ["-c", "-e", "trace=%vdso"]):
            with self.subTest(command=command):
                ran = vdsotrace(*command, "--direct=stops", "-o", "/dev/null", *target("own_tracer"))
                self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout), ran.stderr)

    def test_stubs_make_no_calls_that_the_program_has_forbidden_itself(self):
        """Where the ring is full they wait without."""
        command = target("seccomp_filter", "many")
        for options in ([], ["-f"], ["-e", "trace=%vdso"], ["-e", "route=vdso,fallback"], ["--syscalls=inline"]):
            with self.subTest(options=options):
                trace = trace_json(command, *options)
                self.assertEqual(trace.status, 0, trace.stderr[-500:])
                self.assertEqual(sum(call["name"] == "clock_gettime" for call in trace.of_type("call")), 20_000)
        for options in (["-c", "-T"], ["-c", "-T", "-e", "route=vdso,fallback"], ["audit"], ["audit", "-T"]):
            with self.subTest(options=options):
                ran = vdsotrace(*options, "-o", "/dev/null", *command)
                self.assertEqual(ran.status, 0, ran.stderr[-500:])

    def test_nothing_wanted_nothing_stops(self):
        ran = vdsotrace("-c", "-e", "route=vdso,fallback", "--json", *example("cpu-clock"))
        summary = testing.json.loads(ran.stderr.splitlines()[-1])
        routes = {call["route"]: call["count"] for call in summary["calls"]}
        full = trace_json(example("cpu-clock"))
        self.assertEqual(routes.get("fallback"), sum(call["count"] for call in full.summary["calls"]
                                                     if call["route"] == "fallback"))


if __name__ == "__main__":
    testing.main()
