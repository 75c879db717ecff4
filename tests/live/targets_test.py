"""Every target program behaves under vdsotrace as it does alone, and its calls are counted
as it made them: with -f those of its children too."""

import collections
import json
import os
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import Claims, run, target, trace_json, without_counts

KINDS = ["fork", "vfork", "vfork_exec", "clone_vm", "clone_vm_silent", "clone_vfork", "clone_files",
         "clone_untraced", "clone3", "spawn", "double_fork", "exec_meanwhile", "exec_meanwhile_vm", "busy_fork", "busy_vfork"]
TRAPS = ["breakpoints", "sent", "ignored", "blocked", "steps", "steps_through", "unhandled"]

# Each runs untraced, traced, and traced with -f.
TARGETS = [
    ["no_libc"], ["calls"], ["calls_static"], ["calls_static_pie"], ["registers"],
    ["threads", 8, 250], ["threads_static", 8, 250], ["short_threads"], ["leader_exits"],
    ["exit_race"], *(["children", kind] for kind in KINDS), ["children_static", "fork"],
    ["exec_chain"], ["exec_thread"], ["signal_storm"], ["signal_storm_static"], ["jump_out"],
    ["fault"], *(["own_traps", mode] for mode in TRAPS), ["stop_continue"], ["stacks"],
    ["move_vdso", "unmap"], ["move_vdso", "move"], ["seccomp_strict"], ["seccomp_filter"],
    ["seccomp_filter", "fall_back"], ["seccomp_filter", "many"], ["getrandom"], ["undumpable"], ["same_pointer"],
    ["pointers", "call", 500], ["pointers", "instruction", 500],
]
# Need compilers for two architectures.
TARGETS_32 = [
    ["calls_m32"], ["calls_i386_m32"], *(["children_m32", kind] for kind in KINDS), ["exec_other"],
    ["exec_other_m32"], ["exec_chain_m32"], ["exec_thread_m32"], ["exit_race_m32"], ["leader_exits_m32"],
    *(["own_traps_m32", mode] for mode in ("breakpoints", "sent", "ignored", "blocked", "unhandled")),
    ["short_threads_m32"], ["signal_storm_m32"], ["stacks_m32"], ["stop_continue_m32"],
]
# Following the child changes what it does, as it does under strace.
UNFOLLOWED_ONLY = [["child_bytes"], ["own_tracer"], ["own_tracer", "vfork"]]
UNFOLLOWED_ONLY_32 = [["child_bytes_m32"]]


def setUpModule():
    testing.require_ptrace()


class TargetTest(unittest.TestCase):
    """One test method for each target, made below."""

    def check(self, words, followed):
        command = target(*words)
        alone = run(command)
        self.assertNotIn(alone.status, (98, 99, 1), "untraced: " + alone.stderr)
        trace = trace_json(command, *(["-f"] if followed else []))
        self.assertEqual(trace.status, alone.status, trace.stderr[-2000:])
        self.assertEqual(without_counts(trace.stdout), without_counts(alone.stdout))
        self.assertEqual(trace.summary["lost"], 0)
        if testing.user_space_clock():
            wrong = Claims(trace.stdout).differences(trace, followed)
            self.assertFalse(wrong, "\n" + "\n".join(wrong))


def add_tests(targets, followed_too, needs=None):
    for words in targets:
        for followed in ([False, True] if followed_too else [False]):
            def test(self, words=words, followed=followed):
                if needs and not Path(target(needs)[0]).exists():
                    self.skipTest(f"{needs} was not built: no compiler for it")
                self.check(words, followed)
            name = "_".join(map(str, words)) + ("_followed" if followed else "")
            setattr(TargetTest, "test_" + name, test)


add_tests(TARGETS, followed_too=True)
add_tests(TARGETS_32, followed_too=True, needs="calls_m32")
add_tests(UNFOLLOWED_ONLY, followed_too=False)
add_tests(UNFOLLOWED_ONLY_32, followed_too=False, needs="calls_m32")


class UnprivilegedTest(unittest.TestCase):
    def test_undumpable(self):
        """Root may write any memory; others may not write an undumpable child's to clean it."""
        command = [testing.VDSOTRACE, "-o", "/dev/null", *target("undumpable")]
        if os.geteuid() == 0:
            testing.require_program("setpriv")
            as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            if run([*as_nobody, "test", "-x", testing.VDSOTRACE]).status != 0:
                self.skipTest("others may not run " + testing.VDSOTRACE)
            command = as_nobody + command
        ran = run(command)
        self.assertEqual(ran.status, 0, ran.stderr)


class ThirtyTwoBitTest(unittest.TestCase):
    def test_system_calls_by_route(self):
        """i386 programs make all their system calls in __kernel_vsyscall, which is in the vDSO:
        only those that a vDSO function makes there are fallbacks."""
        program = target("calls_m32")
        if not os.path.exists(program[0]):
            self.skipTest("there is no 32-bit compiler")
        ran = run([testing.VDSOTRACE, "-c", "--json", *program])
        summary = json.loads(ran.stderr.splitlines()[-1])
        counts = collections.Counter()
        for call in summary["calls"]:
            counts[call["name"], call["route"]] += call["count"]
        self.assertEqual({("clock_gettime", "vdso"): 7, ("clock_gettime", "fallback"): 4,
                          ("clock_gettime", "syscall"): 2, ("clock_getres", "vdso"): 2,
                          ("clock_getres", "fallback"): 1, ("clock_getres", "syscall"): 1,
                          ("gettimeofday", "vdso"): 3, ("gettimeofday", "syscall"): 1,
                          ("time", "vdso"): 2, ("time", "syscall"): 1},
                         {key: counts[key] for key in counts if key[0] not in ("getcpu", "getrandom")})


class StatusTest(unittest.TestCase):
    def test_dies_of_the_same_signal(self):
        for words in (["own_traps", "unhandled"], ["seccomp_filter", "fall_back"]):
            with self.subTest(words[0]):
                alone = run(target(*words)).status
                self.assertIn(alone, (-signal.SIGTRAP, -signal.SIGSYS))
                self.assertEqual(testing.vdsotrace("-o", "/dev/null", *target(*words)).status, alone)


if __name__ == "__main__":
    testing.main()
