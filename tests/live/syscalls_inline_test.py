"""Under --syscalls=inline programs do what they do untraced, and the counts are those of strace -c: calls and errors of
every system call, number for number. Runs the real strace.

Where timing decides how often a program calls something, that call is left out, and it is said which.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, target
from inline_calls import go_that_opens, inline_counts, ptrace_requests, require_dispatch, threads_that_open

INLINE = ["-c", "--syscalls=inline"]
REFUSED = "its system calls are counted by stops"
MOST_PAIRS = 4

# Threads that meet wait for each other as timing has it.
BY_TIMING = {"futex", "clock_nanosleep", "select", "sched_yield", "restart_syscall"}

FORKS = """i=0
while [ $i -lt 150 ]; do (exit 3); i=$((i + 1)); done; echo $?
"""


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    require_dispatch(*INLINE)


def strace_counts(command, *options, **kwargs):
    """{name: (calls, errors)} as strace has them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts"
        ran = testing.run(["strace", "-c", *options, "-o", file, "--", *command], **kwargs)
        counts = {}
        for line in file.read_text().splitlines():
            words = line.split()
            if len(words) in (5, 6) and re.fullmatch(r"[\d.]+", words[0]) and words[-1] != "total":
                counts[words[-1]] = (int(words[3]), int(words[4]) if len(words) == 6 else 0)
        return ran, counts


def tree(folder):
    for i in range(40):
        file = Path(folder) / f"{i % 5}" / f"file{i}"
        file.parent.mkdir(exist_ok=True)
        file.write_text("x" * i)


