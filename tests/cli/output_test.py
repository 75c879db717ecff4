"""Where the trace goes, and what happens when it cannot go there."""
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
from vdsotrace_testing import VDSOTRACE, example, target, vdsotrace
from terminals import on_terminal


def setUpModule():
    testing.require_ptrace()


class OutputTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "trace"

    def test_a_file(self):
        ran = vdsotrace("-o", self.file, *example("hello-vdso"))
        self.assertEqual((ran.status, ran.stderr), (0, ""))
        text = self.file.read_text()
        self.assertRegex(text, r'(?m)^write\(1, "Seconds: \d+\\n", \d+\) += \d+$')
        self.assertTrue(text.startswith("execve("))

    def test_a_file_is_replaced(self):
        self.file.write_text("old\n")
        vdsotrace("-o", self.file, *example("hello"))
        self.assertNotIn("old", self.file.read_text())

    def test_append(self):
        self.file.write_text("old\n")
        vdsotrace("-A", "-o", self.file, *example("hello"))
        self.assertTrue(self.file.read_text().startswith("old\nexecve("))

    def test_a_command(self):
        ran = vdsotrace("-o", f"|grep -c Hello > '{self.file}'", *example("hello"))
        self.assertEqual((ran.status, ran.stdout), (0, "Hello\n"))
        self.assertEqual(self.file.read_text(), "1\n")

    def test_a_command_is_waited_for(self):
        """What the command does with the end of the trace has been done when vdsotrace ends."""
        vdsotrace("-o", f"|tail -n 2 > '{self.file}.new' && mv '{self.file}.new' '{self.file}'", *example("hello"))
        self.assertIn("+++ exited with 0 +++", self.file.read_text())

    def test_one_file_for_each_process(self):
        vdsotrace("-ff", "-o", self.file, *example("fork-tree", 2))
        parts = sorted(self.folder.iterdir())
        self.assertEqual(len(parts), 7)
        for part in parts:
            self.assertRegex(part.name, r"^trace\.\d+$")
            lines = part.read_text().splitlines()
            self.assertEqual(sum(line.startswith("clock_gettime(") for line in lines), 1, part)
            self.assertIn("+++ exited with 0 +++", lines[-1] + lines[-2])
            self.assertFalse([line for line in lines if line.startswith("[pid")])

    def test_a_full_disk(self):
        ran = vdsotrace("-o", "/dev/full", *target("threads", 2, 50))
        self.assertEqual(ran.status, 1)
        self.assertEqual(ran.stdout.count("made"), 4)
        messages = [line for line in ran.stderr.splitlines() if line.startswith("vdsotrace: ")]
        self.assertEqual(len(messages), 1, ran.stderr)
        self.assertIn("No space left on device", messages[0])

    def test_a_full_disk_keeps_json_and_summary_honest(self):
        for options in (["--json"], ["-c"], ["-C"], ["-c", "--json"]):
            with self.subTest(options):
                ran = vdsotrace(*options, "-o", "/dev/full", *example("hello"))
                self.assertEqual((ran.status, ran.stdout), (1, "Hello\n"))

    def test_a_file_that_may_not_grow(self):
        """RLIMIT_FSIZE: neither vdsotrace nor the program dies of SIGXFSZ; the program gets the signal as ever, where it exceeds it."""
        testing.require_program("prlimit")
        for options in ([], ["--json"], ["-c"], ["-e", "trace=%vdso"]):
            with self.subTest(options):
                ran = testing.run(["prlimit", "--fsize=64:64", VDSOTRACE, *options, "-o", self.folder / "trace", *example("hello")])
                self.assertEqual((ran.status, ran.stdout), (1, "Hello\n"), ran.stderr)
                self.assertIn("File too large", ran.stderr)
                grows = ["sh", "-c", f"exec dd if=/dev/zero of={self.folder}/grown bs=65 count=2 2> /dev/null"]
                ran = testing.run(["prlimit", "--fsize=64:64", VDSOTRACE, *options, "-o", "/dev/null", *grows])
                self.assertEqual(ran.status, -signal.SIGXFSZ, ran.stderr)

    def test_a_full_disk_of_split_files(self):
        os.symlink("/dev/full", self.folder / "x")
        ran = vdsotrace("-ff", "-o", self.folder / "missing" / "x", *example("hello"))
        self.assertEqual(ran.status, 1)

    def test_a_closed_pipe(self):
        """Whoever read the trace has gone: told once, the program runs to its end."""
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([VDSOTRACE, "-o", f"/dev/fd/{writer}", *example("hello")], pass_fds=[writer],
                              capture_output=True, text=True)
        os.close(writer)
        self.assertEqual((done.returncode, done.stdout), (1, "Hello\n"))
        self.assertEqual(done.stderr.count("vdsotrace: "), 1, done.stderr)

    def test_a_command_that_does_not_read(self):
        ran = vdsotrace("-o", "|exec true", *target("threads", 2, 300))
        self.assertEqual(ran.stdout.count("made"), 4)
        self.assertEqual(ran.status, 1)

    def test_standard_output_can_be_asked_for(self):
        ran = vdsotrace("-q", "-o", "-", *example("hello"))
        self.assertEqual((ran.status, ran.stderr), (0, ""))
        self.assertIn('write(1, "Hello\\n", 6', ran.stdout)
        self.assertTrue(ran.stdout.endswith("+++ exited with 0 +++\n"))

    def with_pipes(self, script, *options):
        """A shell script that is traced and told on descriptor 3 to go on; its input and output are pipes whose other
        ends are ours alone."""
        input_end, ours_in = os.pipe()
        ours_out, output_end = os.pipe()
        asked, ask = os.pipe()
        tracer = subprocess.Popen([VDSOTRACE, *options, "sh", "-c", script, "sh", str(asked)], stdin=input_end,
                                  stdout=output_end, stderr=subprocess.DEVNULL, pass_fds=[asked])
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        for end in (input_end, output_end, asked):
            os.close(end)
        return ours_in, ours_out, ask, tracer

    def test_a_pipe_that_the_program_closes_ends(self):
        """The program goes on, but nobody else holds its pipes."""
        for options in ([], ["-o", self.file], ["-c", "-o", self.file], ["audit", "-o", self.file]):
            with self.subTest(options):
                ours_in, ours_out, ask, tracer = self.with_pipes("echo begun; exec <&- >&-; read go <&$1", *options)
                self.assertEqual(os.read(ours_out, 100), b"begun\n")
                self.assertEqual(os.read(ours_out, 1), b"")  # would wait for ever if we held the other end
                with self.assertRaises(BrokenPipeError):
                    os.write(ours_in, b"x")
                os.write(ask, b"go\n")
                for end in (ours_in, ours_out, ask):
                    os.close(end)
                self.assertEqual(tracer.wait(testing.TIMEOUT), 0)

    def test_streams_that_are_closed(self):
        """What we open must not be taken for standard input or output."""
        done = subprocess.run(["sh", "-c", f'"$@" -o "{self.file}" true <&- >&-', "sh", VDSOTRACE], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn("+++ exited with 0 +++", self.file.read_text())

    def test_standard_error_that_is_closed(self):
        done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", VDSOTRACE, *example("hello")],
                              stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.stdout, "Hello\n")

    def test_control_bytes_are_escaped(self):
        nasty = "a\x1b[31m\x07\x9b\u202e\r"
        beyond_ascii = rb"\x7f-\xff"
        for options, more in (([], beyond_ascii), (["-C"], beyond_ascii), (["--json"], rb"\x7f")):
            done = subprocess.run([VDSOTRACE, "-s", "100", *options, "echo", nasty], capture_output=True)
            self.assertEqual(re.findall(rb"[\x00-\x09\x0b-\x1f" + more + rb"]", done.stderr), [], options)
        self.assertIn("a\\33[31m\\7", vdsotrace("echo", nasty).stderr)

    def test_control_bytes_in_a_programs_name(self):
        program = self.folder / "evil\x1b[2J"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        done = subprocess.run([VDSOTRACE, program], capture_output=True)
        self.assertNotIn(b"\x1b", done.stderr)


class ColorTest(unittest.TestCase):
    def colored(self, *options, **env):
        return "\x1b[" in vdsotrace(*options, *example("hello-vdso"), env={**os.environ, **env}).stderr

    def test_color(self):
        self.assertFalse(self.colored())
        self.assertFalse(self.colored("--color=never"))
        self.assertTrue(self.colored("--color=always"))
        self.assertTrue(self.colored("--color=always", NO_COLOR="1"))

    def on_a_terminal(self, **env):
        text = on_terminal(*example("hello-vdso"), stdout=subprocess.DEVNULL, **env)
        self.assertIn(b"execve", text)
        return b"\x1b[" in text

    def test_automatic_color(self):
        self.assertTrue(self.on_a_terminal())
        self.assertFalse(self.on_a_terminal(NO_COLOR="1"))


if __name__ == "__main__":
    testing.main()
