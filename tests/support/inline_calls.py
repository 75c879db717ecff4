"""What tests of --syscalls=inline have in common."""

import re
import tempfile
import unittest
from pathlib import Path

import vdsotrace_testing as testing


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
