"""See run.sh."""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from debian_kernels import Suite, unpack_kernel

BUILD = pathlib.Path(os.environ.get("VDSOTRACE_BUILD", HERE.parents[1] / "build/release")).resolve()
CACHE = BUILD.parent / "guests"
QEMU = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max", "-smp", "1", "-m", "512",
        "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"]
LONGEST_BOOT = 120  # seconds
ENGINES = ["inline", "breakpoint", "perf", "step"]
PERF_SINCE = (5, 13)  # remove_on_exec and inherit_thread: perf_event_open(2)
PERF_LEAVES_OUT = "getcpu"  # the fifth function: a processor has four breakpoints
OTHER_CLOCKSOURCE = "acpi_pm"  # every machine that is emulated here has it
PAGE_CALLS = 10  # of each kind: vsyscall.c
TIMES = 3  # each_call.c
# Who may attach to a process that is not a descendant (Documentation/admin-guide/LSM/Yama.rst).
SCOPES = {0: ("nobody", "root"), 1: ("root",), 2: ("root",), 3: ()}
PROGRAMS = {"64-bit": "each_call_static", "32-bit": "each_call_m32", "x32": "each_call_x32"}
X32 = "syscall.x32=y"  # only such a kernel runs x32 programs
COLUMNS = {"user": 2, "kernel": 3, "none": 4}
Boot = collections.namedtuple("Boot", "name kernel clocksource wide narrow page parameters")

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
current=/sys/devices/system/clocksource/clocksource0/current_clocksource
while grep -q tsc-early $current; do sleep 0.1; done
echo "@clocksource $(cat $current)"
for engine in $(sed "s/.*engines=//; s/ .*//; s/,/ /g" /proc/cmdline); do
  for program in $(sed "s/.*programs=//; s/ .*//; s/,/ /g" /proc/cmdline); do
    echo "@time $(cut -d" " -f1 /proc/uptime)"; vdsotrace --engine=$engine -c --json -o /out /bin/$program
    echo "@status $engine $program $?"
    tail -n 1 /out | sed "s/^/@json $engine $program /"
  done
done
vdsotrace -e route=vsyscall -c --json -o /out /bin/vsyscall_static >/dev/null
echo "@page $? $(tail -n 1 /out)"
vdsotrace -e trace=clock_gettime --json -o /out /bin/clock_switch_static {other}
echo "@status switch $?"
grep -E '"type":"(call|clocksource)"' /out | sed "s/^/@switch /"
mkdir /etc; printf '%s::%s:%s::/:/bin/sh\\n' root 0 0 nobody 65534 65534 >/etc/passwd
for scope in {scopes}; do
  echo $scope >/proc/sys/kernel/yama/ptrace_scope
  for user in nobody root; do
    su $user -c 'sleep 60 & vdsotrace -o /dev/null --duration 0.01 -p $!; echo status $?; kill $!' 2>&1 | sed "s/^/@yama $scope $user /"
  done
