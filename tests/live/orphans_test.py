"""Children whose creator dies before it can say that it has made them: each runs to its end, is observed if its creator was, and
vdsotrace ends. The rounds are many enough for some of them in every storm."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, Claims, Trace, run, target

ROUNDS = 15 * int(os.environ.get("VDSOTRACE_STORM", "1"))
OPTIONS = (["-f", "-c"], ["-f", "-c", "-e", "route=vdso,fallback"], ["-f", "-c", "-T", "-e", "route=vdso,fallback"], ["-f"],
           ["-f", "-e", "trace=%vdso"])
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def setUpModule():
    testing.require_ptrace()


class OrphansTest(unittest.TestCase):
    def storm(self, engine, options, how, kind, *more, user=(), rounds=ROUNDS):
        with self.subTest(engine=engine, options=options, how=how, kind=kind, more=more):
            ran = run([*user, VDSOTRACE, "--json", f"--engine={engine}", *options, "--",
                       *target("orphans", how, kind, rounds, *more)], timeout=120)
            self.assertEqual(ran.status, 0, ran.stdout + ran.stderr[-1000:])
            claims = Claims(ran.stdout)
            self.assertGreater(sum(claims.children.values()), 0)
            self.assertEqual(claims.differences(Trace(ran, ran.stderr), "-f" in options), [])

    def storms(self, engine, kinds=("fork", "clone"), user=()):
        for options in OPTIONS:
            for kind in kinds:
                for more in ([], ["subreaper"]):
                    self.storm(engine, options, "kill", kind, *more, user=user)

    def test_stubs(self):
        self.storms("inline")

    def test_stubs_without_privilege(self):
        testing.require_program("setpriv")
        if os.geteuid() != 0 or run([*NOBODY, "test", "-x", target("orphans")[0]]).status != 0:
            self.skipTest("nobody cannot be made to run it")
        self.storms("inline", user=NOBODY)
        self.storms("breakpoint", kinds=["clone"], user=NOBODY)

    def test_breakpoints(self):
        self.storms("breakpoint")

    def test_steps(self):
        self.storm("step", ["-f", "-c"], "kill", "fork", "subreaper", rounds=3)  # a millisecond a call

    def test_the_processors_breakpoints(self):
        if run([VDSOTRACE, "--engine=perf", "-c", "true"]).status != 0:
            self.skipTest("no hardware breakpoints here")
        self.storms("perf", kinds=["fork"])

    def test_every_kind_of_child(self):
        for kind in ("vfork", "stopped", "doomed"):
            for options in OPTIONS:
                self.storm("inline", options, "kill", kind, "subreaper")

    def test_other_threads_end_the_creator(self):
        for engine in ("inline", "breakpoint"):
            for how in ("exit", "exec"):
                for kind in ("fork", "clone", "vfork"):
                    self.storm(engine, ["-f", "-c"], how, kind, "subreaper")
                    self.storm(engine, ["-f", "-e", "trace=%vdso"], how, kind)

    def test_children_that_are_not_followed(self):
        """Under a filter nobody can be detached."""
        for engine in ("inline", "breakpoint"):
            for options in (["-e", "trace=%vdso"], ["-c"]):
                self.storm(engine, options, "kill", "fork", "subreaper")

    def test_attached(self):
        for engine in ("inline", "breakpoint"):
            with self.subTest(engine=engine):
                program = subprocess.Popen(target("orphans", "kill", "fork", 2 * ROUNDS, "subreaper", "wait"), stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True)
                self.addCleanup(program.kill)
                tracer = subprocess.Popen([VDSOTRACE, f"--engine={engine}", "-f", "-c", "-o", "/dev/null", "-p", str(program.pid)],
                                          stderr=subprocess.PIPE, text=True)
                self.addCleanup(tracer.kill)
                testing.wait_until(lambda: "TracerPid:\t0\n" not in Path(f"/proc/{program.pid}/status").read_text())
                out, _ = program.communicate("go\n", timeout=60)
                self.assertEqual((program.returncode, tracer.wait(60)), (0, 0), out + tracer.stderr.read())
                tracer.stderr.close()


if __name__ == "__main__":
    testing.main()
