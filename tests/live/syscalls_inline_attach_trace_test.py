"""--syscalls=inline -p without -c: calls of processes that run already are recorded one by one without stops, and all of
them; the processes are not harmed by that, not even where vdsotrace is killed, and their code is their own again afterwards.

VDSOTRACE_STORM multiplies the rounds (1: what continuous integration runs). The seed is said at the start.
"""

import collections
import json
import os
import random
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, target, wait_until
from attached_worker import LOOPED, ObservedTest, Tracing, Worker, executing_works, files_code, mapped

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
INLINE = ["--syscalls=inline"]
# Strings, structures, lists and vectors, of calls that succeed and that find nothing; pointers that lead nowhere, also where the
# kernel does not mind.
POINTERS = """import ctypes, os, select, socket, sys
libc, nowhere = ctypes.CDLL(None), ctypes.c_void_p(16)
near, far = socket.socketpair()
polled = select.poll()
polled.register(far, select.POLLIN)
print('ready', flush=True)
for line in sys.stdin:
    for _ in range(20):
        file = os.open('/proc/self/comm', os.O_RDONLY)
        os.read(file, 100), os.fstat(file), os.lseek(file, 0, 0), os.close(file)
        os.write(near.fileno(), b'some text that is longer than what is shown of it'), polled.poll(0), far.recv(100)
        os.writev(near.fileno(), [b'ab', b'cd']), os.readv(far.fileno(), [bytearray(3), bytearray(3)])
        os.stat('/'), os.readlink('/proc/self/exe'), os.listdir('/proc/self/net/stat'), os.access('/nothing', 0), os.access('/', 0)
        try: os.rename('/nothing/from', '/nothing/to')
        except OSError: pass
        libc.open(nowhere, 0), libc.write(near.fileno(), nowhere, 5), libc.access(nowhere, 0)
        null = os.open('/dev/null', os.O_WRONLY)
        libc.write(null, nowhere, 5), os.close(null)
    print('done', flush=True)
"""
POINTED = "open,openat,read,fstat,newfstatat,lseek,write,poll,recvfrom,writev,readv,readlink,getdents64,access,rename"
REFUSED = "its system calls are seen by stops"


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


def counts_of(lines):
    """How often each call was made that has come back, and how often it failed."""
    calls, errors = collections.Counter(), collections.Counter()
    for line in lines:
        found = re.match(r"(?:\[pid +\d+\] |\d+ +)?(?:<\.\.\. )?(\w+)(?:\(| resumed).* = (-1 )?", line)
        if found:
            calls[found[1]] += 1
            errors[found[1]] += found[2] is not None
    return calls, errors


