"""Servers under load while somebody is attached to them: how many requests they answer, and how long the slow ones take."""

import re
import signal
import subprocess
import tempfile
import time
import unittest
from dataclasses import dataclass
from pathlib import Path

from observers import ATTACHED, SERVER, testing
from work import Work, quietly

import servers

SECONDS = 3


def redis_benchmark(server, _, *options):
    return ["redis-benchmark", "-p", str(server.port), "--csv", *options]


def redis_get(server, process):
    return redis_benchmark(server, process, "-t", "get", "-n", "150000")


def redis_set(server, process):
    return redis_benchmark(server, process, "-t", "set", "-P", "16", "-n", "1500000")


def pgbench(server, process):
    return ["pgbench", "-S", "-c", "4", "-j", "2", "-T", str(SECONDS), *servers.fill_postgres(server, process), "postgres"]


def wrk(server, _):
    return ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "--latency", f"http://127.0.0.1:{server.port}/"]


def one_nginx(folder, port):
    return servers.nginx(folder, port, workers=1)


@dataclass
class Served(Work):
    name: str
    make: object     # one of servers.py
    load: object     # makes the command that asks
    figure: str      # where in what it prints
    unit: str = "thousand/s"
    divisor: float = 1000
    kind: str = ATTACHED
    warm_ups: int = 0  # how often it is asked so before: until a runtime has compiled its program each run differs from the next

    def measure(self, observer):
        with tempfile.TemporaryDirectory() as folder:
            server = self.make(Path(folder), servers.free_port())
            with server.running() as process:
                asking = self.load(server, process)
                for _ in range(self.warm_ups):
                    quietly(asking, stdout=subprocess.DEVNULL)
                pids = ",".join(map(str, servers.descendants(process.pid)))
                attached = subprocess.Popen([*observer.attach, pids], stderr=subprocess.DEVNULL)
                time.sleep(0.6)  # until it has attached
                try:
                    text = quietly(asking, stdout=subprocess.PIPE).stdout
                finally:
                    attached.send_signal(signal.SIGINT)
                    attached.wait()
        return float(re.search(self.figure, text)[1]) / self.divisor

    def missing(self):
        """Preparing it shows that; it costs little but for PostgreSQL."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                self.make(Path(folder), servers.free_port())
        except (unittest.SkipTest, AssertionError) as reason:
            return str(reason)
        return None


REDIS_RATE, REDIS_P99 = r'"(?:GET|SET)","([\d.]+)"', r'"(?:GET|SET)",(?:"[\d.]+",){5}"([\d.]+)"'
WRK_RATE = r"Requests/sec:\s+([\d.]+)"
SERVED = [
    Served("redis-server attached to, GET", servers.redis, redis_get, REDIS_RATE, kind=SERVER),
    Served("redis-server attached to, GET, p99", servers.redis, redis_get, REDIS_P99, "ms", 1),
    Served("redis-server attached to, pipelined SET", servers.redis, redis_set, REDIS_RATE),
    Served("PostgreSQL attached to, pgbench -S", servers.postgres, pgbench, r"tps = ([\d.]+)"),
    Served("nginx attached to, wrk", one_nginx, wrk, WRK_RATE),
    Served("a Java server attached to, wrk", servers.java, wrk, WRK_RATE),
    Served("a warm Java server attached to, wrk", servers.java, wrk, WRK_RATE, warm_ups=2),
]