class InlineTest(unittest.TestCase):
    maxDiff = None

    def same(self, command, *options, but=(), **kwargs):
        """Counts as strace's, output and status as untraced. Answers the counts.

        A signal that comes during a clone makes strace count it twice, and threads that meet may take another path. What each
        run must have is asserted of each; the counts are compared again when a pair of runs differs."""
        untraced = testing.run(command, **kwargs)
        # strace does not count calls of numbers that have no name.
        without = lambda rows: {name: row for name, row in rows.items()
                                if name not in but and not name.startswith("syscall_")}
        for _ in range(MOST_PAIRS):
            _, expected = strace_counts(command, *options, **kwargs)
            ran, counts = inline_counts(command, *options, **kwargs)
            self.assertNotIn(REFUSED, ran.stderr)
            self.assertEqual(ran.stdout, untraced.stdout)
            self.assertEqual(ran.status, untraced.status)
            self.assertGreater(sum(calls for calls, _ in counts.values()), 10)
            if without(counts) == without(expected):
                return counts
        self.assertEqual(without(counts), without(expected))

    def test_small_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            tree(folder)
            for command in (["true"], ["false"], ["ls", "-lR", folder], ["find", folder, "-name", "xx*"],
                            ["cat", "/nothing", "/dev/null"]):
                with self.subTest(command=command):
                    self.same(command, "-f")
                    self.same(command)

    def test_many_calls_from_one_place(self):
        counts = self.same(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=500"], "-f")
        self.assertGreater(counts["read"][0], 500)

    def test_a_static_program(self):
        self.same(target("children_static"), "-f", but=BY_TIMING)

    def test_pipelines(self):
        self.same(["sh", "-c", "echo b a c | tr ' ' '\\n' | sort | head -2; test -e /nothing || exit 4"], "-f",
                  but={"wait4", "rt_sigreturn", "close", "read", "pread64"})

    def test_many_children(self):
        counts = self.same(["sh", "-c", FORKS], "-f", but={"rt_sigreturn", "wait4"})
        self.assertGreater(sum(counts.get(name, (0, 0))[0] for name in ("clone", "fork", "vfork", "clone3")), 149)

    def test_children_that_are_not_followed(self):
        for shell in ("(exit 3); (exit 4); echo $?", "true; /bin/true; /bin/echo x | cat"):
            with self.subTest(shell=shell):
                self.same(["sh", "-c", shell], but={"rt_sigreturn", "wait4"})

    def test_vfork_that_is_not_followed(self):
        program = "import subprocess; print(subprocess.run(['/bin/echo', 'x'], capture_output=True).stdout)"
        self.same([PYTHON, "-S", "-c", program], but=BY_TIMING | {"read", "poll", "wait4", "rt_sigreturn"})

    def test_chains_of_programs(self):
        self.same(target("exec_chain"), "-f", but=BY_TIMING)
        self.same(["sh", "-c", "exec env A=1 nice -n 1 echo done"], "-f")

    def test_threads(self):
        self.same([PYTHON, "-S", "-c", threads_that_open(20)], "-f", but=BY_TIMING | {"munmap", "mprotect", "madvise", "mmap", "brk"})

    def test_git(self):
        testing.require_program("git")
        self.same(["git", "--version"], "-f")

    def test_go(self):
        with tempfile.TemporaryDirectory() as folder:
            program = testing.go_program(folder, go_that_opens(200))
            untraced = testing.run([program])
            ran, counts = inline_counts([program], "-f")
            self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout))
            self.assertEqual(counts["openat"][1], strace_counts([program], "-f")[1]["openat"][1])

    def test_interrupted_calls(self):
        self.same(target("own_calls", "interrupted"))

    def test_calls_that_the_program_can_tell_apart(self):
        for case in ("signal", "masked", "registers"):
            with self.subTest(case=case):
                self.same(target("own_calls", case))
                self.same(target("own_calls", case), "-f")

    def test_many_numbers_from_one_place(self):
        self.same(target("own_calls", "numbers"), "-f")
        self.same(target("own_calls", "numbers"))
        self.same(target("own_calls", "orders"), "-f")
        self.same(target("own_calls", "orders"))

    def test_direct_calls_by_their_clocks(self):
        """Rows as those of stops, without stops; only clocks of which there may be any number stop."""
        def rows(*options):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "counts"
                ran, requests = ptrace_requests(VDSOTRACE, "-c", *options, "-o", file, "--", *target("own_calls", "clocks"))
                self.assertEqual(ran.status, 0)
                found = re.findall(r"(\d+) (.{9}) syscall  (\w+\(.*\))$", file.read_text(), re.MULTILINE)
                return {name: (int(calls), int(errors.strip() or 0)) for calls, errors, name in found}, requests

        stopped, many = rows()
        counted, few = rows("--syscalls=inline")
        self.assertEqual(counted, stopped)
        self.assertEqual(counted["clock_gettime(CLOCK_BOOTTIME)"], (2000, 0))
        self.assertEqual(counted["clock_gettime(CLOCK_TAI)"], (20, 20))
        self.assertEqual(len(counted), 9)
        self.assertLess(few, 5000)
        self.assertGreater(many, 30000)

    def test_calls_in_a_storm_of_signals(self):
        for options in [], ["-f"]:
            ran, counts = inline_counts(target("own_calls", "storm"), *options)
            self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)
            ticks = int(re.search(r"getuid (\d+)", ran.stderr)[1])
            self.assertGreater(ticks, 10)
            self.assertEqual(counts["getuid"], (ticks, 0))
            self.assertEqual(counts["rt_sigreturn"][0], ticks)
            self.assertEqual(counts["getppid"], (100001, 0))
            self.assertEqual(counts["close"][1], 100000)
            self.assertEqual(counts["openat"][1], 50000)

    def test_queries_of_signals_among_changes(self):
        """Signals that we raise ourselves are blocked and ignored as the program says, wherever others interrupt it."""
        program = ("import ctypes, os, signal, struct\n"
                   "libc, old = ctypes.CDLL(None), ctypes.create_string_buffer(256)\n"
                   "ticks, last, wrong = 0, 0, 0\n"
                   "def tick(*_):\n    global ticks\n    ticks += 1\n"
                   "signal.signal(signal.SIGALRM, tick)\n"
                   "signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)\n"
                   "def looks_wrong(blocked, action):\n"
                   "    libc.sigprocmask(0, None, old)\n"
                   "    mask = struct.unpack('Q', old.raw[:8])[0] & (1 << 4 | 1 << 30)\n"
                   "    libc.sigaction(31, None, old)\n"
                   "    return mask != blocked or struct.unpack('Q', old.raw[:8])[0] != action\n"
                   "for round in range(60):\n"
                   "    own = signal.SIGSYS if round % 3 else signal.SIGTRAP\n"
                   "    action = round % 2\n"
                   "    signal.signal(signal.SIGSYS, signal.Handlers(action))\n"
                   "    signal.pthread_sigmask(signal.SIG_SETMASK, [own])\n"
                   "    for _ in range(300): wrong += looks_wrong(1 << own - 1, action)\n"
                   "signal.setitimer(signal.ITIMER_REAL, 0)\n"
                   "print(wrong, ticks > 0)\n")
        for options in [], ["-f"]:
            for how in ["-c"], []:
                with self.subTest(how=how, options=options):
                    ran = testing.vdsotrace("--syscalls=inline", *how, *options, "-o", "/dev/null", "--",
                                            PYTHON, "-S", "-c", program)
                    self.assertEqual((ran.status, ran.stdout), (0, "0 True\n"), ran.stderr)

    def test_every_shape_of_a_patched_site(self):
        self.same(target("call_shapes", "ways"))
        self.same(target("call_shapes", "ways"), "-f")

    def test_every_shape_where_threads_run(self):
        by_timing = BY_TIMING | {"munmap", "mprotect", "madvise", "mmap", "brk", "wait4", "rt_sigprocmask"}
        by_timing |= {"clone"}  # begins again if a signal comes in the middle
        for case in ("threads", "forks"):
            with self.subTest(case=case):
                self.same(target("call_shapes", case), "-f", but=by_timing)
                ran, counts = inline_counts(target("call_shapes", case))
                self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)

    def test_threads_that_come_to_a_jump_that_is_being_written(self):
        # We are slow at it: they meet the breakpoint, as a rule.
        delayed = ["-e", "trace=ptrace,pwrite64", "-e", "inject=pwrite64:delay_exit=10000:when=20+"]
        with tempfile.TemporaryDirectory() as folder:
            file, counts = Path(folder) / "requests", Path(folder) / "counts"
            for _ in range(6):
                ran = testing.run(["strace", *delayed, "-o", file, VDSOTRACE, *INLINE, "-f", "-o", counts, "--",
                                   *target("call_shapes", "apart", 20, "keeps")])
                self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)
                row = re.search(r"^.* getppid$", counts.read_text(), re.M)[0]
                self.assertEqual(int(row.split()[3]), 12 * 20 * 3 + 12)
                if "{si_signo=SIGTRAP, si_code=SI_KERNEL" in file.read_text():
                    return
        self.skipTest("none came there in time")

    def test_every_shape_stepped_by_the_program(self):
        self.same(target("call_shapes", "stepped"), but={"rt_sigreturn"})

    def test_every_shape_in_a_storm_of_signals(self):
        rounds = 64 + 4992
        ran, counts = inline_counts(target("call_shapes", "storm"))
        self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)
        ticks = int(re.search(r"ticks (\d+)", ran.stderr)[1])
        self.assertGreater(ticks, 10)
        self.assertEqual(counts["rt_sigreturn"][0], ticks)
        self.assertEqual(counts["getppid"], (2 + 4 * rounds + 5 * ticks, 0))
        self.assertEqual(counts["getuid"], (2 + 2 * rounds + rounds // 32 + 3 * ticks, 0))

    def test_a_place_that_calls_often_stops_no_more(self):
        opens = "import os\nfor _ in range(20000): os.access('/nothing', 0)\n"
        opens += "for _ in range(20000):\n    try: os.open('/nothing', 0)\n    except OSError: pass\n"
        # These stop each time, but once.
        actions = ("import signal\nfor _ in range(1000): signal.signal(signal.SIGUSR1, signal.SIG_IGN)\n"
                   "for _ in range(1000): signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])")
        # What changes no action and no mask need not be seen.
        queries = ("import ctypes\nlibc = ctypes.CDLL(None)\nbuffer = ctypes.create_string_buffer(256)\n"
                   "for _ in range(10000): libc.sigaction(10, None, buffer), libc.sigprocmask(0, None, buffer)")
        for command in (["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=20000"], [PYTHON, "-S", "-c", opens],
                        [PYTHON, "-S", "-c", actions], [PYTHON, "-S", "-c", queries], target("call_shapes", "ways", "10000"),
                        target("call_shapes", "threads", "3000", "keeps")):
            ran, requests = ptrace_requests(VDSOTRACE, *INLINE, "-f", "--", *command)
            self.assertEqual(ran.status, 0, ran.stderr)
            self.assertLess(requests, 20000)

    def test_a_place_that_calls_often_stops_no_more_where_threads_are(self):
        """They are followed also where children are not. A child in their memory is not, as long as it is there."""
        threads = ("import os, subprocess, threading\nend = threading.Event()\nthread = threading.Thread(target=end.wait)\n"
                   "thread.start()\nassert subprocess._USE_VFORK\nfor _ in range(3): subprocess.run(['true'])\n"
                   "for _ in range(20000): os.access('/nothing', 0)\nend.set()\nthread.join()")
        for command in (target("call_shapes", "threads", "3000", "keeps"), [PYTHON, "-S", "-c", threads]):
            with self.subTest(command=command):
                ran, requests = ptrace_requests(VDSOTRACE, *INLINE, "--", *command)
                self.assertEqual(ran.status, 0, ran.stderr)
                self.assertLess(requests, 20000)

    def test_children_of_a_program_with_jumps(self):
        program = ("import os, subprocess\n"
                   "for i in range(3):\n"
                   "    for _ in range(50): os.getppid(); os.access('/nothing', 0)\n"
                   "    print(subprocess.run(['/bin/echo', 'x'], capture_output=True).stdout)\n"
                   "    if os.fork() == 0:\n"
                   "        for _ in range(50): os.getppid(); os.access('/nothing', 0)\n"
                   "        os._exit(0)\n"
                   "    os.wait()\n")
        for options in [], ["-f"]:
            with self.subTest(options=options):
                self.same([PYTHON, "-S", "-c", program], *options, but={"read", "poll", "wait4", "rt_sigreturn"})

    def test_outcomes_that_timing_decides(self):
        for case in ("interrupted", "stopped", "cancelled"):
            with self.subTest(case=case):
                ran, counts = inline_counts(target("own_calls", case), "-f")
                self.assertEqual((ran.status, ran.stdout), (0, "as it should be\n"), ran.stderr)
                self.assertGreater(counts["write"][0], 0)

    def test_rings(self):
        for options in [], ["polled"]:
            with self.subTest(options=options):
                counts = self.same(target("rings", *options), "-f", but={"io_uring_enter"})
                if counts["io_uring_setup"] == (1, 0):
                    self.assertEqual(counts["io_uring_enter"], (500, 0))

    def test_targets_end_as_untraced(self):
        for name in ("signal_storm", "jump_out", "stacks", "own_filter", "exec_thread", "replaced", "move_vdso",
                     "seccomp_filter", "seccomp_strict", "own_traps", "throws", "slow_signals", "stop_continue"):
            with self.subTest(target=name):
                untraced = testing.run(target(name))
                ran = testing.vdsotrace(*INLINE, "-f", "--", *target(name))
                self.assertEqual(ran.status, untraced.status, ran.stderr[-2000:])
                self.assertEqual(testing.without_counts(ran.stdout), testing.without_counts(untraced.stdout))

    def test_json_says_how(self):
        trace = testing.trace_json(["true"], *INLINE)
        self.assertEqual(trace.events[0]["syscalls"], "inline")
        self.assertTrue(all(call["duration_ns"] is None for call in trace.summary["calls"]))
        self.assertEqual(testing.trace_json(["true"], "-c").events[0]["syscalls"], "stops")

    def test_the_program_dies_with_us(self):
        read, write = os.pipe()
        program = f"import os, time; os.write({write}, str(os.getpid()).encode()); time.sleep(1000)"
        ours = subprocess.Popen([VDSOTRACE, *INLINE, "--", PYTHON, "-c", program], pass_fds=[write],
                                stderr=subprocess.DEVNULL)
        pid = int(os.read(read, 100))
        ours.send_signal(signal.SIGKILL)
        ours.wait()
        os.close(write)
        self.assertEqual(os.read(read, 1), b"")
        os.close(read)
        self.assertGreater(pid, 0)

    def test_a_program_that_goes_on_without_us(self):
        # SIGTERM ends the watching, not the program.
        read, write = os.pipe()
        answer, ask = os.pipe()
        program = (f"import os\n"
                   f"for _ in range(100): os.getppid(), os.access('/', 0)\n"
                   f"os.write({write}, b'x'); os.read({answer}, 1); os.getppid()\n"
                   f"for line in open('/proc/self/maps'):\n"
                   f"    where, rights, offset, _, inode, *name = line.split()\n"
                   f"    start, end = (int(word, 16) for word in where.split('-'))\n"
                   f"    if 'vdsotrace' in line or inode == '0' and 'x' in rights and not name: print('left', line)\n"
                   f"    if rights != 'r-xp' or inode == '0': continue\n"
                   f"    with open('/proc/self/mem', 'rb') as memory, open(name[0], 'rb') as file:\n"
                   f"        memory.seek(start), file.seek(int(offset, 16))\n"
                   f"        code = file.read(end - start)\n"
                   f"        if memory.read(len(code)) != code: print('changed', line)\n"
                   f"os.write({write}, b'y'); print('whole')")
        ours = subprocess.Popen([VDSOTRACE, *INLINE, "--duration", "100ms", "--", PYTHON, "-c", program],
                                pass_fds=[write, answer], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(os.read(read, 1), b"x")
        ours.wait()
        os.write(ask, b"z")
        self.assertEqual(os.read(read, 1), b"y")
        self.assertEqual(ours.stdout.read(), b"whole\n")
        ours.stdout.close()
        for fd in (read, write, answer, ask):
            os.close(fd)


class RefusalTest(unittest.TestCase):
    def test_a_program_that_dispatches_its_calls_itself_stops(self):
        command = target("own_calls", "dispatches")
        untraced = testing.run(command)
        if "not here" in untraced.stdout:
            raise unittest.SkipTest("this kernel has no syscall user dispatch")
        _, expected = strace_counts(command)
        ran, counts = inline_counts(command)
        self.assertEqual((ran.status, ran.stdout), (untraced.status, untraced.stdout))
        self.assertEqual(ran.stderr.count(REFUSED), 1)
        self.assertEqual(counts, expected)

    def test_what_takes_stops_needs_them(self):
        for options in (["-k", "--engine=step"], ["-c", "--engine=perf"], ["-e", "route=vsyscall"]):
            with self.subTest(options=options):
                ran = testing.vdsotrace("--syscalls=inline", *options, "--", "true")
                self.assertIn("needs --syscalls=stops", ran.stderr)
                self.assertNotEqual(ran.status, 0)
        self.assertIn("one of stops, inline", testing.vdsotrace("-c", "--syscalls=x", "--", "true").stderr)

    def test_a_32_bit_program_stops(self):
        program = target("calls_m32")
        if not os.path.exists(program[0]):
            raise unittest.SkipTest("no 32-bit programs here")
        ran = testing.vdsotrace(*INLINE, "--", *program)
        self.assertEqual(ran.stderr.count(REFUSED), 1, ran.stderr)


if __name__ == "__main__":
    testing.main()
