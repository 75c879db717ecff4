"""What the tests that run the program share: where things are, how to run and read a trace.

A test that cannot run here raises unittest.SkipTest with the reason; `main` turns a file
whose tests were all skipped into exit status 77, which ctest shows as skipped.
"""

import collections
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("VDSOTRACE_BUILD", SOURCE / "build" / "release"))
VDSOTRACE = os.environ.get("VDSOTRACE_PROGRAM", str(BUILD / "vdsotrace"))
SKIPPED = 77
TIMEOUT = 240
# Sentences of reports stay in one line.
os.environ["COLUMNS"] = "1000"
# Not a shell script that a version manager put in front of it.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def target(name, *args):
    """The command line of a program of tests/targets."""
    return [str(BUILD / "tests" / "targets" / name), *map(str, args)]


def example(name, *args):
    return [str(BUILD / "examples" / name), *map(str, args)]


def main():
    """Runs the tests of the calling file."""
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun <= len(result.skipped) else 0)


# --- what this machine can do ----------------------------------------------------------------


def require_program(*names):
    for name in names:
        if shutil.which(name) is None:
            raise unittest.SkipTest(f"{name} is not installed")


def require_ptrace():
    """Skips unless a process may trace its own child."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        if libc.ptrace(0, 0, 0, 0) != 0:  # PTRACE_TRACEME
            os._exit(1)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        raise unittest.SkipTest("ptrace is not permitted here")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def clocksource():
    try:
        path = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def user_space_clock():
    """Whether the vDSO can read this machine's clock itself."""
    return clocksource() in ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page")


def require_user_space_clock():
    if not user_space_clock():
        raise unittest.SkipTest(f"the vDSO cannot read the clocksource {clocksource()}")


def has_symbol(name):
    return name in vdso_functions()


# --- running ---------------------------------------------------------------------------------

Ran = collections.namedtuple("Ran", "status stdout stderr")


def run(command, cwd=None, env=None, stdin=subprocess.DEVNULL, timeout=TIMEOUT):
    """Runs to the end. `status` is negative for a signal, as in subprocess."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=env, stdin=stdin, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", errors="surrogateescape")
    return Ran(done.returncode, done.stdout, done.stderr)


def vdsotrace(*args, **kwargs):
    """Runs vdsotrace with these arguments; the trace is in stderr unless -o is among them."""
    return run([VDSOTRACE, *args], **kwargs)


def state_of(tid):
    """R, S, D, T, t, Z, X (proc(5))."""
    return Path(f"/proc/{tid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until(holds):
    """Lets others run until the condition holds; fails if it never does."""
    end = time.monotonic() + TIMEOUT
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        os.sched_yield()


class Running:
    """A program that runs until the test has ended, on pipes of ours; it has said that it is ready."""

    def __init__(self, case, command, **how):
        self.case = case
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **how)
        self.pid = self.process.pid
        case.addCleanup(self.close)
        case.assertEqual(self.process.stdout.readline(), "ready\n")

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def without_call(number, code, action=0x00050000):
    """What puts a child under a filter that refuses a system call, as container runtimes do, with that error, or takes another
    action (SECCOMP_RET_ERRNO and its like)."""
    rules = ctypes.create_string_buffer(
        struct.pack("HBBI" * 4, 0x20, 0, 0, 0,                # the system call's number
                    0x15, 0, 1, number,                       # if it is the one
                    0x06, 0, 0, action | code,
                    0x06, 0, 0, 0x7fff0000))                  # SECCOMP_RET_ALLOW
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(rules)))
    libc = ctypes.CDLL(None, use_errno=True)

    def forbid():
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
            os._exit(125)

    forbid.keep = rules, program
    return forbid


def listens(path):
    """Whether somebody answers at that Unix socket; there is a moment in which it only exists."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Trace:
    """A traced run whose trace went to a file as JSON Lines."""

    def __init__(self, ran, text):
        self.status, self.stdout, self.stderr = ran
        self.text = text
        self.events = [json.loads(line) for line in text.splitlines()]

    def of_type(self, kind):
        return [event for event in self.events if event["type"] == kind]

    @property
    def summary(self):
        if not self.events or self.events[-1]["type"] != "summary":
            raise AssertionError("the last line is no summary; standard error: " + self.stderr)
        return self.events[-1]

    def count(self, name, *routes):
        """How many calls of `name` took one of `routes`, by the summary."""
        return sum(call["count"] for call in self.summary["calls"]
                   if call["name"] == name and call["route"] in routes)


