"""For how long threads are kept from running while somebody attaches to their process and detaches again."""

import signal
import subprocess
import time
from dataclasses import dataclass

from observers import STOPPED, testing
from work import Work

LATE = str(testing.BUILD / "bench" / "late")


@dataclass
class Stopped(Work):
    """bench/late.c, which measures from inside: the latest that any of its threads has come."""
    name: str
    threads: int
    period_us: int   # short enough that some thread is soon due, long enough to leave the processors idle
    seconds: float   # until it is attached, at the longest
    kind: str = STOPPED
    unit: str = "ms"
    repeats: int = 3

    def measure(self, observer):
        command = [LATE, str(self.threads), str(self.period_us)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            program.stdout.readline()
            self.latest_ns(program)
            attached = subprocess.Popen([*observer.attach, str(program.pid)], stderr=subprocess.DEVNULL)
            time.sleep(self.seconds)
            attached.send_signal(signal.SIGINT)
            attached.wait()
            latest = self.latest_ns(program)
            program.stdin.close()
        return latest / 1e6

    def latest_ns(self, program):
        program.stdin.write("\n")
        program.stdin.flush()
        return int(program.stdout.readline())


STOPPED_WORKS = [
    Stopped("attached to and detached from, 8 threads: longest stop", 8, 2_000, 0.5),
    Stopped("attached to and detached from, 1,000 threads: longest stop", 1000, 100_000, 1.5),
]
