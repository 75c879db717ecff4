"""Servers under load while vdsotrace comes and goes: no request fails, and their logs say nothing.

VDSOTRACE_STORM multiplies the length of the load. The seed is said at the start.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import servers
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, vdsotrace

SECONDS = 4 * int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
# What is asked of vdsotrace in turn; -p without an engine takes the inline one.
WAYS = (["-e", "trace=%vdso"], ["-c"], [], ["-e", "trace=%vdso", "--callers"])
ENGINES = {"auto": [], "perf": ["--engine=perf"]}


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


class ServersTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = servers.free_port()

    def serve(self, make):
        server = make(self.folder, self.port)
        running = server.running()
        process = running.__enter__()
        self.addCleanup(running.__exit__, None, None, None)
        return server, process

    def load(self, pid, command, passed):
        """Runs the load once for each engine, vdsotrace coming and going; `passed` judges what it printed."""
        for engine, choice in ENGINES.items():
            if engine == "perf" and vdsotrace("--engine=perf", "-o", "/dev/null", "true").status != 0:
                continue
            with self.subTest(engine):
                with tempfile.TemporaryFile("w+") as output:
                    load = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder)
                    cycles = 0
                    while load.poll() is None:
                        self.come_and_go(pid, cycles, choice)
                        cycles += 1
                    output.seek(0)
                    text = output.read()
                print(f"{Path(command[0]).name}, {engine}: {cycles} times attached")
                self.assertEqual(load.returncode, 0, text)
                passed(text)
                self.assertGreater(cycles, 1)

    def come_and_go(self, pid, cycle, choice):
        pids = ",".join(map(str, servers.descendants(pid)))
        ran = run([VDSOTRACE, "-f", *choice, *WAYS[cycle % len(WAYS)], "-o", self.folder / "trace", "-p", pids,
                   f"--duration={random.uniform(0.02, 0.2):.3f}"])
        # Of those that are listed one may end before we come: that is said, and nobody is attached to.
        if not re.search("No such process|it has ended", ran.stderr):
            self.assertEqual(ran.status, 0, ran.stderr)
        (self.folder / "trace").unlink(missing_ok=True)
        time.sleep(random.uniform(0, 0.02))

    def check_log(self, pattern):
        self.assertNotRegex((self.folder / "log").read_text(), pattern)

    def wrk(self, pid):
        testing.require_program("wrk")

        def passed(text):
            self.assertIn("requests in", text)
            self.assertNotRegex(text, "Socket errors|Non-2xx")

        self.load(pid, ["wrk", "-t2", "-c16", f"-d{SECONDS}s", "--timeout=20s", f"http://127.0.0.1:{self.port}/"],
                  passed)

    def test_redis(self):
        _, process = self.serve(servers.redis)

        def passed(text):
            self.assertIn("requests per second", text)
            self.assertNotRegex(text, "(?i)error|warning")

        # It has no option for a length of time.
        script = f"end=$(($(date +%s) + {SECONDS})); while [ $(date +%s) -lt $end ]; do " \
                 f"redis-benchmark -q -p {self.port} -c 20 -n 5000 -t set,get,incr,lpush,mset || exit; done"
        self.load(process.pid, ["sh", "-c", script], passed)
        self.assertIsNone(process.poll())
        self.check_log("(?i)crash|panic|error|assert")

    def test_postgresql(self):
        server, process = self.serve(servers.postgres)
        at = servers.fill_postgres(server, process)

        def passed(text):
            self.assertIn("number of failed transactions: 0 ", text)
            self.assertNotRegex(text, "(?i)error|abort")

        for connect in ([], ["-C"]):  # with -C a process is born for each transaction
            self.load(process.pid, ["pgbench", "-c", "4", "-j", "2", "-T", str(SECONDS), *connect, *at, "postgres"],
                      passed)
        self.check_log("ERROR|FATAL:  (?!the database system is starting up)|PANIC|terminated by signal")

    def test_nginx(self):
        _, process = self.serve(servers.nginx)
        self.wrk(process.pid)
        self.check_log(r"\[(error|alert|crit|emerg)\]")

    def test_node(self):
        _, process = self.serve(servers.node)
        self.wrk(process.pid)
        self.check_log(".")

    def test_java(self):
        _, process = self.serve(servers.java)
        self.wrk(process.pid)
        self.check_log("(?i)exception|error|fatal")


if __name__ == "__main__":
    testing.main()
