"""Very many threads, and threads that look alike: no call is lost, and none is said to be another thread's.

VDSOTRACE_STORM multiplies the threads that come one after the other (1: what continuous integration runs).
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import target
from every_way import EveryWayTest, ways

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
# Everything that stubs write: counters, or records. Stops at every system call of so many threads would take minutes.
ROUTES = ["-e", "route=vdso,fallback"]
OPTIONS = {"counts": ["-c", *ROUTES], "timed counts": ["-c", "-T", *ROUTES], "trace": ROUTES, "audit": ["audit"]}
CROWDS = {"burst_of_24": ("burst", 24, 2000), "burst_of_150": ("burst", 150, 2000), "burst_of_300": ("burst", 300, 2000),
          "alive": ("alive", 3000, 20), "churn": ("churn", 4000 * STORM, 5)}
# As many as the largest servers have, in the ways that they are looked at: threads that make few calls each.
LARGE_CROWDS = {"5000_alive": (("alive", 5000, 4), ("counts", "trace")), "churn_of_20000": (("churn", 20000, 3), ("counts",))}
# Threads that vdsotrace has attached to may not be put to sleep while their rings are full: so many more than there are processors
# spin for seconds, or minutes beside other tests.
MOST_ATTACHED_AND_RECORDED = 32
CLOCKS = {0: "CLOCK_REALTIME", 1: "CLOCK_MONOTONIC", 7: "CLOCK_BOOTTIME", 11: "CLOCK_TAI"}


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


class CrowdTest(EveryWayTest):
    """One test for each crowd, made below."""

    def check(self, words, names=OPTIONS):
        program = target("crowds", *words)
        made = words[1] * words[2]
        for name in names:
            options = OPTIONS[name]
            attaches = name == "counts" or words[1] <= MOST_ATTACHED_AND_RECORDED
            for way in (self.traced, self.attached) if attaches else (self.traced,):
                with self.subTest(options=name, way=way.__name__):
                    ran, events = way(program, "auto", options)
                    self.assertEqual((ran.status, ran.stdout), (0, f"made clock_gettime vdso {made}\n"), ran.stderr[-2000:])
                    self.assertEqual(self.counted(events), made)

    def counted(self, events):
        """The calls of clock_gettime by the summary or the audit; by the trace as well if there is one."""
        last = events[-1]
        counts = [call["count"] for call in last["calls"] if call["name"] == "clock_gettime" and call["route"] == "vdso"]
        self.assertEqual(last.get("lost", 0), 0)
        self.assertNotIn("lost", [event["type"] for event in events])
        in_trace = sum(event["type"] == "call" and event["name"] == "clock_gettime" for event in events)
        if in_trace:
            self.assertEqual(in_trace, sum(counts))
        return sum(counts)


for crowd, arguments in CROWDS.items():
    setattr(CrowdTest, "test_" + crowd, lambda self, words=arguments: self.check(words))
for crowd, (arguments, ways_to_look) in LARGE_CROWDS.items():
    setattr(CrowdTest, "test_" + crowd, lambda self, words=arguments, names=ways_to_look: self.check(words, names))


class RoomTest(EveryWayTest):
    """Where stacks and heaps of many threads take gigabytes of address space, each thread has counters of its own all the same."""
    THREADS = 1000
    BLOCK = 4096
    PROGRAM = """
import sys, threading, time
threading.stack_size(1 << 18)
gate = threading.Barrier(int(sys.argv[1]))
def call():
    time.monotonic()
    gate.wait()
    threading.Event().wait()