done
echo @end
poweroff -f
"""


def rows(name):
    for line in (HERE / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


def read_boots():
    return [Boot(*row[:6], row[6:]) for row in rows("boots.txt")]


def fetch_kernel(name, suite, *patterns):
    folder = CACHE / name
    if not list(folder.glob("kernel-*")):
        with tempfile.TemporaryDirectory() as scratch:
            archive = Suite(suite, pathlib.Path(scratch) / "apt")
            package = next(filter(None, map(archive.newest, patterns)))
            kernel, release = unpack_kernel(archive.download(package), pathlib.Path(scratch))
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(kernel, folder / "copied")
            (folder / "copied").rename(folder / f"kernel-{release}")
    return next(folder.glob("kernel-*"))


def is_built(program):
    return (BUILD / "tests/targets" / program).exists()


def programs(boot):
    """Those that run there, by their kind."""
    return {width: name for width, name in PROGRAMS.items()
            if is_built(name) and (width != "x32" or X32 in boot.parameters)}


def make_initramfs(scratch):
    """An archive with vdsotrace, what it is linked to, a shell and the programs."""
    root = scratch / "root"
    for folder in ("bin", "proc", "sys", "dev", "tmp"):
        (root / folder).mkdir(parents=True)
    tracer = BUILD / "vdsotrace"
    linked = subprocess.run(["ldd", tracer], stdout=subprocess.PIPE, text=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(0x", linked):
        place = root / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    programs = [name for name in (*PROGRAMS.values(), "vsyscall_static", "clock_switch_static") if is_built(name)]
    for file in [tracer, shutil.which("busybox"), *(BUILD / "tests/targets" / name for name in programs)]:
        shutil.copy(file, root / "bin")
    init = root / "init"
    init.write_text(INIT.format(other=OTHER_CLOCKSOURCE, scopes=" ".join(map(str, SCOPES))))
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with open(scratch / "initramfs", "wb") as archive:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=archive,
                       stderr=subprocess.DEVNULL, check=True)
    return scratch / "initramfs"


def version(text):
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


def expected(column, since, release):
    """(call, clock) -> route, of calls that the kernel's image offers."""
    routes = {}
    for row in rows("routes.txt"):
        offered = row[since] != "-" and (column == "none" or version(row[since]) <= release)
        if offered and row[COLUMNS[column]] != "-":
            routes[row[0], row[1]] = row[COLUMNS[column]]
    return routes


def seen(line):
    # C libraries ask for the time too, by system calls of their own accord: those are not TIMES.
    return {(call["name"], call.get("clock") or "-", call["route"]): call["count"]
            for call in json.loads(line)["calls"] if call.get("route") and call["name"] != "getrandom"}


def differences(boot, release, output):
    found = re.search(r"@clocksource (\S+)", output)
    if found is None or "@end" not in output:
        return ["it did not come to its end:\n" + output[-2000:]]
    if found.group(1) != boot.clocksource:
        return [f"its clocksource is {found.group(1)}, not {boot.clocksource}"]
    wrong = []
    for width, program in programs(boot).items():
        # x32 has the 64-bit functions.
        column, since = (boot.narrow, 6) if width == "32-bit" else (boot.wide, 5)
        offered = expected(column, since, release)
        for engine in engines(boot, release, width):
            want = {(call, clock, route): TIMES for (call, clock), route in offered.items()
                    if (engine, call, route) != ("perf", PERF_LEAVES_OUT, "vdso")}
            line = re.search(rf"@json {engine} {program} (.*)", output)
            status = re.search(rf"@status {engine} {program} (\d+)", output)
            if line is None or status is None or status.group(1) != "0":
                wrong.append(f"{engine} {width}: no result")
                continue
            got = seen(line.group(1))
            wrong += [f"{engine} {width}: {' '.join(key)}: expected {want.get(key, 0)}, seen {got.get(key, 0)}"
                      for key in sorted(want.keys() | got.keys()) if want.get(key, 0) != got.get(key, 0)]
    return wrong + page_differences(boot, output) + switch_differences(boot, output) + yama_differences(output)


def page_differences(boot, output):
    """Calls through the legacy page, where there is one."""
    status, summary = re.search(r"@page (\d+) (.*)", output).groups()
    if boot.page == "none":
        return [] if status == "77" else [f"vsyscall page: status {status}, there should be none"]
    want = {(name, "-", "vsyscall"): PAGE_CALLS for name in ("gettimeofday", "time", "getcpu")}
    return [] if (status, seen(summary)) == ("0", want) else [f"vsyscall page: status {status}, seen {seen(summary)}"]


