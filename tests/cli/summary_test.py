"""-c, -C and -S: the table."""
import json
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import example, vdsotrace

ROW = re.compile(r"^ *(?P<percent>[\d.]+|-) +(?P<seconds>[\d.]+|-) +(?P<each>\d+|-) +(?P<calls>\d+) "
                 r"+(?P<errors>\d+)? +(?P<route>vdso|fallback|syscall|vsyscall|-) +(?P<name>\S+)$")


def setUpModule():
    testing.require_ptrace()


def rows(text):
    return [match.groupdict() for match in map(ROW.match, text.splitlines())
            if match and match["name"] != "total"]


# One thread is busy in the kernel as long as the other sleeps.
ONE_SLEEPS = """
import os, threading, time
over = threading.Event()
def read():
    with open("/dev/zero", "rb", buffering=0) as zeros:
        while not over.is_set(): zeros.readinto(into)
into = bytearray(1 << 22)
busy = threading.Thread(target=read)
busy.start()
for _ in range(20): time.sleep(0.02)
over.set()
busy.join()
"""


class SummaryTest(unittest.TestCase):
    def test_a_call_has_the_time_of_its_own_thread(self):
        if not Path("/proc/self/schedstat").exists():
            self.skipTest("the kernel does not keep how long threads run")
        text = vdsotrace("-c", "-f", testing.PYTHON, "-c", ONE_SLEEPS).stderr
        seconds = {row["name"].partition("(")[0]: float(row["seconds"]) for row in rows(text) if row["seconds"] != "-"}
        self.assertGreater(seconds["read"], 0)
        self.assertLess(seconds["clock_nanosleep"], seconds["read"] / 4, text)

    def test_counts_instead_of_lines(self):
        text = vdsotrace("-c", *example("routes")).stderr
        self.assertNotRegex(text, r"(?m)^\w+\(.*\) += ")
        found = {(row["name"], row["route"]): int(row["calls"]) for row in rows(text)}
        if testing.user_space_clock():
            self.assertEqual(found["gettimeofday", "vdso"], 1)
            self.assertEqual(found["clock_gettime(CLOCK_MONOTONIC)", "vdso"], 1)
        self.assertEqual(found["clock_gettime(CLOCK_MONOTONIC)", "syscall"], 1)
        self.assertEqual(found["clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", "fallback"], 1)
        self.assertEqual(found["execve", "-"], 1)

    def test_trace_and_table(self):
        text = vdsotrace("-C", *example("hello-vdso")).stderr
        self.assertRegex(text, r"(?m)^gettimeofday\(.*\) += 0 \[")
        self.assertTrue([row for row in rows(text) if row["name"] == "gettimeofday"])

    def test_columns(self):
        text = vdsotrace("-c", "-w", "-U", "calls,min-time,max-time", *example("routes")).stderr
        head = next(line for line in text.splitlines() if "calls" in line)
        self.assertEqual(head.split(), ["calls", "shortest", "longest", "call"])
        wrong = vdsotrace("-c", "-U", "cals", "true")
        self.assertEqual((wrong.status, wrong.stderr.splitlines()), (1, ["vdsotrace: -U cals: unknown column", "hint: did you mean calls?"]))

    def test_medians(self):
        """With -T, beside what strace shows: the columns at both ends of a line stay where they were."""
        counted = {True: re.compile(r" *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\d+) +(\d+) +(\d+) (\w+) +(\S+)$"),
                   False: re.compile(r" *[\d.-]+ +[\d.-]+ +[\d-]+ +(\d+) +(?:\d+ +)?(\w+) +(\S+)$")}
        for option in ("-c", "-C"):
            with self.subTest(option):
                text = vdsotrace(option, "-T", *example("routes")).stderr
                self.assertRegex(text, r"(?m)^% time +seconds +usecs/call +calls +errors median ns +p99 ns +max ns route +call$")
                timed = [found.groups() for found in map(counted[True].match, text.splitlines()) if found and "total" not in found[0]]
                plain = [found.groups() for found in map(counted[False].match, vdsotrace(option, *example("routes")).stderr.splitlines())
                         if found and "total" not in found[0]]
                capable = lambda lines: sorted((line[0], *line[-2:]) for line in lines if line[-1].startswith(("clock_gettime", "gettime")))
                self.assertEqual(capable(timed), capable(plain))
                for _, median, p99, most, _, name in timed:
                    self.assertLessEqual(int(median), int(p99), name)
                    self.assertLessEqual(int(p99), int(most), name)

    def test_medians_in_json(self):
        for options, wanted in ((["-T"], True), ([], False)):
            rows = json.loads(vdsotrace("-c", "--json", *options, *example("cpu-clock")).stderr.splitlines()[-1])["calls"]
            fallbacks = [row for row in rows if row["route"] == "fallback"]
            self.assertTrue(fallbacks)
            for row in fallbacks:
                self.assertEqual("median_ns" in row, wanted)
                if wanted:
                    self.assertLessEqual(0 < row["median_ns"] <= row["p99_ns"], row["max_ns"])

    def test_many_cpu_clocks_are_counted_by_their_kind(self):
        """More than stubs have room for."""
        script = ("import threading, time\n"
                  "over = threading.Event()\n"
                  "threads = [threading.Thread(target=over.wait) for _ in range(100)]\n"
                  "for thread in threads: thread.start()\n"
                  "for thread in threads: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))\n"
                  "over.set()\n"
                  "for pid in range(1, 701):\n"
                  "  try: time.clock_gettime(~pid << 3 | 2)\n"
                  "  except OSError: pass\n")
        for engine in ("inline", "breakpoint"):
            with self.subTest(engine):
                ran = vdsotrace("-c", "--json", f"--engine={engine}", "-e", "trace=clock_gettime", "-e", "route=fallback",
                                testing.PYTHON, "-S", "-c", script)
                counts = {row["clock"]: row["count"] for row in json.loads(ran.stderr.splitlines()[-1])["calls"]}
                self.assertEqual(counts, {"CPU clock of a thread": 100, "CPU clock of a process": 700})

    def test_overhead_is_taken_off(self):
        text = vdsotrace("-c", "-w", "-O", "1s", *example("routes")).stderr
        self.assertEqual({row["seconds"] for row in rows(text) if row["route"] in ("-", "syscall")}, {"0.000000"})
        self.assertIn("-O 5x: not a time", vdsotrace("-c", "-O", "5x", "true").stderr)

    def test_both_count_the_same(self):
        def counts(option):
            return sorted((row["name"], row["route"], row["calls"]) for row in
                          rows(vdsotrace(option, *example("routes")).stderr))
        self.assertEqual(counts("-c"), counts("-C"))

    def test_order(self):
        def column(key, name):
            found = [row[name] for row in rows(vdsotrace("-c", "-S", key, *example("routes")).stderr)]
            self.assertTrue(found)
            return found
        calls = [int(count) for count in column("calls", "calls")]
        self.assertEqual(calls, sorted(calls, reverse=True))
        errors = [int(count or 0) for count in column("errors", "errors")]
        self.assertEqual(errors, sorted(errors, reverse=True))
        names = [name.split("(")[0] for name in column("name", "name")]
        self.assertEqual(names, sorted(names))
        routes = column("route", "route")
        self.assertEqual(len([1 for a, b in zip(routes, routes[1:]) if a != b]), len(set(routes)) - 1)
        for key in ("time", "time-total", "total_time", "time_percent"):
            times = [float(time) for time in column(key, "seconds") if time != "-"]
            self.assertEqual(times, sorted(times, reverse=True))
        self.assertEqual(column("count", "calls"), column("calls", "calls"))
        self.assertEqual(column("nothing", "name"), column("none", "name"))
        wrong = vdsotrace("-c", "-S", "callz", "true")
        self.assertEqual((wrong.status, wrong.stderr.splitlines()), (1, ["vdsotrace: -S callz: unknown sort key", "hint: did you mean calls?"]))

    def test_times_are_the_processors_or_the_clocks(self):
        """A sleep takes none of the first."""
        for more in ([], ["-f"], ["--engine=breakpoint"]):
            seconds = [next(float(row["seconds"]) for row in rows(vdsotrace("-c", *more, *options, "sleep", "0.2").stderr)
                            if row["name"].startswith("clock_nanosleep")) for options in ([], ["-w"])]
            with self.subTest(more):
                self.assertGreaterEqual(seconds[1], 0.2)
                self.assertLess(seconds[0], seconds[1])

    def test_calls_that_never_return_are_not_counted(self):
        names = [row["name"] for row in rows(vdsotrace("-c", *example("hello")).stderr)]
        self.assertIn("write", names)
        self.assertNotIn("exit_group", names)

    def test_the_closing_line_stays(self):
        # Debian 13's C library asks the vDSO for random bytes before main().
        self.assertRegex(vdsotrace("-c", "-e", "trace=!getrandom", *example("cpu-clock")).stderr,
                         r"(?m)^vdsotrace: \d+ vDSO-capable calls: 3 fell back")
        self.assertNotIn("vdsotrace:", vdsotrace("-cq", *example("cpu-clock")).stderr)


if __name__ == "__main__":
    testing.main()
