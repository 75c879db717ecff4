"""What tests of --syscalls=inline have in common."""

import collections
import re
import tempfile
import unittest
from pathlib import Path

import vdsotrace_testing as testing

INLINE = ["--syscalls=inline"]


def threads_that_open(times):
    """A program of Python's whose threads open a file so many times each."""
    return f"""import threading
def work():
    for _ in range({times}):
        open('/dev/null').close()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print('done')
"""


def go_that_opens(times):
    """A program of Go's that looks for a file so many times."""
    return f"""package main

import (
	"fmt"
	"os"
)

func main() {{
	sum := 0
	for i := 0; i < {times}; i++ {{
		f, err := os.Open("/proc/self/nothing")
		if err == nil {{
			f.Close()
			sum++
		}}
	}}
	fmt.Println(sum)
}}
"""


def require_dispatch(*options):
    """Skips where vdsotrace, with these options, has to see system calls by stops after all."""
    probe = testing.vdsotrace(*options, "--", "true")
    if "its system calls are" in probe.stderr:
        raise unittest.SkipTest("system calls cannot be dispatched here: " + probe.stderr)


def ptrace_requests(*command):
    """The run of a command under the real strace, and how often it calls ptrace."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts"
        ran = testing.run(["strace", "-c", "-e", "trace=ptrace", "-o", file, *command])
        # The column of errors is empty where there were none.
        rows = [line.split() for line in file.read_text().splitlines() if line.endswith(" ptrace")]
        return ran, sum(int(row[3]) for row in rows)


def trace_lines(command, *options, **kwargs):
    """The run, and what was written to a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace"
        ran = testing.vdsotrace(*options, "-o", file, "--", *command, **kwargs)
        return ran, file.read_text().splitlines()


def inline_counts(command, *options, **kwargs):
    """The run, and {name: (calls, errors)} of what has entered the kernel."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts"
        ran = testing.vdsotrace("-c", "--syscalls=inline", *options, "-o", file, "--", *command, **kwargs)
        counts = collections.Counter()
        errors = collections.Counter()
        for line in file.read_text().splitlines():
            found = re.fullmatch(r" *[\d.-]+ +[\d.-]+ +[\d-]+ +(\d+) (.{9}) (.{8}) (\w+)(\(.*\))?", line)
            if found is None or found[4] == "total" or found[3].strip() in ("vdso", "vsyscall"):
                continue
            counts[found[4]] += int(found[1])
            errors[found[4]] += int(found[2].strip() or 0)
        return ran, {name: (counts[name], errors[name]) for name in counts}


def comparable(lines):
    """Without what differs from run to run, and what is seen only of the vDSO."""
    kept = []
    for line in lines:
        if line.startswith("vdsotrace:") or line.endswith("[vdso]"):
            continue
        line = re.sub(r"0x[0-9a-f]+", "0xX", line)
        line = re.sub(r"f_(bfree|bavail|ffree)=\d+", r"f_\1=N", line)
        line = re.sub(r"getrandom\(\"[^\"]*\"", "getrandom(\"...\"", line)
        kept.append(re.sub(r"^(set_tid_address|getpid|gettid|getppid|getpgid|getsid)(.*) = \d+", r"\1\2 = N", line))
    return kept


class SameLines(unittest.TestCase):
    """Of tests that lines by stubs are those by stops. `renumbered`: what the kernel numbers anew for each run, as patterns
    of lines and what stands for it."""

    maxDiff = None
    renumbered = {}

    def same(self, command, *options, may_fail=False):
        """`command` is made for each run, as a function of an empty folder. Answers the lines by stubs."""
        by_stops, by_stubs = (self.lines_of(command, *options, *more, may_fail=may_fail) for more in ([], INLINE))
        self.assertEqual(self.without_numbers(by_stubs), self.without_numbers(by_stops))
        return by_stubs

    def lines_of(self, command, *options, may_fail):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            ran, lines = trace_lines(command(folder), *options)
            self.assertTrue(may_fail or ran.status == 0, ran.stderr)
            return lines

    def without_numbers(self, lines):
        kept = comparable(lines)
        for pattern, instead in self.renumbered.items():
            kept = [re.sub(pattern, instead, line) for line in kept]
        return kept
