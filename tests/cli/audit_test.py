"""The audit command: exact tables for programs whose calls are known, and every report that it writes."""
import html.parser
import json
import os
import pty
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
from vdsotrace_testing import PYTHON, example, target, vdsotrace

ROUTES = {"vdso", "fallback", "syscall", "vsyscall"}
CPU = "CLOCK_PROCESS_CPUTIME_ID"


def audit(*arguments, status=0):
    ran = vdsotrace("audit", "--json", *arguments)
    if ran.status != status:
        raise AssertionError(f"{ran.status}: {ran.stderr}")
    return json.loads(ran.stderr.splitlines()[0])


def table(found):
    return {(call["name"], call["clock"], call["route"]): call for call in found["calls"]}


class Page(html.parser.HTMLParser):
    """The elements of a page, and the data in it."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.data, self.inside = [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.inside = dict(attributes).get("id") if tag == "script" else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "data":
            self.data += data


def setUpModule():
    testing.require_ptrace()


class Counts(unittest.TestCase):
    def test_each_route(self):
        testing.require_user_space_clock()
        calls = table(audit(*example("routes")))
        traced = vdsotrace("--json", "-c", *example("routes"))
        summary = json.loads(traced.stderr.splitlines()[-1])
        counted = {(c["name"], c["clock"], c["route"]): c["count"] for c in summary["calls"]}
        self.assertEqual({key: call["count"] for key, call in calls.items()}, counted)
        self.assertEqual(calls["clock_gettime", "CLOCK_MONOTONIC", "vdso"]["reason"], None)
        self.assertEqual(calls["clock_gettime", "CLOCK_MONOTONIC", "syscall"]["reason"], "direct-call")
        self.assertEqual(calls["clock_gettime", CPU, "fallback"]["reason"], "cpu-time-clock")
        for call in calls.values():
            self.assertEqual(sum(caller["count"] for caller in call["callers"]), call["count"])

    def test_costs_and_advice(self):
        testing.require_user_space_clock()
        code = "import time\nfor i in range(100000): time.monotonic()\nfor i in range(2000): time.process_time()"
        found = audit(PYTHON, "-c", code)
        calls = table(found)
        served = calls["clock_gettime", "CLOCK_MONOTONIC", "vdso"]
        self.assertGreaterEqual(served["count"], 100000)
        self.assertEqual(calls["clock_gettime", CPU, "fallback"]["count"], 2000)
        self.assertEqual(served["cost_is"], "estimated")
        costs = [call["cost_ns"] for call in found["calls"]]
        self.assertEqual(costs, sorted(costs, reverse=True))
        self.assertAlmostEqual(sum(costs), found["cost_ns"], delta=len(costs))
        self.assertIn("CLOCK_MONOTONIC", calls["clock_gettime", CPU, "fallback"]["advice"])
        self.assertIn("clock_gettime", found["seccomp_must_allow"])

    def test_measured(self):
        found = audit("-T", *example("hello-vdso"))
        day = table(found)["gettimeofday", None, "vdso"]
        self.assertEqual((day["count"], day["cost_is"]), (1, "measured"))
        self.assertGreater(day["duration_ns"], 0)
        self.assertGreater(day["median_ns"], 0)
        self.assertEqual({day["median_ns"], day["p99_ns"]}, {day["max_ns"]})

    def test_how_long_calls_took(self):
        code = "import time\nfor i in range(20000): time.thread_time()"
        for option in ([], ["-k"], ["--engine=perf"]):
            with self.subTest(option):
                ran = vdsotrace("audit", "-T", "--json", *option, PYTHON, "-c", code)
                if ran.status != 0 and option == ["--engine=perf"]:
                    continue  # not permitted here
                found = json.loads(next(line for line in ran.stderr.splitlines() if line.startswith("{")))
                rows, stamps = table(found), found["added"]["stamps_ns"]
                row = rows["clock_gettime", "CLOCK_THREAD_CPUTIME_ID", "fallback"]
                self.assertEqual(row["count"], 20000)
                if row["cost_is"] != "measured":
                    self.assertIsNone(row["median_ns"])
                    continue
                self.assertTrue(0 < row["median_ns"] <= row["p99_ns"] <= row["max_ns"], row)
                self.assertEqual(row["unit_cost_ns"], row["median_ns"])
                if row["interrupted_calls"] == 0:
                    self.assertAlmostEqual(row["cost_ns"], row["duration_ns"] - row["count"] * stamps, delta=0.1 * row["count"])
                else:
                    self.assertGreater(row["interrupted_ns"], row["interrupted_calls"] * 100 * row["median_ns"])
                    self.assertLess(row["cost_ns"], row["duration_ns"])

    def test_shares_are_of_the_program_alone(self):
        code = "import time\nfor i in range(20000): time.monotonic()"
        for engine in ("inline", "breakpoint"):
            with self.subTest(engine):
                found = audit("--engine=" + engine, PYTHON, "-c", code)
                added = found["added"]
                through_vdso = sum(call["count"] for call in found["calls"] if call["route"] in ("vdso", "fallback"))
                self.assertEqual(added["calls"], through_vdso if found["engine"] == "inline" else 0)
                self.assertGreater(added["stops"], 0 if engine == "inline" else 2 * through_vdso)
                expected = max(found["cpu_ns"] - added["ns"], found["cost_ns"])
                self.assertAlmostEqual(found["own_cpu_ns"], expected, delta=2)
                self.assertTrue(0 < found["cost_share"] <= 1, found["cost_share"])
                self.assertIn("that observing added", found["cpu_basis"])

    def test_clocks_of_threads_are_one_row_with_a_price(self):
        code = ("import threading, time\n"
                "go = threading.Event()\n"
                "threads = [threading.Thread(target=go.wait) for _ in range(20)]\n"
                "for thread in threads: thread.start()\n"
                "for thread in threads: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))\n"
                "go.set()")
        found = audit(PYTHON, "-c", code)
        rows = [call for call in found["calls"] if call["name"] == "clock_gettime" and call["route"] == "fallback"]
        self.assertEqual([(row["clock"], row["count"], row["cost_is"]) for row in rows],
                         [("CPU clock of a thread", 20, "estimated")])
        self.assertGreater(rows[0]["cost_ns"], 0)
        self.assertEqual(found["unpriced_calls"], 0)

    def test_what_has_no_price_is_left_out_aloud(self):
        code = "import time\ntry: time.clock_gettime(1234567)\nexcept OSError: pass"
        found = audit(PYTHON, "-c", code)
        row, = [call for call in found["calls"] if (call["errors"], call["count"]) == (1, 1)]
        self.assertEqual((row["cost_ns"], row["cost_is"], found["unpriced_calls"]), (None, None, 1))
        text = vdsotrace("audit", PYTHON, "-c", code).stderr
        self.assertIn("in a fresh process; 1 call has no price and is left out)", text)
        self.assertIn("; 1 call without a price", text.splitlines()[0])
        self.assertIn("; 1 call without a price", found["verdict"]["text"])

    def test_only_what_matters(self):
        code = "import time\nfor i in range(20000): time.process_time()\nfor i in (1, 2): time.clock_gettime(1)"
        ran = vdsotrace("audit", PYTHON, "-c", code)
        self.assertRegex(ran.stderr.splitlines()[0], r"^verdict +[0-9,]+ calls .*: .* % of its processor time$")
        self.assertNotIn("seccomp", ran.stderr)
        self.assertIn("under seccomp, allow ", vdsotrace("audit", "--seccomp", PYTHON, "-c", code).stderr)
        self.assertNotIn("--all shows", vdsotrace("audit", "--all", PYTHON, "-c", code).stderr)
        found = audit(PYTHON, "-c", code)
        self.assertEqual(found["advice"], [item["text"] for item in found["advice_items"]])
        self.assertIn("clock_gettime", found["seccomp_must_allow"])
        self.assertEqual((found["verdict"]["ok"], 0 < found["verdict"]["share"] <= 1), (False, True))
        self.assertTrue(vdsotrace("audit", "--threshold=0", PYTHON, "-c", code).stderr.find("--all shows") < 0)
        self.assertTrue(vdsotrace("audit", "--threshold", "100%", "true").stderr.startswith("verdict      nothing to gain"))
        quiet = vdsotrace("audit", "true").stderr
        self.assertTrue(quiet.startswith("verdict      nothing to gain: "), quiet)

    def test_a_hidden_vdso(self):
        calls = table(audit("--no-vdso", *example("hello-vdso")))
        self.assertEqual(calls["gettimeofday", None, "syscall"]["reason"], "vdso-hidden")

    def test_engines_agree(self):
        def counts(engine):
            return {key: call["count"] for key, call in table(audit("--engine=" + engine, *example("routes"))).items()}

        self.assertEqual(counts("inline"), counts("breakpoint"))

    def test_a_running_process(self):
        with subprocess.Popen(target("serve", "calls"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
            self.assertEqual(served.stdout.readline(), "ready\n")
            found = audit("--duration", "0.3", "-p", served.pid)
            served.stdin.write("check\n")
            served.stdin.flush()
            self.assertTrue(served.stdout.readline().startswith("ok "))
            served.stdin.close()
            self.assertEqual(served.wait(60), 0)
        self.assertEqual((found["pids"], found["command"]), ([served.pid], []))
        self.assertGreater(table(found)["clock_gettime", CPU, "fallback"]["count"], 0)
        self.assertGreater(found["cpu_ns"], 0)
        self.assertGreater(found["added"]["stops"], 0)


class Whole(unittest.TestCase):
    def test_whole_stacks(self):
        with tempfile.NamedTemporaryFile() as file:
            found = audit("-k", "--folded", file.name, *target("callers"))
            stacks = [line.rsplit(" ", 1) for line in file.read().decode().splitlines()]
        self.assertEqual(found["engine"], "breakpoint")
        counted = sum(call["count"] for call in found["calls"])
        self.assertEqual(sum(int(count) for _, count in stacks), counted)
        for call in found["calls"]:
            self.assertEqual(sum(stack["count"] for stack in call["stacks"]), call["count"])
        ours = [frames for frames, _ in stacks if ";by_two_library_frames;" in frames]
        self.assertTrue(ours)
        for frames in ours:
            # Each in its caller, whatever the C library has between.
            self.assertRegex(frames, r"^callers;.*;main;(.*;)?by_two_library_frames;.*timespec_get;")

    def test_a_line_of_totals_on_a_terminal(self):
        code = "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end: pass"
        with tempfile.NamedTemporaryFile() as report:
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(testing.VDSOTRACE, ["vdsotrace", "audit", "--json", "-o", report.name, PYTHON, "-c", code])
            shown = b""
            with open(terminal, "rb", buffering=0) as stream:
                try:
                    while more := stream.read(4096):
                        shown += more
                except OSError:  # EIO: the last one closed it
                    pass
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            made = table(json.loads(report.read()))["clock_gettime", "CLOCK_MONOTONIC", "vdso"]["count"]
        seen = [int(number.replace(b",", b"")) for number in re.findall(rb"\r\x1b\[Kvdsotrace: ([0-9,]+) calls so far", shown)]
        self.assertEqual(seen, sorted(seen))
        self.assertGreater(seen[-1], 0)
        self.assertLess(seen[-1], made + 1000)
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-200:])


class Status(unittest.TestCase):
    def test_fail_on(self):
        ran = vdsotrace("audit", "--fail-on", "fallback,vsyscall", *example("cpu-clock"))
        self.assertEqual(ran.status, 3)
        self.assertIn(f"clock_gettime({CPU}) by route fallback: called by", ran.stderr)
        self.assertEqual(vdsotrace("audit", "--fail-on", "vsyscall", *example("cpu-clock")).status, 0)

    def test_limits_and_what_is_allowed(self):
        """cpu-clock makes its calls by one route, in one function."""
        program = example("cpu-clock")
        made = table(audit(*program))["clock_gettime", CPU, "fallback"]["count"]
        module = os.path.basename(program[0])
        for rules, allowed, status in [
            (f"fallback>{made}", [], 0), (f"fallback>{made - 1}", [], 3), ("fallback>100%", [], 0), ("fallback>0.5%", [], 3),
            ("fallback", ["clock_gettime"], 0), ("fallback", [f"clock_gettime@{module}"], 0), ("fallback", [f"time,@{module}"], 0),
            ("fallback", ["time", f"gettimeofday@{module}"], 3), ("fallback", ["@libc.so.6"], 3),
        ]:
            with self.subTest(f"{rules} {allowed}"):
                options = [f"--allow={one}" for one in allowed]
                ran = vdsotrace("audit", "-o", "/dev/null", "--fail-on", rules, *options, *program)
                self.assertEqual(ran.status, status, ran.stderr)
                lines = ran.stderr.splitlines()
                self.assertEqual(bool(lines), status == 3)
                for line in lines:
                    self.assertRegex(line, rf"^vdsotrace: [\d,]+ clock_gettime\({CPU}\) by route fallback: called by \S+ in \S+{module}")

    def test_the_programs_own(self):
        self.assertEqual(vdsotrace("audit", "sh", "-c", "exit 7").status, 7)
        self.assertEqual(vdsotrace("audit", "sh", "-c", "kill -KILL $$").status, -signal.SIGKILL)

    def test_errors(self):
        for arguments, words in [
            (["--fail-on", "", "true"], "--fail-on: there is no route"),
            (["--fail-on", "vdos", "true"], "unknown route"),
            (["--fail-on", "vdos", "true"], "ROUTE>COUNT or ROUTE>SHARE%"),
            (["--fail-on", "fallback>many", "true"], "--fail-on fallback>many: neither a number of calls nor a share up to 100%"),
            (["--fail-on", "fallback", "--allow", "open", "true"], "--allow open: no vDSO serves such a call"),
            (["--allow", "time", "true"], "--allow: there is nothing to allow without --fail-on"),
            (["--threshold", "many", "true"], "--threshold many: not a share from 0 to 100%"),
            (["--threshold", "101%", "true"], "--threshold 101: not a share"),
            (["-c", "true"], "-c is an option of traces"),
            (["-t", "true"], "option of traces"),
            *((options + ["true"], f"audit: {options[0]} is an option of traces") for options in
              (["-x"], ["-s", "5"], ["--callers"], ["-y"], ["-S", "calls"], ["-w"], ["-n"], ["-z"], ["--steps"], ["-P", "/"])),
            ([], "audit: no program given"),
            (["--html", "/nowhere/page.html", "true"], "/nowhere/page.html"),
            (["--chrome-trace", "/nowhere/trace", "true"], "/nowhere/trace"),
            (["/no/such/program"], "/no/such/program"),
        ]:
            with self.subTest(arguments):
                ran = vdsotrace("audit", *arguments)
                self.assertEqual(ran.status, 1)
                self.assertIn(words, ran.stderr)
        self.assertIn("option of the command audit", vdsotrace("--html", "x", "true").stderr)
        self.assertIn("option of the command audit", vdsotrace("--allow", "time", "true").stderr)

    def test_help(self):
        ran = vdsotrace("audit", "--help")
        self.assertEqual(ran.status, 0)
        self.assertIn("--fail-on", ran.stdout)
        self.assertNotIn("--fail-on", vdsotrace("--help").stdout)


class Reports(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def path(self, name):
        return str(self.directory / name)

    def test_all_in_one_run(self):
        testing.require_user_space_clock()
        names = {name: self.path(name) for name in ("page", "folded", "trace", "text")}
        ran = vdsotrace("audit", "-o", names["text"], "--html", names["page"], "--folded", names["folded"],
                        "--chrome-trace", names["trace"], *example("routes"))
        self.assertEqual((ran.status, ran.stderr), (0, ""))
        text = Path(names["text"]).read_text()
        shown = json.loads(Page(Path(names["page"]).read_text()).data)
        self.assertEqual(text.splitlines()[0], "verdict      " + shown["verdict"]["text"])
        self.assertIn(shown["cpu_basis"], text)
        self.assertIn(f"({shown['cost_basis']})", text)
        self.assertIn("what to do", text)
        self.assertIn(f"clock_gettime({CPU})", text)

        page = Page(Path(names["page"]).read_text())
        data = json.loads(page.data)
        self.assertEqual(data["type"], "audit")
        self.assertEqual(sum(sum(span) for span in data["timeline"]["spans"]), sum(data["routes"].values()))
        for external in ("img", "iframe"):
            self.assertNotIn(external, page.elements)
        self.assertNotRegex(Path(names["page"]).read_text(), "https?:|//[a-z]+[.]")

        stacks = [line.rsplit(" ", 1) for line in Path(names["folded"]).read_text().splitlines()]
        self.assertEqual(sum(int(count) for _, count in stacks), sum(data["routes"].values()))
        self.assertTrue(all(stack.startswith("routes;") for stack, _ in stacks))

        events = json.loads(Path(names["trace"]).read_text())["traceEvents"]
        calls = [event for event in events if event["ph"] in "Xi"]
        self.assertEqual(len(calls), sum(data["routes"].values()))
        for event in calls:
            self.assertIn(event["cat"], ROUTES)
            self.assertGreaterEqual(event["ts"], 0)
            self.assertTrue({"pid", "tid", "name"} <= event.keys())
            self.assertEqual("dur" in event, event["ph"] == "X")

    def test_reports_do_not_change_what_is_measured(self):
        code = "import time\nfor i in range(1000): time.monotonic()"
        for option in ("--html", "--folded", "--chrome-trace"):
            for durations, cost in (([], "estimated"), (["-T"], "measured")):
                with self.subTest(option=option, durations=durations):
                    found = audit(*durations, option, self.path("report"), PYTHON, "-c", code)
                    self.assertEqual(table(found)["clock_gettime", "CLOCK_MONOTONIC", "vdso"]["cost_is"], cost)
                    self.assertTrue(found["cost_basis"].startswith(cost))
        def rows(*options):
            return {key: (call["count"], call["errors"], call["reason"], call["cost_is"], call["median_ns"] is None)
                    for key, call in table(audit(*options, *example("routes"))).items()}

        for durations in ([], ["-T"]):
            alone = rows(*durations)
            for option in ("--html", "--folded", "--chrome-trace"):
                with self.subTest(option=option, durations=durations):
                    self.assertEqual(rows(*durations, option, self.path("report")), alone)
        # How long each call took stands in a trace of each call alone.
        self.assertEqual(audit("--chrome-trace", self.path("report"), PYTHON, "-c", code)["calls"][0]["duration_ns"], None)
        events = json.loads(Path(self.path("report")).read_text())["traceEvents"]
        self.assertGreater(sum(event["ph"] == "X" for event in events), 1000)

    def test_every_report_says_the_same(self):
        code = "import time\nfor i in range(100000): time.monotonic()"
        ran = vdsotrace("audit", "--json", "-o", self.path("json"), "--html", self.path("page"), PYTHON, "-c", code)
        self.assertEqual(ran.status, 0, ran.stderr)
        page = json.loads(Page(Path(self.path("page")).read_text()).data)
        # Calls that were only counted are shown in the time in which they were made.
        spans = page.pop("timeline")["spans"]
        self.assertEqual(page, json.loads(Path(self.path("json")).read_text()))
        self.assertEqual(sum(sum(span) for span in spans), sum(page["routes"].values()))

    def test_hostile_names_stay_text(self):
        program = self.path("<img src=x onerror=alert(1)>\x1b[31m")
        shutil.copy(example("hello-vdso")[0], program)
        ran = vdsotrace("audit", "--html", self.path("page"), program)
        self.assertEqual(ran.status, 0)
        self.assertNotIn("\x1b", ran.stderr)
        page = Page(Path(self.path("page")).read_text())
        self.assertNotIn("img", page.elements)
        self.assertEqual(json.loads(page.data)["command"], [program])


if __name__ == "__main__":
    testing.main()
