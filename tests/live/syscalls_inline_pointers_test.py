"""Under --syscalls=inline what the pointers of calls refer to is copied in the process, without a stop: the lines are
those that stops give.
"""

import re
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, VDSOTRACE, target
from inline_calls import INLINE, SameLines, ptrace_requests, require_dispatch, trace_lines

MANY = 20000
ROUNDS = 300


# What a server, a database and a copy of files ask for, often enough to be recorded.
OPTIONS = """import ctypes, fcntl, os, socket, struct, sys
tcp, raw = socket.socket(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
six = socket.socket(socket.AF_INET6)
file = open(sys.argv[1] + '/file', 'w+')
prctl = ctypes.CDLL(None).prctl
lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 10, 0)
for _ in range(40):
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 2))
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 3, 4))
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    tcp.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), tcp.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 100)
    tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 1000), raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    try: raw.setsockopt(socket.SOL_SOCKET, 26, struct.pack('hxxxxxxP', 0, 0))
    except OSError: pass
    fcntl.fcntl(file, fcntl.F_SETLK, lock), fcntl.fcntl(file, fcntl.F_GETLK, lock)
    for attribute in 'user.some', 'user.other':
        try: os.setxattr(file.name, attribute, b'x' * 50), os.getxattr(file.name, attribute), os.listxattr(file.name)
        except OSError: pass
    try: os.removexattr(file.name, 'user.some')
    except OSError: pass
    prctl(15, b'a name that is too long'), prctl(4, 1), prctl(23, 3), os.getgroups()
"""


def setUpModule():
    testing.require_ptrace()
    testing.require_program("strace")
    require_dispatch(*INLINE)


class SameLinesTest(SameLines):
    renumbered = {
        r"\b(nlmsg_pid|nl_pid|d_ino)=\d+": r"\1=N",
        r"bytes from pid \d+": "bytes from pid N",
        r"/tmp/[^/\", ]+": "/tmp/X",
    }

    def test_pointers_of_all_kinds(self):
        for case in ("strings", "buffers", "structures", "choices", "sockets", "folders", "cut", "faults"):
            for options in [], ["-s", "0"], ["-s", "4096"], ["-s", "100000"], ["-v"], ["-e", "read=all", "-e", "write=all"]:
                if case == "sockets" and len(options) > 2:
                    continue  # Dumps of messages show whose they are.
                with self.subTest(case=case, options=options):
                    self.same(lambda folder: target("pointed_calls", case, folder), *options)

    def test_programs(self):
        def fill(folder):
            for i in range(50):
                (Path(folder) / f"file{i}").write_text("x" * i)
                (Path(folder) / f"folder{i}").mkdir()
            return folder

        programs = {
            "cat": lambda folder: ["cat", folder + "/file3", folder + "/file4"],
            "ls": lambda folder: ["ls", folder],
            "ls -l": lambda folder: ["ls", "-l", "--time-style=+", folder],
            "find": lambda folder: ["find", folder, "-name", "xx*"],
            "dd": lambda folder: ["dd", "if=" + folder + "/file9", "of=" + folder + "/other", "bs=1", "status=none"],
            "rm": lambda folder: ["rm", "-r", folder + "/folder1"],
        }
        for name, program in programs.items():
            with self.subTest(program=name):
                self.same(lambda folder: program(fill(folder)))

    def test_options_locks_and_attributes(self):
        shown = "trace=setsockopt,getsockopt,fcntl,setxattr,getxattr,listxattr,removexattr,prctl,getgroups"
        for options in [], ["-s", "4096"], ["-v"]:
            lines = self.same(lambda folder: [PYTHON, "-S", "-c", OPTIONS, folder], "-e", shown, *options)
            self.assertGreater(len(lines), 40 * 15)

    def test_what_changes_at_once(self):
        lines = self.same(lambda _: target("pointed_calls", "changes"))
        for i in range(ROUNDS):
            self.assertTrue([line for line in lines if line.startswith(f'access("/nothing/{i}", F_OK)')])
            self.assertTrue([line for line in lines if line.startswith(f'write(3, "{i}", ')])