def trace_json(command, *options, **kwargs):
    """Runs `command` under vdsotrace --json."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "trace")
        ran = vdsotrace("--json", "-o", file, *options, "--", *command, **kwargs)
        text = ""
        if os.path.exists(file):
            text = Path(file).read_text(encoding="utf-8")
        return Trace(ran, text)


# --- what a target says it made -----------------------------------------------------------------


class Claims:
    """The `made`, `child made` and `left` lines of a target (tests/targets/target.h)."""

    def __init__(self, stdout):
        self.made = collections.Counter()
        self.children = collections.Counter()
        self.left = collections.Counter()
        for line in stdout.splitlines():
            words = line.split()
            if words[:1] == ["made"]:
                self.made[words[1], words[2]] += int(words[3])
            elif words[:2] == ["child", "made"]:
                self.children[words[2], words[3]] += int(words[4])
            elif words[:1] == ["left"]:
                self.left[words[1]] += int(words[2])

    def differences(self, trace, followed):
        """What the trace counted otherwise, as a list of sentences."""
        expected = self.made + self.children if followed else self.made
        wrong = []
        for (name, route), count in sorted(expected.items()):
            routes = ["vdso", "fallback"] if route == "any" else [route]
            seen = trace.count(name, *routes)
            most = count + (self.left[name] if route in ("vdso", "any") else 0)
            if seen < count or seen > most:
                wrong.append(f"{name} by {route}: the program made {count}, the trace has {seen}")
        for name in sorted({name for name, _ in expected}):
            for route in ("vdso", "fallback", "syscall", "vsyscall"):
                allowed = (name, route) in expected or (name, "any") in expected
                if not allowed and not self.left[name] and trace.count(name, route):
                    wrong.append(f"{name} by {route}: the program made none, "
                                 f"the trace has {trace.count(name, route)}")
        return wrong


def without_counts(stdout):
    """Standard output with the counts, which timing may change, left out."""
    return re.sub(r"(?m)^((?:child )?made \S+ \S+|left \S+) \d+$", r"\1 N", stdout)


# --- the vDSO, seen without the program under test -------------------------------------------------


def _own_vdso():
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            return ctypes.string_at(start, end - start)
    return b""


def vdso_functions():
    """{name: offset} of the functions that this machine's 64-bit vDSO exports."""
    image = _own_vdso()

    def field(at, size):
        return int.from_bytes(image[at:at + size], "little")

    functions = {}
    if not image:
        return functions
    sections, entry, count = field(0x28, 8), field(0x3A, 2), field(0x3C, 2)
    for i in range(count):
        section = sections + i * entry
        if field(section + 4, 4) != 11:  # SHT_DYNSYM
            continue
        symbols, size, link = (field(section + 0x18, 8), field(section + 0x20, 8),
                               field(section + 0x28, 4))
        names = field(sections + link * entry + 0x18, 8)
        for at in range(symbols, symbols + size, 24):
            kind, value, name = field(at + 4, 1) & 15, field(at + 8, 8), names + field(at, 4)
            if kind == 2 and value:
                functions[image[name:image.index(b"\0", name)].decode()] = value
    return functions


def vdso_base(command):
    """Where the vDSO of `command` lies when addresses are not randomised: looked up in
    /proc/PID/maps while the new program stands at its first instruction."""
    libc = ctypes.CDLL(None)

    def stop_at_exec():
        libc.personality(0x0040000)  # ADDR_NO_RANDOMIZE
        libc.ptrace(0, 0, 0, 0)  # PTRACE_TRACEME

    child = subprocess.Popen(command, preexec_fn=stop_at_exec, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.waitpid(child.pid, os.WUNTRACED)
        for line in Path(f"/proc/{child.pid}/maps").read_text().splitlines():
            if line.endswith("[vdso]"):
                return int(line.split("-")[0], 16)
    finally:
        child.kill()
        child.wait()
    raise AssertionError("no [vdso] in " + " ".join(command))


def require_perf():
    """Skips unless `perf stat` can place a hardware breakpoint."""
    require_program("perf", "setarch")
    event = f"mem:{vdso_base(['true']):#x}:x:u"
    tried = run(["perf", "stat", "-x,", "-e", event, "setarch", "-R", "true"])
    if tried.status != 0 or "<not" in tried.stderr:
        raise unittest.SkipTest("perf cannot set hardware breakpoints here: " +
                                (tried.stderr.strip().splitlines() or ["?"])[-1])


def go_program(folder, source, *options):
    """Builds a Go program of that text in `folder`. Skips without Go."""
    require_program("go")
    text, program = Path(folder, "program.go"), Path(folder, "program")
    text.write_text(source)
    built = run([shutil.which("go"), "build", *options, "-o", program, text],
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GO111MODULE": "off",
                     "GOCACHE": str(Path(tempfile.gettempdir(), "vdsotrace-test-go-cache"))})
    if built.status != 0:
        raise AssertionError(built.stderr)
    return str(program)


def require_perf_engine():
    """Skips unless vdsotrace can observe by the processor's breakpoints."""
    tried = vdsotrace("--engine=perf", "-o", "/dev/null", "true")
    if tried.status != 0:
        raise unittest.SkipTest(tried.stderr.strip())


def perf_entries(command, base, functions):
    """Runs `command` under perf stat and returns (Ran, {function: how often it was entered}):
    `base` is the vDSO's address in the program of interest, four functions at most."""
    offsets = vdso_functions()
    with tempfile.NamedTemporaryFile("r") as file:
        perf = ["perf", "stat", "-x,", "-o", file.name]
        for name in functions:
            perf += ["-e", f"mem:{base + offsets[name]:#x}:x:u"]
        ran = run([*perf, "--", *command])
        rows = [line.split(",") for line in file if ",mem:" in line]
    counts = {}
    for name in functions:
        event = f"mem:{base + offsets[name]:#x}:x:u"
        row = next(row for row in rows if row[2] == event)
        if not row[0].isdigit():
            raise unittest.SkipTest(f"perf did not count {event}: {row[0]}")
        counts[name] = int(row[0])
    return ran, counts
