"""What the user should know of the figures: on standard error, in each report, and in what scripts read."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import example, target, vdsotrace

TEXT = "only those of its vDSO calls that enter the kernel are reported"
LINE = rf"(?m)^vdsotrace: process \d+: .*{TEXT}"


def setUpModule():
    testing.require_ptrace()
    if not Path(target("serve_m32")[0]).exists():
        raise unittest.SkipTest("32-bit programs cannot be built here")


class NoticesTest(unittest.TestCase):
    """Of a 32-bit program that runs already, calls that stay in user space are not seen."""

    def setUp(self):
        served = subprocess.Popen(target("serve_m32", "calls"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(served.stdout.close)
        self.addCleanup(served.wait)
        self.addCleanup(served.kill)
        self.addCleanup(served.stdin.close)
        self.assertEqual(served.stdout.readline(), "ready\n")
        self.pid = str(served.pid)
        self.file = self.enterContext(tempfile.NamedTemporaryFile("r")).name

    def watch(self, *options):
        ran = vdsotrace(*options, "-p", self.pid, "--duration", "0.1")
        self.assertEqual(ran.status, 0, ran.stderr)
        return ran.stderr

    def test_each_command_shows_them_once(self):
        for options in (["-e", "trace=clock_gettime"], ["-c"], ["-C", "-e", "trace=clock_gettime"], ["-q", "-c"], ["-qq", "-c"],
                        ["audit"], ["audit", "-q"]):
            with self.subTest(options):
                self.assertEqual(self.watch(*options).count(TEXT), 1)
        self.assertNotIn(TEXT, self.watch("-qqq", "-c"))

    def test_also_where_the_output_goes_elsewhere(self):
        for options in (["-e", "trace=clock_gettime"], ["-c"], ["-c", "--json"], ["audit"], ["audit", "--json"],
                        ["--json", "-e", "trace=clock_gettime"]):
            with self.subTest(options):
                shown = self.watch(*options, "-o", self.file)
                self.assertRegex(shown, LINE)
                self.assertEqual(shown.count(TEXT), 1)
                self.assertIn(TEXT, Path(self.file).read_text())
        self.assertEqual(self.watch("-c", "-o", "/dev/stderr").count(TEXT), 1)

    def test_totals_are_marked(self):
        self.assertRegex(self.watch("-c"), r" total \(incomplete\)\nvdsotrace: \d+ vDSO-capable calls?: .* \(incomplete\)\n$")
        self.assertRegex(self.watch("audit"), r"\ncalls +[\d,]+ that a vDSO can serve \(incomplete\):")

    def test_json(self):
        events = [json.loads(line) for line in self.watch("--json", "-e", "trace=clock_gettime").splitlines()]
        notice, = [event for event in events if event["type"] == "notice" and event["missing"] is not None]
        self.assertEqual((notice["pid"], notice["missing"]), (int(self.pid), "user-space-calls"))
        summary = json.loads(self.watch("--json", "-c").splitlines()[-1])
        for report in (events[-1], summary, json.loads(self.watch("audit", "--json"))):
            self.assertFalse(report["complete"])
            # How many direct calls were lost is said of all processes.
            notice, = [one for one in report["notices"] if not one.startswith("direct system calls: seen by")]
            self.assertIn(TEXT, notice)

    def test_what_may_be_missing_fails(self):
        def status(routes):
            # Trace points may lose some of so many calls, which would fail, too.
            return vdsotrace("audit", "--direct=stops", "--fail-on", routes, "-p", self.pid, "--duration", "0.1").status

        self.assertEqual((status("vdso"), status("vsyscall")), (3, 0))


class WholeTest(unittest.TestCase):
    def test_figures_that_are_whole(self):
        for options in ([], ["-c"], ["audit"]):
            ran = vdsotrace(*options, *example("hello-vdso"))
            self.assertNotIn("incomplete", ran.stderr)
        summary = json.loads(vdsotrace("-c", "--json", *example("hello-vdso")).stderr.splitlines()[-1])
        self.assertEqual((summary["complete"], summary["notices"]), (True, []))


if __name__ == "__main__":
    testing.main()
