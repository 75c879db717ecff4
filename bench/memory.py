#!/usr/bin/env python3
"""How much memory observing takes, by the number of threads: of vdsotrace itself, and what the observed program has besides its own."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from observers import VDSOTRACE, testing

THREADS = (1, 64, 1000)
WAYS = {"counts": ["-c", "-e", "route=vdso,fallback"], "trace": ["-e", "route=vdso,fallback"]}
# Each thread makes some calls and stays.
PROGRAM = """
import sys, threading, time
threading.stack_size(1 << 18)
gate = threading.Barrier(int(sys.argv[1]))
def call():
    for _ in range(100): time.monotonic()
    gate.wait()
    threading.Event().wait()
for _ in range(int(sys.argv[1]) - 1): threading.Thread(target=call, daemon=True).start()
for _ in range(100): time.monotonic()
gate.wait()
print("ready", flush=True)
sys.stdin.read()
"""


def own_kb(pid):
    """VmRSS (proc_pid_status(5))."""
    return int(re.search(r"(?m)^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def stubs_kb(pid):
    """Mapped, resident: code without a name, and the memory shared with vdsotrace (proc_pid_smaps(5))."""
    mapped = resident = 0
    areas = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path(f"/proc/{pid}/smaps").read_text())
    for area in areas:
        if re.match(r"\S+ r-xp 0+ 00:00 0\s*\n|.*/memfd:vdsotrace", area):
            mapped += int(re.search(r"(?m)^Size:\s+(\d+)", area)[1])
            resident += int(re.search(r"(?m)^Rss:\s+(\d+)", area)[1])
    return mapped, resident


def measure(options, threads):
    command = [VDSOTRACE, *options, "-o", "/dev/null", testing.PYTHON, "-c", PROGRAM, str(threads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tracer:
        if tracer.stdout.readline() != "ready\n":
            raise RuntimeError(f"{command}: {tracer.wait()}")
        program, = testing.children_of(tracer.pid)
        found = own_kb(tracer.pid), *stubs_kb(program)
        tracer.stdin.close()
    return found


def main():
    print("| | threads | vdsotrace (kB) | mapped in the program (kB) | of it resident (kB) |\n|---|---:|---:|---:|---:|")
    for name, options in WAYS.items():
        for threads in THREADS:
            print(f"| {name} | {threads:,} | " + " | ".join(f"{kb:,}" for kb in measure(options, threads)) + " |")


if __name__ == "__main__":
    main()
