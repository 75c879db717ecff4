"""The perf engine: the calls that breakpoints see, without a byte of the process changed; with -p without ptrace."""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import Claims, PYTHON, VDSOTRACE, target, trace_json, vdsotrace

TIME_CALLS = "trace=clock_gettime,gettimeofday"
FOUR = "trace=clock_gettime,gettimeofday,time,getcpu"


def setUpModule():
    testing.require_ptrace()
    testing.require_perf_engine()


def counts(trace):
    return {(call["name"], call["clock"], call["route"]): call["count"] for call in trace.summary["calls"]}


def processor_time(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def has_trace_points():
    return any(os.access(f"{folder}/events/raw_syscalls/sys_enter/id", os.R_OK)
               for folder in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"))


def with_trace_points():
    """What comes before a command that is to have tracefs: nothing, or a mount that only it sees. None if it cannot be had."""
    if has_trace_points():
        return []
    prefix = ["unshare", "--mount", "sh", "-c", 'mount -t tracefs none /sys/kernel/tracing && exec "$@"', "sh"]
    return prefix if shutil.which("unshare") and testing.run([*prefix, "true"]).status == 0 else None


class SpawnedTest(unittest.TestCase):
    def same_counts(self, command, *options):
        traces = [trace_json(command, "-c", "--engine=" + engine, *options) for engine in ("perf", "breakpoint")]
        for trace in traces:
            self.assertEqual(trace.status, traces[0].status, trace.stderr)
            self.assertEqual(trace.summary["lost"], 0)
        self.assertEqual(counts(traces[0]), counts(traces[1]))
        return counts(traces[0])

    def claimed(self, command, *options, followed=False):
        """The trace has what the program says it made."""
        trace = trace_json(command, "-c", "--engine=perf", *options)
        self.assertEqual(trace.summary["lost"], 0)
        self.assertEqual(Claims(trace.stdout).differences(trace, followed), [], trace.stdout)
        return trace

    def test_a_target_by_all_routes(self):
        self.same_counts(target("calls"), "-e", FOUR)
        self.same_counts(target("calls"), "-e", "trace=!getcpu,getrandom")

    def test_python(self):
        script = "import time\nfor _ in range(500): time.time(); time.monotonic(); time.clock_gettime(2)"
        same = self.same_counts([PYTHON, "-S", "-c", script], "-e", FOUR)
        self.assertGreaterEqual(same["clock_gettime", "CLOCK_PROCESS_CPUTIME_ID", "fallback"], 500)

    def test_system_calls_are_those_of_strace(self):
        """Ordinary system calls come from stops as under every engine."""
        traces = [trace_json(target("calls"), "--engine=" + engine) for engine in ("perf", "breakpoint")]
        calls = [[(call["name"], call["route"], call["errno"]) for call in trace.of_type("call")
                  if call["route"] != "vdso" and call["symbol"] != "__vdso_getrandom"] for trace in traces]
        self.assertEqual(*calls)

    def test_order_and_words(self):
        ran = vdsotrace("--engine=perf", *target("calls"))
        lines = [line for line in ran.stderr.splitlines() if re.match(r"(clock_get|gettimeofday|time\()", line)]
        trace = trace_json(target("calls"), "--engine=breakpoint",
                           "-e", "trace=clock_gettime,clock_getres,gettimeofday,time")
        self.assertEqual([re.match(r"\w+", line).group() for line in lines],
                         [call["name"] for call in trace.of_type("call")])
        stayed = [line for line in lines if line.endswith("[vdso]")]
        self.assertTrue(stayed)
        for line in stayed:
            self.assertRegex(line, r"^\w+\(.*\) = \? \[vdso\]$")
        self.assertIn("vDSO calls of getcpu, getrandom are not seen", ran.stderr)

    def test_results_that_nobody_saw_are_null(self):
        calls = trace_json(target("calls"), "--engine=perf", "-e", "trace=clock_gettime").of_type("call")
        self.assertEqual({call["ret"] for call in calls if call["route"] == "vdso"}, {None})
        self.assertEqual({call["ret"] for call in calls if call["route"] == "fallback"}, {0, -1})
        self.assertEqual({call["engine"] for call in calls if call["route"] == "vdso"}, {"perf"})

    def test_threads(self):
        self.claimed(target("threads", 8, 2000), "-e", FOUR)
        self.claimed(target("short_threads"), "-e", FOUR)

    def test_signals_that_interrupt(self):
        self.claimed(target("signal_storm"), "-e", TIME_CALLS)

    def test_children_with_and_without_following(self):
        for kind in ("fork", "vfork"):
            for options in ((), ("-f",)):
                with self.subTest(kind=kind, options=options):
                    self.claimed(target("children", kind), "-e", TIME_CALLS, *options, followed=bool(options))

    def test_exec(self):
        self.claimed(target("exec_chain"), "-f", "-e", TIME_CALLS, followed=True)
        self.claimed(target("exec_thread"), "-f", "-e", TIME_CALLS, followed=True)

    def test_a_vdso_that_is_moved(self):
        self.claimed(target("move_vdso"), "-e", TIME_CALLS)


class Served(testing.Running):
    """A running tests/targets/serve, which compares its vDSO with what it was."""

    def __init__(self, case, kind="calls"):
        super().__init__(case, target("serve", kind))

    def check(self):
        """It makes progress, its vDSO is as it was, and nobody traces it."""
        self.process.stdin.write("check\n")
        self.process.stdin.flush()
        self.case.assertRegex(self.process.stdout.readline(), "^ok ")
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                status = Path(f"/proc/{self.pid}/task/{task}/status").read_text()
            except OSError:
                continue  # it has ended meanwhile
            self.case.assertIn("TracerPid:\t0\n", status)


class AttachedTest(unittest.TestCase):
    def watch(self, pid, *options, prefix=()):
        """A vdsotrace that has begun to tell of the process, as JSON Lines on a pipe."""
        tracer = subprocess.Popen([*prefix, VDSOTRACE, "--engine=perf", "--json", "-p", str(pid), *options],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        events = []
        while not events or events[-1]["type"] != "call":
            line = tracer.stderr.readline()
            self.assertTrue(line.startswith("{"), line)
            events.append(json.loads(line))
        return tracer, events

    def finish(self, tracer, events, ending=signal.SIGINT):
        rest = self.finish_reading(tracer, ending)
        return events + [json.loads(line) for line in rest.splitlines()]

    def finish_reading(self, tracer, ending=signal.SIGINT):
        if ending is not None:
            tracer.send_signal(ending)
        rest = tracer.stderr.read()
        self.assertEqual(tracer.wait(60), 0)
        return rest

    def test_nothing_is_changed(self):
        served = Served(self)
        for options in (("-e", TIME_CALLS), ()):
            tracer, events = self.watch(served.pid, *options)
            served.check()
            events = self.finish(tracer, events)
            served.check()
            self.assertEqual(events[-1]["lost"], 0)
            attached = [event["tid"] for event in events if event.get("event") == "attach"]
            self.assertEqual(len(attached), 9)

    def test_routes_that_two_breakpoints_prove(self):
        """serve makes one successful and one failing fallback for each CLOCK_MONOTONIC that stays in user space, and two
        direct system calls, which only trace points show: what is reported of the others does not depend on those.
        Many short looks, as an entry may be missed and the fallback after it be seen while the look ends."""
        served = Served(self)
        for prefix in {(), tuple(with_trace_points() or ())}:
            with self.subTest(prefix=prefix):
                told = self.routes_told_of(served, prefix)
                self.assertEqual(told["clock_gettime", "CLOCK_PROCESS_CPUTIME_ID"], {"fallback"})
                direct = {"syscall"} if prefix or has_trace_points() else set()
                if testing.user_space_clock():
                    self.assertEqual(told["clock_gettime", "CLOCK_MONOTONIC"], {"vdso"} | direct)
                    self.assertEqual(told["gettimeofday", None], {"vdso"})

    def routes_told_of(self, served, prefix):
        """{(name, clock): routes}. The end of the trace, or a loss, may come before the route of each thread's last call shows."""
        told = collections.defaultdict(set)
        for _ in range(25):
            ran = testing.run([*prefix, VDSOTRACE, "-c", "--json", "--engine=perf", "--duration=0.03", "-e", TIME_CALLS,
                               "-p", served.pid])
            served.check()
            summary = json.loads(ran.stderr.splitlines()[-1])
            unknown = sum(row["count"] for row in summary["calls"] if row["route"] == "unknown")
            self.assertLessEqual(unknown, summary["threads"] * (1 + summary["lost"]))
            for row in summary["calls"]:
                if row["route"] != "unknown":
                    told[row["name"], row["clock"]].add(row["route"])
        return told

    def test_no_route_is_proven_where_records_are_missing(self):
        """While vdsotrace is stopped the rings run over, each processor's at another time; threads move between these."""
        served = Served(self)
        tracer = subprocess.Popen([VDSOTRACE, "-c", "--json", "--engine=perf", "-e", TIME_CALLS, "-p", str(served.pid)],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        self.assertIn('"start"', tracer.stderr.readline())
        for _ in range(2):
            served.check()
            tracer.send_signal(signal.SIGSTOP)
            before = processor_time(served.pid)
            # Some 30 MB of records a second.
            testing.wait_until(lambda: processor_time(served.pid) > before + 4)
            tracer.send_signal(signal.SIGCONT)
        summary = json.loads(self.finish_reading(tracer).splitlines()[-1])
        self.assertGreater(summary["lost"], 0)
        routes = {row["route"] for row in summary["calls"] if row["clock"] == "CLOCK_PROCESS_CPUTIME_ID"}
        self.assertEqual(routes - {"unknown"}, {"fallback"})
        if testing.user_space_clock():
            routes = {row["route"] for row in summary["calls"] if row["clock"] == "CLOCK_MONOTONIC"}
            self.assertLessEqual(routes, {"vdso", "unknown", "syscall"})

    def test_what_is_not_known_is_said(self):
        if has_trace_points():
            self.skipTest("trace points show every route here")
        served = Served(self)
        tracer, events = self.watch(served.pid)
        events = self.finish(tracer, events)
        told = " ".join(event["text"] for event in events if event["type"] == "notice")
        self.assertIn("direct system calls are not seen", told)
        self.assertIn("whether vDSO calls of clock_gettime, gettimeofday, clock_getres enter the kernel is not known",
                      told)
        calls = [event for event in events if event["type"] == "call"]
        self.assertEqual({event["route"] for event in calls if event["name"] == "clock_gettime"}, {"unknown"})
        self.assertEqual({event["route"] for event in calls if event["name"] == "time"} - {"vdso"}, set())
        self.assertEqual({event["ret"] for event in calls}, {None})
        text = vdsotrace("--engine=perf", "-p", str(served.pid), "--duration=0.2").stderr
        self.assertRegex(text, r"clock_gettime\(.*\) = \? \[vdso\?\]\n")
        self.assertRegex(text, r"vDSO-capable calls?: .*, \d+ by an unknown route \(incomplete\)\n$")
        # Every answer has these calls, and says that it cannot have others.
        audit = json.loads(vdsotrace("audit", "--json", "--engine=perf", "-p", str(served.pid), "--duration=0.2").stderr)
        routes = audit["routes"]
        self.assertGreater(routes["unknown"], routes["vdso"])
        self.assertEqual((routes["fallback"], routes["syscall"], audit["complete"]), (0, 0, False))
        self.assertTrue(any("direct system calls are not seen" in notice for notice in audit["notices"]))
        summary = json.loads(vdsotrace("-c", "--json", "--engine=perf", "-p", str(served.pid), "--duration=0.2")
                             .stderr.splitlines()[-1])
        self.assertIn("unknown", {row["route"] for row in summary["calls"]})
        self.assertEqual((summary["complete"], len(summary["notices"])), (False, 3))
        table = vdsotrace("-c", "--engine=perf", "-p", str(served.pid), "--duration=0.2").stderr
        self.assertRegex(table, r"\d +unknown +clock_gettime\(CLOCK_MONOTONIC\)\n")
        self.assertRegex(table, r" total \(incomplete\)\n")

    def test_what_is_lost_is_said_everywhere(self):
        """While vdsotrace is stopped the rings run over: small ones, as its user may lock little memory."""
        prefix = ["sh", "-c", 'ulimit -l 700 && exec "$@"', "sh"]
        if os.geteuid() == 0:
            testing.require_program("setpriv")
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *prefix]
        if testing.run([*prefix, "test", "-x", target("spin")[0]]).status != 0:
            self.skipTest("others may not run " + target("spin")[0])
        spin = subprocess.Popen([*prefix, *target("spin")], stdout=subprocess.PIPE, text=True)
        self.addCleanup(spin.stdout.close)
        self.addCleanup(spin.wait)
        self.addCleanup(spin.kill)
        self.assertEqual(spin.stdout.readline(), "ready\n")

        for options, pattern in ((["-c"], r"(?m)^(\d+) calls could not be recorded$"),
                                 (["-c", "--json"], r'"lost":(\d+),"complete":false'),
                                 (["audit"], r"(?m)^lost +([\d,]+) calls could not be recorded$")):
            with self.subTest(options), tempfile.TemporaryFile("w+") as report:
                tracer = subprocess.Popen([*prefix, VDSOTRACE, *options, "-o", "|cat", "--engine=perf", "-p", str(spin.pid)],
                                          stdout=report, stderr=subprocess.PIPE, text=True)
                self.addCleanup(tracer.stderr.close)
                self.addCleanup(tracer.wait)
                self.addCleanup(tracer.kill)
                first = tracer.stderr.readline()
                if "perf ring buffer" in first:
                    self.skipTest(first)
                self.assertRegex(first, "^vdsotrace: process")
                tracer.send_signal(signal.SIGSTOP)
                before = processor_time(spin.pid)
                testing.wait_until(lambda: processor_time(spin.pid) > before + 0.5)
                tracer.send_signal(signal.SIGCONT)
                # The kernel tells a loss with the next record for which there is room.
                before = processor_time(spin.pid)
                testing.wait_until(lambda: processor_time(spin.pid) > before + 0.3)
                tracer.send_signal(signal.SIGINT)
                said = tracer.stderr.read()
                self.assertEqual(tracer.wait(testing.TIMEOUT), 0, said)
                report.seek(0)
                lost = int(re.search(pattern, report.read()).group(1).replace(",", ""))
                self.assertGreater(lost, 0)
                self.assertTrue(said.endswith(f"vdsotrace: {lost} calls could not be recorded\n"), said)

    def test_what_is_not_known_fails(self):
        if has_trace_points():
            self.skipTest("trace points show every route here")
        served = Served(self)
        ran = vdsotrace("audit", "--fail-on", "syscall", "--engine=perf", "-p", str(served.pid), "--duration=0.2")
        self.assertEqual(ran.status, 3)
        self.assertRegex(ran.stderr, r"--fail-on: it is not known whether [\d,]+ calls entered the kernel\n")
        self.assertIn("--fail-on: calls by route syscall may be missing: process", ran.stderr)
        served.check()

    def test_trace_points(self):
        prefix = with_trace_points()
        if prefix is None:
            self.skipTest("there is no tracefs for us")
        served = Served(self)
        tracer, events = self.watch(served.pid, prefix=prefix)
        served.check()
        events = self.finish(tracer, events)
        calls = [event for event in events if event["type"] == "call"]
        # A thread's last call may still run as the watching ends: nothing then tells its route.
        last = {event["tid"]: event["seq"] for event in calls}
        self.assertNotIn("unknown", {event["route"] for event in calls
                                if event["name"] == "clock_gettime" and event["seq"] != last[event["tid"]]})
        failed = [event for event in calls if event["errno"] == "EINVAL"]
        self.assertTrue(failed)
        self.assertEqual({event["route"] for event in failed}, {"fallback"})
        self.assertIn("syscall", {event["route"] for event in calls})

    def test_every_call_after_the_attach(self):
        """A program that waits until it is watched: no call of any thread or, with -f, child is missing."""
        script = ("import os, sys, threading, time\n"
                  "print('ready', flush=True); sys.stdin.readline()\n"
                  "def work():\n  for _ in range(1000): time.clock_gettime(2)\n"
                  "threads = [threading.Thread(target=work) for _ in range(6)]\n"
                  "for t in threads: t.start()\n"
                  "for t in threads: t.join()\n"
                  "if os.fork() == 0: work(); os._exit(0)\n"
                  "os.wait()\n")
        for options, expected in (((), 6000), (("-f",), 7000)):
            with self.subTest(options=options), tempfile.TemporaryDirectory() as folder:
                program = subprocess.Popen([PYTHON, "-S", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           text=True)
                self.assertEqual(program.stdout.readline(), "ready\n")
                file = Path(folder) / "trace"
                tracer = subprocess.Popen([VDSOTRACE, "--engine=perf", "--json", "-o", file, "-p", str(program.pid),
                                           "-e", TIME_CALLS, *options])
                while not file.exists() or '"attach"' not in file.read_text():
                    self.assertIsNone(tracer.poll())
                    os.sched_yield()
                program.communicate("go\n")
                self.assertEqual(program.returncode, 0)
                self.assertEqual(tracer.wait(60), 0)
                events = [json.loads(line) for line in file.read_text().splitlines()]
                seen = [event for event in events if event.get("clock") == "CLOCK_PROCESS_CPUTIME_ID"
                        and event["type"] == "call"]
                self.assertEqual(len(seen), expected)
                self.assertEqual({event["route"] for event in seen}, {"fallback"})
                self.assertEqual(events[-1]["lost"], 0)

    def test_callers(self):
        """Of each call of every thread, by the sample alone."""
        through_library = {("CLOCK_MONOTONIC", "work"): 800, ("CLOCK_THREAD_CPUTIME_ID", "work"): 800}
        directly = {("CLOCK_MONOTONIC", "ask_directly"): 800, (None, "ask_directly"): 800}
        for prefix in {(), tuple(with_trace_points() or ())}:
            with self.subTest(prefix=prefix):
                calls = self.calls_with_callers(prefix)
                found = [collections.Counter((call["clock"], call["caller"] and call["caller"]["symbol"]) for call in calls
                                             if call["errno"] != "EINVAL" and (call["route"] == "syscall") == direct)
                         for direct in (False, True)]
                self.assertEqual(found, [through_library, directly if prefix or has_trace_points() else {}])

    def test_stacks(self):
        """Of system calls and of calls that make none, as far as a sample reaches."""
        for call in self.calls_with_callers((), "-k"):
            names = [place["symbol"] for place in call["stack"]]
            self.assertIn("work", names)
            if call["route"] != "syscall":
                self.assertIn("clock_gettime", names[:names.index("work")][-1])
            self.assertGreater(len(names), names.index("work") + 1)

    def calls_with_callers(self, prefix, *options):
        program = testing.Running(self, target("direct", 3, 200))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trace"
            tracer = subprocess.Popen([*prefix, VDSOTRACE, "--engine=perf", "--json", "--callers", *options, "-o", file, "-e", TIME_CALLS,
                                       "-p", str(program.pid)], stderr=subprocess.DEVNULL)
            self.addCleanup(tracer.wait)
            self.addCleanup(tracer.kill)
            testing.wait_until(lambda: file.exists() and '"attach"' in file.read_text())
            program.process.stdin.write("x")
            program.process.stdin.flush()
            self.assertIn("done\n", iter(program.process.stdout.readline, ""))
            tracer.send_signal(signal.SIGINT)
            self.assertEqual(tracer.wait(testing.TIMEOUT), 0)
            return [event for event in map(json.loads, file.read_text().splitlines()) if event["type"] == "call"]

    def test_threads_that_are_born_meanwhile(self):
        """Each of them makes three calls; none is missing or reported twice."""
        served = Served(self, "births")
        for _ in range(3):
            tracer, events = self.watch(served.pid, "-e", TIME_CALLS)
            served.check()
            events = self.finish(tracer, events)
            calls = collections.Counter(event["tid"] for event in events if event["type"] == "call")
            # Of those that were born before the first call is told, or have not ended, it may see a part.
            first = next(i for i, event in enumerate(events) if event["type"] == "call")
            born = {event["tid"] for event in events[first:] if event.get("event") == "thread"}
            whole = born & {event["tid"] for event in events if event["type"] == "exit"}
            self.assertTrue(whole)
            self.assertEqual(events[-1]["lost"], 0)
            self.assertEqual({tid: calls[tid] for tid in whole if calls[tid] != 3}, {})
        served.check()

    def test_killed_it_leaves_nothing_behind(self):
        served = Served(self)
        for _ in range(5):
            tracer, _ = self.watch(served.pid)
            tracer.kill()
            tracer.wait()
            served.check()
        # Its breakpoints are free again.
        tracer, events = self.watch(served.pid, "-e", FOUR)
        self.finish(tracer, events)

    def test_many_short_looks(self):
        """While breakpoints are taken away the process calls on: about one in a hundred looks made it die of SIGTRAP."""
        served = Served(self)
        for _ in range(100):
            ran = vdsotrace("-c", "--engine=perf", "--duration=0.01", "-e", "trace=%vdso", "-p", served.pid)
            self.assertEqual(ran.status, 0, ran.stderr)
            self.assertIsNone(served.process.poll())
            served.check()  # which gives it another minute: beside other tests a hundred looks take longer than one

    def test_what_cannot_be_watched(self):
        for pid, why in ((2**22 - 1, "No such process"), (2, "it is a kernel thread")):
            ran = vdsotrace("--engine=perf", "-p", str(pid))
            self.assertEqual(ran.status, 1)
            self.assertEqual(ran.stderr, f"vdsotrace: cannot attach to process {pid}: {why}\n")


if __name__ == "__main__":
    testing.main()
