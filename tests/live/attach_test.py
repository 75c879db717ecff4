"""Attaching to processes that run, again and again, while they do what is awkward: no harm is done to them.

VDSOTRACE_STORM multiplies the rounds (1: what continuous integration runs). The seed is said at the start.
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, target, vdsotrace, wait_until

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A process survives our SIGKILL under these; with the first because it then has no breakpoint in it.
SURVIVABLE = {"breakpoint": ["-e", "trace=nanosleep"], "inline": [], "perf": []}


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


def has_engine(name):
    return vdsotrace("--engine=" + name, "-o", "/dev/null", "true").status == 0


def status_of(pid):
    return Path(f"/proc/{pid}/status").read_text()


def field(pid, name):
    return re.search(rf"(?m)^{name}:\s*(\S+)", status_of(pid)).group(1)


def executable(pid):
    """Where code is mapped."""
    return {line.split()[0] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "x" in line.split()[1]}


def files_of(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]


class Served(testing.Running):
    """A running tests/targets/serve, or another build of it."""

    def __init__(self, case, kind="calls", prefix=(), program="serve", **how):
        super().__init__(case, [*prefix, *target(program, kind)], stderr=subprocess.PIPE, **how)

    def check(self, question="check"):
        """It is as if nobody had been there; "progress": it does its work."""
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer.startswith("ok "):
            self.process.wait(30)
            self.case.fail(f"it ended with {self.process.returncode}: {self.process.stderr.read()}")
        self.case.assertEqual(field(self.pid, "TracerPid"), "0")
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            try:
                pending = int(field(tid, "SigPnd"), 16)
                self.case.assertNotIn(field(tid, "State"), "Tt")
            except (OSError, AttributeError):
                continue  # it has ended meanwhile
            self.case.assertEqual(pending & (1 << signal.SIGSTOP - 1 | 1 << signal.SIGTRAP - 1), 0)

    def end(self):
        self.process.stdin.close()
        self.case.assertEqual(self.process.wait(60), 0, self.process.stderr.read())


class Attached:
    """A vdsotrace that is attached, with its trace on a pipe."""

    def __init__(self, case, pid, *options, ready=b" attached"):
        self.case = case
        self.process = subprocess.Popen([VDSOTRACE, *options, "-p", str(pid)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        case.addCleanup(self.close)
        self.text = b""
        while ready is not None and ready not in self.text:
            more = self.process.stderr.read1()
            case.assertTrue(more, self.text[-2000:].decode())
            self.text += more

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def finish(self, ending=None):
        """Ends it and returns the trace."""
        if ending is not None:
            self.process.send_signal(ending)
        _, rest = self.process.communicate(timeout=60)
        text = (self.text + rest).decode()
        self.case.assertEqual(self.process.returncode, 0, text[-2000:])
        return text


class DetachTest(unittest.TestCase):
    def test_again_and_again(self):
        served = Served(self)
        for round_ in range(25 * STORM):
            tracer = Attached(self, served.pid, "-e", "trace=%vdso", ready=b"[vdso]")
            tracer.finish(ENDINGS[round_ % 3])
            served.check()
            # Stubs stay where a word on a stack looks as if their thread came back to them, until the next attach.
            self.assertLess(Path(f"/proc/{served.pid}/maps").read_text().count("memfd:vdsotrace"), 4)
        served.end()

    def test_at_any_moment(self):
        """The end may come before all threads have stopped."""
        served = Served(self)
        for _ in range(20 * STORM):
            tracer = Attached(self, served.pid, "-e", "trace=%vdso", ready=None)
            time.sleep(random.random() * 0.01)
            tracer.process.send_signal(signal.SIGTERM)
            tracer.process.communicate(timeout=60)
            self.assertIn(tracer.process.returncode, (0, -signal.SIGTERM))
            served.check()
        served.end()

    def test_impatience(self):
        """Signal upon signal while it lets go: it does so all the same."""
        for options in ([], ["-e", "trace=%vdso"], ["--engine=breakpoint"], ["-f"]):
            with self.subTest(options):
                served = Served(self, random.choice(("calls", "births", "forks")))
                for _ in range(6 * STORM):
                    tracer = Attached(self, served.pid, *options, ready=random.choice((None, b" attached")))
                    while tracer.process.poll() is None:
                        tracer.process.send_signal(random.choice(ENDINGS))
                        tracer.process.stderr.read1(100)
                    tracer.process.communicate(timeout=60)
                    self.assertIn(tracer.process.returncode, (0, *(-ending for ending in ENDINGS)))
                    served.check()
                served.end()

    def test_after_a_duration(self):
        served = Served(self)
        text = Attached(self, served.pid, "--duration", "0.2", "-e", "trace=%vdso").finish()
        self.assertIn(f"Process {served.pid} attached with 9 threads", text)
        self.assertEqual(text.count(" detached\n"), 9)
        served.check()
        served.end()

    def test_when_it_ends(self):
        served = Served(self)
        tracer = Attached(self, served.pid, "-f")
        served.process.stdin.close()
        text = tracer.finish()
        self.assertIn("+++ exited with 0 +++", text)
        self.assertEqual(served.process.wait(30), 0)

    def test_several_processes(self):
        first, second, third = Served(self), Served(self, "births"), Served(self, "forks")
        pids = (first.pid, second.pid, third.pid)
        for _ in range(5 * STORM):
            tracer = Attached(self, f"{first.pid},{second.pid}", "-p", str(third.pid), "-e", "trace=%vdso",
                              ready=b"[vdso]")
            text = tracer.finish(signal.SIGINT)
            for pid in pids:
                self.assertRegex(text, rf"Process {pid} attached")
            for served in (first, second, third):
                served.check()
        for served in (first, second, third):
            served.end()

    def test_what_it_prints_is_whole(self):
        """As strace: the calls of each thread are told from some moment on, without a gap."""
        served = Served(self)
        with tempfile.TemporaryDirectory() as folder:
            Attached(self, served.pid, "--json", "-o", folder + "/trace", "--duration", "0.3", ready=None).finish()
            served.check()
            events = [testing.json.loads(line) for line in Path(folder, "trace").read_text().splitlines()]
        self.assertEqual(events[0]["command"], [])
        attached = [event for event in events if event.get("event") == "attach"]
        self.assertEqual(len({event["tid"] for event in attached}), 9)
        self.assertEqual({event["pid"] for event in attached}, {served.pid})
        self.assertTrue(attached[0]["vdso"]["functions"])
        self.assertEqual((events[-1]["processes"], events[-1]["threads"], events[-1]["lost"]), (1, 9, 0))
        calls = [event for event in events if event["type"] == "call"]
        pattern = ["syscall", "vdso", "syscall"]  # how `serve` asks for CLOCK_MONOTONIC
        for tid in {event["tid"] for event in calls}:
            routes = [event["route"] for event in calls
                      if event["tid"] == tid and event["name"] == "clock_gettime" and
                      event["clock"] == "CLOCK_MONOTONIC"]
            if "syscall" not in routes:
                continue  # a sleeper
            start = next(i for i in range(3) if routes[:6] == (pattern * 4)[i:i + 6])
            self.assertEqual(routes, (pattern * len(routes))[start:start + len(routes)])


class StormTest(unittest.TestCase):
    def cycles(self, kind, rounds, *options):
        served = Served(self, kind)
        for round_ in range(rounds * STORM):
            ready = b"[vdso]" if random.random() < 0.5 else b" attached"
            Attached(self, served.pid, *options, ready=ready).finish(ENDINGS[round_ % 3])
            served.check()
        served.end()

    def test_threads_start_and_end(self):
        self.cycles("births", 15)

    def test_forks(self):
        self.cycles("forks", 15)

    def test_forks_followed(self):
        self.cycles("forks", 15, "-f")

    def test_two_thousand_processes(self):
        """All that are born while it is there are followed to their ends, by one trace."""
        served = Served(self, "forks")
        tracer = subprocess.Popen([VDSOTRACE, "--json", "-f", "-e", "trace=%vdso", "-p", str(served.pid)],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.kill)
        born, ended, wanted = set(), set(), 200 * STORM
        while len(ended) < wanted:
            line = tracer.stderr.readline()
            self.assertTrue(line)
            event = testing.json.loads(line)
            if event.get("event") in ("fork", "vfork", "clone"):
                born.add(event["pid"])
            elif event["type"] == "exit" and event["pid"] in born:
                self.assertEqual(event["status"], 7)
                ended.add(event["pid"])
        tracer.send_signal(signal.SIGINT)
        last = testing.json.loads(tracer.stderr.read().splitlines()[-1])
        self.assertEqual(last["lost"], 0)
        self.assertEqual(tracer.wait(60), 0)
        tracer.stderr.close()
        served.check()
        served.end()

    def test_the_first_thread_is_a_mother(self):
        """It is left wherever it is in the calls that make threads and processes; none is made twice."""
        for options in (["-e", "trace=%vdso"], [], ["-f"]):
            mother = subprocess.Popen(target("mother"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
            self.addCleanup(mother.kill)
            self.assertEqual(mother.stdout.readline(), "ready\n")
            for _ in range(60 * STORM):
                Attached(self, mother.pid, *options, "-o", "/dev/null", f"--duration={random.uniform(0.001, 0.02):.4f}",
                         ready=None).finish()
                self.assertIsNone(mother.poll())
            mother.stdin.close()
            self.assertEqual(mother.wait(30), 5, mother.stderr.read())
            mother.stdout.close()
            mother.stderr.close()

    def test_handlers_and_masks(self):
        self.cycles("handlers", 15)

    def test_signals_in_the_middle_of_calls(self):
        self.cycles("timers", 10, "-e", "trace=%vdso")

    def test_stop_and_continue(self):
        served = Served(self)
        for round_ in range(10 * STORM):
            tracer = Attached(self, served.pid, "-e", "trace=%vdso", ready=None)
            for _ in range(25):
                os.kill(served.pid, signal.SIGSTOP)
                os.kill(served.pid, signal.SIGCONT)
                tracer.process.stderr.read1()
            tracer.finish(ENDINGS[round_ % 3])
            served.check()
        served.end()

    def test_exec_by_other_threads(self):
        for _ in range(3 * STORM):
            program = subprocess.Popen(target("exec_loop", 40), stdout=subprocess.PIPE, text=True)
            self.addCleanup(program.kill)
            self.assertEqual(program.stdout.readline(), "ready\n")
            while program.poll() is None:
                tracer = Attached(self, program.pid, "-e", "trace=%vdso", ready=None)
                time.sleep(random.random() * 0.05)
                tracer.process.send_signal(signal.SIGINT)
                tracer.process.communicate(timeout=60)
                self.assertIn(tracer.process.returncode, (0, 1, -signal.SIGINT))
            self.assertEqual(program.wait(), 6)
            program.stdout.close()

    def test_the_process_is_killed(self):
        for round_ in range(20 * STORM):
            served = Served(self, ("calls", "births", "forks")[round_ % 3])
            tracer = Attached(self, served.pid, "-f", ready=random.choice((None, b" attached", b"[vdso]")))
            time.sleep(random.random() * 0.01)
            served.process.kill()
            tracer.process.communicate(timeout=60)
            self.assertIn(tracer.process.returncode, (0, 1))
            self.assertEqual(served.process.wait(30), -signal.SIGKILL)

    def test_children_of_a_killed_process_go_on(self):
        """Also the one that it had just made."""
        for round_ in range(20 * STORM):
            served = Served(self, "orphans")
            tracer = Attached(self, served.pid, "-e", "trace=%vdso", *(["-f"] if round_ % 2 else []))
            marks = served.process.stdout.read(random.randrange(1, 20))
            served.process.kill()
            rest = threading.Thread(target=tracer.process.communicate)
            rest.start()
            marks += served.process.stdout.read()
            rest.join()
            self.assertEqual(marks.count("b"), marks.count("e"))
            self.assertEqual(tracer.process.returncode, 0)

    def kill_vdsotrace(self, served, ready, *options):
        tracer = Attached(self, served.pid, *options, ready=random.choice((None, ready)))
        time.sleep(random.random() * 0.02)
        tracer.process.kill()
        tracer.process.communicate(timeout=60)
        served.check("progress")

    def test_vdsotrace_is_killed(self):
        for engine, options in SURVIVABLE.items():
            if not has_engine(engine):
                continue
            with self.subTest(engine):
                served = Served(self)
                for _ in range(20 * STORM):
                    self.kill_vdsotrace(served, b" attached", "--engine=" + engine, *options)
                Attached(self, served.pid, "--engine=" + engine, *options).finish(signal.SIGINT)
                served.check()
                # Stubs stay as long as a thread may come back to them, at the longest.
                stubs = Path(f"/proc/{served.pid}/maps").read_text().count("memfd:vdsotrace")
                self.assertLess(stubs, 4)
                served.end()

    def test_vdsotrace_is_killed_whatever_is_done(self):
        """By both and at any moment: births, forks followed or not, handlers, calls that are counted, recorded, looked up."""
        ways = [["--engine=" + engine, *options] for engine, options in SURVIVABLE.items() if has_engine(engine)]
        ways += [["-f"], ["-e", "trace=%vdso"], ["-e", "trace=%vdso", "--callers"], ["-c"]]
        for kind in ("births", "handlers", "forks", "timers"):
            with self.subTest(kind):
                served = Served(self, kind)
                for round_ in range(20 * STORM):
                    options = ways[round_ % len(ways)]
                    self.kill_vdsotrace(served, None if "-c" in options else b" attached", *options)
                Attached(self, served.pid, "-e", "trace=%vdso").finish(signal.SIGINT)
                served.check()
                served.end()

    def test_vdsotrace_is_killed_among_signals(self):
        """Also while it takes a thread out of a stub, for a handler to run."""
        for options, begun in ((["-e", "trace=%vdso"], b" attached"), (["-c"], None)):
            with self.subTest(options):
                served = Served(self, "timers")
                for _ in range(20 * STORM):
                    self.kill_vdsotrace(served, begun, *options)
                Attached(self, served.pid, "-e", "trace=%vdso").finish(signal.SIGINT)
                served.check()
                served.end()

    def test_vdsotrace_is_killed_between_two_steps(self):
        """At one of its requests after the other: no descriptor is left, and no memory that the next attach does not know."""
        testing.require_program("strace")
        served = Served(self)
        before = executable(served.pid)
        options = ["-o", "/dev/null", "-e", "trace=%vdso", "-p", str(served.pid), "--duration"]
        for request, step in (("ptrace", 7), ("pwrite64", 3)):
            nth, killed = random.randrange(1, step + 1), True
            while killed:
                strace = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={request}",
                          "-e", f"inject={request}:signal=KILL:when={nth}"]
                killed = run([*strace, VDSOTRACE, *options, "0.01"]).status == -signal.SIGKILL
                served.check("progress")
                self.assertNotIn("memfd:vdsotrace", " ".join(files_of(served.pid)), f"{request} {nth}")
                nth += random.randrange(1, step + 1)
        vdsotrace(*options, "0.1")
        served.check()
        stubs = Path(f"/proc/{served.pid}/maps").read_text().count("memfd:vdsotrace")
        self.assertEqual(len(executable(served.pid) - before), stubs)
        self.assertLess(stubs, 4)
        served.end()


class StoppedTest(unittest.TestCase):
    def test_a_stopped_process_stays_stopped(self):
        served = Served(self)
        os.kill(served.pid, signal.SIGSTOP)
        wait_until(lambda: field(served.pid, "State") == "T")
        for ending in ENDINGS:
            text = Attached(self, served.pid, ready=b"--- stopped by SIGSTOP ---").finish(ending)
            self.assertIn(f"Process {served.pid} detached", text)
            self.assertEqual(field(served.pid, "TracerPid"), "0")
            # A detach wakes it, and it stops again by itself (JOBCTL_STOP_PENDING, kernel/ptrace.c).
            wait_until(lambda: field(served.pid, "State") == "T")
        tracer = Attached(self, served.pid, "-e", "trace=%vdso", ready=b"--- stopped by SIGSTOP ---")
        os.kill(served.pid, signal.SIGCONT)
        while b"[vdso]" not in tracer.text:
            tracer.text += tracer.process.stderr.read1()
        os.kill(served.pid, signal.SIGSTOP)
        tracer.finish(signal.SIGTERM)
        wait_until(lambda: field(served.pid, "State") == "T")
        os.kill(served.pid, signal.SIGCONT)
        served.check()
        served.end()

    def test_a_process_that_is_continued_meanwhile_goes_on(self):
        """At any moment of the attach: it must not wait for a SIGCONT that has been."""
        served = Served(self)
        for _ in range(10 * STORM):
            os.kill(served.pid, signal.SIGSTOP)
            wait_until(lambda: field(served.pid, "State") == "T")
            tracer = Attached(self, served.pid, "-e", "trace=%vdso", ready=None)
            while field(served.pid, "TracerPid") == "0":
                os.sched_yield()
            os.kill(served.pid, signal.SIGCONT)
            while b"[vdso]" not in tracer.text:
                more = tracer.process.stderr.read1()
                self.assertTrue(more, tracer.text)
                tracer.text += more
            tracer.finish(signal.SIGINT)
            served.check()
        served.end()


if __name__ == "__main__":
    testing.main()