class CompletenessTest(unittest.TestCase):
    def test_calls_are_recorded_without_stops(self):
        trace = testing.trace_json(target("pointed_calls", "many"), *INLINE)
        calls = [call for call in trace.of_type("call") if call["name"] in ("read", "write", "access")][-3 * MANY:]
        self.assertEqual([call["name"] for call in calls], ["read", "write", "access"] * MANY)
        for i, call in enumerate(calls[2::3]):
            self.assertEqual(call["args"][0], f'"/nothing/{i}"')
        self.assertEqual([call["args"][1] for call in calls[0::3]], ['"\\0"'] * MANY)
        self.assertEqual({call["engine"] for call in calls[300:]}, {"inline"})

    def test_pointers_that_other_arguments_are_about(self):
        trace = testing.trace_json(target("pointed_calls", "choices"), *INLINE)
        engines = {}
        for call in trace.of_type("call"):
            engines.setdefault((call["name"], "".join(call["args"][1:2])), []).append(call["engine"])
        for name, choice in (("ioctl", "FIONREAD"), ("fcntl", "F_GETFL"), ("futex", "FUTEX_WAKE_PRIVATE"),
                             ("fcntl", "F_GETLK")):
            self.assertEqual(set(engines[name, choice]), {"inline"})
        self.assertEqual(set(engines["ioctl", "TIOCGPTN"]), {"ptrace"})

    def test_options_need_a_stop_only_if_they_lead_to_pointers(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = testing.trace_json([PYTHON, "-S", "-c", OPTIONS, folder], *INLINE)
        engines = {}
        for call in trace.of_type("call"):
            which = call["args"][:1] if call["name"] == "prctl" else call["args"][2:3]
            engines.setdefault((call["name"], "".join(which)), []).append(call["engine"])
        for name, option in (("setsockopt", "TCP_NODELAY"), ("setsockopt", "IPV6_V6ONLY"), ("getsockopt", "SO_TYPE"),
                             ("getsockopt", "TCP_CONGESTION"), ("prctl", "PR_SET_NAME")):
            self.assertEqual(set(engines[name, option][-30:]), {"inline"}, (name, option))
        for name, option in (("setsockopt", "SO_ATTACH_FILTER"), ("prctl", "PR_SET_DUMPABLE")):
            self.assertEqual(set(engines[name, option]), {"ptrace"}, (name, option))
        recorded = {call["name"] for call in trace.of_type("call")[-300:] if call["engine"] == "inline"}
        self.assertLess({"fcntl", "setxattr", "getxattr", "listxattr", "removexattr", "getgroups"}, recorded)

    def test_what_is_sent_needs_a_stop_only_if_it_may_be_messages(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = testing.trace_json(target("pointed_calls", "sockets", folder), *INLINE)
        engines = {}
        for call in trace.of_type("call"):
            if call["name"] == "sendto":
                engines.setdefault(call["args"][1][:5], set()).add(call["engine"])
        self.assertEqual((engines['"hell'], engines['"GET '], engines['"libu']), ({"inline"}, {"inline"}, {"ptrace"}))
        self.assertEqual([engine for start, engine in engines.items() if start.startswith("[{nlm")], [{"ptrace"}])
        received = [call for call in trace.of_type("call") if call["name"] == "recvfrom"]
        self.assertEqual({call["engine"] for call in received}, {"inline"})
        self.assertTrue([call for call in received if "NLMSG_ERROR" in call["args"][1]])

    def test_calls_that_concern_signals_take_one_stop(self):
        trace = testing.trace_json(target("pointed_calls", "faults"), *INLINE)
        engines = {}
        for call in trace.of_type("call"):
            is_query = call["name"] == "rt_sigaction" and call["args"][1] == "NULL"  # it may come by a jump already
            if call["name"] in ("rt_sigprocmask", "rt_sigaction") and not is_query:
                about = call["args"][0] if call["name"] == "rt_sigaction" else "the mask"
                engines.setdefault(about, set()).add(call["engine"])
        # The action for SIGSEGV is ours to put back.
        for about, engine in (("the mask", "inline"), ("SIGUSR1", "inline"), ("SIGSEGV", "ptrace")):
            self.assertEqual(engines[about], {engine})

    def test_they_take_no_requests(self):
        with tempfile.TemporaryDirectory() as folder:
            ran, count = ptrace_requests(VDSOTRACE, *INLINE, "-o", Path(folder) / "trace", "--",
                                         *target("pointed_calls", "many"))
            self.assertEqual(ran.status, 0, ran.stderr)
            self.assertLess(count, MANY // 4)

    def test_threads(self):
        for options in [], ["-f"]:
            trace = testing.trace_json(target("pointed_calls", "threads"), *INLINE, *options)
            names = {}
            for call in trace.of_type("call"):
                if call["name"] == "access" and call["args"][0].startswith('"/nothing/'):
                    names.setdefault(call["tid"], []).append(call["args"][0])
            self.assertEqual(len(names), 3)
            for seen in names.values():
                self.assertEqual(seen, [f'"/nothing/{i}"' for i in range(MANY)])

    def test_a_call_that_ends_with_the_program(self):
        for options in [], ["-f"]:
            ran, lines = trace_lines(target("pointed_calls", "killed"), *INLINE, *options)
            self.assertEqual(ran.status, -signal.SIGKILL)
            without_pid = [re.sub(r"^(\[pid +\d+\] |\d+ +)", "", line) for line in lines]
            end = without_pid.index("+++ killed by SIGKILL +++")
            begun = r'write\(4, "b{32}"\.\.\., 1048576'
            self.assertRegex("\n".join(without_pid[:end]), begun)
            self.assertRegex(without_pid[end - 1], rf"^({begun}\)|<\.\.\. write resumed>\)) += \?$")


class HarmlessTest(unittest.TestCase):
    def test_pointers_that_lead_nowhere(self):
        for case in ("faults", "cut"):
            for options in [], ["-f"], ["-T"]:
                with self.subTest(case=case, options=options), tempfile.TemporaryDirectory() as folder:
                    ran, lines = trace_lines(target("pointed_calls", case, folder), *INLINE, *options)
                    self.assertEqual(ran.status, 0, ran.stderr)
                    self.assertFalse([line for line in lines if "SIGSEGV {" in line or "SIGBUS {" in line])
                    self.assertGreater(len([line for line in lines if "EFAULT" in line]), 39)

    def test_records_that_are_scribbled_over(self):
        """The program may die of that; we see it end."""
        for seed in range(6):
            ran, lines = trace_lines(target("pointed_calls", "attack", str(seed)), *INLINE)
            self.assertRegex(lines[-1] if not lines[-1].startswith("vdsotrace:") else lines[-2],
                             r"\+\+\+ (exited with 0|killed by SIG(SEGV|BUS)( \(core dumped\))?) \+\+\+$")
            self.assertFalse([line for line in lines if re.search(r"[^\x20-\x7e]", line)])

    def test_signals_while_calls_are_made(self):
        for options in [], ["-s", "4096"]:
            ran, lines = trace_lines(target("pointed_calls", "storm"), *INLINE, *options)
            self.assertEqual(ran.status, 0, ran.stderr)
            made = [line for line in lines if line.startswith('access("/nothing/that')]
            self.assertEqual(len(made), MANY)
            self.assertEqual({re.sub(r" +=", " =", line) for line in made},
                             {'access("/nothing/that/is/there/and/has/a/long/name", F_OK) = '
                              '-1 ENOENT (No such file or directory)'})


if __name__ == "__main__":
    testing.main()
