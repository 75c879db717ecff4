"""Attaching to processes that are peculiar: in other namespaces, under seccomp, of another word size, without a
vDSO, with very many threads, in the middle of a vfork."""

import ctypes
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, target, vdsotrace
from attach_test import SEED, Attached, Served, field
from targets_test import KINDS

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


def allow_all():
    """Puts the calling process under a seccomp filter that permits everything."""
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    libc = ctypes.CDLL(None)
    accept = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))  # BPF_RET, SECCOMP_RET_ALLOW
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(1, ctypes.addressof(accept))), 0, 0) != 0:
        os._exit(98)


def program_of(process, name):
    """The process that runs `name`: this one or a descendant."""
    pid = process.pid
    while Path(f"/proc/{pid}/comm").read_text().strip() != name:
        pid = testing.children_of(pid)[0]
    return pid


class PeculiarTest(unittest.TestCase):
    ROUNDS = 2

    def cycles(self, kind, prefix=(), program="serve", options=(), ready=b"[vdso]", **how):
        served = Served(self, kind, prefix, program, **how)
        served.pid = program_of(served.process, program)
        for _ in range(self.ROUNDS):
            for follow in ([], ["-f"]):
                Attached(self, served.pid, *options, *follow, "-e", "trace=%vdso", ready=ready).finish(signal.SIGINT)
                served.check()
        served.end()

    def test_in_other_namespaces(self):
        testing.require_program("unshare")
        for options in (["-fp", "--mount-proc"], ["-m"], ["-U", "-m"], ["-fT", "--monotonic", "1000"]):
            if run(["unshare", *options, "true"]).status != 0:
                continue
            for kind in ("calls", "forks"):
                with self.subTest(" ".join([*options, kind])):
                    self.cycles(kind, ["unshare", *options])

    def contained(self):
        """A container's first process, which has number 1 there."""
        testing.require_program("unshare")
        inner = ["unshare", "-fp", "--mount-proc"]
        if run([*inner, "true"]).status != 0:
            self.skipTest("no PID namespace may be made here")
        served = Served(self, "calls", inner)
        return served, program_of(served.process, "serve")

    def check_attach_line(self, *engine):
        served, pid = self.contained()
        options = ["-p", str(pid), "--duration=0.1", "-e", "trace=%vdso", *engine]
        line = next(line for line in vdsotrace(*options).stderr.splitlines() if " attached" in line)
        self.assertRegex(line, rf"^vdsotrace: Process {pid} attached( with \d+ threads)? \(1 in its PID namespace\)$")
        events = map(json.loads, vdsotrace("--json", *options).stderr.splitlines())
        self.assertEqual([event["pid_inside"] for event in events if "pid_inside" in event], [1])
        served.end()

    def test_its_own_number_is_said_beside_ours(self):
        self.check_attach_line()

    def test_its_own_number_is_said_beside_ours_under_perf(self):
        testing.require_perf_engine()
        self.check_attach_line("--engine=perf")

    def test_its_own_number_in_an_audit(self):
        served, pid = self.contained()
        inside = lambda one: json.loads(vdsotrace("audit", "--json", "-p", str(one), "--duration=0.1").stderr.splitlines()[0])["pids_inside"]
        self.assertEqual(inside(pid), [1])
        self.assertEqual(inside(served.process.pid), [None])
        self.assertIn(f"program      process {pid} (1 in its PID namespace)\n", vdsotrace("audit", "-p", str(pid), "--duration=0.1").stderr)
        served.end()

    def test_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        testing.require_program("setpriv")
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if run([*nobody, "test", "-x", target("serve")[0]]).status != 0:
            self.skipTest("others may not run " + target("serve")[0])
        for kind in ("calls", "forks"):
            with self.subTest(kind):
                self.cycles(kind, nobody)

    def test_under_a_debugger(self):
        """It is left to the debugger, and can be attached to once that has gone."""
        testing.require_program("gdb")
        served = Served(self)
        debugger = subprocess.Popen(["gdb", "-q", "-nx", "-p", str(served.pid)], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(debugger.kill)
        debugger.stdin.write("echo attached\\n\n")
        debugger.stdin.flush()
        while "attached\n" not in (line := debugger.stdout.readline()):
            self.assertTrue(line)
        ran = vdsotrace("-p", str(served.pid))
        self.assertEqual(ran.status, 1)
        self.assertIn(f"already traced by process {debugger.pid} (gdb)", ran.stderr)
        debugger.communicate("detach\nquit\n")
        served.check()
        Attached(self, served.pid, "-e", "trace=%vdso", ready=b"[vdso]").finish(signal.SIGINT)
        served.check()
        served.end()

    def test_under_seccomp(self):
        for kind in ("calls", "births", *(["handlers"] if os.geteuid() == 0 else [])):
            with self.subTest(kind):
                self.cycles(kind, preexec_fn=allow_all)

    def test_under_filters_that_forbid(self):
        """What it would be killed for it is not made to do, as its filters are in force again when we are killed."""
        testing.require_program("strace")
        for answer in ("errno", "kill"):
            for call in ("mmap", "munmap", "memfd_create", "close", "prctl", "rt_sigprocmask"):
                with self.subTest(f"{answer} {call}"):
                    program = subprocess.Popen(target("barred", answer, call), stdin=subprocess.PIPE,
                                               stdout=subprocess.PIPE, bufsize=0)
                    self.addCleanup(program.kill)
                    self.addCleanup(program.stdout.close)
                    self.assertEqual(program.stdout.readline(), b"ready\n")

                    def ask():
                        program.stdin.write(b"x")
                        self.assertEqual(program.stdout.read(1), b".", program.poll())
                        self.assertEqual(int(field(program.pid, "SigBlk"), 16), 0)

                    nth, killed = random.randrange(1, 5), True
                    while killed:
                        ran = run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=ptrace",
                                   "-e", f"inject=ptrace:signal=KILL:when={nth}", testing.VDSOTRACE, "-o", "/dev/null",
                                   "-e", "trace=%vdso", "--duration", "0.01", "-p", str(program.pid)])
                        killed = ran.status == -signal.SIGKILL
                        ask()
                        nth += random.randrange(1, 5)
                    tracer = Attached(self, program.pid, "-e", "trace=%vdso")
                    ask()
                    text = tracer.finish(signal.SIGINT)
                    may_fail = answer == "errno" or call == "prctl"
                    harmless = os.geteuid() == 0 and may_fail and call != "rt_sigprocmask"
                    self.assertEqual("it is under seccomp; --engine=perf" in text, not harmless, text)
                    ask()
                    program.stdin.close()
                    self.assertEqual(program.wait(30), 8)

    def test_without_the_counter(self):
        """Stubs of ours must not read it either, also once we are gone."""
        for how, told in (("strict", b"runs already: "), ("counter", b"time-stamp counter: ")):
            with self.subTest(how):
                program = subprocess.Popen(target("coarse", how), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.addCleanup(program.kill)
                self.addCleanup(program.stdout.close)
                self.assertEqual(program.stdout.readline(), "ready\n")
                for _ in range(self.ROUNDS):
                    for options in (["-e", "trace=%vdso"], ["-c"]):
                        tracer = Attached(self, program.pid, *options, ready=None if "-c" in options else told)
                        testing.wait_until(lambda: field(program.pid, "TracerPid") != "0")
                        tracer.process.kill()
                        tracer.process.communicate(timeout=60)
                        program.stdin.write("x")
                        program.stdin.flush()
                        self.assertEqual(program.stdout.read(1), ".", program.poll())
                program.stdin.close()
                self.assertEqual(program.wait(30), 8)

    def test_the_counter_is_forbidden_meanwhile(self):
        """By a program that stubs observe: it does not notice, nor when we are killed then."""
        for ending in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(ending.name):
                self.forbid_the_counter(ending)

    def forbid_the_counter(self, ending):
        program = subprocess.Popen(target("coarse", "later"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.addCleanup(program.kill)
        self.addCleanup(program.stdout.close)
        self.assertEqual(program.stdout.readline(), b"ready\n")
        tracer = Attached(self, program.pid, "-e", "trace=%vdso", ready=None)
        testing.wait_until(lambda: "memfd:vdsotrace" in Path(f"/proc/{program.pid}/maps").read_text())
        for byte in (b"x", b"f", b"x"):
            program.stdin.write(byte)
            self.assertEqual(program.stdout.read(1), b".", program.poll())
        tracer.process.send_signal(ending)
        text = tracer.process.communicate(timeout=60)[1].decode()
        if ending == signal.SIGINT:
            self.assertNotIn("SIGSEGV", text)
            self.assertEqual((text.count("CLOCK_MONOTONIC_COARSE"), text.count("time(NULL)")), (300, 300))
        program.stdin.write(b"x")
        self.assertEqual(program.stdout.read(1), b".", program.poll())
        program.stdin.close()
        self.assertEqual(program.wait(30), 8)

    def test_32_bit(self):
        self.require_32_bit()
        for engine, ready in (("auto", b" attached"), ("breakpoint", b"[vdso]"), ("step", b"[vdso]")):
            for kind in ("calls", "births", "forks", "handlers"):
                with self.subTest(f"{engine} {kind}"):
                    self.cycles(kind, program="serve_m32", options=["--engine=" + engine], ready=ready)

    def test_vdsotrace_is_killed_on_a_32_bit_program(self):
        """No breakpoint may be in it, unless that engine was asked for."""
        self.require_32_bit()
        served = Served(self, "calls", program="serve_m32")
        for engine in ("auto", "inline"):
            for _ in range(5):
                tracer = Attached(self, served.pid, "--engine=" + engine, ready=b" attached")
                tracer.process.kill()
                tracer.process.communicate(timeout=60)
                served.check("progress")
        trace = Attached(self, served.pid, "--engine=inline", ready=b"SIGKILL").finish(signal.SIGINT)
        self.assertRegex(trace, "i386 program that runs already: .*--engine=breakpoint")
        served.check()
        served.end()

    def test_no_breakpoint_is_left_by_chance(self):
        """Whatever stubs do not serve: a process that is killed with us attached to it must not meet a breakpoint."""
        served = Served(self)
        for options in (["-s", "200"], ["--callers", "-s", "200"], ["--json"]):
            tracer = Attached(self, served.pid, *options, ready=None)
            testing.wait_until(lambda: "memfd:vdsotrace" in Path(f"/proc/{served.pid}/maps").read_text())
            tracer.process.stderr.read1()
            tracer.process.kill()
            tracer.process.communicate(timeout=60)
            served.check("progress")
        Attached(self, served.pid).finish(signal.SIGINT)
        served.check()
        served.end()

    def require_32_bit(self):
        if not Path(target("serve_m32")[0]).exists():
            self.skipTest("serve_m32 was not built: no compiler for it")

    def test_without_and_with_a_moved_vdso(self):
        for how in ("unmap", "move"):
            with self.subTest(how):
                program = subprocess.Popen(target("lost_vdso", how), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           text=True)
                self.addCleanup(program.kill)
                self.assertEqual(program.stdout.readline(), "ready\n")
                tag = b"[syscall]" if how == "unmap" else b"[vdso]"
                for _ in range(self.ROUNDS):
                    text = Attached(self, program.pid, "-e", "trace=%vdso", ready=tag).finish(signal.SIGTERM)
                    self.assertEqual("has no vDSO" in text, how == "unmap", text)
                program.communicate()
                self.assertEqual(program.returncode, 0)

    def test_a_thousand_threads(self):
        program = subprocess.Popen(target("many_threads", 1000), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), "ready\n")
        for _ in range(self.ROUNDS):
            text = Attached(self, program.pid, "-e", "trace=%vdso", ready=b"[vdso]").finish(signal.SIGINT)
            self.assertIn("attached with 1001 threads", text)
            self.assertEqual(text.count(" detached\n"), 1001)
        self.assertEqual(field(program.pid, "TracerPid"), "0")
        program.communicate()
        self.assertEqual(program.returncode, 0)

    def test_in_the_middle_of_a_vfork(self):
        """The parent sleeps where nothing wakes it; its child runs in the same memory. Either may be attached to."""
        for who in ("parent", "child"):
            with self.subTest(who):
                program = subprocess.Popen(target("long_vfork"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.addCleanup(program.kill)
                self.assertEqual(program.stdout.readline(), "ready\n")
                pid = program.pid if who == "parent" else testing.children_of(program.pid)[0]
                for _ in range(self.ROUNDS):
                    Attached(self, pid, ready=b" attached").finish(signal.SIGINT)
                tracer = Attached(self, pid, "-e", "trace=%vdso", ready=b" attached")
                program.communicate()
                self.assertEqual(program.returncode, 0)
                text = tracer.finish()
                self.assertEqual(len(re.findall(r"clock_gettime.*\[vdso\]", text)), 5)

    def test_its_first_thread_has_ended(self):
        """While we were there, or before: the others are detached, and go on."""
        for options in (["-e", "trace=%vdso"], [], ["--engine=breakpoint"], ["-f"]):
            with self.subTest(options):
                program = subprocess.Popen(target("gone_leader"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           bufsize=0)
                self.addCleanup(program.kill)
                self.addCleanup(program.stdout.close)
                self.assertEqual(program.stdout.readline(), b"ready\n")
                tracer = Attached(self, program.pid, *options)
                program.stdin.write(b"x")
                self.assertEqual(program.stdout.readline(), b"gone\n")
                testing.wait_until(lambda: field(program.pid, "State") == "Z")
                for _ in range(self.ROUNDS):
                    tracer.finish(signal.SIGINT)
                    program.stdin.write(b"x")
                    self.assertEqual(program.stdout.read(1), b".")
                    tracer = Attached(self, program.pid, *options)
                tracer.finish(signal.SIGTERM)
                program.stdin.close()
                self.assertEqual(program.wait(30), 6)

    def test_its_children(self):
        """They run clean where nobody follows them, and are counted where -f does, however they are made."""
        for engine in ("auto", "breakpoint"):
            for follow in ([], ["-f"]):
                for kind in KINDS:
                    if kind.startswith("busy"):
                        continue  # tests/targets/serve does that
                    with self.subTest(f"{engine} {follow} {kind}"):
                        self.check_children(kind, ["--engine=" + engine, *follow])

    def check_children(self, kind, options):
        program = subprocess.Popen(target("children", kind, "wait"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(program.kill)
        self.assertEqual(program.stdout.readline(), "ready\n")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "trace")
            tracer = Attached(self, program.pid, *options, "--json", "-o", str(file), ready=None)
            testing.wait_until(lambda: file.exists() and '"attach"' in file.read_text())
            said, errors = program.communicate("\n")
            self.assertEqual(program.returncode, 0, errors)
            tracer.finish()
            trace = testing.Trace((0, said, ""), file.read_text())
        self.assertEqual(trace.summary["lost"], 0)
        if testing.user_space_clock():
            self.assertFalse(testing.Claims(said).differences(trace, "-f" in options))

    def test_strace_sees_the_same(self):
        """Attached to one sleeper after the other, both name the call that goes on."""
        testing.require_program("strace")
        sleeper = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        pattern = r"restart_syscall\(<\.\.\. resuming interrupted \w+ \.\.\.>"
        text = Attached(self, sleeper.pid, ready=b"restart_syscall(<").finish(signal.SIGINT)
        self.assertRegex(text, pattern + r" <detached \.\.\.>")
        self.assertIn("interrupted clock_nanosleep ", text)
        strace = subprocess.Popen(["strace", "-p", str(sleeper.pid)], stderr=subprocess.PIPE, text=True)
        strace.stderr.readline()
        line = strace.stderr.read(len("restart_syscall(<... resuming interrupted read ...>"))
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        self.assertRegex(line, pattern)


if __name__ == "__main__":
    testing.main()
