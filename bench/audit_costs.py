#!/usr/bin/env python3
"""What audits say that time calls cost, beside what the same loops take by themselves; and who audits say makes them.

Each program (bench/audited) makes so many calls, measures them by its own clock, and prints how long they took. It is run a few times
bare, and as often under `vdsotrace audit --json`, in turns; the figures are medians. What a runtime does around each call is in its
loop and not in the audit: a ratio below 1 is that. PostgreSQL has such a loop itself (pg_test_timing). A redis that answers requests has
none: its calls are counted by the processor's breakpoints at the same time (`perf stat -e mem:ADDRESS:x`), at the price of the C loop.

  bench/audit_costs.py [ROUNDS]     needs build/release/vdsotrace; programs whose compiler is missing are left out
"""
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "support")]
import servers
import vdsotrace_testing as testing
from works import pg_test_timing

VDSOTRACE = testing.VDSOTRACE
AUDITED = HERE / "audited"
THREAD_TIME, MONOTONIC = "3", "1"

# (name, how it is made in a folder, how it is run there, its arguments: how many calls first)
PROGRAMS = [
    *((f"C, {int(count):,} fallbacks", ["cc", "-O2", "-o", "{}/clock", AUDITED / "clock.c"], ["{}/clock"], [count, THREAD_TIME])
      for count in ("900", "5000", "200000")),
    ("C, in user space", ["cc", "-O2", "-o", "{}/clock", AUDITED / "clock.c"], ["{}/clock"], ["2000000", MONOTONIC]),
    ("C++ chrono", ["c++", "-O2", "-o", "{}/chrono", AUDITED / "chrono.cpp"], ["{}/chrono"], ["2000000"]),
    ("Rust", ["rustc", "-O", "-o", "{}/clock", AUDITED / "clock.rs"], ["{}/clock"], ["2000000"]),
    ("Go", ["go", "build", "-o", "{}/go", AUDITED / "clock.go"], ["{}/go"], ["2000000"]),
    ("Java", ["javac", "-d", "{}", AUDITED / "Clock.java"], ["java", "-cp", "{}", "Clock"], ["2000000"]),
    ("Node", None, ["node", AUDITED / "clock.js"], ["200000"]),
    ("Python", None, ["python3", AUDITED / "clock.py"], ["200000"]),
    ("PostgreSQL", None, [pg_test_timing() or "pg_test_timing"], ["-d", "1"]),
]
PRICED_ALIKE = "C, in user space"  # as what a redis calls
REQUESTS = 20_000


def in_folder(words, folder):
    return [str(word).replace("{}", folder) for word in words]


def bare_ns(command, count):
    """What a call takes."""
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    own = re.search(r"Per loop time including overhead: ([\d.]+) ns", printed)
    return float(own[1]) if own else int(printed.split()[-1]) / count


def main_finding(audit):
    """The kind of call that the loop makes: the most frequent one."""
    return max(audit["calls"], key=lambda call: call["count"])


def audited(command, *options):
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "audit.json")
        subprocess.run([VDSOTRACE, "audit", "--json", *options, "-o", report, "--", *command], check=True, capture_output=True)
        return json.loads(report.read_text())


def who(finding):
    """The runtime's function and the first beyond it, of the caller with most calls."""
    if not finding["callers"]:
        return "unknown"
    caller = max(finding["callers"], key=lambda one: one["count"])
    names = [caller["symbol"] or caller["module"]]
    if caller["beyond"] and caller["beyond"] != {key: caller[key] for key in caller["beyond"]}:
        names.append(caller["beyond"]["symbol"] or caller["beyond"]["module"])
    return " for ".join(names)


def row(name, command, count, rounds):
    bare, asked, measured = [], [], []
    for _ in range(rounds):
        bare.append(bare_ns(command, count))
        finding = main_finding(audited(command))
        asked.append(finding["unit_cost_ns"])
        measured.append(main_finding(audited(command, "-T"))["unit_cost_ns"])
    each = statistics.median(bare)
    figures = [statistics.median(values) for values in (asked, measured)]
    ratios = [f"{value:8.1f} {value / each:5.2f}" for value in figures]
    return each, f"{name:22} {finding['count']:>9,} {each:8.1f} {ratios[0]}  {ratios[1]}  {who(finding)}"


def counted_by_breakpoints(pid, addresses):
    """`perf stat` that counts how often the process comes there; by its standard error, when it is interrupted."""
    events = [word for address in addresses for word in ("-e", f"mem:{address:#x}:x:u")]
    return subprocess.Popen(["perf", "stat", "-x,", *events, "-p", str(pid)], stderr=subprocess.PIPE, text=True)


def redis_row(each):
    """How often a redis has called by the audit and by breakpoints; what that cost at the audit's price and at `each` ns."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "audit.json")
        with servers.redis(Path(folder), servers.free_port()).running() as process:
            server = next(pid for pid in servers.descendants(process.pid))
            base = next(int(line.split("-")[0], 16) for line in open(f"/proc/{server}/maps") if line.endswith("[vdso]\n"))
            functions = testing.vdso_functions()
            watch = [subprocess.Popen([VDSOTRACE, "audit", "--json", "-o", report, "-p", str(server)], stderr=subprocess.DEVNULL),
                     counted_by_breakpoints(server, [base + functions[name] for name in ("clock_gettime", "gettimeofday", "time")])]
            time.sleep(1)  # until both have attached
            port = re.search(r"--port (\d+)", " ".join(map(str, process.args)))[1]
            subprocess.run(["redis-benchmark", "-p", port, "-t", "get", "-n", str(REQUESTS), "-q"], check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.3)
            for one in watch:
                one.send_signal(signal.SIGINT)
            counted = sum(int(line.split(",")[0]) for line in watch[1].communicate()[1].splitlines() if ":x" in line)
            watch[0].wait()
        found = [call for call in json.loads(report.read_text())["calls"] if call["route"] == "vdso"]
    calls, cost = sum(call["count"] for call in found), sum(call["count"] * call["unit_cost_ns"] for call in found)
    whom = who(max(found, key=lambda call: call["count"]))
    return (f"{'redis, GET':22} {calls:>9,} {each:8.1f} {cost / calls:8.1f} {cost / (counted * each):5.2f}  "
            f"{counted:,} by breakpoints, {calls / counted:.3f}  {whom}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'':32} {'ns a call: bare':>8}  audit ratio  audit -T ratio  callers")
    prices = {}
    for name, make, run, arguments in PROGRAMS:
        missing = [words[0] for words in (make, run) if words and "/" not in str(words[0]) and not shutil.which(words[0])]
        if missing:
            print(f"{name:22} {missing[0]} is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            if make:
                subprocess.run(in_folder(make, folder), check=True, capture_output=True)
            count = int(arguments[0]) if arguments[0].isdigit() else 0
            prices[name], line = row(name, in_folder([*run, *arguments], folder), count, rounds)
            print(line, flush=True)
    missing = [name for name in ("redis-server", "redis-benchmark", "perf") if not shutil.which(name)]
    print(f"{'redis, GET':22} {missing[0]} is not installed" if missing else redis_row(prices[PRICED_ALIKE]))


if __name__ == "__main__":
    main()
