"""Audits of programs that we did not write: what they count is what the processor's breakpoints count (perf stat -e
mem:ADDRESS:x) in the same run, and who they name called it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, perf_entries, target, vdso_base, vdso_functions, wait_until

FUNCTIONS = ["clock_gettime", "gettimeofday", "time", "getcpu"]
JAVA = """public class Clock {
  public static void main(String[] arguments) {
    long sum = 0;
    for (int i = 0; i < 20000; i++) sum += System.nanoTime() + System.currentTimeMillis();
    System.out.println(sum != 0);
  }
}
"""
GO = """package main

import (
	"fmt"
	"time"
)

//go:noinline
func askTheTime(started time.Time) bool { return !time.Now().Before(started) }

func main() {
	started, ordered := time.Now(), true
	for i := 0; i < 3000; i++ {
		ordered = ordered && askTheTime(started)
	}
	fmt.Println(ordered)
}
"""


def setUpModule():
    testing.require_ptrace()
    testing.require_perf()
    testing.require_user_space_clock()
    if Path("/proc/sys/kernel/randomize_va_space").read_text().strip() == "0":
        raise unittest.SkipTest("kernel.randomize_va_space is 0: vdsotrace's own calls could not be distinguished from the program's")


def through_vdso(found):
    """{function: calls that entered it}."""
    counts = dict.fromkeys(FUNCTIONS, 0)
    for call in found["calls"]:
        if call["route"] in ("vdso", "fallback") and call["name"] in counts:
            counts[call["name"]] += call["count"]
    return counts


def callers(found, name, route):
    """{(symbol, file name of the module): calls}"""
    result = {}
    for call in found["calls"]:
        if (call["name"], call["route"]) != (name, route):
            continue
        for who in call["callers"]:
            key = who["symbol"], os.path.basename(who["module"] or "")
            result[key] = result.get(key, 0) + who["count"]
    return result


class AuditsTest(unittest.TestCase):
    def audited(self, command, status=0, killed_last=0):
        """The audit of a run, in which perf counted the same. `killed_last`: threads that may be killed while they run, as the
        program exits. perf counts before the instruction at the entry is executed; a thread that dies right there made no call."""
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "audit"
            ran, entered = perf_entries([VDSOTRACE, "audit", "-f", "--json", "-o", report, "--", "setarch", "-R", *command],
                                        vdso_base(command), FUNCTIONS)
            self.assertEqual(ran.status, status, ran.stderr[-2000:])
            found = json.loads(report.read_text())
        self.assertEqual(found["lost"], 0)
        seen = through_vdso(found)
        unmade = {name: entered[name] - seen[name] for name in FUNCTIONS}
        self.assertTrue(all(count >= 0 for count in unmade.values()) and sum(unmade.values()) <= killed_last, unmade)
        for call in found["calls"]:
            self.assertEqual(sum(who["count"] for who in call["callers"]), call["count"])
        return found

    def test_python(self):
        found = self.audited([PYTHON, "-c", "import time\nfor i in range(50000): time.monotonic()"])
        symbol, calls = max(callers(found, "clock_gettime", "vdso").items(), key=lambda item: item[1])
        self.assertGreaterEqual(calls, 50000)

    def test_pg_test_timing(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_test_timing"))
        if not found:
            raise unittest.SkipTest("pg_test_timing (postgresql) is not installed")
        audit = self.audited([str(found[-1]), "-d", "1"])
        who = callers(audit, "clock_gettime", "vdso")
        self.assertGreater(sum(who.values()), 10000)
        self.assertEqual({module for _, module in who}, {"pg_test_timing"})

    def test_static(self):
        self.audited(target("calls_static"), testing.run(target("calls_static")).status)

    def test_by_name_not_found(self):
        """The mangled C library finds no vDSO function and enters the kernel each time."""
        mangled = testing.example("hello-vdso-mangled")
        if not Path(mangled[0]).exists():
            raise unittest.SkipTest("hello-vdso-mangled is not built")
        found = self.audited(mangled)
        self.assertEqual(through_vdso(found)["gettimeofday"], 0)
        self.assertEqual(callers(found, "gettimeofday", "syscall"), {("main", "hello-vdso-mangled"): 1})

    def test_java(self):
        testing.require_program("java", "javac")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "Clock.java").write_text(JAVA)
            self.assertEqual(testing.run(["javac", "-d", folder, Path(folder, "Clock.java")]).status, 0)
            # The VM's thread asks for the time while the main thread leaves: in about 1 run of 30 it dies of that.
            found = self.audited(["java", "-cp", folder, "Clock"], killed_last=1)
        who = callers(found, "clock_gettime", "vdso")
        self.assertGreaterEqual(sum(who.values()), 40000)
        self.assertGreaterEqual(sum(calls for (_, module), calls in who.items() if module == "libjvm.so"), 40000)

    def test_go(self):
        testing.require_program("go")
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder, "clock.go"), Path(folder, "clock")
            source.write_text(GO)
            built = testing.run([shutil.which("go"), "build", "-o", program, source],
                                env={"PATH": "/usr/bin:/bin", "HOME": folder, "GO111MODULE": "off",
                                     "GOCACHE": str(Path(tempfile.gettempdir(), "vdsotrace-test-go-cache"))})
            self.assertEqual(built.status, 0, built.stderr)
            # Without the signals by which its scheduler interrupts threads: a signal at an entry makes perf count twice.
            os.environ["GODEBUG"] = "asyncpreemptoff=1"
            self.addCleanup(os.environ.pop, "GODEBUG", None)
            found = self.audited([str(program)])
        who = callers(found, "clock_gettime", "vdso")
        self.assertGreaterEqual(sum(who.values()), 6000)
        self.assertEqual({module for _, module in who}, {"clock"})

    def test_redis_under_load(self):
        """Stopped while both watchers come and go, so that both see the same calls."""
        testing.require_program("redis-server", "redis-benchmark")
        with tempfile.TemporaryDirectory() as folder:
            socket = f"{folder}/redis"
            server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
                                      stdout=subprocess.DEVNULL)
            self.addCleanup(server.wait)
            self.addCleanup(server.kill)
            wait_until(lambda: testing.listens(socket))
            found, entered = self.watched_twice(server.pid, folder, lambda: subprocess.run(
                ["redis-benchmark", "-s", socket, "-t", "get", "-n", "20000", "-q"], check=True, stdout=subprocess.DEVNULL))
        self.assertEqual(through_vdso(found), entered)
        self.assertGreater(sum(entered.values()), 20000)
        program = os.path.basename(os.path.realpath(shutil.which("redis-server")))
        self.assertIn(program, {module for name in FUNCTIONS for _, module in callers(found, name, "vdso")})

    def watched_twice(self, pid, folder, load):
        base = next(int(line.split("-")[0], 16) for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
                    if line.endswith("[vdso]"))
        entries = {name: base + vdso_functions()[name] for name in FUNCTIONS}
        events = {name: f"mem:{address:#x}:x:u" for name, address in entries.items()}
        before = self.bytes_at(pid, entries.values())
        os.kill(pid, signal.SIGSTOP)
        perf = subprocess.Popen(["perf", "stat", "-x,", "-o", f"{folder}/perf", "-p", str(pid),
                                 *(word for event in events.values() for word in ("-e", event))])
        self.addCleanup(perf.kill)
        wait_until(lambda: self.perf_events_of(perf.pid) >= len(events))
        watcher = subprocess.Popen([VDSOTRACE, "audit", "--json", "-o", f"{folder}/audit", "-p", str(pid)])
        self.addCleanup(watcher.kill)
        # Seized is not yet watched: what SIGCONT lets run while stubs are put in is seen by perf alone.
        wait_until(lambda: all(now != then for now, then in zip(self.bytes_at(pid, entries.values()), before)))
        os.kill(pid, signal.SIGCONT)
        load()
        os.kill(pid, signal.SIGSTOP)
        for one in (watcher, perf):
            one.send_signal(signal.SIGINT)
            one.wait(60)
        os.kill(pid, signal.SIGCONT)
        rows = [line.split(",") for line in Path(folder, "perf").read_text().splitlines() if ",mem:" in line]
        entered = {name: next(int(row[0]) for row in rows if row[2] == event) for name, event in events.items()}
        return json.loads(Path(folder, "audit").read_text()), entered

    def bytes_at(self, pid, addresses):
        with open(f"/proc/{pid}/mem", "rb") as memory:
            return [os.pread(memory.fileno(), 8, address) for address in addresses]

    def perf_events_of(self, pid):
        count = 0
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                count += "perf_event" in os.readlink(descriptor)
            except FileNotFoundError:
                pass  # closed meanwhile
        return count


if __name__ == "__main__":
    testing.main()
