"""Direct system calls of running processes, seen without a stop (--direct): all of them, on the right route, by their callers; and
what is said where they cannot be seen."""

import collections
import ctypes
import errno
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from every_way import code_of_vdso
from vdsotrace_testing import VDSOTRACE, Claims, target

PERF_EVENT_OPEN, FSOPEN, PIDFD_GETFD = 298, 430, 438
PERF_EVENT_IOC_DISABLE = 0x2401
MOST_EVENTS = 512
SEEN = "direct system calls: seen by trace points, 0 lost"
DIRECT = ("clock_gettime", "gettimeofday", "time", "getcpu")


def setUpModule():
    testing.require_ptrace()


def state_of(task):
    return re.search(r"^State:\t(.)", (task / "status").read_text(), re.MULTILINE).group(1)


def may_filter_trace_points():
    """Whether raw_syscalls is permitted: CAP_SYS_ADMIN or CAP_PERFMON outside of user namespaces, or perf_event_paranoid at 1."""
    capabilities = int(re.search(r"^CapEff:\t(.*)", Path("/proc/self/status").read_text(), re.MULTILINE).group(1), 16)
    everybody = Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
    return (everybody and capabilities & (1 << 21 | 1 << 38) != 0) or int(Path("/proc/sys/kernel/perf_event_paranoid").read_text()) <= 1


def in_first_pid_namespace():
    return os.readlink("/proc/self/ns/pid") == "pid:[4026531836]"  # PROC_PID_INIT_INO, linux/proc_ns.h


def runs_int80():
    return testing.run(["sh", "-c", 'echo xx | "$@"', "sh", *target("direct", 0, 1, 1, "i386")]).status == 0


def events_of(tracer):
    """Its descriptors of perf events."""
    return [int(link.name) for link in Path(f"/proc/{tracer.pid}/fd").iterdir() if os.readlink(link).startswith("anon_inode:[perf_event]")]


def put_off(tracer):
    """All its events, as when processors are taken offline."""
    process = os.pidfd_open(tracer.pid)
    for number in events_of(tracer):
        event = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, number, 0)
        if event < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        fcntl.ioctl(event, PERF_EVENT_IOC_DISABLE)
        os.close(event)
    os.close(process)


class Report:
    """What is in the one object of an audit, counted as a trace's summary is."""

    def __init__(self, audit):
        self.audit = audit

    def count(self, name, *routes):
        return sum(call["count"] for call in self.audit["calls"] if call["name"] == name and call["route"] in routes)


class Caller(testing.Running):
    """A running tests/targets/direct."""

    def __init__(self, case, threads, count, program="direct", before=1, more=()):
        self.calls = (threads + before) * count
        super().__init__(case, target(program, threads, count, before, *more))

    def go(self):
        self.process.stdin.write("x")
        self.process.stdin.flush()

    def claims(self):
        """When all calls have been made: what they were. The process goes on."""
        lines = list(iter(self.process.stdout.readline, "done\n"))
        self.switched = next(int(line.split()[1]) for line in lines if line.startswith("switched"))
        return Claims("".join(lines))


