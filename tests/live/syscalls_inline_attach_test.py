"""-c -p --syscalls=inline: calls of processes that run already are counted without stops, number for number; they are not
harmed by that, not even where vdsotrace is killed, and their code is their own again afterwards.

VDSOTRACE_STORM multiplies the rounds (1: what continuous integration runs). The seed is said at the start.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target, wait_until
from attached_worker import (COMPLETE, LOOPED, ObservedTest, Observing, Worker, executing_works, files_code, has_perf, mapped,
                             status_of)

STORM = int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
OPTIONS = ["-c", "--syscalls=inline"]
REFUSED = "its system calls are counted by stops"
MEMORY = "memfd:vdsotrace-calls"

GO_SERVER = """package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
)

func work(group *sync.WaitGroup) {
	defer group.Done()
	for i := 0; i < 500; i++ {
		os.Stat("/nothing/there")
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	for lines.Scan() {
		var group sync.WaitGroup
		for i := 0; i < 4; i++ {
			group.Add(1)
			go work(&group)
		}
		group.Wait()
		fmt.Println("done")
	}
}
"""
MUSL_WORKER = """#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
  char line[16], byte;
  int zero = open("/dev/zero", O_RDONLY);
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    for (int i = 0; i < 1000; ++i)
      if (getppid() < 0 || pread(zero, &byte, 1, 0) != 1) return 1;
    puts("done");
    fflush(stdout);
  }
  return 0;
}
"""


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


def memories(pid):
    """The inodes of what vdsotraces count in, or have until they were killed."""
    return {line.split()[4] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if MEMORY in line}


class Counting(Observing):
    def __init__(self, case, worker, *options):
        left = memories(worker.pid)
        super().__init__(case, worker, *OPTIONS, *options)
        wait_until(lambda: self.process.poll() is not None or (memories(worker.pid) - left and status_of(worker.pid, "State") != "t"))

    def end(self):
        """({name: (calls, errors)} of system calls, what was said)."""
        report, errors = self.finish()
        rows = re.findall(r"(?m)^ +- +- +- +(\d+) +(\d+)? *- +(\w+)$", report)
        return {name: (int(calls), int(failures or 0)) for calls, failures, name in rows}, errors


class CountsTest(ObservedTest, unittest.TestCase):
    def check(self, counts, times):
        for name in LOOPED:
            # Reading a line takes one more, or two if it was read when we came.
            calls, errors = counts[name]
            more = range(3) if name == "read" else range(1)
            self.assertIn(calls - times, more, name)
            self.assertEqual(errors, times if name == "close" else 0, name)

    def test_threads(self):
        for program in ("works", "works_static"):
            for threads in (1, 8, 40):
                with self.subTest(program, threads=threads):
                    worker = Worker(self, target(program, threads, 2000))
                    worker.work()
                    counting = Counting(self, worker)
                    worker.work()
                    counts, notices = counting.end()
                    self.check(counts, threads * 2000)
                    self.check_complete(notices)
                    self.assertEqual(sum(calls for name, (calls, _) in counts.items() if name.startswith("clone")), threads)
                    worker.end()

    def test_threads_do_not_wait_for_perf_events(self):
        """They are opened before the first of them is stopped, and closed when all of them run again: the kernel takes tens of
        milliseconds to end the use of a trace point."""
        testing.require_program("strace")
        if not has_perf():
            self.skipTest("perf events are not permitted")
        worker = Worker(self, target("works", 8, 1))
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            ran = testing.run(["strace", "-e", "trace=perf_event_open,close,ptrace", "-o", log, VDSOTRACE, *OPTIONS, "--duration=0.01",
                               "-o", Path(folder, "counts"), "-p", worker.pid])
            self.assertEqual(ran.status, 0, ran.stderr)
            lines = log.read_text().splitlines()
        opened = re.findall(r"(?m)^perf_event_open\(.* = (\d+)$", "\n".join(lines))
        self.assertGreater(len(opened), 8)
        stopped = [number for number, line in enumerate(lines) if line.startswith(("ptrace(PTRACE_INTERRUPT,", "ptrace(PTRACE_DETACH,"))]
        meanwhile = lines[stopped[0]:stopped[-1]]
        self.assertEqual([line for line in meanwhile if line.startswith("perf_event_open(")], [])
        # The last to be opened keep their numbers to the end.
        self.assertEqual([line for line in meanwhile if line.startswith("close(") and re.search(r"\d+", line)[0] in opened[-8:]], [])
        worker.end()

    def test_again_and_again(self):
        """What it does in between is nobody's, and its code is as before each time."""
        worker = Worker(self, target("works", 4, 500))
        worker.work()
        code, maps = files_code(worker.pid), mapped(worker.pid)
        for _ in range(5 * STORM):
            counting = Counting(self, worker)
            worker.work()
            self.check(counting.end()[0], 2000)
            worker.work()
            self.assertEqual(files_code(worker.pid), code)
            self.assertEqual(mapped(worker.pid), maps)
        worker.end()

    def test_signal_handlers(self):
        """Their returns are counted, too."""
        worker = Worker(self, target("works", 2, 20000, "signals"))
        counting = Counting(self, worker)
        handled = int(worker.work()[0])
        counts, notices = counting.end()
        self.check(counts, 40000)
        self.assertEqual(counts["getpid"][0], handled)
        self.assertGreater(handled, 0)
        if has_perf():
            self.assertEqual(counts["rt_sigreturn"], (handled, 0))
            self.assertIn(COMPLETE, notices)
        worker.end()

    def test_children(self):
        """Those that are not followed count for nobody; those that are, as their creator."""
        for options, times in (([], 0), (["-f"], 3000)):
            with self.subTest(options):
                worker = Worker(self, target("works", 3, 1000, "forks"))
                code, maps = files_code(worker.pid), mapped(worker.pid)
                counting = Counting(self, worker, *options)
                worker.work()
                counts, notices = counting.end()
                for name in set(LOOPED) - {"read"}:
                    self.assertEqual(counts.get(name, (0, 0))[0], times)
                self.check_complete(notices)
                self.assertEqual(files_code(worker.pid), code)
                self.assertEqual(mapped(worker.pid), maps)
                worker.end()

    def test_where_it_executes_a_program(self):
        """From then on its calls stop, and are counted so."""
        worker = Worker(self, executing_works())
        counting = Counting(self, worker)
        worker.execute_works()
        worker.work()
        counts, notices = counting.end()
        for name in ("getppid", "close", "getuid", "gettid"):
            self.assertGreaterEqual(counts[name][0], 50)
        self.assertIn(f"{REFUSED}: it has executed a program since", notices)
        worker.end()

    def test_a_thread_stands_for_its_process(self):
        program = testing.Running(self, target("serve", "calls"), stderr=subprocess.DEVNULL)
        other = max(int(tid) for tid in os.listdir(f"/proc/{program.pid}/task"))
        self.assertNotEqual(other, program.pid)
        ran = testing.vdsotrace(*OPTIONS, "--duration=0.2", "-p", other)
        self.assertNotIn(REFUSED, ran.stderr)
        self.assertRegex(ran.stderr, r"(?m)^ .* - +clock_nanosleep$")
        program.process.stdin.write("check\n")
        program.process.stdin.flush()
        self.assertRegex(program.process.stdout.readline(), "^ok ")

    def test_go(self):
        testing.require_program("go")
        with tempfile.TemporaryDirectory() as folder:
            worker = Worker(self, [testing.go_program(folder, GO_SERVER)])
            counting = Counting(self, worker)
            worker.work()
            counts, notices = counting.end()
            self.assertEqual(counts["newfstatat"], (2000, 2000))
            self.check_complete(notices)
            worker.end()

    def test_musl(self):
        testing.require_program("musl-gcc")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "worker.c")
            source.write_text(MUSL_WORKER)
            for how in ([], ["-static"]):
                with self.subTest(how):
                    program = str(Path(folder, "worker" + "".join(how)))
                    subprocess.run([shutil.which("musl-gcc"), "-O2", *how, "-o", program, source], check=True)
                    worker = Worker(self, [program])
                    counting = Counting(self, worker)
                    worker.work()
                    counts, notices = counting.end()
                    self.assertEqual((counts["getppid"], counts["pread64"]), ((1000, 0), (1000, 0)))
                    self.check_complete(notices)
                    worker.end()

    def test_no_call_stops(self):
        """50,000 calls are made."""
        self.assertLess(self.requests_while_working(*OPTIONS), 5000)


