"""Every engine tells of the same programs the same calls: names, clocks, routes, counts, and where values are told, those.

Programs whose calls do not depend on time; the perf engine has four breakpoints, so it is asked for four functions."""

import collections
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, example, target, trace_json, vdsotrace

FOUR = "trace=clock_gettime,gettimeofday,time,getcpu"
PROGRAMS = {
    "routes": example("routes"),
    "hello_vdso": example("hello-vdso"),
    "hello_vdso_static": example("hello-vdso-static"),
    "cpu_clock": example("cpu-clock"),
    "calls": target("calls"),
    "calls_static": target("calls_static"),
    "calls_static_pie": target("calls_static_pie"),
    "no_libc": target("no_libc"),
    "callers": target("callers"),
    "threads": target("threads", 2, 50),
    "fork": target("children", "fork"),
    "vfork": target("children", "vfork"),
    "exec_chain": target("exec_chain"),
    "signals": target("signal_storm"),
    "python": [PYTHON, "-S", "-c", "import time\nfor i in range(300): time.time(), time.monotonic(), time.process_time()"],
}
OPTIONS = ("-f", "-e", FOUR)
# What differs from run to run under any observer: how often a program that timers interrupt asks for the time. By single steps a call
# takes longer than these timers leave it.
VARYING = {"signals"}


def engines():
    """The engines that can be used here, the one that the others are compared with first."""
    others = [name for name in ("inline", "step", "perf")
              if vdsotrace(f"--engine={name}", "-e", FOUR, "-o", "/dev/null", "true").status == 0]
    return ["breakpoint", *others]


def counted(trace):
    return {(call["name"], call["clock"], call["route"]): (call["count"], call["errors"]) for call in trace.summary["calls"]}


def told(trace):
    """Calls as they were reported one by one, per thread in the order in which the threads began."""
    calls = collections.defaultdict(list)
    for call in trace.of_type("call"):
        calls[call["tid"]].append((call["name"], call["clock"], call["route"], call["errno"], call["ret"] == 0))
    return list(calls.values())


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


class EnginesAgreeTest(unittest.TestCase):
    """One test method for each program, made below."""

    def test_values_too_long_for_records_are_reported_all_the_same(self):
        """Stubs leave those calls to breakpoints, also if those are all that they leave."""
        if not testing.has_symbol("__vdso_getrandom"):
            self.skipTest("this vDSO has no getrandom")
        words = ("-q", "-s", "1000", "-e", "trace=getrandom", *target("getrandom"))
        lines = {name: vdsotrace(f"--engine={name}", *words).stderr.count("getrandom(") for name in ("inline", "breakpoint")}
        self.assertEqual(lines["inline"], lines["breakpoint"])
        self.assertGreater(lines["inline"], 10)

    def check(self, command, varying):
        chosen = [name for name in engines() if not (varying and name == "step")]
        traces = {name: trace_json(command, f"--engine={name}", *OPTIONS) for name in chosen}
        for name, trace in traces.items():
            with self.subTest(engine=name):
                first = traces["breakpoint"]
                self.assertEqual(trace.status, first.status, trace.stderr[-2000:])
                self.assertEqual(trace.summary["lost"], 0)
                if varying:
                    claims = testing.Claims(trace.stdout)
                    self.assertEqual(claims.differences(trace, True), [])
                    continue
                self.assertEqual(counted(trace), counted(first))
                if name != "perf":  # which sees no results
                    self.assertEqual(told(trace), told(first))


for name, command in PROGRAMS.items():
    def test(self, command=command, varying=name in VARYING):
        self.check(command, varying)
    setattr(EnginesAgreeTest, f"test_{name}", test)


if __name__ == "__main__":
    testing.main()
