"""What tests of --syscalls=inline have in common."""

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