class DirectCallsTest(unittest.TestCase):
    def attach(self, caller, *options, prefix=(), **popen):
        """A vdsotrace that has begun to stop the process: what this does from now on is seen. Answers it and its output file."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name, "out")
        tracer = subprocess.Popen([*prefix, VDSOTRACE, *options, "-o", file, "-p", str(caller.pid)], stderr=subprocess.PIPE, text=True, **popen)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        while not file.exists() and tracer.poll() is None:
            os.sched_yield()
        return tracer, file

    def observed(self, *options, caller=None, status=0, program="direct", **how):
        """(process, its claims, what was reported, what was said on standard error)."""
        caller = caller or Caller(self, 4, 500, program)
        tracer, file = self.attach(caller, "audit", "--json", *options, **how)
        caller.go()
        claims = caller.claims()
        tracer.send_signal(signal.SIGINT)
        said = tracer.stderr.read()
        self.assertEqual(tracer.wait(testing.TIMEOUT), status, said)
        return caller, claims, Report(json.loads(file.read_text())), said

    def require_trace_points(self):
        caller = Caller(self, 0, 1)
        ran = testing.vdsotrace("-c", "-e", "trace=%vdso", "--direct=tracepoints", "--duration=0.01", "-p", caller.pid)
        if ran.status != 0:
            self.skipTest(ran.stderr)

    def test_every_call_of_every_thread_and_no_stop(self):
        self.require_trace_points()
        for options in ((), ("--direct=tracepoints",), ("-T",)):
            with self.subTest(options=options):
                caller, claims, report, said = self.observed(*options)
                self.assertEqual(claims.differences(report, False), [])
                self.assertEqual((report.audit["lost"], report.audit["complete"]), (0, True))
                self.assertIn(SEEN, report.audit["notices"])
                self.assertIn(SEEN, said)
                # Each thread makes some system calls that nobody asks for beside five that are.
                self.assertLess(caller.switched, caller.calls)

    def test_many_threads(self):
        """Those that are there when vdsotrace comes have the same events, however many they are; those that come later have as many
        each, while all are few. Where that is not permitted each has two events on each processor, if raw_syscalls are, as twelve are too many."""
        self.require_trace_points()
        before, born = 100, 20
        for options, points in (((), 1), (("-T",), 2)):
            with self.subTest(options=options):
                caller = Caller(self, born, 10, before=before, more=["i386"] * runs_int80())
                code = code_of_vdso(caller.pid)
                tracer, file = self.attach(caller, "audit", "--json", *options)
                # All are stopped then.
                testing.wait_until(lambda: code_of_vdso(caller.pid) != code or tracer.poll() is not None)
                caller.go()
                claims = caller.claims()
                events = len(events_of(tracer))
                tracer.send_signal(signal.SIGINT)
                said = tracer.stderr.read()
                self.assertEqual(tracer.wait(testing.TIMEOUT), 0, said)
                report = Report(json.loads(file.read_text()))
                self.assertEqual(claims.differences(report, False), [])
                self.assertEqual((report.audit["lost"], report.audit["complete"]), (0, True))
                self.assertIn(SEEN, report.audit["notices"])
                self.assertLess(caller.switched, caller.calls)
                if may_filter_trace_points() and in_first_pid_namespace():
                    # Those of processors; of the leader and a thread that it has made, if these were many; and one for each ring.
                    own = (2 * 6 * points + 1) * os.cpu_count()
                    self.assertLessEqual(events, max(MOST_EVENTS, 6 * points * os.cpu_count()) + own)

    def check_complete(self, caller, *options):
        """All calls of that process and no others; answers what was reported."""
        _, claims, report, _ = self.observed(*options, caller=caller)
        self.assertEqual((report.audit["lost"], report.audit["complete"]), (0, True))
        self.assertIn(SEEN, report.audit["notices"])
        self.assertEqual(claims.differences(report, False), [])

    def test_threads_that_make_threads(self):
        """Each of them had no events of its own before. The rings have room for all of their calls."""
        self.require_trace_points()
        for options in ((), ("-T",), ("-f",)):
            with self.subTest(options=options):
                self.check_complete(Caller(self, 12, 60, before=6, more=["births"]), *options)

    def test_later_threads_have_no_events_of_their_own(self):
        """Such events would cost whenever threads take turns: theirs are of processors, for each thread one of every trace point."""
        self.require_trace_points()
        if not may_filter_trace_points() or not in_first_pid_namespace():
            self.skipTest("threads may not be picked by their numbers here")
        born = 4
        expected = (1 + born) * 6 * os.cpu_count()
        if expected > MOST_EVENTS:
            self.skipTest("these would be too many here")
        caller = Caller(self, born, 10)
        tracer, _ = self.attach(caller, "audit")
        caller.go()
        caller.claims()
        self.assertEqual(len(events_of(tracer)), expected + os.cpu_count())

    def test_more_threads_than_events_of_processors(self):
        """Then who makes another thread, and is seen by such events, gets its own, which its next ones have by that."""
        self.require_trace_points()
        for options in ((), ("-T",)):
            with self.subTest(options=options):
                self.check_complete(Caller(self, 60, 5, before=2), *options)

    def test_strangers_between(self):
        """A filter has no room for so many numbers that are not in a row: it picks out processes, too, that are not observed."""
        self.require_trace_points()
        self.check_complete(Caller(self, 10, 5, before=80, more=["strangers"]))

    def test_in_a_pid_namespace(self):
        """Threads are not picked by numbers that are others to the kernel: each has events of its own, twelve or, where they are many, two."""
        self.require_trace_points()
        prefix = ["unshare", "--pid", "--fork", "--mount-proc"]
        if not shutil.which("unshare") or testing.run([*prefix, "true"]).status != 0:
            self.skipTest("no PID namespace can be made here")
        for test in ("test_every_call_of_every_thread_and_no_stop", "test_many_threads"):
            with self.subTest(test):
                ran = testing.run([*prefix, testing.PYTHON, __file__, "DirectCallsTest." + test])
                self.assertEqual(ran.status, 0, ran.stderr)

    def test_what_is_mapped_is_read_once_for_all_threads(self):
        """All of them wait meanwhile, and it is long where there are many. Stubs ask for each thread's stack beside that: since
        Linux 6.11 without reading all, before out of what has been read once."""
        self.require_trace_points()
        testing.require_program("strace")
        threads = 100
        caller = Caller(self, 0, 1, before=threads)
        for options, kernel in (([], []), (["--direct=off"], ["-e", "inject=ioctl:error=ENOTTY"])):
            with self.subTest(kernel=kernel), tempfile.TemporaryDirectory() as folder:
                log = Path(folder, "log")
                ran = testing.run(["strace", "-f", "-e", "trace=openat,openat2,read,ioctl", *kernel, "-o", log, VDSOTRACE, "audit",
                                   *options, "--duration=0.01", "-o", Path(folder, "out"), "-p", caller.pid])
                self.assertEqual(ran.status, 0, ran.stderr)
                if not options:
                    self.assertIn(SEEN, ran.stderr)
                opened = len(re.findall(r'/maps"', log.read_text()))
                reads = len(re.findall(r'/maps".*\n.*read\(', log.read_text()))
                self.assertGreater(reads, 0)
                self.assertLess(reads, threads // 2)
                self.assertLess(opened, threads // 2)

    def test_little_is_asked_while_all_threads_are_stopped(self):
        """They are interrupted once, when all are seized and the processes have been looked for that share its memory, and
        what sleeps in a call that strict seccomp forbids is not asked in /proc whether it is under that."""
        testing.require_program("strace")
        threads = 100
        caller = Caller(self, 0, 1, before=threads)
        tasks = [task.name for task in Path(f"/proc/{caller.pid}/task").iterdir()]
        testing.wait_until(lambda: all(testing.state_of(tid) == "S" for tid in tasks))
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            ran = testing.run(["strace", "-f", "-e", "trace=openat,openat2,ptrace", "-o", log, VDSOTRACE, "audit",
                               "--duration=0.01", "-o", Path(folder, "out"), "-p", caller.pid])
            self.assertEqual(ran.status, 0, ran.stderr)
            before, *stopped = re.split(r"ptrace\(PTRACE_INTERRUPT,", log.read_text())
        self.assertEqual(before.count("ptrace(PTRACE_SEIZE,"), threads + 1)
        self.assertIn("/children\"", before)
        asked = "".join(stopped)
        self.assertNotIn("/children\"", asked)
        self.assertLess(len(re.findall(r'/status"', asked)), threads // 2)
        # To attach, and to detach.
        self.assertLess(len(stopped), 3 * threads)

    def test_a_32_bit_program(self):
        """Fallbacks too, as it has no stubs: the stack of a sample shows who used the vDSO's gate for system calls."""
        self.require_trace_points()
        if not Path(target("direct_m32")[0]).exists():
            self.skipTest("direct_m32 was not built: no compiler for it")
        for options in ((), ("-T",)):
            with self.subTest(options=options):
                caller, claims, report, _ = self.observed(*options, program="direct_m32")
                if any("it stops at each system call" in notice for notice in report.audit["notices"]):
                    self.skipTest("raw_syscalls is not permitted")
                for name in DIRECT:
                    self.assertEqual(report.count(name, "syscall"), claims.made[name, "syscall"], name)
                fallbacks = [call for call in report.audit["calls"] if call["route"] == "fallback"]
                self.assertEqual({call["clock"]: call["count"] for call in fallbacks}, {"CLOCK_THREAD_CPUTIME_ID": caller.calls})
                self.assertIn(SEEN, report.audit["notices"])
                self.assertLess(caller.switched, caller.calls)
                callers = {who["symbol"] for call in report.audit["calls"] if call["route"] == "syscall" for who in call["callers"]}
                self.assertEqual(callers, {"ask_directly", "work"})

    def test_stops_by_name(self):
        caller, claims, report, said = self.observed("--direct=stops")
        self.assertEqual(claims.differences(report, False), [])
        self.assertIn("stop at every system call (--direct=stops)", said)
        self.assertGreater(caller.switched, 5 * caller.calls)

    def test_callers_and_errors(self):
        self.require_trace_points()
        caller, _, report, _ = self.observed()
        for name in DIRECT:
            callers = {(who["symbol"], os.path.basename(who["module"]))
                       for call in report.audit["calls"] if (call["name"], call["route"]) == (name, "syscall") for who in call["callers"]}
            self.assertIn(("ask_directly", "direct"), callers)
        errors = sum(call["errors"] for call in report.audit["calls"] if call["route"] == "syscall")
        self.assertEqual(errors, caller.calls)

    def test_a_summary(self):
        self.require_trace_points()
        caller = Caller(self, 3, 400)
        tracer, file = self.attach(caller, "-c", "--json", "-e", "trace=%vdso")
        caller.go()
        claims = caller.claims()
        tracer.send_signal(signal.SIGINT)
        self.assertEqual(tracer.wait(testing.TIMEOUT), 0)
        summary = json.loads(file.read_text().splitlines()[-1])
        self.assertEqual(claims.differences(Report(summary), False), [])
        self.assertLess(caller.switched, caller.calls)
        for call in summary["calls"]:
            if call["route"] == "syscall":
                self.assertGreater(call["duration_ns"], 0)

    def test_each_call_in_the_order_in_which_its_thread_made_it(self):
        """Stubs show some, trace points the others."""
        self.require_trace_points()
        caller = Caller(self, 3, 400)
        tracer, file = self.attach(caller, "--json", "--callers", "-e", "trace=%vdso")
        caller.go()
        claims = caller.claims()
        tracer.send_signal(signal.SIGINT)
        self.assertEqual(tracer.wait(testing.TIMEOUT), 0)
        events = [json.loads(line) for line in file.read_text().splitlines()]
        self.assertEqual(claims.differences(Report(events[-1]), False), [])
        self.assertLess(caller.switched, caller.calls)
        calls = [event for event in events if event["type"] == "call"]
        by_thread = collections.defaultdict(list)
        for call in calls:
            by_thread[call["tid"]].append((call["name"], call["route"] == "syscall", call["errno"]))
        turn = [(name, True, None) for name in DIRECT] + [("clock_gettime", False, None)] * 2 + [("clock_gettime", True, "EINVAL")]
        self.assertEqual(len(by_thread), 4)
        for made in by_thread.values():
            wrong = next((i for i, call in enumerate(made) if call != turn[i % len(turn)]), None)
            self.assertIsNone(wrong, wrong is not None and made[max(0, wrong - 8):wrong + 8])
        for call in calls:
            if call["route"] == "syscall":
                self.assertEqual(call["caller"]["symbol"], "work" if call["errno"] else "ask_directly")
            if (call["name"], call["route"], call["errno"]) == ("clock_gettime", "syscall", None):
                self.assertRegex(call["args"][1], r"^\{tv_sec=\d+, tv_nsec=\d+\}$")
        # A process's end comes after its calls.
        self.assertIn("summary", events[-1]["type"])

    def stopped_between(self, tracer, caller):
        """Whether vdsotrace was stopped while no thread of the program was in a ptrace stop, or about to enter one: all sleep."""
        tracer.send_signal(signal.SIGSTOP)
        testing.wait_until(lambda: state_of(Path("/proc", str(tracer.pid))) == "T")
        if all(state_of(task) == "S" for task in Path(f"/proc/{caller.pid}/task").iterdir()):
            return True
        tracer.send_signal(signal.SIGCONT)
        return False

    def test_what_there_was_no_room_for_is_counted(self):
        """While vdsotrace is stopped the rings run over."""
        self.require_trace_points()
        caller = Caller(self, 0, 40_000)
        before = code_of_vdso(caller.pid)
        tracer, file = self.attach(caller, "-c", "-e", "trace=%vdso")
        testing.wait_until(lambda: code_of_vdso(caller.pid) != before)
        testing.wait_until(lambda: self.stopped_between(tracer, caller))
        caller.go()
        claims = caller.claims()
        tracer.send_signal(signal.SIGCONT)
        tracer.send_signal(signal.SIGINT)
        said = tracer.stderr.read()
        self.assertEqual(tracer.wait(testing.TIMEOUT), 0)
        table = file.read_text()
        seen = int(re.search(r"(\d+) direct system calls", table).group(1))
        made = sum(claims.made[name, "syscall"] for name in DIRECT)
        lost = int(re.search(r"direct system calls: seen by trace points, (\d+) lost\n", said).group(1))
        self.assertLess(seen, made)
        self.assertGreaterEqual(seen + lost, made)
        self.assertIn(f"vdsotrace: {lost} calls could not be recorded\n", said)
        self.assertIn(" total (incomplete)\n", table)

    def test_a_processor_is_taken_offline(self):
        """Its events see no more from then on, which the time shows that they have been on."""
        self.require_trace_points()
        if not (may_filter_trace_points() and in_first_pid_namespace()):
            self.skipTest("threads have events of their own, which come back with the processor")
        caller = Caller(self, 0, 10)
        code = code_of_vdso(caller.pid)
        tracer, file = self.attach(caller, "audit", "--json", "--fail-on", "syscall>1000000")
        testing.wait_until(lambda: code_of_vdso(caller.pid) != code or tracer.poll() is not None)
        put_off(tracer)
        off = time.monotonic()
        testing.wait_until(lambda: time.monotonic() > off + 0.2)
        tracer.send_signal(signal.SIGINT)
        said = tracer.stderr.read()
        self.assertEqual(tracer.wait(testing.TIMEOUT), 3, said)
        self.assertIn("direct system calls are not all seen: a processor was taken offline meanwhile", said)
        self.assertFalse(json.loads(file.read_text())["complete"])

    def check_unseen(self, why, **how):
        """Only what goes through the vDSO is there, and everybody is told."""
        caller, claims, report, said = self.observed("--fail-on", "syscall", status=3, **how)
        self.assertEqual(report.count("clock_gettime", "vdso", "fallback"), claims.made["clock_gettime", "any"])
        self.assertEqual(report.audit["routes"]["syscall"], 0)
        self.assertFalse(report.audit["complete"])
        self.assertRegex(said, rf"process {caller.pid}: direct system calls are not seen \({why}.*\): --direct=stops shows them")
        self.assertIn("--fail-on: calls by route syscall may be missing: process", said)
        self.assertLess(caller.switched, caller.calls)

    def test_perf_events_refused(self):
        forbid = testing.without_call(PERF_EVENT_OPEN, errno.EACCES)
        self.check_unseen("perf_event_open: Permission denied", preexec_fn=forbid)
        caller = Caller(self, 0, 1)
        ran = testing.run([sys.executable, "-c", ONLY_TRACE_POINTS, VDSOTRACE, str(caller.pid), str(Path(__file__).resolve().parent.parent)])
        self.assertEqual(ran.status, 1)
        self.assertRegex(ran.stderr, "^vdsotrace: perf_event_open: Permission denied\n")

    def hidden(self):
        prefix = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys/kernel && exec "$@"', "sh"]
        if not shutil.which("unshare") or testing.run([*prefix, "true"]).status != 0:
            self.skipTest("nothing can be mounted here")
        return prefix

    def test_tracefs_hidden(self):
        """There is a mount that only vdsotrace has."""
        self.require_trace_points()
        _, claims, report, _ = self.observed(prefix=self.hidden())
        self.assertEqual(claims.differences(report, False), [])
        self.assertIn(SEEN, report.audit["notices"])

    def test_tracefs_hidden_and_none_to_be_mounted(self):
        self.check_unseen("tracefs is not mounted or may not be read", prefix=self.hidden(),
                          preexec_fn=testing.without_call(FSOPEN, errno.EPERM))

    def test_off(self):
        _, claims, report, said = self.observed("--direct=off", "--fail-on", "syscall", status=3)
        self.assertEqual(report.count("clock_gettime", "vdso", "fallback"), claims.made["clock_gettime", "any"])
        self.assertEqual(report.audit["routes"]["syscall"], 0)
        self.assertIn("direct system calls are not seen (--direct=off)", said)

    def test_what_makes_no_sense(self):
        for options, why in ((["--direct=maybe", "true"], "--direct=maybe: unknown"),
                             (["--direct=off", "true"], "--direct=off: needs -p"),
                             (["--direct=tracepoints", "-p", "1"], "--direct=tracepoints: other system calls are traced, too"),
                             (["--direct=off", "--engine=breakpoint", "-p", "1"], "--direct=off and --engine=breakpoint exclude"),
                             (["--direct=stops", "--engine=perf", "-p", "1"], "--direct=stops and --engine=perf exclude")):
            ran = testing.vdsotrace(*options)
            self.assertEqual(ran.status, 1)
            self.assertIn(why, ran.stderr)


ONLY_TRACE_POINTS = """
import os, sys
sys.path.insert(0, sys.argv[3] + "/support")
import vdsotrace_testing as testing
testing.without_call(298, 13)()
os.execv(sys.argv[1], [sys.argv[1], "audit", "--direct=tracepoints", "-p", sys.argv[2]])
"""

if __name__ == "__main__":
    testing.main()
