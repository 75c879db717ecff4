"""Programs under every engine and set of options: they do what they do alone, and no call is lost."""

import collections.abc
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, children_of, run, wait_until

ENGINES = ("auto", "breakpoint")
OPTIONS = {
    "counts": ["-c"],
    "timed counts": ["-c", "-T"],
    "trace": [],
    "audit": ["audit"],
    "followed": ["-f"],
    "vdso routes": ["-e", "route=vdso,fallback"],
    "counted vdso routes": ["-c", "-e", "route=vdso,fallback"],
    "vdso functions": ["-e", "trace=%vdso"],
    "callers": ["--callers"],
}


def has_engine(name):
    return testing.vdsotrace("--engine=" + name, "-o", "/dev/null", "true").status == 0


def command(engine, options, file):
    """The command line of vdsotrace up to its program or -p."""
    return [VDSOTRACE, *options, "--engine=" + engine, "--json", "-o", file]


def ways(engines=ENGINES, names=OPTIONS):
    """(engine, name, options) of each."""
    return [(engine, name, OPTIONS[name]) for engine in engines for name in names]


def code_of_vdso(pid):
    """The bytes of a process's vDSO."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                memory.seek(start)
                return memory.read(end - start)
    return b""


class Events(collections.abc.Sequence):
    """The events of a file of JSON lines, each parsed when it is asked for: a program that asks for the time in a loop makes millions."""

    def __init__(self, file):
        self.lines = Path(file).read_bytes().splitlines()

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        return json.loads(self.lines[index])


class Running:
    """A program that is asked on its standard input and answers by lines."""

    def __init__(self, case, command_line, **how):
        self.case = case
        self.process = subprocess.Popen(list(map(str, command_line)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding="utf-8", errors="surrogateescape", **how)
        self.pid = self.process.pid
        case.addCleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def ask(self, question):
        self.process.stdin.write(question)
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        """(status, standard output from now on, standard error)."""
        out, err = self.process.communicate(timeout=testing.TIMEOUT)
        return testing.Ran(self.process.returncode, out, err)


class Waiting(Running):
    """A program of tests/targets/ready.h that stands where it waits."""

    def __init__(self, case, program, **how):
        super().__init__(case, program, env={**os.environ, "READY": "1"}, **how)
        case.assertEqual(self.process.stdout.readline(), "ready\n")

    def go_on(self):
        self.process.stdin.write("x")
        self.process.stdin.flush()
        return self.end()


class Attached:
    """A vdsotrace that is attached to a process and has its probes in."""

    def __init__(self, case, pid, engine, options):
        self.case = case
        before = code_of_vdso(pid)
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.file = folder.name + "/trace"
        self.process = subprocess.Popen([*command(engine, options, self.file), "-p", str(pid)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        case.addCleanup(self.process.stderr.close)
        case.addCleanup(self.process.wait)
        case.addCleanup(self.process.kill)
        wait_until(lambda: code_of_vdso(pid) != before or self.process.poll() is not None)
        case.assertIsNone(self.process.returncode, "vdsotrace has ended")

    def finish(self, ending=None):
        """Ends it, or waits for it; returns the events that it wrote."""
        if ending is not None:
            self.process.send_signal(ending)
        _, err = self.process.communicate(timeout=testing.TIMEOUT)
        self.case.assertEqual(self.process.returncode, 0, err[-2000:])
        return Events(self.file)


class EveryWayTest(unittest.TestCase):
    """What the tests of a program call."""

    def traced(self, program, engine, options, **how):
        """Runs it to its end: (Ran, events)."""
        with tempfile.TemporaryDirectory() as folder:
            file = folder + "/trace"
            ran = run([*command(engine, options, file), "--", *program], **how)
            self.assertTrue(os.path.exists(file), ran.stderr)
            return ran, Events(file)

    def attached(self, program, engine, options):
        """The same, with vdsotrace coming when it waits for that."""
        waiting = Waiting(self, program)
        tracer = Attached(self, waiting.pid, engine, options)
        ran = waiting.go_on()
        return ran, tracer.finish()

    def same_as_alone(self, program, look=None, engines=ENGINES, names=OPTIONS, attach=True):
        """It has the same status and output in every way as untraced, but for what `look` takes out. Returns that output."""
        alone = run(program)
        if alone.status == testing.SKIPPED:
            self.skipTest(alone.stdout.strip())
        self.assertEqual(alone.status, 0, alone.stderr)
        look = look or (lambda text: text)
        for engine, name, options in ways(engines, names):
            for way in (self.traced, self.attached) if attach else (self.traced,):
                with self.subTest(engine=engine, options=name, way=way.__name__):
                    ran, events = way(program, engine, options)
                    self.assertEqual((ran.status, look(ran.stdout)), (0, look(alone.stdout)), ran.stderr[-2000:])
                    if events and events[-1]["type"] == "summary":
                        self.assertEqual(events[-1]["lost"], 0)
        return alone.stdout