class KilledTest(unittest.TestCase):
    def test_at_any_moment(self):
        worker = Worker(self, target("works", 4, 2000))
        worker.work()
        code, maps = files_code(worker.pid), mapped(worker.pid)
        for _ in range(15 * STORM):
            worker.work_while_killed(*OPTIONS)
        # The next one takes away what they have left, but where the thread sleeps that waits for work.
        counting = Counting(self, worker)
        worker.work()
        CountsTest.check(self, counting.end()[0], 8000)
        self.assertEqual(files_code(worker.pid), code)
        self.assertEqual(mapped(worker.pid), maps)
        worker.work()
        worker.end()


class RefusedTest(unittest.TestCase):
    def test_what_takes_stops(self):
        for options, what in ((["-c", "-P", "/"], "-p with -P"),
                              (["-c", "-e", "inject=getpid:retval=1"], "-p with -e inject=")):
            with self.subTest(what):
                ran = testing.vdsotrace(*options, "--syscalls=inline", "-p", os.getpid())
                self.assertEqual(ran.status, 1, ran.stderr)
                self.assertIn(f"--syscalls=inline: {what} needs --syscalls=stops", ran.stderr)

    def test_filters_that_judge_places(self):
        """Calls that stubs make come from elsewhere."""
        program = testing.Running(self, target("origin", "filter"), env={**os.environ, "READY": "1"})
        ran = testing.vdsotrace(*OPTIONS, "--duration=0.1", "-p", program.pid)
        self.assertIn(f"{REFUSED}: its seccomp filters may judge from where calls are made", ran.stderr)
        program.process.communicate("x", timeout=60)
        self.assertEqual(program.process.returncode, 0)


if __name__ == "__main__":
    testing.main()