for _ in range(int(sys.argv[1]) - 1): threading.Thread(target=call, daemon=True).start()
gate.wait()
print("ready", flush=True)
sys.stdin.read()
"""

    def shared_with(self, pid):
        """How many bytes of memory the process shares with vdsotrace."""
        maps = Path(f"/proc/{pid}/maps").read_text()
        areas = re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) .*/memfd:vdsotrace", maps)
        return sum(int(end, 16) - int(start, 16) for start, end in areas)

    def test_memory_grows(self):
        for name in ("counts", "trace"):
            with self.subTest(name):
                command = [testing.VDSOTRACE, *OPTIONS[name], "-o", "/dev/null", testing.PYTHON, "-c", self.PROGRAM, str(self.THREADS)]
                tracer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.addCleanup(tracer.kill)
                self.assertEqual(tracer.stdout.readline(), "ready\n")
                program, = testing.children_of(tracer.pid)
                self.assertGreater(self.shared_with(program), self.THREADS * self.BLOCK)
                tracer.communicate()
                self.assertEqual(tracer.returncode, 0)


class OnePointerTest(EveryWayTest):
    CALLS = 2000

    def asked(self, stdout):
        """{clock: thread}, as the threads say themselves."""
        return {CLOCKS[int(clock)]: int(tid) for clock, tid in re.findall(r"(?m)^asked (\d+) (\d+)$", stdout)}

    def test_a_thread_is_the_right_one_or_unknown(self):
        for engine, name, options in ways(names=["vdso routes", "vdso functions", "callers"]):
            for way in (self.traced, self.attached):
                with self.subTest(engine=engine, options=name, way=way.__name__):
                    ran, events = way(target("one_pointer", self.CALLS), engine, options)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    asked = self.asked(ran.stdout)
                    self.assertEqual(len(asked), len(CLOCKS))
                    calls = [event for event in events if event["type"] == "call" and event["clock"] in asked]
                    self.assertEqual(len(calls), len(asked) * self.CALLS)
                    wrong = [call for call in calls if call["tid"] not in (0, asked[call["clock"]])]
                    self.assertFalse(wrong[:3], f"{len(wrong)} of {len(calls)} calls have another thread")

    def test_text(self):
        for engine in ("auto", "breakpoint"):
            with self.subTest(engine=engine):
                ran = testing.vdsotrace("--engine=" + engine, "-e", "route=vdso", *target("one_pointer", self.CALLS))
                asked = self.asked(ran.stdout)
                lines = re.findall(r"(?m)^\[pid +(\d+|\?)\] clock_gettime\((CLOCK_[A-Z]+),", ran.stderr)
                self.assertGreater(len(lines), self.CALLS)
                wrong = [line for line in lines if line[0] not in ("?", str(asked[line[1]]))]
                self.assertFalse(wrong[:3], f"{len(wrong)} of {len(lines)} lines have another thread")

    def test_the_program_does_the_same(self):
        self.same_as_alone(target("one_pointer", self.CALLS), look=lambda text: re.sub(r"(?m) \d+$", "", text))


class VforkTest(EveryWayTest):
    """A child of vfork has its parent's thread pointer and stack. The parent goes on as soon as the child ends or executes."""
    CHILDREN = 20

    def test_each_call_is_the_childs_or_the_parents(self):
        for engine, name, options in ways(names=["vdso routes", "vdso functions", "trace", "followed", "callers"]):
            for way in (self.traced, self.attached):
                with self.subTest(engine=engine, options=name, way=way.__name__):
                    ran, events = way(target("vforks", self.CHILDREN), engine, options)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    parent = int(re.search(r"(?m)^parent (\d+)$", ran.stdout)[1])
                    claims = testing.Claims(ran.stdout)
                    calls = [(event["clock"], event["pid"] == parent) for event in events
                             if event["type"] == "call" and event["clock"] in ("CLOCK_MONOTONIC", "CLOCK_BOOTTIME")]
                    children = claims.children["clock_gettime", "vdso"] if name == "followed" else 0
                    self.assertEqual(calls.count(("CLOCK_MONOTONIC", True)), claims.made["clock_gettime", "vdso"])
                    self.assertEqual(calls.count(("CLOCK_BOOTTIME", False)), children)
                    self.assertEqual(len(calls), claims.made["clock_gettime", "vdso"] + children)

    def test_the_program_does_the_same(self):
        self.same_as_alone(target("vforks", self.CHILDREN), look=lambda text: re.sub(r"(?m)^parent \d+$", "", text))


if __name__ == "__main__":
    testing.main()
