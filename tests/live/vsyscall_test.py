"""Calls through the legacy page at 0xffffffffff600000: counted, with exact results, and unharmed."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, target, trace_json, vdsotrace

ENGINES = ("breakpoint", "inline")
WANTED = (["-e", "trace=%vdso"], ["-e", "route=vsyscall"], ["-e", "route=all"])


def setUpModule():
    testing.require_ptrace()
    if "[vsyscall]" not in Path("/proc/self/maps").read_text():
        raise unittest.SkipTest("this kernel has no vsyscall page")


class VsyscallTest(unittest.TestCase):
    def check(self, words, followed=False):
        for engine in ENGINES:
            for wanted in WANTED:
                with self.subTest(engine=engine, wanted=wanted):
                    trace = trace_json(target("vsyscall", *words), f"--engine={engine}", *wanted,
                                       *(["-f"] if followed else []))
                    self.assertEqual(trace.status, 0, trace.stderr)
                    claims = testing.Claims(trace.stdout)
                    for (name, route), count in claims.made.items():
                        self.assertEqual(trace.count(name, route), count + (5 if followed else 0), name)

    def test_counts(self):
        self.check([])

    def test_threads(self):
        self.check(["threads"])

    def test_a_child_that_is_not_followed(self):
        self.check(["child"])

    def test_a_child_that_is_followed(self):
        self.check(["child"], followed=True)

    def test_lines(self):
        ran = vdsotrace("-q", "-e", "route=vsyscall", *target("vsyscall"))
        lines = [line for line in ran.stderr.splitlines() if "[vsyscall]" in line]
        self.assertEqual(len(lines), 30)
        kinds = (r"gettimeofday\(\{tv_sec=\d+, tv_usec=\d+\}, NULL\) = 0 \[vsyscall\]",
                 r"time\(\[(\d+)( /\* .* \*/)?\]\) = \1( \(.*\))? \[vsyscall\]",
                 r"getcpu\(\[\d+\], \[\d+\], NULL\) = 0 \[vsyscall\]")
        for at, line in enumerate(lines):
            self.assertRegex(line, f"^{kinds[at % 3]}$")

    def test_the_rest_is_what_is_seen_without_the_filter(self):
        full, plain = (trace_json(target("vsyscall"), *options) for options in (["-e", "route=all"], []))
        names = [[call["name"] for call in trace.of_type("call") if call["route"] != "vsyscall"]
                 for trace in (full, plain)]
        self.assertEqual(*names)
        self.assertIn("execve", names[0])

    def test_bad_pointer(self):
        bare = run(target("vsyscall", "bad"))
        trace = trace_json(target("vsyscall", "bad"), "-e", "route=vsyscall")
        self.assertEqual((trace.status, trace.stdout), bare[:2])
        calls = [call for call in trace.of_type("call") if call["route"] == "vsyscall"]
        self.assertEqual([(call["name"], call["ret"]) for call in calls], [("time", None)])
        self.assertEqual([event["signal"] for event in trace.of_type("signal")], ["SIGSEGV"])

    def test_programs_do_the_same(self):
        for words in ([], ["child"], ["threads"], ["bad"]):
            bare = run(target("vsyscall", *words))
            for options in ([], ["-f"], ["-e", "trace=openat"], *WANTED):
                with self.subTest(words=words, options=options):
                    ran = vdsotrace("-o", "/dev/null", *options, *target("vsyscall", *words))
                    self.assertEqual((ran.status, ran.stdout), bare[:2])


if __name__ == "__main__":
    testing.main()
