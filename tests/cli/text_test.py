"""The trace as text: lines, tags, time stamps, strings, quietness, selection."""
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, target, vdsotrace

LINE = re.compile(r"""
    (?:\[pid\ +\d+\]\ )?                     # which thread
    (?:\w+\(.*\)\ += \ .*                    # a call
    |\w+\(.*<unfinished\ ...>
    |<\.\.\.\ \w+\ resumed>.*\)\ +=\ .*
    |---\ SIG\w+\ \{.*\}\ ---
    |---\ stopped\ by\ SIG\w+\ ---
    |\+\+\+\ (?:exited\ with\ \d+|killed\ by\ SIG\w+(?:\ \(core\ dumped\))?)\ \+\+\+)
    |vdsotrace:\ .*""", re.X)


def setUpModule():
    testing.require_ptrace()


def calls(text, name):
    return [line for line in text.splitlines() if re.match(rf"(?:\[pid +\d+\] )?{name}\(", line)]


class TextTest(unittest.TestCase):
    def test_the_mystery_is_solved(self):
        testing.require_user_space_clock()
        # The C library's malloc asks for random bytes, in which way depends on its age.
        lines = vdsotrace("-e", "trace=!getrandom", *example("hello-vdso")).stderr.splitlines()
        asked, = calls("\n".join(lines), "gettimeofday")
        self.assertRegex(asked, r"^gettimeofday\(\{tv_sec=\d+, tv_usec=\d+\}, NULL\) += 0 \[vdso\]$")
        printed, = calls("\n".join(lines), "write")
        seconds = re.search(r"tv_sec=(\d+)", asked).group(1)
        self.assertRegex(printed, rf'^write\(1, "Seconds: {seconds}\\n", 20\) += 20$')
        self.assertLess(lines.index(asked), lines.index(printed))
        self.assertEqual(lines[-2:], [
            "+++ exited with 0 +++",
            "vdsotrace: 1 vDSO-capable call: 1 in user space"])

    def test_the_mangled_program_asks_the_kernel(self):
        asked, = calls(vdsotrace(*example("hello-vdso-mangled")).stderr, "gettimeofday")
        self.assertTrue(asked.endswith(" = 0 [syscall]"), asked)

    def test_a_fallback_is_one_line(self):
        asked = calls(vdsotrace(*example("cpu-clock")).stderr, "clock_gettime")
        self.assertEqual(len(asked), 3)
        for line in asked:
            self.assertRegex(line, r"^clock_gettime\(CLOCK_PROCESS_CPUTIME_ID, \{tv_sec=0, tv_nsec=\d+\}\) += 0 "
                                   r"\[vdso->syscall\]$")

    def test_errors_of_vdso_calls(self):
        text = vdsotrace("-e", "trace=clock_gettime", *target("calls")).stderr
        self.assertRegex(text, r"(?m)^clock_gettime\(0x3e8 /\* CLOCK_\?\?\? \*/, 0x\w+\) += "
                               r"-1 EINVAL \(Invalid argument\) \[vdso->syscall\]$")
        self.assertRegex(text, r"(?m)^clock_gettime\(CLOCK_PROCESS_CPUTIME_ID, 0x1\) += "
                               r"-1 EFAULT \(Bad address\) \[vdso->syscall\]$")

    def test_each_line_is_well_formed(self):
        for options, command in (([], example("routes")), (["-f"], example("fork-tree", 2)),
                                 ([], example("threads", 4, 20)), (["-f"], target("stop_continue")),
                                 ([], target("own_traps", "sent"))):
            with self.subTest(command[0]):
                for line in vdsotrace(*options, *command).stderr.splitlines():
                    if "Process " in line and " attached" in line:
                        continue
                    self.assertTrue(LINE.fullmatch(line), line)

    def test_a_leader_that_ends_first(self):
        """Its end is seen after that of its threads; that it does not come back is known before."""
        lines = vdsotrace("-f", "-e", "trace=exit,exit_group", *target("leader_exits")).stderr.splitlines()
        self.assertEqual(lines[-2], "+++ exited with 4 +++")
        leader = [line for line in lines if re.fullmatch(r"\[pid \d+\] exit\(0\) = \?", line)]
        self.assertGreaterEqual(len(leader), 1)
        self.assertNotIn("exit resumed", "\n".join(line for line in lines if not line.startswith("[pid")))

    def test_times_and_columns_as_strace_has_them(self):
        for options, line in ((["-a", "40"], r"exit_group\(0\) {27}= \?"), (["--columns=12"], r"exit_group\(0\) = \?"),
                              (["--timestamps=ms"], r"\d\d:\d\d:\d\d\.\d{3} exit_group\(0\) = \?"),
                              (["--absolute-timestamps=format:unix,precision:ns"], r"\d{10}\.\d{9} exit_group\(0\) = \?"),
                              (["--timestamps=unix", "--absolute-timestamps=precision:ms"], r"\d{10}\.\d{3} exit_group\(0\) = \?"),
                              (["-t", "-r"], r"\d\d:\d\d:\d\d \(\+ {5}0\.\d{6}\) exit_group\(0\) = \?"),
                              (["--relative-timestamps=s"], r" {5}0 exit_group\(0\) = \?"),
                              (["--syscall-times=ns"], r"close\(3\) = 0 <0\.\d{9}>"),
                              (["--trace=exit_group", "--signal=none"], r"exit_group\(0\) = \?")):
            with self.subTest(options):
                self.assertRegex(vdsotrace(*options, "true").stderr, "(?m)^" + line + "$")
        self.assertNotIn("close(", vdsotrace("-e", "trace=close", "--trace=exit_group", "true").stderr)
        self.assertIn("close(", vdsotrace("--trace=exit_group", "-e", "trace=close", "true").stderr)
        for wrong in ("--timestamps=never", "--syscall-times=ps", "--columns=wide"):
            self.assertEqual(vdsotrace(wrong, "true").status, 1)

    def test_strings_in_hexadecimal(self):
        """All of a string, if there is one byte in it that is no text."""
        for options, texts in ((["-x"], (r"a\tb\n", r"\xc3\xa9\x0a")), (["-xx"], (r"\x61\x09\x62\x0a", r"\xc3\xa9\x0a")),
                               (["-x", "--strings-in-hex=none"], (r"a\tb\n", r"\303\251\n")),
                               (["--strings-in-hex=non-ascii-chars"], (r"a\tb\n", r"\xc3\xa9\n")),
                               (["--strings-in-hex"], (r"\x61\x09\x62\x0a", r"\xc3\xa9\x0a")),
                               (["-xs1"], (r"a", r"\xc3"))):
            with self.subTest(options):
                lines = vdsotrace(*options, "-e", "trace=write", "sh", "-c", r"printf 'a\tb\n'; printf '\303\251\n'").stderr
                more = "..." if "s1" in options[0] else ""
                for text, size in zip(texts, (4, 3)):
                    self.assertIn(f'write(1, "{text}"{more}, {size}) = {size}\n', lines)
        paths = vdsotrace("-xx", "-e", "trace=execve", "true").stderr
        self.assertIn(r'["\x74\x72\x75\x65"]', paths)
        self.assertEqual(vdsotrace("--strings-in-hex=some", "true").status, 1)
        self.assertEqual(vdsotrace("-X", "some", "true").status, 1)

    def test_output_separately(self):
        """A file for each process that is traced, whether children are or not."""
        for options, files in (([], 1), (["-f"], 2)):
            with self.subTest(options), tempfile.TemporaryDirectory() as folder:
                vdsotrace("--output-separately", *options, "-o", f"{folder}/trace", "sh", "-c", "(exit 3); exit 4")
                ends = sorted(path.read_text().splitlines()[-1] for path in Path(folder).glob("trace.*[0-9]"))
                self.assertEqual(ends, ["+++ exited with 3 +++", "+++ exited with 4 +++"][-files:])
                self.assertEqual(len(os.listdir(folder)), files)

    def test_options_that_are_accepted_as_straces(self):
        """The last of two spellings that say what descriptors refer to counts."""
        shell = ["sh", "-c", "exec 7</dev/null"]
        for options, text in ((["-e", "decode-fds=path"], "7</dev/null>"), (["-e", "decode-fd=dev"], "7</dev/null<char 1:3>>"),
                              (["-e", "decode-fds=all", "-e", "decode-fds=none"], "7)"), (["-y", "-e", "decode-fds=none"], "7)"),
                              (["--stack-traces"], " > "), (["--seccomp-bpf", "-f"], "7)")):
            with self.subTest(options):
                lines = vdsotrace(*options, "-e", "trace=dup2,close", *shell).stderr
                self.assertIn(text, lines)
        self.assertEqual(vdsotrace("-e", "decode-fds=files", "true").status, 1)

    def test_who_is_attached_is_not_said_in_files(self):
        """Nor anywhere else, as the user has asked for a program and a file."""
        with tempfile.TemporaryDirectory() as folder:
            for options in (["-f"], ["-ff"]):
                ran = vdsotrace(*options, "-o", f"{folder}/trace", *example("fork-tree", 2))
                text = "".join(Path(folder, name).read_text() for name in os.listdir(folder))
                self.assertNotIn("attached", text + ran.stderr)
        self.assertIn("attached", vdsotrace("-f", *example("fork-tree", 2)).stderr)

    def test_who_is_attached_is_said_to_the_user(self):
        """Where the trace of a running process goes to a file."""
        with tempfile.NamedTemporaryFile("r") as file, subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
            tracer = subprocess.Popen([VDSOTRACE, "-o", file.name, "-p", str(cat.pid)], stderr=subprocess.PIPE, text=True)
            self.assertEqual(tracer.stderr.readline(), f"vdsotrace: Process {cat.pid} attached\n")
            cat.stdin.close()
            self.assertEqual(tracer.communicate()[1], "")
            self.assertNotIn("attached", file.read())

    def test_only_capable_calls_bear_a_tag(self):
        capable = {"clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu", "getrandom"}
        for line in vdsotrace(*example("routes")).stderr.splitlines():
            if re.search(r" \[(vdso|vdso->syscall|syscall)\]$", line):
                self.assertIn(line.split("(")[0], capable)

    def test_threads_and_processes_are_named(self):
        text = vdsotrace("-e", "trace=clock_gettime", *example("threads", 3, 5)).stderr
        self.assertEqual(len(re.findall(r"(?m)^\[pid +\d+\] ", text)) > 0, True)
        ids = {re.match(r"\[pid +(\d+)\]", line).group(1) for line in calls(text, "clock_gettime")
               if line.startswith("[pid")}
        self.assertGreaterEqual(len(ids), 2)

    def test_threads_are_always_named_where_that_is_asked_for(self):
        for command in (["true"], ["sh", "-c", "true & wait"]):
            lines = vdsotrace("--always-show-pid", "-q", "-f", "--", *command).stderr.splitlines()
            self.assertTrue(all(re.match(r"\[pid \d+\] ", line) for line in lines), lines)
            with tempfile.NamedTemporaryFile("r") as file:
                vdsotrace("--always-show-pid", "-q", "-f", "-o", file.name, "--", *command)
                lines = file.read().splitlines()
            self.assertTrue(lines and all(re.match(r"\d+ +[^ ]", line) for line in lines), lines)
            self.assertEqual(len({line.split()[0] for line in lines}), len(command) - 1 or 1)

    def test_selection_by_name_and_class(self):
        for expression, expected in (("trace=write", {"write"}), ("trace=gettimeofday,write", {"gettimeofday", "write"}),
                                     ("gettimeofday", {"gettimeofday"}), ("trace=none", set()),
                                     ("trace=/^gettime", {"gettimeofday"}),
                                     ("trace=?nosuchcall,write", {"write"})):
            with self.subTest(expression):
                text = vdsotrace("-q", "-e", expression, *example("hello-vdso")).stderr
                self.assertEqual(set(re.findall(r"(?m)^(\w+)\(", text)), expected)

    def test_selection_of_capable_calls(self):
        text = vdsotrace("-q", "-e", "trace=%vdso", *example("hello-vdso")).stderr
        names = set(re.findall(r"(?m)^(\w+)\(", text))
        self.assertEqual(names - {"getrandom"}, {"gettimeofday"})

    def test_negation(self):
        names = set(re.findall(r"(?m)^(\w+)\(", vdsotrace("-e", "trace=!%memory,openat", *example("hello-vdso")).stderr))
        self.assertTrue({"gettimeofday", "execve", "write"} <= names)
        self.assertFalse(names & {"mmap", "brk", "munmap", "mprotect", "openat"}, names)

    def test_selection_by_route(self):
        command = example("routes")
        for route, tag in (("vdso", "[vdso]"), ("fallback", "[vdso->syscall]"), ("syscall", "[syscall]")):
            with self.subTest(route):
                lines = vdsotrace("-qq", "-e", "route=" + route, *command).stderr.splitlines()
                self.assertTrue(lines)
                self.assertEqual([line for line in lines if not line.endswith(tag)], [])
        self.assertEqual(calls(vdsotrace("-e", "route=vsyscall", *command).stderr, r"\w+"), [])

    def test_selection_of_signals(self):
        command = target("own_traps", "sent")
        self.assertEqual(vdsotrace(*command).stderr.count("--- SIGTRAP {si_signo=SIGTRAP"), 3)
        self.assertEqual(vdsotrace("-e", "signal=none", *command).stderr.count("--- SIGTRAP"), 0)
        self.assertEqual(vdsotrace("-e", "signal=!SIGTRAP", *command).stderr.count("--- SIGTRAP"), 0)
        self.assertEqual(vdsotrace("-e", "signal=trap", *command).stderr.count("--- SIGTRAP"), 3)

    def test_a_closing_line_counts_what_the_selection_left(self):
        ran = vdsotrace("-e", "trace=write", *example("hello-vdso"))
        self.assertIn("vdsotrace: 0 vDSO-capable calls", ran.stderr)

    def test_quiet(self):
        command = example("hello-vdso")
        self.assertNotIn("vdsotrace:", vdsotrace("-q", *command).stderr)
        self.assertIn("+++ exited with 0 +++", vdsotrace("-q", *command).stderr)
        self.assertNotIn("+++", vdsotrace("-qq", *command).stderr)

    def test_messages_are_left_out_one_by_one(self):
        command = example("hello-vdso")
        shown = {option: vdsotrace(*option.split(), *command).stderr
                 for option in ("-e quiet=exit", "-e quiet=attach", "--quiet", "--silent=attach,exit", "-e quiet=!all", "-e quiet=all")}
        with_end = {option for option, text in shown.items() if "+++ exited" in text}
        self.assertEqual(with_end, {"-e quiet=attach", "--quiet", "-e quiet=!all"})
        with_closing_line = {option for option, text in shown.items() if "vDSO-capable calls" in text}
        self.assertEqual(with_closing_line, {"-e quiet=exit", "-e quiet=!all"})

    def test_what_a_path_leads_to_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder, "link")
            link.symlink_to("/dev/null")
            text = vdsotrace("-qq", "-P", link, "cat", link).stderr
            self.assertIn(f'vdsotrace: Requested path "{link}" resolved into "/dev/null"\n', text)
            self.assertIn(f'openat(AT_FDCWD, "{link}", O_RDONLY) = 3\n', text)
            self.assertIn('read(3, "", ', text)
            self.assertNotIn("exit_group(", text)
            self.assertNotIn("Requested", vdsotrace("-e", "quiet=path-resolution", "-P", link, "true").stderr)

    def test_time_stamps(self):
        for option, shape in (("-t", r"\d\d:\d\d:\d\d "), ("-tt", r"\d\d:\d\d:\d\d\.\d{6} "),
                              ("-ttt", r"\d{10}\.\d{6} "), ("-r", r" +\d+\.\d{6} ")):
            with self.subTest(option):
                lines = vdsotrace("-q", option, *example("hello-vdso")).stderr.splitlines()
                self.assertEqual([line for line in lines if not re.match(shape + r"(\w+\(|\+\+\+|---)", line)], [])

    def test_time_stamps_do_not_run_backwards(self):
        text = vdsotrace("-q", "-ttt", *example("hello-vdso")).stderr
        stamps = [float(line.split()[0]) for line in text.splitlines()]
        self.assertEqual(stamps, sorted(stamps))

    def test_durations(self):
        # A breakpoint's own stops would be most of what it measured.
        for engine, measures in (("inline", True), ("breakpoint", False)):
            for line in vdsotrace("-q", "-T", f"--engine={engine}", *example("hello-vdso")).stderr.splitlines():
                measured = re.search(r" <\d+\.\d{6}>$", line) is not None
                if re.match(r"(write|openat|mmap)\(", line):
                    self.assertTrue(measured, line)
                if line.startswith("gettimeofday("):
                    self.assertEqual(measured, measures, line)

    def test_string_limit(self):
        command = ["printf", "x" * 100]
        write = 'write(1, "%s"%s, 100)'
        self.assertIn(write % ("x" * 32, "..."), vdsotrace(*command).stderr)
        self.assertIn(write % ("x" * 5, "..."), vdsotrace("-s", "5", *command).stderr)
        self.assertIn(write % ("x" * 100, ""), vdsotrace("-s", "100", *command).stderr)
        self.assertIn(write % ("", "..."), vdsotrace("-s0", *command).stderr)

    def test_clustered_options(self):
        self.assertIn("gettimeofday(", vdsotrace("-fqtt", "-etrace=gettimeofday", *example("hello-vdso")).stderr)


