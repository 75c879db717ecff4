"""Calls that stubs count by their callers: names and counts are those of records of each call."""

import collections
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from callers_test import GO_PROGRAM, claims
from vdsotrace_testing import target, vdsotrace


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


class CountedTest(unittest.TestCase):
    """Callers are met often enough, and make more calls than fit into a ring."""

    def audited(self, command, *options):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "audit")
            ran = vdsotrace("audit", "-f", "--json", "--engine=inline", "-o", report, *options, *command)
            self.assertEqual(ran.status, 0, ran.stderr)
            found = json.loads(report.read_text())
        self.assertEqual(found["lost"], 0)
        return found, ran.stdout

    def callers(self, found, of):
        """{(name, route, who): calls}"""
        result = collections.Counter()
        for call in found["calls"]:
            for caller in call["callers"]:
                if call["name"] != "getrandom":
                    result[call["name"], call["route"], of(caller)] += caller["count"]
        return result

    def test_each_route(self):
        for rounds in (["1500"], ["400", "4"]):
            with self.subTest(rounds=rounds):
                found, stdout = self.audited(target("callers", *rounds))
                self.assertEqual(self.callers(found, lambda caller: caller["symbol"]), claims(stdout))

    def test_durations(self):
        """All are added up, some are known one by one, the longest among them."""
        found, stdout = self.audited(target("callers", "2500", "2"), "-T")
        self.assertEqual(self.callers(found, lambda caller: caller["symbol"]), claims(stdout))
        for call in found["calls"]:
            if call["name"] != "getrandom" and call["route"] in ("vdso", "fallback"):
                self.assertEqual(call["cost_is"], "measured")
                self.assertTrue(0 <= call["median_ns"] <= call["p99_ns"] <= call["max_ns"] < call["duration_ns"], call)
                self.assertGreater(call["duration_ns"], call["count"])

    def test_static_program(self):
        found, stdout = self.audited(target("callers_static", "1500"))
        self.assertEqual(self.callers(found, lambda caller: caller["symbol"]), claims(stdout))

    def test_children(self):
        """Each has counters of its own."""
        command = target("callers", "600")
        found, stdout = self.audited(["/bin/sh", "-c", f"{command[0]} 600 & {command[0]} 600; wait"])
        ours = collections.Counter({key: count for key, count in
                                    self.callers(found, lambda caller: caller["symbol"]).items() if (key[2] or "").startswith("by_")})
        expected = collections.Counter()
        for line in stdout.splitlines():
            _, name, route, function, count = line.split()
            expected[name, route, function] += int(count)
        self.assertEqual(ours, expected)

    def test_beyond_runtimes(self):
        found, stdout = self.audited(target("chrono", "5000"))
        said = collections.Counter()
        for line in stdout.splitlines():
            _, name, route, rest = line.split(" ", 3)
            said[name, route, rest.rsplit(" ", 1)[0]] = int(rest.rsplit(" ", 1)[1])
        self.assertEqual(self.callers(found, lambda caller: caller["beyond"]["symbol"]), said)
        self.assertEqual({symbol for _, _, symbol in self.callers(found, lambda caller: caller["symbol"])},
                         {"std::chrono::_V2::steady_clock::now()", "std::chrono::_V2::system_clock::now()"})

    def test_go(self):
        testing.require_program("go")
        os.environ["GODEBUG"] = "asyncpreemptoff=1"
        self.addCleanup(os.environ.pop, "GODEBUG", None)
        source = GO_PROGRAM.replace("now(50)", "now(5000)").replace(", 30)", ", 3000)")
        with tempfile.TemporaryDirectory() as folder:
            found, _ = self.audited([testing.go_program(folder, source)])
        beyond = self.callers(found, lambda caller: (caller["beyond"] or {"symbol": None})["symbol"])
        self.assertEqual({key: count for key, count in beyond.items() if (key[2] or "").startswith("main.")},
                         {("clock_gettime", "vdso", "main.now"): 10000, ("clock_gettime", "vdso", "main.since"): 3000,
                          ("clock_gettime", "vdso", "main.main"): 2})


if __name__ == "__main__":
    testing.main()