class LinesTest(ObservedTest, unittest.TestCase):
    maxDiff = None

    def check(self, lines, times):
        calls, errors = counts_of(lines)
        for name in LOOPED:
            # Reading a line takes one more, or two if it was read when we came.
            self.assertIn(calls[name] - times, range(3) if name == "read" else range(1), name)
            self.assertEqual(errors[name], times if name == "close" else 0, name)

    def test_threads(self):
        for program in ("works", "works_static"):
            for threads in (1, 8, 40):
                with self.subTest(program, threads=threads):
                    worker = Worker(self, target(program, threads, 500))
                    worker.work()
                    tracing = Tracing(self, worker, *INLINE)
                    worker.work()
                    lines, notices = tracing.end()
                    self.check(lines, threads * 500)
                    self.check_complete(notices)
                    births = [line for line in lines if re.search(r"\bclone3?\(", line)]
                    self.assertEqual(len(births), threads)
                    worker.end()

    def test_lines_are_those_by_stops(self):
        """As many of each, whatever the threads' order."""
        def lines_by(*options):
            worker = Worker(self, target("works", 3, 200))
            tracing = Tracing(self, worker, *options, "-e", "trace=getppid,close,getuid,gettid,exit")
            worker.work()
            lines, _ = tracing.end()
            worker.end()
            kept = (re.sub(r"^(\[pid +\d+\]|\d+) +", "", line) for line in lines)
            kept = (re.sub(r"= \d+$", "= N", line) for line in kept if re.match(r"(<\.\.\. )?(get|close)", line))
            # Where threads are shown in one another's calls these stand in two lines.
            whole = (re.sub(r"^<\.\.\. (\w+) resumed>\) +", r"\1(-1) " if "close" in line else r"\1() ", line) for line in kept)
            return collections.Counter(line for line in whole if "<unfinished" not in line)
        by_stubs = lines_by(*INLINE)
        self.assertEqual(by_stubs, lines_by())
        self.assertEqual(by_stubs["close(-1) = -1 EBADF (Bad file descriptor)"], 600)

    def test_pointers(self):
        def lines_by(*options):
            worker = Worker(self, [PYTHON, "-c", POINTERS])
            worker.work()
            tracing = Tracing(self, worker, *options, "-s", "40", "-e", "trace=" + POINTED)
            worker.work()
            lines, notices = tracing.end()
            worker.end()
            self.assertNotIn("at most", notices)
            return [re.sub(r"0x[0-9a-f]{3,}", "0xX", line) for line in lines if "<unfinished" not in line and "detached" not in line
                    and not re.match(r"read\(0|write\(1|<\.\.\.|vdsotrace: ", line)]
        by_stubs = lines_by(*INLINE)
        self.assertEqual(by_stubs, lines_by())
        self.assertEqual(by_stubs.count("write(5, 0x10, 5) = 5"), 20)
        self.assertEqual(by_stubs.count('rename("/nothing/from", "/nothing/to") = -1 ENOENT (No such file or directory)'), 20)

    def test_a_call_that_blocks_shows_what_it_was_given(self):
        program = """import os, select
polled = select.poll()
polled.register(0, select.POLLIN)
print('ready', flush=True)
while polled.poll() and os.read(0, 100): print('done', flush=True)
"""
        worker = Worker(self, [PYTHON, "-c", program])
        tracing = Tracing(self, worker, *INLINE, "-e", "trace=poll,read")
        worker.work()
        wait_until(lambda: Path(f"/proc/{worker.pid}/syscall").read_text().startswith("7 "))
        lines, _ = tracing.end()
        self.assertIn("poll([{fd=0, events=POLLIN}], 1, -1 <detached ...>", lines)
        worker.end()

    def test_what_a_call_overwrites_is_not_what_it_was_given(self):
        program = """import socket, sys
print('ready', flush=True)
one = socket.socket(socket.AF_INET)
for line in sys.stdin: one.getsockname(), print('done', flush=True)
"""
        worker = Worker(self, [PYTHON, "-c", program])
        tracing = Tracing(self, worker, *INLINE, "-e", "trace=getsockname")
        worker.work()
        lines, _ = tracing.end()
        self.assertRegex("\n".join(lines), r"(?m)^getsockname\(3, 0x[0-9a-f]+, 0x[0-9a-f]+\) = 0$")
        worker.end()

    def test_json_and_durations(self):
        worker = Worker(self, target("works", 2, 300))
        tracing = Tracing(self, worker, *INLINE, "--json")
        worker.work()
        lines, _ = tracing.end()
        events = [json.loads(line) for line in lines]
        self.assertEqual(events[0]["syscalls"], "inline")
        calls = [event for event in events if event["type"] == "call" and event["name"] in LOOPED]
        self.assertGreaterEqual(len(calls), 3000)
        self.assertEqual({call["engine"] for call in calls}, {"inline"})
        self.assertTrue(all(call["duration_ns"] > 0 for call in calls if not call.get("error", "").startswith("ERESTART")))
        worker.end()

    def test_a_selection(self):
        worker = Worker(self, target("works", 2, 300))
        tracing = Tracing(self, worker, *INLINE, "-e", "trace=getppid,getuid")
        worker.work()
        lines, notices = tracing.end()
        calls, _ = counts_of(lines)
        self.assertEqual({name: calls[name] for name in LOOPED},
                         {"getppid": 600, "getuid": 600, "read": 0, "close": 0, "gettid": 0})
        self.check_complete(notices)
        worker.end()

    def test_again_and_again(self):
        """What it does in between is nobody's, and its code is as before each time."""
        worker = Worker(self, target("works", 4, 200))
        worker.work()
        code, maps = files_code(worker.pid), mapped(worker.pid)
        for _ in range(5 * STORM):
            tracing = Tracing(self, worker, *INLINE)
            worker.work()
            self.check(tracing.end()[0], 800)
            worker.work()
            self.assertEqual(files_code(worker.pid), code)
            self.assertEqual(mapped(worker.pid), maps)
        worker.end()

    def test_signal_handlers(self):
        worker = Worker(self, target("works", 2, 10000, "signals"))
        tracing = Tracing(self, worker, *INLINE)
        handled = int(worker.work()[0])
        lines, _ = tracing.end()
        calls, _ = counts_of(lines)
        self.assertEqual(calls["getpid"], handled)
        self.assertGreater(handled, 0)
        self.check([line for line in lines if "ERESTART" not in line], 20000)
        worker.end()

    def test_children(self):
        """Those that are not followed are not shown; those that are, with rings of their own."""
        for options, times in (([], 0), (["-f"], 900)):
            with self.subTest(options):
                worker = Worker(self, target("works", 3, 300, "forks"))
                code, maps = files_code(worker.pid), mapped(worker.pid)
                tracing = Tracing(self, worker, *INLINE, *options)
                worker.work()
                lines, notices = tracing.end()
                calls, _ = counts_of(lines)
                for name in set(LOOPED) - {"read"}:
                    self.assertEqual(calls[name], times, name)
                self.check_complete(notices)
                self.assertEqual(files_code(worker.pid), code)
                self.assertEqual(mapped(worker.pid), maps)
                worker.end()

    def test_where_it_executes_a_program(self):
        """From then on its calls stop."""
        worker = Worker(self, executing_works())
        tracing = Tracing(self, worker, *INLINE)
        worker.execute_works()
        worker.work()
        lines, notices = tracing.end()
        calls, _ = counts_of(lines)
        for name in ("getppid", "close", "getuid", "gettid"):
            self.assertGreaterEqual(calls[name], 50)
        self.assertIn(f"{REFUSED}: it has executed a program since", notices)
        worker.end()

    def test_no_call_stops(self):
        """50,000 calls are made."""
        self.assertLess(self.requests_while_working(*INLINE), 5000)


