"""Exit status and messages: the program's own status, vdsotrace's own failures, and how each
kind of bad input is told."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, run, vdsotrace


def setUpModule():
    testing.require_ptrace()


class StatusTest(unittest.TestCase):
    def test_the_programs_own_status(self):
        for status in (0, 1, 3, 42, 127, 255):
            with self.subTest(status):
                self.assertEqual(vdsotrace("-o", "/dev/null", "sh", "-c", f"exit {status}").status, status)

    def test_dies_of_the_programs_signal(self):
        for name in ("SIGTERM", "SIGKILL", "SIGABRT", "SIGSEGV", "SIGHUP", "SIGPIPE", "SIGINT"):
            with self.subTest(name):
                ran = vdsotrace("-o", "/dev/null", "sh", "-c", f"kill -{name[3:]} $$")
                self.assertEqual(ran.status, -getattr(signal, name))

    def test_a_usage_error_is_1(self):
        for arguments in ([], ["--no-such-option", "true"], ["-s"], ["--color=purple", "true"],
                          ["-c", "-C", "true"], ["-A", "true"], ["--summary", "-c", "true"], ["--st", "true"],
                          ["-S", "weight", "true"], ["-w", "true"], ["--engine=steam", "true"],
                          ["-s", "many", "true"], ["-s", "-1", "true"], ["--decode-fds=files", "true"],
                          ["-e", "quiet=noise", "true"], ["-e", "read=x", "true"], ["-e", "write=-1", "true"], ["--write=", "true"]):
            with self.subTest(arguments):
                self.one_error(vdsotrace(*arguments))

    def test_options_that_mean_nothing_together(self):
        for option in ("-t", "-tt", "-r", "-k", "--callers", "-n", "-i", "-y", "-yy", "-a40", "-eread=1", "-ewrite=all",
                       "--always-show-pid"):
            with self.subTest(option):
                self.assertRegex(self.one_error(vdsotrace("-c", option, "true")), "^vdsotrace: -c and .* exclude each other$")
                self.assertEqual(vdsotrace("-C", option, "true").status, 0)
        self.assertEqual(vdsotrace("-c", "-T", "true").status, 0)
        for option, value in (("-O", "3us"), ("-S", "calls"), ("-U", "name")):
            self.assertEqual(self.one_error(vdsotrace(option, value, "true")),
                             f"vdsotrace: {option}: there is no summary without -c or -C")
        audit = testing.SOURCE / "tests/fuzz/corpus/saved_audit/audit"
        commands = {"audit": ["true"], "info": [], "merge": [audit], "diff": [audit, audit], "compare": ["true"]}
        for command, operands in commands.items():
            with self.subTest(command):
                self.assertEqual(self.one_error(vdsotrace(command, "--json", "--color=always", *operands)),
                                 "vdsotrace: --json and --color=always exclude each other")
                if command in ("audit", "merge"):
                    self.assertEqual(self.one_error(vdsotrace(command, "--json", "--all", *operands)),
                                     "vdsotrace: --json and --all exclude each other")
        self.assertEqual(self.one_error(vdsotrace("--json", "--color=always", "true")), "vdsotrace: --json and --color=always exclude each other")
        self.assertEqual(self.one_error(vdsotrace("info", "--check", "--color=always")), "vdsotrace: --check and --color=always exclude each other")

    def test_an_unknown_option_is_named(self):
        for arguments in (["--no-such-option", "true"], ["--no-such-option", "--", "true"], ["-f", "--no-such-option", "--", "-x"]):
            with self.subTest(arguments):
                self.assertEqual(self.one_error(vdsotrace(*arguments)), "vdsotrace: --no-such-option: unknown option")

    def one_error(self, ran):
        """Status 1, nothing on standard output, a line "vdsotrace: ..." and at most a hint."""
        self.assertEqual((ran.status, ran.stdout), (1, ""), ran.stderr)
        lines = ran.stderr.splitlines()
        self.assertTrue(lines and lines[0].startswith("vdsotrace: "), ran.stderr)
        self.assertEqual(len(lines), 1 + (len(lines) == 2 and lines[1].startswith("hint: ")), lines)
        return lines[0]

    def test_programs_that_cannot_run(self):
        with tempfile.TemporaryDirectory() as folder:
            plain, odd = Path(folder) / "plain", Path(folder) / "odd"
            plain.write_text("not a program\n")
            odd.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
            odd.chmod(0o755)
            for program, word in ((folder + "/nowhere", "No such file"), ("no-such-program-here", ""),
                                  (plain, "ermission denied"), (folder, ""), (odd, "format")):
                with self.subTest(program):
                    message = self.one_error(vdsotrace("-o", folder + "/trace", program))
                    self.assertIn(os.path.basename(program), message)
                    self.assertIn(word, message)

    def test_an_execve_that_fails_is_told(self):
        """As by strace, if it was tried."""
        with tempfile.TemporaryDirectory() as folder:
            odd = Path(folder) / "odd"
            odd.write_text("not a program\n")
            odd.chmod(0o755)
            for options in ([], ["-f", "-e", "trace=execve"], ["-e", "trace=%process"]):
                with self.subTest(options):
                    ran = vdsotrace(*options, odd)
                    self.assertEqual(ran.status, 1)
                    self.assertRegex(ran.stderr, r'^execve\("' + str(odd) + r'", \["' + str(odd) + r'"\], 0x\w+ /\* \d+ vars \*/\) = '
                                     r"-1 ENOEXEC \(Exec format error\)\n\+\+\+ exited with 1 \+\+\+\nvdsotrace: ")
            self.assertNotIn("execve(", vdsotrace("-e", "trace=write", odd).stderr)

    def test_options_are_written_as_strace_has_them(self):
        """The last of several counts; long ones may be abbreviated, up to the program; -ff without a file is -f."""
        def text(*options):
            return vdsotrace("-q", *options, "echo", "--summary-o").stderr
        self.assertEqual(text("-s", "30", "-s", "3", "-e", "trace=write"), text("-s3", "-e", "trace=write"))
        self.assertIn('write(1, "--s"..., 12', text("--string-l=3"))
        self.assertIn('write(1, "--s"..., 12', text("--string-limi", "3"))
        self.assertIn("% time", text("--summary-o"))
        self.assertIn("echo", text("-ff"))
        self.assertEqual(vdsotrace("-s", "nonsense", "-s", "3", "true").status, 0)
        ambiguous = vdsotrace("--st", "true")
        self.assertEqual(self.one_error(ambiguous), "vdsotrace: --st: ambiguous")

    def test_flags_take_no_value(self):
        for option in ("--stack-traces=symbol", "--help=3", "--summary-on=1"):
            with self.subTest(option):
                self.assertRegex(self.one_error(vdsotrace(option, "true")), "^vdsotrace: --[a-z-]+: takes no value$")
        self.assertEqual(vdsotrace("--quiet=exit", "--daemonized=pgroup", "-F", "true").status, 0)

    def test_no_file_is_left_by_a_program_that_cannot_run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.one_error(vdsotrace("-o", folder + "/trace", folder + "/nowhere"))
            self.assertEqual(os.listdir(folder), [])

    def test_output_that_cannot_be_opened_starts_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            ran = vdsotrace("-o", folder + "/no/such/folder", "touch", folder + "/made")
            self.assertIn("no/such/folder", self.one_error(ran))
            self.assertEqual(os.listdir(folder), [])

    def test_unknown_words_name_the_nearest_known_one(self):
        for expression, near in (("trace=clock_getime", "clock_gettime"), ("trace=%clok", "%clock"),
                                 ("route=fallbak", "fallback"), ("signal=SIGCHILD", "SIGCHLD"), ("status=fialed", "failed")):
            with self.subTest(expression):
                ran = vdsotrace("-e", expression, "true")
                self.one_error(ran)
                self.assertIn(near, ran.stderr)

    def test_help_and_version_are_on_standard_output(self):
        for option in ("-h", "--help", "-V", "--version"):
            with self.subTest(option):
                ran = vdsotrace(option)
                self.assertEqual((ran.status, ran.stderr), (0, ""))
                self.assertIn("vdsotrace", ran.stdout)

    def test_help_names_each_option(self):
        text = vdsotrace("--help").stdout
        for option in ("-f", "--follow-forks", "-p", "-o", "-A", "-c", "-C", "-S", "-e", "-t", "-r", "-T", "-s", "-E",
                       "-u", "-q", "--engine", "--pin", "--duration", "--no-vdso", "--steps", "--json", "--color"):
            self.assertRegex(text, rf"(?<![\w-]){option}(?![\w-])")

    def test_options_end_at_the_program(self):
        ran = vdsotrace("-o", "/dev/null", "echo", "-f", "--json", "--", "-o")
        self.assertEqual((ran.status, ran.stdout), (0, "-f --json -- -o\n"))

    def test_two_dashes_make_a_command_word_a_program(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "audit"
            program.write_text("#!/bin/sh\necho audited\n")
            program.chmod(0o755)
            ran = vdsotrace("-o", "/dev/null", "--", "audit", env={"PATH": folder + ":/usr/bin:/bin"})
            self.assertEqual((ran.status, ran.stdout), (0, "audited\n"))

    def test_trace_may_be_written_out(self):
        self.assertEqual(vdsotrace("trace", "-o", "/dev/null", "echo", "x").stdout, "x\n")
        self.assertEqual(vdsotrace("-o", "/dev/null", "trace", "echo", "x").stdout, "x\n")

    def test_standard_streams_are_untouched(self):
        ran = run(["sh", "-c", f"echo in | '{VDSOTRACE}' -o /dev/null sh -c 'cat; echo err >&2'"])
        self.assertEqual(ran, (0, "in\n", "err\n"))

    def test_descriptors_and_signals_are_those_of_an_untraced_program(self):
        """Nothing of ours is inherited: open files, blocked or ignored signals, limits."""
        script = "ls -l /proc/self/fd | wc -l; grep -E '^(Sig(Blk|Ign|Cgt)|ShdPnd|Cpus_allowed):' /proc/self/status; ulimit -a; umask"
        self.assertEqual(vdsotrace("-o", "/dev/null", "sh", "-c", script).stdout, run(["sh", "-c", script]).stdout)

    def test_processes_that_cannot_be_attached(self):
        zombie = subprocess.Popen(["true"])
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        self.addCleanup(zombie.wait)
        for pid, word in ((zombie.pid, "zombie"), (2 ** 22 + 1, "No such process"), ("abc", "not a process id"),
                          (0, "not a process id"), (-3, "not a process id"), ("1x", "not a process id"),
                          (2 ** 40, "not a process id"), ("", "no process id"), (",", "no process id")):
            with self.subTest(pid):
                self.assertIn(word, self.one_error(vdsotrace("-p", str(pid))))

    def test_kernel_threads_are_refused(self):
        names = Path("/proc/2/comm")
        if not names.exists() or names.read_text() != "kthreadd\n":
            self.skipTest("no kernel threads in this pid namespace")
        self.assertIn("kernel thread", self.one_error(vdsotrace("-p", "2")))

    def test_ourselves_are_refused(self):
        ran = run(["sh", "-c", f"exec '{VDSOTRACE}' -p $$"])
        self.assertIn("vdsotrace itself", self.one_error(ran))

    def test_what_is_traced_already_names_its_tracer(self):
        testing.require_program("strace")
        with subprocess.Popen(["sleep", "100"]) as sleeper:
            tracer = subprocess.Popen(["strace", "-p", str(sleeper.pid)], stderr=subprocess.PIPE)
            self.addCleanup(sleeper.wait)
            self.addCleanup(sleeper.kill)
            self.assertIn(b"attached", tracer.stderr.readline())
            message = self.one_error(vdsotrace("-p", str(sleeper.pid)))
            self.assertIn(f"already traced by process {tracer.pid} (strace)", message)
            tracer.kill()
            tracer.wait()
            tracer.stderr.close()
            sleeper.kill()

    def test_another_users_process_needs_privilege(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        testing.require_program("setpriv")
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if run([*nobody, "test", "-x", VDSOTRACE]).status != 0:
            self.skipTest("others may not run " + VDSOTRACE)
        ran = run([*nobody, VDSOTRACE, "-p", str(os.getpid())])
        self.assertIn("not permitted", self.one_error(ran))
        self.assertIn("hint: it belongs to user 0: attach as that user, as root, or with CAP_SYS_PTRACE", ran.stderr)

    def test_nothing_stays_attached_when_one_cannot_be(self):
        with subprocess.Popen(["sleep", "100"]) as sleeper:
            self.addCleanup(sleeper.kill)
            self.one_error(vdsotrace("-p", f"{sleeper.pid},{2 ** 22 + 1}"))
            self.one_error(vdsotrace("-o", "/no/such/folder/trace", "-p", str(sleeper.pid)))
            status = Path(f"/proc/{sleeper.pid}/status")
            self.assertRegex(status.read_text(), r"TracerPid:\s+0\n")
            testing.wait_until(lambda: re.search(r"State:\s+S ", status.read_text()))
            sleeper.kill()

    def test_attaching_excludes_what_concerns_a_start(self):
        for arguments in (["--no-vdso"], ["-E", "A=b"], ["-u", "nobody"], ["--pin"]):
            with self.subTest(arguments):
                self.assertIn("exclude each other", self.one_error(vdsotrace("-p", str(os.getpid()), *arguments)))

    def test_an_empty_word_is_no_program(self):
        self.one_error(vdsotrace(""))


class DurationTest(unittest.TestCase):
    def test_the_trace_ends_and_the_program_goes_on(self):
        reader, writer = os.pipe()
        tracer = subprocess.Popen([VDSOTRACE, "-o", "/dev/null", "--duration", "0.3", *testing.target("spin")],
                                  stdout=writer)
        os.close(writer)
        self.assertEqual(os.read(reader, 10), b"ready\n")
        program, = testing.children_of(tracer.pid)
        self.addCleanup(os.close, reader)
        self.addCleanup(os.kill, program, signal.SIGKILL)
        self.assertEqual(tracer.wait(30), 0)
        status = Path(f"/proc/{program}/status").read_text()
        self.assertRegex(status, r"TracerPid:\s+0\n")
        self.assertRegex(status, r"State:\s+[RS] ")

    def test_a_shorter_program_is_not_waited_for(self):
        self.assertEqual(vdsotrace("-o", "/dev/null", "--duration", "100", *example("hello")).status, 0)


if __name__ == "__main__":
    testing.main()
