"""vdsotrace's lines, less those ending a call in [vdso], are strace's: the same calls with the
same arguments and results in the same order per thread. Runs the real strace.

One run under each, compared exactly. Where the order in which children end is a matter of timing, strace does
not agree with itself from run to run: there each thread's lines are compared without their order.
"""

import difflib
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import strace_output
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, example

SHOWN = 60  # lines of a difference

MAKEFILE = """all: program
program: a.o b.o
\tcat a.o b.o > program
%.o: %.c
\tcp $< $@
"""


def small_project(folder):
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / "a.c").write_text("int a;\n")
    (folder / "b.c").write_text("int b;\n")


def c_source(folder):
    shutil.copy(testing.SOURCE / "examples" / "hello.c", folder / "hello.c")


def small_tree(folder):
    for name in ("one", "two/three", "two/four"):
        file = folder / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name * 100)
        file.chmod(0o640)
    (folder / "tree" / "link").symlink_to("one")


def nothing(folder):
    del folder


# Constants, flags, signals, devices, addresses.
CONSTANTS = """import fcntl, mmap, os, resource, signal, socket
signal.signal(signal.SIGUSR1, lambda *_: 0)
os.kill(os.getpid(), signal.SIGUSR1)
signal.pthread_sigmask(signal.SIG_BLOCK, [2, 15])
os.stat('/dev/null'), os.access('tree', 4), os.umask(0o22)
f = os.open('tree/one', os.O_RDWR | os.O_CLOEXEC)
fcntl.fcntl(f, fcntl.F_GETFL), fcntl.fcntl(f, fcntl.F_GETFD), fcntl.flock(f, 2)
mmap.mmap(-1, 4096).madvise(mmap.MADV_DONTNEED)
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for end in ('::1', 1), ('ff02::1', 1, 0, 1):
    s.connect_ex(end)
resource.getrlimit(resource.RLIMIT_CPU), resource.getrusage(resource.RUSAGE_SELF)
os._exit(0)  # without asking for the socket's port
"""

# Each kind of descriptor, and how it comes to a process.
DESCRIPTORS = r"""
import os, select, socket
one, other = socket.socketpair()
one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, (0).to_bytes(4, "little"))])
other.recvmsg(9, 99)
server = socket.socket(socket.AF_UNIX)
server.bind("server<1>")
server.listen()
client = socket.socket(socket.AF_UNIX)
client.connect("server<1>")
internet = socket.socket()
process = os.pidfd_open(os.getpid())
null = os.open("/dev/null", os.O_RDONLY)
os.dup2(null, process)
gone = os.open("gone", os.O_CREAT | os.O_RDWR)
os.unlink("gone")
os.fstat(gone)
ends = os.pipe()
poll = select.poll()
poll.register(ends[1])
poll.poll(0)
select.select([ends[0]], [ends[1]], [], 0)
os.memfd_create("of\nours")
os.eventfd(0)
"""

# Questions to which the kernel always gives the same answers, and data of another socket that looks alike.
NETLINK = r"""
import socket, struct
def message(kind, flags, body):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body
link = struct.pack("=BxHiII", 0, 0, 0x7ffffff0, 0, 0) + struct.pack("=HHI", 8, 29, 1)
def asked(protocol, question):
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    one.setsockopt(270, 11, 1)
    one.bind((0x3a3a3a, 0))
    one.send(question)
    one.recv(4096)
    one.sendmsg([question], [], 0, (0, 0))
    one.recvmsg(4096)
    one.close()
asked(0, message(18, 5, link))
asked(0, message(18, 1, link[:16] + struct.pack("=HH", 9, 3) + b"none\0\0\0\0"))
asked(4, message(20, 1, struct.pack("=BBHIIIII", 1, 0, 0, 2, 1, 1, 0, 0)))
asked(16, message(16, 1, struct.pack("=BBHHH8s", 3, 1, 0, 11, 2, b"nlctrl\0\0")))
one, other = socket.socketpair()
one.send(message(18, 1, link))
other.recv(99)
"""

