"""Programs that judge their system calls by where they come from, that live at the edge of their limits, and that jump
out of calls: nothing is otherwise for them, in whatever way they are observed."""

import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, target
from every_way import EveryWayTest, has_engine, ways

SPARE_KB = 1024


def setUpModule():
    testing.require_ptrace()


class OriginTest(EveryWayTest):
    def test_filter_by_instruction_pointer(self):
        self.same_as_alone(target("origin", "filter"))

    def test_trap_names_the_place(self):
        """The handler of SIGSYS sees the vDSO's own instruction (si_call_addr), or the copy of it that a call makes which has no
        register to spare for the mark: that one is in the vDSO, too."""
        self.same_as_alone(target("origin", "trap"), look=lambda text: re.sub(r"(?m)^(getrandom: .*\[vdso\] \+ )0x1?[0-9a-f]{3}$", r"\1there", text))

    def test_user_dispatch(self):
        self.same_as_alone(target("origin", "dispatch"))

    def test_step(self):
        for kind in ("filter", "trap", "dispatch"):
            with self.subTest(kind):
                self.same_as_alone(target("origin", kind), engines=["step"], names=["vdso functions"], attach=False)

    def test_perf(self):
        if not has_engine("perf"):
            self.skipTest("the perf engine cannot be used here")
        for kind in ("filter", "trap", "dispatch"):
            with self.subTest(kind):
                self.same_as_alone(target("origin", kind), engines=["perf"], names=["counts", "vdso functions"], attach=False)


class LimitsTest(EveryWayTest):
    def limited(self):
        """The command with a megabyte more than it uses when all that it has is locked."""
        alone = run(target("limits"))
        if alone.status != 0:
            self.skipTest("memory cannot be locked here: " + alone.stderr)
        peak, locked = map(int, alone.stdout.split())
        return target("limits", peak + SPARE_KB, locked + SPARE_KB)

    def test_a_megabyte_to_spare(self):
        """mlockall(MCL_CURRENT) counts what is mapped, MCL_FUTURE and RLIMIT_AS what comes; our memory does not stay locked:
        where the call does not stop it is unlocked a moment later."""
        program = self.limited()

        def exactly(text):
            return re.sub(r"\d+", self.about(run(program).stdout), text)
        self.same_as_alone(program, look=exactly)

    def about(self, alone):
        """The places of libraries, and with them what is locked, differ by some pages from run to run."""
        kb = int(re.search(r"\d+", alone)[0])
        return lambda found: "as much" if abs(int(found[0]) - kb) < 200 else found[0]

    def test_no_descriptor(self):
        """Nothing can be shared with it: breakpoints see its calls, and it is not said to be under a filter but ours."""
        testing.require_program("prlimit")
        program = ["prlimit", "--nofile=0:0", *target("each_call_static")]
        self.same_as_alone(program, attach=False)
        _, events = self.traced(program, "auto", ["-f", "-e", "trace=%vdso"])
        notices = [event["text"] for event in events if event["type"] == "notice"]
        self.assertEqual(notices, ["no stubs: the process could not make shared memory"])

    def test_as_somebody_else(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run programs as others")
        program = self.limited()
        if run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x", program[0]]).status != 0:
            self.skipTest("others may not run " + program[0])
        for engine, name, options in ways(names=["counts", "trace", "vdso routes"]):
            with self.subTest(engine=engine, options=name):
                ran, _ = self.traced(program, engine, [*options, "-u", "nobody"])
                self.assertEqual(ran.status, 0, ran.stderr)
                self.assertRegex(ran.stdout, r"^locked \d+ kB\n$")


class JumpTest(EveryWayTest):
    ENGINES = ("auto", "breakpoint", "step")

    def test_the_program_does_the_same(self):
        self.same_as_alone(target("jumps", "fault"))
        self.same_as_alone(target("jumps", "timer"))

    def text_of(self, engine, kind, *options):
        ran = testing.vdsotrace("--engine=" + engine, "-q", *options, *target("jumps", kind))
        self.assertEqual(ran.status, 0, ran.stderr)
        return ran.stderr

    def test_a_call_that_faults_stands_before_its_signal(self):
        for engine in self.ENGINES:
            for options in ([], ["-e", "trace=%vdso"], ["-e", "route=vdso,fallback"], ["-f"]):
                with self.subTest(engine=engine, options=options):
                    lines = self.text_of(engine, "fault", *options).splitlines()
                    lines = [line for line in lines if "gettimeofday(" in line or "--- SIGSEGV" in line]
                    self.assertEqual(len(lines), 2, lines)
                    self.assertRegex(lines[0], r"^gettimeofday\(0x1000, NULL <unfinished \.\.\.>( .*)?$")
                    self.assertRegex(lines[1], r"^--- SIGSEGV ")

    def test_a_call_that_faults_in_json(self):
        for engine in self.ENGINES:
            with self.subTest(engine=engine):
                _, events = self.traced(target("jumps", "fault"), engine, ["-e", "trace=%vdso"])
                calls = [event for event in events if event["type"] == "call" and event["name"] == "gettimeofday"]
                self.assertEqual([(call["args"], call["ret"]) for call in calls], [(["0x1000", "NULL"], None)])

    def test_a_call_that_is_jumped_out_of_shows_its_arguments(self):
        for engine in self.ENGINES:
            with self.subTest(engine=engine):
                _, events = self.traced(target("jumps", "timer"), engine, ["-e", "trace=%vdso"])
                left = [event for event in events if event["type"] == "call" and event["route"] == "vdso" and event["ret"] is None]
                self.assertLessEqual(len(left), 20)
                for call in left:
                    self.assertEqual(call["name"], "clock_gettime")
                    self.assertEqual(call["args"][0], "CLOCK_BOOTTIME")
                    self.assertRegex(call["args"][1], r"^0x[0-9a-f]+$")


if __name__ == "__main__":
    testing.main()
