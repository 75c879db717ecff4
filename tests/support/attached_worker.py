"""Programs that run already and work when they are told, and what can be seen of their memory."""

import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target, wait_until

LOOPED = ("getppid", "read", "close", "getuid", "gettid")  # what the threads of `works` call
COMPLETE = "no system call was missed"


def has_perf():
    """Whether the kernel may count calls for us."""
    ran = testing.vdsotrace("-c", "--syscalls=inline", "--duration=0.01", "-p", os.getpid())
    return "is not known" not in ran.stderr


def files_code(pid):
    """{file and offset: bytes} of what is mapped of files to be executed."""
    code = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            if words[1] != "r-xp" or words[4] == "0":
                continue
            start, end = (int(word, 16) for word in words[0].split("-"))
            memory.seek(start)
            code[words[5], words[2]] = memory.read(end - start)
    return code


def mapped(pid):
    """What is mapped of files or to be executed. Heaps and stacks are the program's to change."""
    return [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
            if "x" in line.split()[1] or line.split()[4] != "0"]


def status_of(task, name):
    return next(line.split()[1] for line in Path(f"/proc/{task}/status").read_text().splitlines() if line.startswith(name + ":"))


def regions(pid):
    """The inodes of the memory that vdsotraces share with it, or have until they were killed."""
    return {line.split()[4] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "memfd:vdsotrace" in line}


def is_traced(pid, left=frozenset()):
    """By a vdsotrace that has installed what it needs there, beside what is left, and let the process go on."""
    return regions(pid) - left and status_of(pid, "State") != "t"


class Worker(testing.Running):
    def begin_work(self):
        self.process.stdin.write("work\n")
        self.process.stdin.flush()

    def await_work(self):
        """Answers what is said behind "done"."""
        words = self.process.stdout.readline().split()
        self.case.assertEqual(words[:1], ["done"], self.process.poll())
        return words[1:]

    def work(self):
        self.begin_work()
        return self.await_work()

    def work_while_killed(self, *options):
        """Attaches with these options and is killed at any moment of the attach or of the work, which is done all the same."""
        tracer = subprocess.Popen([VDSOTRACE, *options, "-o", "/dev/null", "-p", str(self.pid)], stderr=subprocess.DEVNULL)
        time.sleep(random.random() * 0.4)
        self.begin_work()
        tracer.kill()
        tracer.wait()
        return self.await_work()

    def end(self):
        self.process.stdin.close()
        self.case.assertEqual(self.process.wait(60), 0)

    def execute_works(self):
        """Of one made by executing_works."""
        self.process.stdin.write("execute\n")
        self.process.stdin.flush()
        self.case.assertEqual(self.process.stdout.readline(), "ready\n")


def executing_works():
    """A program that executes `works`, with a thread that makes 50 calls of each, when it is told."""
    return [testing.PYTHON, "-c", "import os, sys; print('ready', flush=True); sys.stdin.readline(); "
                                  f"os.execv('{target('works')[0]}', ['works', '1', '50'])"]


class Observing:
    """A vdsotrace that is attached to a worker, from when this is made."""

    def __init__(self, case, worker, *options):
        self.case = case
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "report")
        self.process = subprocess.Popen([VDSOTRACE, *options, "-o", self.file, "-p", str(worker.pid)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        case.addCleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def finish(self):
        """(what was reported, what was said)."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=60)
        self.case.assertEqual(self.process.returncode, 0, errors)
        return self.file.read_text(), errors


class Tracing(Observing):
    """The same of one that shows calls, from when it sees them."""

    def __init__(self, case, worker, *options):
        left = regions(worker.pid)
        super().__init__(case, worker, *options)
        if "--syscalls=inline" in options:
            wait_until(lambda: self.process.poll() is not None or is_traced(worker.pid, left))
        else:
            said = self.process.stderr.readline()
            case.assertIn("attached", self.process.stderr.readline() if ": -k: " in said else said)
            wait_until(lambda: status_of(worker.pid, "State") != "t")

    def end(self):
        """(lines, what was said)."""
        report, errors = self.finish()
        return report.splitlines(), errors


class ObservedTest:
    """What tests of attached workers have in common."""

    def check_complete(self, notices):
        if has_perf():
            self.assertIn(COMPLETE, notices)

    def requests_while_working(self, *options):
        """How often a vdsotrace calls ptrace and wait4 while a worker of 2 threads makes calls."""
        testing.require_program("strace")
        worker = Worker(self, target("works", 2, 5000))
        with tempfile.TemporaryDirectory() as folder:
            calls = Path(folder, "calls")
            tracer = subprocess.Popen(["strace", "-c", "-e", "trace=ptrace,wait4", "-o", calls, VDSOTRACE, *options, "-o",
                                       "/dev/null", "-p", str(worker.pid)], stderr=subprocess.DEVNULL)
            self.addCleanup(tracer.kill)
            wait_until(lambda: is_traced(worker.pid))
            worker.work()
            os.kill(testing.children_of(tracer.pid)[0], signal.SIGINT)
            self.assertEqual(tracer.wait(60), 0)
            worker.end()
            return sum(int(line.split()[3]) for line in calls.read_text().splitlines() if line.endswith(("ptrace", "wait4")))