# name: (command, options for both tracers, what its folder holds)
COMMANDS = {
    "ls": (["ls", "-l", "/usr/bin"], [], nothing),
    "python": ([PYTHON, "-c", "import time; [time.time() for _ in range(1000)]"], [], nothing),
    "git": (["git", "--version"], [], nothing),
    "date": (["date"], [], nothing),
    "make": (["make"], ["-f"], small_project),
    "gcc": (["gcc", "hello.c", "-o", "hello"], ["-f"], c_source),
    "cp": (["cp", "-a", "tree", "copy"], [], small_tree),
    "find": (["find", "tree", "-type", "f", "-newer", "tree/one"], [], small_tree),
    "tar": (["tar", "cf", "all.tar", "tree"], ["-f"], small_tree),
    "pipeline": (["bash", "-c", "cat tree/one | tr a-z A-Z | wc -c"], ["-f"], small_tree),
    "shell_errors": (["sh", "-c", "cd /nowhere; exec /nowhere/program"], ["-f"], nothing),
    # Not grep or gawk: they read their own memory map, in which the stubs' memory is to be seen.
    "awk": (["mawk", "/three/", "tree/one"], [], small_tree),
    "sort": (["sort", "tree/one", "tree/two/three"], [], small_tree),
    "sed": (["sed", "-i", "s/one/1/", "tree/one"], [], small_tree),
    "id": (["id"], [], nothing),
    "long_strings": (["cat", "tree/one"], ["-s", "200"], small_tree),
    "sockets": ([PYTHON, "-c", "import socket; a, b = socket.socketpair(); a.send(b'x'); b.recv(9)"],
                [], nothing),
    "poll": ([PYTHON, "-c", "import select; p = select.poll(); p.register(0, 1); p.poll(0); "
              "e = select.epoll(); e.register(1, 4) if 0 else 0; e.poll(0)"], [], nothing),
    "hello": (example("hello"), [], nothing),
    "hello_vdso": (example("hello-vdso"), [], nothing),
    "hello_vdso_static": (example("hello-vdso-static"), [], nothing),
    "hello_vdso_mangled": (example("hello-vdso-mangled"), [], nothing),
    "routes": (example("routes"), [], nothing),
    "cpu_clock": (example("cpu-clock"), [], nothing),
    "fork_tree": (example("fork-tree", 2), ["-f"], nothing),
    "threads": (example("threads", 1, 5), ["-f"], nothing),
    "no_libc": (testing.target("no_libc"), [], nothing),
    "fault": (testing.target("fault"), [], nothing),
    "exec_chain": (testing.target("exec_chain", 5), [], nothing),
    "own_traps": (testing.target("own_traps", "sent"), [], nothing),
    "killed": (testing.target("own_traps", "unhandled"), [], nothing),
    "seccomp_kills": (testing.target("seccomp_filter", "fall_back"), [], nothing),
    "stacks": (testing.target("stacks"), ["-f"], nothing),
    "seccomp_strict": (testing.target("seccomp_strict"), [], nothing),
    "in_full": (["ls", "-la", "/etc/apt"], ["-v"], nothing),
    "environment_in_full": (["env", "A=1", "uname", "-a"], ["--no-abbrev", "-X", "verbose"], nothing),
    "one_in_full": (["ls", "-l", "/etc/apt"], ["-e", "abbrev=!newfstatat,uname"], nothing),
    "addresses": (["ls", "-l", "/etc/apt"], ["-e", "verbose=execve"], nothing),
    "numbers_raw": (["ls", "-l", "/etc/apt"], ["-e", "raw=openat,%memory,%%stat"], nothing),
    "constants_raw": ([PYTHON, "-c", CONSTANTS], ["-X", "raw"], small_tree),
    "constants_verbose": ([PYTHON, "-c", CONSTANTS], ["--const-print-style=verbose"], small_tree),
    "getrandom": (testing.target("getrandom"), [], nothing),
    "numbers": (["cat", "tree/one"], ["-n", "-e", "trace=openat,read,write,close,exit_group"], small_tree),
    "places": (["cat", "tree/one"], ["-i", "-e", "trace=openat,read,close,exit_group"], small_tree),
    "descriptors": (["cp", "-a", "tree", "copy"], ["-y"], small_tree),
    "descriptors_all": ([PYTHON, "-c", DESCRIPTORS], ["-yy", "-e", "trace=desc,network,memfd_create,getpid"], nothing),
    "descriptors_some": ([PYTHON, "-c", DESCRIPTORS], ["--decode-fds=dev,socket", "-e", "trace=desc,network,getpid"], nothing),
    "paths": (["cp", "tree/one", "tree/link", "."], ["-P", "tree/one", "--trace-path=/etc/ld.so.cache"], small_tree),
    "netlink": ([PYTHON, "-c", NETLINK], ["-e", "trace=network"], nothing),
    "netlink_in_full": ([PYTHON, "-c", NETLINK], ["-v", "-X", "verbose", "-e", "trace=network"], nothing),
    "dumps": (["cat", "tree/one"], ["-e", "read=3", "-e", "write=1", "-e", "trace=read,write"], small_tree),
    "quiet_exit": (["cat", "tree/one"], ["-e", "quiet=exit"], small_tree),
    "successful": (["cat", "tree/one", "nowhere"], ["-z"], small_tree),
    "failed": (["cat", "nowhere", "tree/one"], ["-Z"], small_tree),
    "unfinished": (["cat", "tree/one"], ["-e", "status=unfinished"], small_tree),
    "unsuccessful": (["cat", "nowhere", "tree/one"], ["-e", "status=!successful"], small_tree),
}

