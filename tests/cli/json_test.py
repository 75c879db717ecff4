"""JSON Lines: every line is an object with the keys that the contract promises."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import example, target, trace_json, vdsotrace

KEYS = {
    "start": {"version", "command", "engine", "arch", "kernel", "clocksource"},
    "process": {"pid", "tid", "event"},
    "call": {"seq", "time_ns", "pid", "tid", "name", "route", "symbol", "nr", "clock", "args", "ret", "errno",
             "duration_ns", "caller", "reason", "engine"},
    "signal": {"pid", "tid", "signal", "code", "time_ns"},
    "exit": {"pid", "tid", "time_ns"},
    "lost": {"count"},
    "summary": {"calls", "syscalls", "processes", "threads", "lost"},
}
SUMMARY_CALL = {"name", "clock", "route", "count", "errors", "duration_ns"}
ROUTES = {"vdso", "fallback", "syscall", "vsyscall"}


def setUpModule():
    testing.require_ptrace()


class JsonTest(unittest.TestCase):
    def well_formed(self, trace):
        self.assertEqual([event["type"] for event in (trace.events[0], trace.events[-1])], ["start", "summary"])
        last = 0
        for event in trace.events:
            if event["type"] == "notice":
                continue
            self.assertLessEqual(KEYS[event["type"]], event.keys(), event)
            if event["type"] == "call":
                self.assertGreater(event["seq"], last)
                last = event["seq"]
                self.assertIn(event["route"], ROUTES | {None})
                self.assertTrue(all(isinstance(argument, str) for argument in event["args"]))
                self.assertEqual(event["nr"] is None, event["route"] in ("vdso", "vsyscall"), event)
                self.assertEqual(event["symbol"] is None, event["route"] not in ("vdso", "fallback"), event)
            if event["type"] == "exit":
                self.assertEqual(("status" in event) + ("signal" in event), 1)
        self.integers_fit(trace.events)

    def integers_fit(self, value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self.integers_fit(item)
        elif isinstance(value, int):
            self.assertLessEqual(abs(value), 1 << 53)

    def test_well_formed(self):
        for options, command in (([], example("routes")), (["-f"], example("fork-tree", 2)),
                                 ([], example("threads", 3, 20)), ([], target("fault")),
                                 ([], target("own_traps", "unhandled")), (["-f"], target("stop_continue")),
                                 (["-f"], ["sh", "-c", "true; exec true"]), ([], target("exec_thread"))):
            with self.subTest(command[0]):
                self.well_formed(trace_json(command, *options))

    def test_the_summary_adds_up(self):
        trace = trace_json(example("routes"), "-f")
        counted = {}
        for call in trace.of_type("call"):
            if call["route"] is not None:
                key = call["name"], call["clock"], call["route"]
                count, errors = counted.get(key, (0, 0))
                counted[key] = count + 1, errors + (call["errno"] is not None)
        self.assertEqual(counted, {(row["name"], row["clock"], row["route"]): (row["count"], row["errors"])
                                   for row in trace.summary["calls"]})
        self.assertEqual(trace.summary["syscalls"],
                         sum(call["route"] is None for call in trace.of_type("call")))
        for row in trace.summary["calls"]:
            self.assertLessEqual(SUMMARY_CALL, row.keys())

    def test_a_call(self):
        testing.require_user_space_clock()
        trace = trace_json(example("hello-vdso"))
        call, = [call for call in trace.of_type("call") if call["name"] == "gettimeofday"]
        self.assertEqual((call["route"], call["symbol"], call["ret"], call["errno"], call["clock"]),
                         ("vdso", "__vdso_gettimeofday", 0, None, None))
        self.assertRegex(call["args"][0], r"^\{tv_sec=\d+, tv_usec=\d+\}$")
        self.assertEqual(call["args"][1], "NULL")
        self.assertEqual(trace.stdout, f"Seconds: {call['args'][0].split('=')[1].split(',')[0]}\n")

    def test_an_error(self):
        trace = trace_json(target("calls"))
        call, = [call for call in trace.of_type("call") if call["errno"] == "EINVAL" and call["route"] == "fallback"]
        self.assertEqual((call["ret"], call["name"]), (-1, "clock_gettime"))

    def test_clocks_are_named(self):
        trace = trace_json(example("cpu-clock"))
        self.assertEqual([(row["clock"], row["route"], row["count"]) for row in trace.summary["calls"]
                          if row["name"] == "clock_gettime"], [("CLOCK_PROCESS_CPUTIME_ID", "fallback", 3)])

    def test_processes(self):
        trace = trace_json(example("fork-tree", 2), "-f")
        events = [event["event"] for event in trace.of_type("process")]
        self.assertEqual(events.count("fork") + events.count("clone"), 6)
        self.assertEqual((events.count("spawn"), events.count("exec")), (1, 1))
        executed, = [event for event in trace.of_type("process") if event["event"] == "exec"]
        self.assertEqual(executed["program"], os.path.realpath(example("fork-tree")[0]))
        self.assertIn("__vdso_clock_gettime", executed["vdso"]["functions"])
        self.assertEqual((trace.summary["processes"], trace.summary["threads"]), (7, 7))
        self.assertEqual(len(trace.of_type("exit")), 7)

    def test_threads(self):
        trace = trace_json(example("threads", 5, 2))
        self.assertEqual([event["event"] for event in trace.of_type("process")].count("thread"), 5)
        self.assertEqual((trace.summary["processes"], trace.summary["threads"]), (1, 6))

    def test_counts_only(self):
        trace = trace_json(example("routes"), "-c")
        self.assertEqual([event["type"] for event in trace.events], ["start", "summary"])
        each = trace_json(example("routes")).summary

        def rows(summary):
            return sorted((row["name"], str(row["clock"]), row["route"], row["count"], row["errors"])
                          for row in summary["calls"])
        self.assertEqual(rows(trace.summary), rows(each))
        self.assertEqual(trace.summary["syscalls"], each["syscalls"])

    def test_bytes_that_are_not_utf8(self):
        ran = vdsotrace("--json", "-s", "50", "printf", r"\377\376\033x")
        for line in ran.stderr.splitlines():
            json.loads(line)
        self.assertEqual(ran.status, 0)

    def test_standard_error_has_nothing_else(self):
        for line in vdsotrace("--json", "-f", *example("fork-tree", 1)).stderr.splitlines():
            json.loads(line)

    def test_the_start(self):
        start = trace_json(example("hello")).events[0]
        self.assertEqual(start["command"], example("hello"))
        self.assertEqual(start["engine"], "inline")
        self.assertEqual(start["clocksource"], testing.clocksource())


if __name__ == "__main__":
    testing.main()