def switch_differences(boot, output):
    """The clocksource becomes another one in the middle of a trace: routes change call by call."""
    events = [json.loads(line) for line in re.findall(r"@switch (.*)", output)]
    routes = [event["route"] for event in events if event.get("clock") == "CLOCK_MONOTONIC"]
    before = {"user": "vdso", "kernel": "fallback", "none": "syscall"}[boot.wide]
    after = "syscall" if boot.wide == "none" else "fallback"
    wrong = [] if routes == [before] * TIMES + [after] * TIMES else [f"clocksource switched: routes {routes}"]
    told = [event["name"] for event in events if event["type"] == "clocksource"]
    if told != ([] if boot.clocksource == OTHER_CLOCKSOURCE else [OTHER_CLOCKSOURCE]):
        wrong.append(f"clocksource switched: told {told}")
    if after == "fallback":
        reasons = {event["reason"] for event in events if event.get("route") == "fallback"}
        if not reasons or not reasons <= {"clocksource", "clocksource-changed"}:
            wrong.append(f"clocksource switched: reasons {reasons}")
    return wrong


def yama_differences(output):
    """An attach that Yama forbids: the error names its setting."""
    wrong = []
    for scope, permitted in SCOPES.items():
        for user in ("nobody", "root"):
            said = re.findall(rf"@yama {scope} {user} (.*)", output)
            if user in permitted:
                fine = "status 0" in said
            else:
                fine = "status 1" in said and any(f"hint: kernel.yama.ptrace_scope is {scope}: " in line for line in said)
            wrong += [] if fine else [f"Yama {scope} {user}: {said}"]
    return wrong


def engines(boot, release, width):
    """Those that can see these calls there."""
    left_out = set()
    # Where the vDSO reads the clock itself it reads again when the kernel has updated it meanwhile: an emulated
    # processor steps so slowly that it always has.
    if boot.wide == "user":
        left_out.add("step")
    if release < PERF_SINCE or width != "64-bit":
        left_out.add("perf")
    return [engine for engine in ENGINES if engine not in left_out]


def run(boot, kernel, initramfs):
    release = version(kernel.name)
    # On a busy machine the kernel would find that counter too late beside other clocks, and take another clocksource.
    reliable = ["tsc=reliable"] if boot.clocksource == "tsc" else []
    told = ["engines=" + ",".join(engines(boot, release, "64-bit")), "programs=" + ",".join(programs(boot).values())]
    command = [*QEMU, "-kernel", kernel, "-initrd", initramfs, "-append",
               " ".join(["console=ttyS0 quiet loglevel=0 panic=-1", *told, *reliable, *boot.parameters])]
    start = time.monotonic()
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=LONGEST_BOOT)
        output = ran.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
    output = output.decode(errors="replace").replace("\r", "")
    (CACHE / (boot.name + ".log")).write_text(output)
    wrong = differences(boot, release, output)
    print(f"{'FAIL' if wrong else 'ok':5} {boot.name:16} {kernel.name.removeprefix('kernel-')} "
          f"{time.monotonic() - start:.0f} s", *wrong, sep="\n      " if wrong else " ", flush=True)
    return not wrong


def main(names):
    for program in (QEMU[0], "busybox", "dpkg-deb", "apt-get"):
        if shutil.which(program) is None:
            print("skipped: there is no", program)
            return 77
    boots = [boot for boot in read_boots() if not names or boot.name in names]
    unknown = set(names) - {boot.name for boot in boots}
    if unknown:
        sys.exit("no such guest: " + " ".join(sorted(unknown)))
    wanted = {boot.kernel for boot in boots}
    try:
        kernels = {row[0]: fetch_kernel(*row) for row in rows("kernels.txt") if row[0] in wanted}
    except (subprocess.CalledProcessError, StopIteration) as error:
        print("skipped: Debian's kernels cannot be fetched:", error, getattr(error, "stderr", None) or "")
        return 77
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        initramfs = make_initramfs(pathlib.Path(scratch))
        return 0 if all(list(pool.map(lambda boot: run(boot, kernels[boot.kernel], initramfs), boots))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