# Several children of these run at once, and who ends first is waited for first.
ORDERED_BY_TIMING = {"pipeline", "fork_tree"}

# What programs of 32 bits have behind their pointers is laid out otherwise.
COMMANDS_32 = {
    "calls_m32": (testing.target("calls_m32"), [], nothing),
    "structures_m32": (testing.target("structures_m32"), [], nothing),
    "children_m32": (testing.target("children_m32", "fork"), ["-f"], nothing),
}
if Path(testing.target("calls_m32")[0]).exists():
    COMMANDS |= COMMANDS_32

ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nowhere",
               "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def setUpModule():
    testing.require_program("strace", "setarch")
    testing.require_ptrace()


class StraceParityTest(unittest.TestCase):
    maxDiff = None

    def trace(self, tracer, command, options, prepare):
        """Runs `command` in a fresh folder that always has the same name."""
        folder = Path(self.folder) / "work"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        prepare(folder)
        file = Path(self.folder) / "trace"
        ran = testing.run(["setarch", "-R", *tracer, *options, "-o", file, *command], cwd=folder,
                          env=ENVIRONMENT)
        return ran, strace_output.family(file.read_text(errors="surrogateescape"))

    def pair(self, command, options, prepare):
        """{thread: lines} of one run under each."""
        expected, strace = self.trace(["strace", "-a1"], command, options, prepare)
        ran, ours = self.trace([VDSOTRACE], command, options, prepare)
        self.assertEqual(ran.status, expected.status, ran.stderr[-2000:])
        self.assertTrue(any(strace.values()), "strace printed nothing")
        return strace, ours

    def difference(self, strace, ours, threads):
        lines = []
        for thread in sorted(threads):
            lines += difflib.unified_diff(strace.get(thread, []), ours.get(thread, []),
                                          f"strace, thread {thread}", f"vdsotrace, thread {thread}",
                                          n=1, lineterm="")
        return lines

    def check(self, command, options, prepare, ordered):
        if "/" not in command[0]:
            testing.require_program(command[0])
        with tempfile.TemporaryDirectory() as self.folder:
            strace, ours = self.pair(command, options, prepare)
        if not ordered:
            strace, ours = ({thread: sorted(lines) for thread, lines in run.items()} for run in (strace, ours))
        lines = self.difference(strace, ours, strace.keys() | ours.keys())
        more = [f"... and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
        self.assertFalse(lines, "\n" + "\n".join(lines[:SHOWN] + more))


for name, (command, options, prepare) in COMMANDS.items():
    def test(self, command=command, options=options, prepare=prepare, ordered=name not in ORDERED_BY_TIMING):
        self.check(command, options, prepare, ordered)
    setattr(StraceParityTest, "test_" + name, test)


if __name__ == "__main__":
    testing.main()
