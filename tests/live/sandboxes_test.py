"""Sandboxes: /proc and /sys are missing, made up, or those of others. The calls are all the same, or it is said why not."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, Trace, example, run, target

# What is done in a mount namespace of its own before the command is run. Where /proc is not that of our processes it is said why.
NO_PROC = "mount -t tmpfs none /proc"
# Everything that a caller could look for, of another process.
FALSE_PROC = NO_PROC + """ &&
for place in self 1 2 3 4 5 6 7 8 9 10; do
  mkdir -p /proc/$place/task/$place && echo '555500000000-555500002000 r-xp 00000000 00:00 0 [vdso]' > /proc/$place/maps &&
  printf 'Name:\\tfalse\\nTgid:\\t1\\nTracerPid:\\t1\\nSeccomp:\\t0\\nSeccomp_filters:\\t0\\n' > /proc/$place/status &&
  echo "1 (false) Z 0" > /proc/$place/stat || exit 1
done"""
NOT_MOUNTED, OF_OTHERS = "/proc is not mounted", "/proc is that of another PID namespace"
SANDBOXES = {
    "no /proc": (["-m"], NO_PROC, NOT_MOUNTED),
    "a false /proc": (["-m"], FALSE_PROC, NOT_MOUNTED),
    "an outer namespace's /proc": (["-m", "--pid", "--fork", "--kill-child"], "true", OF_OTHERS),
    "an ended namespace's /proc": (["-m"], "unshare --pid --fork mount -t proc proc /proc", OF_OTHERS),
    "/proc with hidepid": (["-m"], "mount -t proc -o hidepid=2 proc /proc", None),
    "a PID namespace and its /proc": (["-m", "--pid", "--fork", "--kill-child"], "mount -t proc proc /proc", None),
    "no /sys": (["-m"], "mount -t tmpfs none /sys", None),
    "neither": (["-m"], NO_PROC + " && mount -t tmpfs none /sys", NOT_MOUNTED),
}
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
TIMEOUT = 60


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()
    testing.require_program("unshare", "mount")


def inside(options, prepare, command):
    return ["unshare", *options, "sh", "-c", f'{prepare} || exit 125; exec "$@"', "sh", *map(str, command)]


def sandboxes(distrusted=None):
    """Those that can be made here: name, how to run a command in it, why its /proc is no good."""
    for name, (options, prepare, why) in SANDBOXES.items():
        made = run(inside(options, prepare, ["true"])).status == 0
        if made and (distrusted is None or (why is not None) == distrusted):
            yield name, lambda command, o=options, p=prepare: inside(o, p, command), why


def runs(program):
    try:
        return run(program).status == 0
    except OSError:
        return False  # not there, or this kernel runs none of its kind


def engines(user=()):
    """Those that can be used here, by us or by somebody else."""
    others = [name for name in ("inline", "breakpoint", "step", "perf")
              if run([*user, VDSOTRACE, f"--engine={name}", "-o", "/dev/null", "true"]).status == 0]
    return ["auto", *others]


class SandboxesTest(unittest.TestCase):
    def setUp(self):
        if not list(sandboxes()):
            self.skipTest("no namespaces may be made here")

    def run_in(self, wrap, *command):
        return run(wrap(command), timeout=TIMEOUT)

    def trace_in(self, wrap, command, *options):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "trace")
            ran = self.run_in(wrap, VDSOTRACE, "--json", "-o", file, *options, "--", *command)
            return Trace(ran, Path(file).read_text() if os.path.exists(file) else "")

    def check_six(self, trace):
        self.assertEqual(trace.status, 0, trace.stderr)
        counted = {(call["clock"], call["route"]): call["count"] for call in trace.summary["calls"]
                   if call["name"] == "clock_gettime"}
        self.assertEqual(counted, {("CLOCK_MONOTONIC", "vdso"): 5, ("CLOCK_PROCESS_CPUTIME_ID", "fallback"): 1})
        self.assertEqual(trace.summary["lost"], 0)

    def test_every_engine(self):
        """A trace, a summary, one with times, and of children."""
        for name, wrap, why in sandboxes():
            for engine in engines():
                for options in ([], ["-c"], ["-c", "-T"], ["-f"], ["-e", "route=vdso,fallback"], ["--callers"]):
                    with self.subTest(f"{name}, {engine} {' '.join(options)}"):
                        trace = self.trace_in(wrap, target("few_calls"), f"--engine={engine}", *options)
                        self.check_six(trace)
                        if why and engine in ("auto", "inline") and "-c" not in options:
                            notices = [notice["text"] for notice in trace.of_type("notice")]
                            self.assertTrue(any("no stubs" in text for text in notices), notices)

    def test_each_kind_of_program(self):
        """Static, of 32 bits, x32: their stacks and vDSOs are others."""
        programs = [target(f"each_call{kind}") for kind in ("", "_static", "_m32", "_x32")]
        for program in programs:
            if not runs(program):
                continue
            expected = self.trace_in(list, program, "-c").summary["calls"]
            for name, wrap, _ in sandboxes(distrusted=True):
                with self.subTest(f"{name}, {os.path.basename(program[0])}"):
                    trace = self.trace_in(wrap, program, "-c")
                    routes = lambda calls: sorted((call["name"], call["clock"] or "", call["route"], call["count"])
                                                  for call in calls if call["route"] is not None)
                    self.assertEqual(routes(trace.summary["calls"]), routes(expected))

    def test_families(self):
        """Children by fork and vfork, executed programs, threads."""
        for name, wrap, _ in sandboxes(distrusted=True):
            for engine in engines():
                if engine == "step":
                    continue
                with self.subTest(f"{name}, {engine}"):
                    trace = self.trace_in(wrap, example("fork-tree", 2), f"--engine={engine}", "-f")
                    self.assertEqual((trace.status, trace.count("clock_gettime", "vdso")), (0, 7), trace.stderr)
                    if engine != "perf":  # what it sees of a spawned program depends on when that ends
                        trace = self.trace_in(wrap, target("children", "spawn"), f"--engine={engine}", "-f", "-c")
                        self.assertEqual((trace.status, trace.count("clock_gettime", "vdso")), (0, 30), trace.stderr)
                    trace = self.trace_in(wrap, example("threads", 4, 25), f"--engine={engine}", "-c")
                    self.assertEqual((trace.status, trace.count("clock_gettime", "vdso")), (0, 100), trace.stderr)
                    # Those that nobody follows run clean.
                    trace = self.trace_in(wrap, target("children", "spawn"), f"--engine={engine}", "-e", "trace=clock_gettime")
                    self.assertEqual(trace.status, 0, trace.stderr)

    def test_audit_and_its_rules(self):
        for name, wrap, _ in sandboxes():
            with self.subTest(name):
                ran = self.run_in(wrap, VDSOTRACE, "audit", "--json", "--fail-on=fallback", *target("few_calls"))
                self.assertEqual(ran.status, 3, ran.stderr)
                # What it says of the calls follows the object.
                found = json.loads(ran.stderr.splitlines()[0])
                counted = {(call["clock"], call["route"], call["reason"]): call["count"] for call in found["calls"]}
                self.assertEqual(counted, {("CLOCK_MONOTONIC", "vdso", None): 5,
                                           ("CLOCK_PROCESS_CPUTIME_ID", "fallback", "cpu-time-clock"): 1})

    def test_hidden_vdso(self):
        for name, wrap, _ in sandboxes(distrusted=True):
            with self.subTest(name):
                trace = self.trace_in(wrap, target("few_calls"), "--no-vdso")
                self.assertEqual(trace.count("clock_gettime", "syscall"), 6, trace.stderr)

    def test_callers_are_missing_not_wrong(self):
        for name, wrap, why in sandboxes(distrusted=True):
            for engine in engines():
                with self.subTest(f"{name}, {engine}"):
                    trace = self.trace_in(wrap, target("few_calls"), f"--engine={engine}", "--callers")
                    self.assertEqual({json.dumps(call["caller"]) for call in trace.of_type("call")}, {"null"})
                    notices = [notice["text"] for notice in trace.of_type("notice")]
                    self.assertIn(f"callers cannot be named ({why})", notices)

    def test_programs_are_unknown(self):
        for name, wrap, _ in sandboxes(distrusted=True):
            with self.subTest(name):
                execs = [event for event in self.trace_in(wrap, target("few_calls")).of_type("process")
                         if event["event"] == "exec"]
                self.assertEqual([event["program"] for event in execs], [None])
                self.assertIn("clock_gettime", "".join(execs[0]["vdso"]["functions"]))

    def test_info(self):
        expected = json.loads(run([VDSOTRACE, "info", "--json"]).stdout)
        routes = lambda facts: {(call["name"], call["clock"]): call["route"] for call in facts["calls"]}
        for name, wrap, why in sandboxes():
            with self.subTest(name):
                facts = json.loads(self.run_in(wrap, VDSOTRACE, "info", "--json").stdout)
                self.assertEqual(routes(facts), routes(expected))
                self.assertEqual(facts["vdso"]["functions"], expected["vdso"]["functions"])
                self.assertEqual(facts["vsyscall"], "unknown" if why else expected["vsyscall"])
                without_sys = name in ("no /sys", "neither")
                self.assertEqual(facts["clocksource"]["current"],
                                 "unknown" if without_sys else expected["clocksource"]["current"])
                text = self.run_in(wrap, VDSOTRACE, "info").stdout
                self.assertNotIn("every call enters the kernel", text)
                self.assertIn(" yes ", text)

    def test_dump(self):
        def dumped(wrap, *what):
            with tempfile.TemporaryDirectory() as folder:
                ran = self.run_in(wrap, VDSOTRACE, "dump", "-o", folder + "/image", *what)
                self.assertEqual(ran.status, 0, ran.stderr)
                return Path(folder, "image").read_bytes()
        expected = dumped(list)
        for name, wrap, _ in sandboxes():
            with self.subTest(name):
                self.assertEqual(dumped(wrap), expected)
                self.assertEqual(dumped(wrap, "--", *target("few_calls")), expected)

    def test_attaching_is_refused(self):
        """A shell that runs us is no process of which anything would be known."""
        for name, wrap, why in sandboxes(distrusted=True):
            for options in (["-p"], ["--engine=perf", "-p"], ["audit", "-p"], ["info", "-p"], ["dump", "-o", "/dev/null", "-p"]):
                with self.subTest(f"{name}, {' '.join(options)}"):
                    ran = self.run_in(wrap, "sh", "-c", f"{VDSOTRACE} {' '.join(options)} $$; echo status $?")
                    self.assertEqual(ran.stdout, "status 1\n", ran.stderr)
                    self.assertIn(why, ran.stderr)
                    self.assertIn("hint: mount the proc file system of this PID namespace", ran.stderr)
                    ran = self.run_in(wrap, VDSOTRACE, *options, "4194000")
                    self.assertIn("No such process", ran.stderr)

    def test_clocksource_that_is_unknown(self):
        for name, wrap, _ in sandboxes():
            with self.subTest(name):
                trace = self.trace_in(wrap, example("routes"))
                without_sys = name in ("no /sys", "neither")
                self.assertEqual(trace.of_type("start")[0]["clocksource"], "unknown" if without_sys else testing.clocksource())
                self.assertEqual(trace.of_type("clocksource"), [])
                self.assertFalse({call["reason"] for call in trace.of_type("call")} & {"clocksource", "clocksource-changed", "no-vdso"})

    def test_told_to_end_in_vfork(self):
        """The parent sleeps where no signal wakes it. That the child has been stopped says so without /proc."""
        for name, wrap, _ in sandboxes(distrusted=True):
            with self.subTest(name):
                program = subprocess.Popen(wrap([VDSOTRACE, "--duration=0.2", "-e", "trace=clock_gettime", *target("long_vfork")]),
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                watchdog = threading.Timer(TIMEOUT, program.kill)
                watchdog.start()
                self.addCleanup(watchdog.cancel)
                self.assertEqual(program.stdout.readline(), "ready\n")
                said = ""
                # While the child waits for its input both are detached, and only then it gets it.
                while "detached" not in said:
                    line = program.stderr.readline()
                    self.assertTrue(line, "it never let them go: " + said)
                    said += line
                program.communicate()
                self.assertEqual(program.returncode, 0)


    def test_no_process_vm_readv_either(self):
        """As container runtimes forbid it: memory is read by ptrace then."""
        process_vm_readv = 310
        forbid = testing.without_call(process_vm_readv, errno.EPERM)
        for name, wrap, _ in sandboxes(distrusted=True):
            with self.subTest(name):
                ran = subprocess.run(wrap([VDSOTRACE, "--json", "-e", "trace=clock_gettime,openat", *target("few_calls")]),
                                     preexec_fn=forbid, capture_output=True, text=True, timeout=TIMEOUT)
                if ran.returncode == 125:
                    self.skipTest("no filter may be set here")
                self.check_six(Trace(testing.Ran(ran.returncode, ran.stdout, ran.stderr), ran.stderr))
                self.assertIn("libc.so.6", ran.stderr)


class OtherUsersTest(unittest.TestCase):
    """As somebody who may see or read less than root."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        testing.require_program("setpriv")
        if run([*NOBODY, "test", "-x", VDSOTRACE]).status != 0:
            self.skipTest("others may not run " + VDSOTRACE)

    def test_hidden_processes(self):
        """/proc does not show them: that is no reason to say that they do not exist, nor that they do what they do not."""
        options, prepare, _ = SANDBOXES["/proc with hidepid"]
        if run(inside(options, prepare, ["true"])).status != 0:
            self.skipTest("no mount namespace may be made here")
        for what in (["-p"], ["info", "-p"], ["dump", "-o", "/dev/null", "-p"]):
            with self.subTest(" ".join(what)):
                ran = run(inside(options, prepare, [*NOBODY, VDSOTRACE, *what, os.getpid()]))
                self.assertEqual(ran.status, 1)
                self.assertIn("/proc does not show it (it is mounted with hidepid)", ran.stderr)

    def test_sandboxes_of_a_user(self):
        for name, wrap, _ in sandboxes():
            for engine in ("auto", "breakpoint"):
                with self.subTest(f"{name}, {engine}"):
                    ran = run(wrap([*NOBODY, VDSOTRACE, "--json", f"--engine={engine}", *target("few_calls")]), timeout=TIMEOUT)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    calls = json.loads(ran.stderr.splitlines()[-1])["calls"]
                    self.assertEqual(sorted((call["route"], call["count"]) for call in calls if call["name"] == "clock_gettime"),
                                     [("fallback", 1), ("vdso", 5)])

    def test_programs_that_cannot_be_read(self):
        """Where a program's memory is out of our reach its vDSO is not known: no call has a route, and no rule is kept."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program = folder + "/unreadable"
            shutil.copy(target("few_calls")[0], program)
            os.chmod(program, 0o111)
            if run([*NOBODY, program]).status != 0:
                self.skipTest("others may not run programs in temporary folders")
            for engine in engines(NOBODY):
                with self.subTest(engine):
                    ran = run([*NOBODY, VDSOTRACE, f"--engine={engine}", program], timeout=TIMEOUT)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    self.assertIn("its vDSO cannot be found (its memory cannot be read)", ran.stderr)
                    self.assertNotRegex(ran.stderr, r"\[(vdso|vdso->syscall|syscall)\]")
                    ran = run([*NOBODY, VDSOTRACE, "audit", f"--engine={engine}", "--fail-on=fallback", program], timeout=TIMEOUT)
                    self.assertEqual(ran.status, 3, ran.stderr)
                    self.assertIn("whose vDSO could not be found", ran.stderr)


if __name__ == "__main__":
    testing.main()
