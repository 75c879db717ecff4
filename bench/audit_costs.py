#!/usr/bin/env python3
"""What audits say that time calls cost, beside what the same loops take by themselves; and who audits say makes them.

Each program (bench/audited) makes so many calls, measures them by its own clock, and prints how long they took. It is run a few times
bare, and as often under `vdsotrace audit --json`, in turns; the figures are medians. What a runtime does around each call is in its
loop and not in the audit: a ratio below 1 is that.

  bench/audit_costs.py [ROUNDS]     needs build/release/vdsotrace; programs whose compiler is missing are left out
"""
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VDSOTRACE = HERE.parent / "build" / "release" / "vdsotrace"
AUDITED = HERE / "audited"
THREAD_TIME, MONOTONIC = "3", "1"

# (name, how it is made in a folder, how it is run there, its arguments: how many calls first)
PROGRAMS = [
    *((f"C, {int(count):,} fallbacks", ["cc", "-O2", "-o", "{}/clock", AUDITED / "clock.c"], ["{}/clock"], [count, THREAD_TIME])
      for count in ("900", "5000", "200000")),
    ("C, in user space", ["cc", "-O2", "-o", "{}/clock", AUDITED / "clock.c"], ["{}/clock"], ["2000000", MONOTONIC]),
    ("C++ chrono", ["c++", "-O2", "-o", "{}/chrono", AUDITED / "chrono.cpp"], ["{}/chrono"], ["2000000"]),
    ("Go", ["go", "build", "-o", "{}/go", AUDITED / "clock.go"], ["{}/go"], ["2000000"]),
    ("Java", ["javac", "-d", "{}", AUDITED / "Clock.java"], ["java", "-cp", "{}", "Clock"], ["2000000"]),
    ("Node", None, ["node", AUDITED / "clock.js"], ["200000"]),
    ("Python", None, ["python3", AUDITED / "clock.py"], ["200000"]),
]


def in_folder(words, folder):
    return [str(word).replace("{}", folder) for word in words]


def bare_ns(command):
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


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
        bare.append(bare_ns(command))
        finding = main_finding(audited(command))
        asked.append(finding["unit_cost_ns"])
        measured.append(main_finding(audited(command, "-T"))["unit_cost_ns"])
    each = statistics.median(bare) / count
    figures = [statistics.median(values) for values in (asked, measured)]
    ratios = [f"{value:8.1f} {value / each:5.2f}" for value in figures]
    return f"{name:22} {finding['count']:>9,} {each:8.1f} {ratios[0]}  {ratios[1]}  {who(finding)}"


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'':32} {'ns a call: bare':>8}  audit ratio  audit -T ratio  callers")
    for name, make, run, arguments in PROGRAMS:
        missing = [words[0] for words in (make, run) if words and "/" not in str(words[0]) and not shutil.which(words[0])]
        if missing:
            print(f"{name:22} {missing[0]} is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            if make:
                subprocess.run(in_folder(make, folder), check=True, capture_output=True)
            print(row(name, in_folder([*run, *arguments], folder), int(arguments[0]), rounds), flush=True)


if __name__ == "__main__":
    main()
