"""A program whose system calls are counted without stops dies with vdsotrace, whenever that is killed: at each of many
ptrace requests, while the program's code is being patched, with one thread and with many. Runs the real strace.
"""

import os
import select
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target
from inline_calls import ptrace_requests

INLINE = [VDSOTRACE, "-c", "--syscalls=inline", "-f", "-o", "/dev/null", "--"]
KILLS = 12


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")


class KilledTest(unittest.TestCase):
    def dies_if_killed_at(self, command, request):
        """The program holds the pipe, and would do so for good."""
        read, write = os.pipe()
        shell = f"{shlex.join(command)} && exec sleep 1000"
        killed = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-e", "trace=ptrace", "-e",
                                   f"inject=ptrace:signal=KILL:when={request}", *INLINE, "sh", "-c", shell],
                                  pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        try:
            self.assertTrue(select.select([read], [], [], testing.TIMEOUT)[0], "the program lives on")
            self.assertEqual(os.read(read, 1), b"")
        finally:
            os.close(read)
            killed.kill()
            killed.wait()

    def test_the_program_dies_with_us_at_any_request(self):
        for command in target("call_shapes", "ways", 40), target("call_shapes", "forks", 40):
            _, total = ptrace_requests(*INLINE, *command)
            self.assertGreater(total, KILLS)
            for i in range(KILLS):
                request = 1 + total * i // KILLS * 3 // 4
                with self.subTest(command=command, request=request):
                    self.dies_if_killed_at(command, request)


if __name__ == "__main__":
    testing.main()
