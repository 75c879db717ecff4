"""Reports of audit for other tools: profiles that pprof reads, folded stacks, traces that Perfetto takes."""
import collections
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, example, target, vdsotrace

CODE = "import time\nfor i in range(3000): time.monotonic()\nfor i in range(200): time.process_time()"


def setUpModule():
    testing.require_ptrace()


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def audit(self, option, *arguments):
        """The audit, and the report that the option names."""
        report = self.folder / "report"
        ran = vdsotrace("audit", "--json", "-o", self.folder / "json", option, report, *arguments)
        self.assertEqual(ran.status, 0)
        # A program that makes nothing else outruns a busy machine.
        self.assertRegex(ran.stderr, r"^(vdsotrace: direct system calls: seen by trace points, \d+ lost\n"
                                     r"(vdsotrace: \d+ calls could not be recorded\n)?)?$")
        return json.loads((self.folder / "json").read_text()), report


def varint(message, at):
    """A number of a message of Protocol Buffers, and where it ends."""
    value = shift = 0
    while True:
        value |= (message[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if message[at - 1] < 0x80:
            return value, at


def fields(message):
    """[(number, value)] of a message of Protocol Buffers."""
    at, found = 0, []
    while at < len(message):
        tag, at = varint(message, at)
        value, at = varint(message, at)
        if tag & 7 == 2:
            value, at = message[at:at + value], at + value
        found.append((tag >> 3, value))
    return found


class Pprof(Report):
    def go_tool(self, report, *options):
        testing.require_program("go")
        ran = subprocess.run(["go", "tool", "pprof", *options, report], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, timeout=testing.TIMEOUT, env={**os.environ, "HOME": str(self.folder), "PPROF_NO_BROWSER": "1"}, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_go_reads_it(self):
        found, report = self.audit("--pprof", PYTHON, "-c", CODE)
        raw = self.go_tool(report, "-raw")
        self.assertIn("calls/count cost/nanoseconds[dflt]", raw)
        samples = re.findall(r"^ +(\d+) +(\d+): ([\d ]+?) *\n +(program:.*)$", raw, re.MULTILINE)
        self.assertEqual(sum(int(calls) for calls, *_ in samples), sum(found["routes"].values()))
        self.assertAlmostEqual(sum(int(cost) for _, cost, *_ in samples), found["cost_ns"], delta=len(samples))
        by_route = collections.Counter()
        for calls, _, _, labels in samples:
            by_route[re.search(r"route:\[(\w+)\]", labels)[1]] += int(calls)
        self.assertEqual(by_route, collections.Counter({route: n for route, n in found["routes"].items() if n}))
        top = self.go_tool(report, "-top", "-sample_index=calls")
        self.assertIn(found["verdict"]["text"], top)
        self.assertRegex(top, r"(?m)^ *200 .* clock_gettime\(CLOCK_PROCESS_CPUTIME_ID\)$")
        self.assertIn(os.path.basename(PYTHON), top.splitlines()[0])
        fallback = self.go_tool(report, "-top", "-sample_index=calls", "-tagfocus=route=fallback")
        self.assertIn("Showing nodes accounting for 200,", fallback)

    def test_whole_stacks(self):
        found, report = self.audit("--pprof", "-k", *target("callers"))
        traces = self.go_tool(report, "-traces", "-sample_index=calls")
        self.assertRegex(traces, r"(?m)^ +\d+ +timespec_get\n|^ +\d+ +\w+.*\n(.*\n)* +by_two_library_frames\n(.*\n)* +main\n")
        self.assertIn(f"Total samples = {sum(found['routes'].values())} ", self.go_tool(report, "-top", "-sample_index=calls"))

    def test_a_merge(self):
        """Calls and costs of both audits, each program under its name."""
        found = []
        for name in ("one", "two"):
            ran = vdsotrace("audit", "--json", "-o", self.folder / name, *example("routes"))
            self.assertEqual((ran.status, ran.stderr), (0, ""))
            found.append(json.loads((self.folder / name).read_text()))
        ran = vdsotrace("merge", "-o", "/dev/null", "--pprof", self.folder / "profile", self.folder / "one", self.folder / "two")
        self.assertEqual((ran.status, ran.stdout, ran.stderr), (0, "", ""))
        profile = fields(gzip.decompress((self.folder / "profile").read_bytes()))
        strings = [value.decode() for number, value in profile if number == 6]
        calls = collections.Counter()
        for sample in (value for number, value in profile if number == 2):
            (counts,) = [value for number, value in fields(sample) if number == 2]
            labels = {strings[label[1]]: strings[label[2]] for label in (dict(fields(value)) for number, value in fields(sample) if number == 3)}
            calls[labels["route"]] += varint(counts, 0)[0]
        self.assertEqual(calls, collections.Counter({route: sum(one["routes"][route] for one in found)
                                                     for route in found[0]["routes"] if found[0]["routes"][route]}))
        top = self.go_tool(self.folder / "profile", "-top", "-sample_index=calls")
        self.assertIn(f"Total samples = {sum(calls.values())} ", top)

    def test_its_bytes(self):
        found, report = self.audit("--pprof", *example("routes"))
        profile = fields(gzip.decompress(report.read_bytes()))
        strings = [value.decode() for number, value in profile if number == 6]
        self.assertEqual(strings[0], "")
        self.assertEqual(len(strings), len(set(strings)))
        types = [[strings[index] for _, index in fields(value)] for number, value in profile if number == 1]
        self.assertEqual(types, [["calls", "count"], ["cost", "nanoseconds"]])
        functions = {strings[dict(fields(value))[2]] for number, value in profile if number == 5}
        names = {f"{call['name']}({call['clock']})" if call["clock"] else call["name"] for call in found["calls"]}
        self.assertEqual(functions, names | {"main"} | functions - names)
        for kind in (3, 4, 5):
            ids = [dict(fields(value))[1] for number, value in profile if number == kind]
            self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_hostile_names(self):
        program = str(self.folder / "<x> ;\x1b[31m\nname")
        Path(program).write_bytes(Path(example("hello-vdso")[0]).read_bytes())
        os.chmod(program, 0o755)
        _, report = self.audit("--pprof", program)
        strings = [value.decode() for number, value in fields(gzip.decompress(report.read_bytes())) if number == 6]
        self.assertTrue(all(text.isprintable() for text in strings))
        self.assertIn("<x> ;\\33[31m\\nname", strings)


class Folded(Report):
    def stacks(self, *arguments):
        found, report = self.audit("--folded", *arguments)
        lines = report.read_text().splitlines()
        for line in lines:
            self.assertRegex(line, r"^\S+ \d+$")
        self.assertEqual(sum(int(line.split()[1]) for line in lines), sum(found["routes"].values()))
        return [line.split()[0].split(";") for line in lines]

    def test_every_program_has_its_name(self):
        code = f"import subprocess; subprocess.run({example('routes')!r})"
        stacks = self.stacks("-f", PYTHON, "-c", code)
        python = os.path.basename(os.path.realpath(PYTHON))
        self.assertEqual({frames[0] for frames in stacks}, {python, "routes"})
        self.assertIn(["routes", "routes", "main", "clock_gettime(CLOCK_MONOTONIC)_[syscall]"], stacks)
        whole = self.stacks("-f", "-k", PYTHON, "-c", code)
        self.assertEqual({frames[0] for frames in whole}, {python, "routes"})

    def test_processes_that_run_already(self):
        with subprocess.Popen(target("serve", "calls"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
            self.assertEqual(served.stdout.readline(), "ready\n")
            stacks = self.stacks("--duration", "0.2", "-p", served.pid)
            served.stdin.close()
        self.assertEqual({frames[0] for frames in stacks}, {"serve"})


class ChromeTrace(Report):
    """The rules by which Perfetto's importer of the format drops events."""

    def events(self, *arguments):
        found, report = self.audit("--chrome-trace", *arguments)
        events = json.loads(report.read_text())["traceEvents"]
        for event in events:
            self.assertIn(event["ph"], "XiMC")
            self.assertTrue(isinstance(event["name"], str) and event["name"])
            self.assertTrue(type(event["pid"]) is int and type(event["tid"]) is int and event["pid"] > 0)
            self.assertEqual("ts" in event, event["ph"] != "M")
            self.assertGreaterEqual(event.get("ts", 0), 0)
            self.assertEqual("dur" in event, event["ph"] == "X")
            self.assertGreaterEqual(event.get("dur", 0), 0)
            if event["ph"] == "C":
                self.assertTrue(event["args"] and all(type(value) in (int, float) for value in event["args"].values()))
            if event["ph"] == "M":
                self.assertTrue(event["args"]["name"])
        return found, events

    def check_names(self, events):
        names = {(e["name"], e["tid"] if e["name"] == "thread_name" else e["pid"]): e["args"]["name"] for e in events if e["ph"] == "M"}
        for event in events:
            if event["ph"] in "Xi":
                self.assertIn(("process_name", event["pid"]), names)
                self.assertIn(("thread_name", event["tid"]), names)
        return names

    def test_events_are_whole_and_named(self):
        found, events = self.events("-f", PYTHON, "-c", f"import subprocess; subprocess.run({example('routes')!r})")
        self.check_names(events)
        calls = [event for event in events if event["ph"] in "Xi"]
        self.assertEqual(collections.Counter(event["cat"] for event in calls), collections.Counter({r: n for r, n in found["routes"].items() if n}))
        # Events of a thread that overlap without one being within the other are dropped.
        threads = collections.defaultdict(list)
        for event in calls:
            if event["ph"] == "X":
                threads[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        for spans in threads.values():
            open_until = []
            for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
                while open_until and open_until[-1] <= begin + 1e-3:
                    open_until.pop()
                self.assertTrue(not open_until or end <= open_until[-1] + 1e-3)
                open_until.append(end)

    def test_counters_add_up(self):
        found, events = self.events(PYTHON, "-c", CODE)
        counters = collections.defaultdict(list)
        for event in events:
            if event["ph"] == "C":
                counters[event["name"], event["pid"]].append((event["ts"], event["args"]["calls/s"]))
        counted = collections.Counter()
        for (route, _), steps in counters.items():
            self.assertEqual(steps, sorted(steps))
            self.assertEqual(steps[-1][1], 0)
            counted[route] += sum(rate * (after - at) / 1e6 for (at, rate), (after, _) in zip(steps, steps[1:]))
        self.assertEqual({route: round(n) for route, n in counted.items()}, {route: n for route, n in found["routes"].items() if n})

    def test_threads_have_the_names_that_they_gave_themselves(self):
        code = ("import ctypes, threading, time\n"
                "def work():\n"
                "    ctypes.CDLL(None).prctl(15, b'my worker', 0, 0, 0)\n"
                # More than a ring holds: it waits for us, who look at its name then.
                "    for i in range(5000): time.monotonic()\n"
                "thread = threading.Thread(target=work); thread.start(); thread.join(); time.monotonic()")
        _, events = self.events(PYTHON, "-c", code)
        names = self.check_names(events)
        threads = {name for (kind, _), name in names.items() if kind == "thread_name"}
        self.assertEqual(len(threads), 2)
        self.assertIn("my worker", threads)


if __name__ == "__main__":
    testing.main()
