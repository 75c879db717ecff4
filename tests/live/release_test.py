"""The end of a trace that is not the end of the program: --duration, and signals that mean vdsotrace."""

import os
import random
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, target

ROUNDS = 12


def setUpModule():
    testing.require_ptrace()


class ReleaseTest(unittest.TestCase):
    def test_the_program_goes_on_unharmed(self):
        """Threads that do nothing but vDSO calls are detached wherever they are in one."""
        seed = random.randrange(10**6)
        chance = random.Random(seed)
        program = target("threads", 4, 20000)
        expected = subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout
        for _ in range(ROUNDS):
            with self.subTest(seed=seed):
                duration = f"--duration={chance.uniform(0.02, 0.3):.3f}"
                # Its standard output ends when the program does, whoever waits for it.
                done = subprocess.run([VDSOTRACE, duration, "-o", "/dev/null", *program],
                                      stdout=subprocess.PIPE, timeout=testing.TIMEOUT, check=False)
                self.assertEqual(0, done.returncode)
                self.assertEqual(expected, done.stdout)

    def test_a_signal_after_the_program_has_ended_ends_the_trace(self):
        """A child that is left over is detached too: it answers on its pipe afterwards."""
        script = "(read line; echo went on) <&3 & exit 3"
        reader, writer = os.pipe()
        tracer = subprocess.Popen([VDSOTRACE, "-f", "-q", "-o", "/dev/null", "sh", "-c", f"exec 3<&{reader}; {script}"],
                                  stdout=subprocess.PIPE, pass_fds=[reader], text=True)
        os.close(reader)
        parents = []
        while not parents or tracer.pid in parents:  # the program itself is the tracer's child
            self.assertIsNone(tracer.poll())
            parents = parents_of_tracees(tracer.pid)
        tracer.send_signal(signal.SIGTERM)
        self.leaves_child(tracer, writer)

    def test_a_signal_before_the_program_has_been_waited_for_ends_the_trace(self):
        """It is not for the program, which is dead."""
        of_child, to_child = os.pipe()
        of_program, to_program = os.pipe()
        script = f"exec 3<&{of_child} 4<&{of_program}; (read line; echo went on) <&3 & read line <&4; exit 3"
        tracer = subprocess.Popen([VDSOTRACE, "-f", "-q", "-c", "-e", "trace=none", "-o", "/dev/null", "sh", "-c", script],
                                  stdout=subprocess.PIPE, pass_fds=[of_child, of_program], text=True)
        os.close(of_child)
        os.close(of_program)
        while len(parents_of_tracees(tracer.pid)) < 2:
            self.assertIsNone(tracer.poll())
        program = children_of(tracer.pid)[0]
        tracer.send_signal(signal.SIGSTOP)
        wait_for_state(tracer.pid, "T")
        os.close(to_program)
        wait_for_state(program, "Z")
        tracer.send_signal(signal.SIGTERM)
        tracer.send_signal(signal.SIGCONT)
        self.leaves_child(tracer, to_child)

    def leaves_child(self, tracer, to_child):
        self.assertEqual(3, tracer.wait(testing.TIMEOUT))
        os.write(to_child, b"line\n")
        os.close(to_child)
        self.assertEqual("went on\n", tracer.stdout.read())
        tracer.stdout.close()


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_state(pid, state):
    while testing.state_of(pid) != state:
        pass


def parents_of_tracees(pid):
    """The parent of each living process that `pid` traces."""
    parents = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text(errors="replace").splitlines() if ":\t" in line)
        except OSError:
            continue
        if fields.get("TracerPid") == str(pid) and not fields["State"].startswith("Z"):
            parents.append(int(fields["PPid"]))
    return parents


if __name__ == "__main__":
    testing.main()
