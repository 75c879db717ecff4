"""Servers under load while vdsotrace comes and goes: no request fails, and their logs say nothing.

VDSOTRACE_STORM multiplies the length of the load. The seed is said at the start.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, vdsotrace

SECONDS = 4 * int(os.environ.get("VDSOTRACE_STORM", "1"))
SEED = int(os.environ.get("VDSOTRACE_SEED", random.randrange(1 << 30)))
# What is asked of vdsotrace in turn; -p without an engine takes the inline one.
WAYS = (["-e", "trace=%vdso"], ["-c"], [], ["-e", "trace=%vdso", "--callers"])
ENGINES = {"auto": [], "perf": ["--engine=perf"]}
POSTGRES = Path("/usr/lib/postgresql/15/bin")

NODE_SERVER = """
let last = 0n;
require('http').createServer((request, response) => {
  const now = process.hrtime.bigint();
  if (now < last || Math.abs(Date.now() - new Date().getTime()) > 60000) response.statusCode = 500;
  last = now;
  response.end('ok');
}).listen(+process.argv[1], '127.0.0.1');
"""
JAVA_SERVER = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

public class Server {
  public static void main(String[] args) throws Exception {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext("/", exchange -> {
      long before = System.nanoTime();
      boolean right = System.currentTimeMillis() > 0 && System.nanoTime() >= before;
      byte[] body = "ok".getBytes();
      exchange.sendResponseHeaders(right ? 200 : 500, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
  }
}
"""


def setUpModule():
    testing.require_ptrace()
    print("VDSOTRACE_SEED =", SEED)
    random.seed(SEED)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port, server):
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            os.sched_yield()
    raise AssertionError(f"{server.args} ended with {server.returncode}")


def descendants(pid):
    """With the process itself."""
    return [pid, *(one for child in testing.children_of(pid) for one in descendants(child))]


class ServersTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()

    def serve(self, command, ending=signal.SIGTERM):
        with open(self.folder / "log", "ab") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)

        def stop():
            server.send_signal(ending)
            server.wait(30)

        self.addCleanup(stop)
        wait_for(self.port, server)
        return server

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
        pids = ",".join(map(str, descendants(pid)))
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
        testing.require_program("redis-server", "redis-benchmark")
        server = self.serve(["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"])

        def passed(text):
            self.assertIn("requests per second", text)
            self.assertNotRegex(text, "(?i)error|warning")

        # It has no option for a length of time.
        script = f"end=$(($(date +%s) + {SECONDS})); while [ $(date +%s) -lt $end ]; do " \
                 f"redis-benchmark -q -p {self.port} -c 20 -n 5000 -t set,get,incr,lpush,mset || exit; done"
        self.load(server.pid, ["sh", "-c", script], passed)
        self.assertIsNone(server.poll())
        self.check_log("(?i)crash|panic|error|assert")

    def test_postgresql(self):
        testing.require_program("pgbench")
        if not (POSTGRES / "postgres").exists():
            raise unittest.SkipTest("PostgreSQL 15 is not installed")
        user = []
        if os.geteuid() == 0:  # it refuses to run as root
            testing.require_program("setpriv")
            user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self.folder, "postgres", "postgres")
        data = self.folder / "data"
        made = run([*user, POSTGRES / "initdb", "-A", "trust", "-U", "postgres", "-N", "-D", data], cwd=self.folder)
        self.assertEqual(made.status, 0, made.stderr)
        server = self.serve([*user, POSTGRES / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder],
                            ending=signal.SIGINT)
        at = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        while run([POSTGRES / "pg_isready", *at]).status != 0:
            self.assertIsNone(server.poll())
        self.assertEqual(run(["pgbench", "-i", "-q", *at, "postgres"]).status, 0)

        def passed(text):
            self.assertIn("number of failed transactions: 0 ", text)
            self.assertNotRegex(text, "(?i)error|abort")

        for connect in ([], ["-C"]):  # with -C a process is born for each transaction
            self.load(server.pid, ["pgbench", "-c", "4", "-j", "2", "-T", str(SECONDS), *connect, *at, "postgres"],
                      passed)
        self.check_log("ERROR|FATAL:  (?!the database system is starting up)|PANIC|terminated by signal")

    def test_nginx(self):
        testing.require_program("nginx")
        paths = "".join(f"{name}_temp_path {self.folder}/{name};" for name in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "conf").write_text(
            f"daemon off; worker_processes 2; pid {self.folder}/pid; {'user root;' if os.geteuid() == 0 else ''}"
            f"events {{ worker_connections 64; }}"
            f"http {{ {paths} access_log off; server {{ listen 127.0.0.1:{self.port};"
            f"location / {{ return 200 ok; }} }} }}")
        server = self.serve(["nginx", "-e", "stderr", "-c", self.folder / "conf"], ending=signal.SIGQUIT)
        self.wrk(server.pid)
        self.check_log(r"\[(error|alert|crit|emerg)\]")

    def test_node(self):
        testing.require_program("node")
        server = self.serve(["node", "-e", NODE_SERVER, str(self.port)])
        self.wrk(server.pid)
        self.check_log(".")

    def test_java(self):
        testing.require_program("java")
        if "jdk.compiler" not in run(["java", "--list-modules"]).stdout:
            raise unittest.SkipTest("this Java has no compiler")
        (self.folder / "Server.java").write_text(JAVA_SERVER)
        server = self.serve(["java", "Server.java", str(self.port)])
        self.wrk(server.pid)
        self.check_log("(?i)exception|error|fatal")


if __name__ == "__main__":
    testing.main()
