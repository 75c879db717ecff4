"""Servers that tests and measurements put under load: how each is prepared, started and ended, and how one sees that it listens.

Each function writes what its server needs into `folder`, an empty one, and answers a Server that will listen at 127.0.0.1.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import unittest
from dataclasses import dataclass
from pathlib import Path

import vdsotrace_testing as testing
from vdsotrace_testing import run

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


@dataclass
class Server:
    command: list
    folder: Path
    port: int
    ending: int = signal.SIGTERM

    @contextlib.contextmanager
    def running(self):
        """Its process, as soon as it listens. What it prints goes to `log` in its folder."""
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        try:
            self.wait_for(process)
            yield process
        finally:
            process.send_signal(self.ending)
            process.wait(30)

    def wait_for(self, process):
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                os.sched_yield()
        raise AssertionError(f"{process.args} ended with {process.returncode}")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def descendants(pid):
    """With the process itself."""
    return [pid, *(one for child in testing.children_of(pid) for one in descendants(child))]


def redis(folder, port):
    testing.require_program("redis-server", "redis-benchmark")
    return Server(["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"], folder, port)


def postgres(folder, port):
    testing.require_program("pgbench")
    if not (POSTGRES / "postgres").exists():
        raise unittest.SkipTest("PostgreSQL 15 is not installed")
    user = []
    if os.geteuid() == 0:  # it refuses to run as root
        testing.require_program("setpriv")
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    made = run([*user, POSTGRES / "initdb", "-A", "trust", "-U", "postgres", "-N", "-D", data], cwd=folder)
    if made.status != 0:
        raise AssertionError(made.stderr)
    return Server([*user, POSTGRES / "postgres", "-D", data, "-p", str(port), "-k", folder], folder, port, signal.SIGINT)


def fill_postgres(server, process):
    """Makes pgbench's tables; answers the options by which its client finds the server."""
    at = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
    while run([POSTGRES / "pg_isready", *at]).status != 0:
        if process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode}")
    filled = run(["pgbench", "-i", "-q", *at, "postgres"])
    if filled.status != 0:
        raise AssertionError(filled.stderr)
    return at


def nginx(folder, port, workers=2):
    testing.require_program("nginx")
    paths = "".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "conf").write_text(
        f"daemon off; worker_processes {workers}; pid {folder}/pid; {'user root;' if os.geteuid() == 0 else ''}"
        f"events {{ worker_connections 64; }}"
        f"http {{ {paths} access_log off; server {{ listen 127.0.0.1:{port};"
        f"location / {{ return 200 ok; }} }} }}")
    return Server(["nginx", "-e", "stderr", "-c", folder / "conf"], folder, port, signal.SIGQUIT)


def node(folder, port):
    testing.require_program("node")
    return Server(["node", "-e", NODE_SERVER, str(port)], folder, port)


def java(folder, port):
    testing.require_program("java")
    if "jdk.compiler" not in run(["java", "--list-modules"]).stdout:
        raise unittest.SkipTest("this Java has no compiler")
    (folder / "Server.java").write_text(JAVA_SERVER)
    return Server(["java", "-Dsun.net.httpserver.nodelay=true", "Server.java", str(port)], folder, port)