class EnvironmentTest(unittest.TestCase):
    def test_variables_are_set_and_removed(self):
        ran = vdsotrace("-o", "/dev/null", "-E", "ADDED=1 2", "-E", "GONE", "-E", "CHANGED=new", "env",
                        env={"PATH": os.environ["PATH"], "GONE": "x", "CHANGED": "old", "KEPT": "k"})
        self.assertEqual(sorted(line for line in ran.stdout.splitlines() if not line.startswith("PATH=")),
                         ["ADDED=1 2", "CHANGED=new", "KEPT=k"])

    def test_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root may change the user")
        nobody = pwd.getpwnam("nobody")
        ran = vdsotrace("-o", "/dev/null", "-u", "nobody", "id")
        self.assertEqual(ran.status, 0, ran.stderr)
        self.assertIn(f"uid={nobody.pw_uid}(nobody) gid={nobody.pw_gid}", ran.stdout)
        self.assertNotIn("groups=0", ran.stdout)

    def test_another_user_without_rights(self):
        if os.geteuid() != 0:
            self.skipTest("only root may change the user")
        nobody = pwd.getpwnam("nobody")
        with tempfile.TemporaryDirectory() as folder:
            program = shutil.copy(testing.VDSOTRACE, folder)
            os.chmod(folder, 0o755)
            for command in ([], ["audit"]):
                ran = subprocess.run([program, *command, "-u", "root", "echo", "run"], cwd="/", user=nobody.pw_uid, group=nobody.pw_gid,
                                     extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual((ran.returncode, ran.stdout), (1, ""))
                self.assertEqual(ran.stderr, "vdsotrace: -u root: only root may run a program as another user\n"
                                             "hint: run vdsotrace as root, or with CAP_SETUID and CAP_SETGID\n")
                own = subprocess.run([program, *command, "-o", "/dev/null", "-u", "nobody", "echo", "run"], cwd="/", user=nobody.pw_uid,
                                     group=nobody.pw_gid, extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual((own.returncode, own.stdout), (0, "run\n"), own.stderr)

    def test_unknown_user(self):
        ran = vdsotrace("-u", "no-such-user-here", "true")
        self.assertEqual(ran.status, 1)
        self.assertRegex(ran.stderr, "^vdsotrace: .*no-such-user-here")


if __name__ == "__main__":
    testing.main()