class KilledTest(unittest.TestCase):
    maxDiff = None

    def test_at_any_moment(self):
        """While threads make calls, block in one, and handle signals; then any other vdsotrace may come."""
        for how in ([], ["signals"]):
            with self.subTest(how):
                worker = Worker(self, target("works", 4, 1500, *how))
                worker.work()
                code, maps = files_code(worker.pid), mapped(worker.pid)
                for i in range(12 * STORM):
                    worker.work_while_killed(*(INLINE if i % 4 else ["-c", "-e", "trace=%vdso"]))
                # The next one takes away what they have left, but where the thread sleeps that waits for work.
                for _ in range(2):
                    tracing = Tracing(self, worker, *INLINE)
                    worker.work()
                    calls, _ = counts_of(tracing.end()[0])
                    self.assertEqual(calls["getppid"], 6000)
                self.assertEqual(files_code(worker.pid), code)
                self.assertEqual(mapped(worker.pid), maps)
                worker.work()
                worker.end()


class RefusedTest(unittest.TestCase):
    def test_what_takes_stops(self):
        for options, what in ((["-P", "/"], "-p with -P"), (["-y"], "-p with -y"), (["-Y"], "-p with -Y"),
                              (["-e", "read=1"], "-p with -e read= or write="),
                              (["-e", "inject=getpid:retval=1"], "-p with -e inject=")):
            with self.subTest(what):
                ran = testing.vdsotrace(*options, *INLINE, "-p", os.getpid())
                self.assertEqual(ran.status, 1, ran.stderr)
                self.assertIn(f"--syscalls=inline: {what} needs --syscalls=stops", ran.stderr)


if __name__ == "__main__":
    testing.main()
