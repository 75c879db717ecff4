"""The dump command: the image byte for byte, its symbols as objdump has them, its annotated code, and
how bad input is told."""
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import BUILD, VDSOTRACE, run, vdsotrace


def setUpModule():
    if not testing.vdso_functions():
        raise unittest.SkipTest("this machine has no vDSO")


def dumped(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image"
        ran = vdsotrace("dump", "-o", file, *arguments)
        if ran.status != 0:
            raise AssertionError(ran.stderr)
        return file.read_bytes()


def mapping_of(pid):
    """The [vdso] of a process, read without the program under test."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            with open(f"/proc/{pid}/mem", "rb") as memory:
                memory.seek(start)
                return start, memory.read(end - start)
    raise AssertionError("no [vdso]")


class Image(unittest.TestCase):
    def test_is_the_mapping(self):
        _, expected = mapping_of(os.getpid())
        self.assertEqual(dumped(), expected)
        self.assertEqual(dumped("-p", os.getpid()), expected)

    def test_of_a_program(self):
        testing.require_ptrace()
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "ran"
            self.assertEqual(dumped("--", "touch", trace), mapping_of(os.getpid())[1])
            self.assertFalse(trace.exists(), "the program ran")

    def test_goes_to_standard_output(self):
        done = subprocess.run([VDSOTRACE, "dump"], capture_output=True, check=True)
        self.assertEqual(done.stdout, mapping_of(os.getpid())[1])
        self.assertEqual(done.stderr, b"")

    def test_is_what_gdb_dumps(self):
        testing.require_ptrace()
        testing.require_program("gdb")
        with tempfile.TemporaryDirectory() as folder, \
                subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:
            try:
                child.stdin.write(b"x")
                child.stdout.read(1)  # only now is it certain that exec has mapped everything
                file = Path(folder) / "gdb"
                start, expected = mapping_of(child.pid)
                end = start + len(expected)
                run(["gdb", "-nx", "-batch", "-p", child.pid, "-ex",
                     f"dump memory {file} {start:#x} {end:#x}"])
                if not file.exists():
                    self.skipTest("gdb cannot attach here")
                self.assertEqual(dumped("-p", child.pid), file.read_bytes())
            finally:
                child.kill()

    def test_is_accepted_by_the_tools(self):
        testing.require_program("readelf", "objdump")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "image"
            file.write_bytes(dumped())
            for command in (["readelf", "-a", "-W", file], ["objdump", "-d", file]):
                ran = run(command)
                self.assertEqual((ran.status, ran.stderr), (0, ""))
                self.assertIn("__vdso_clock_gettime", ran.stdout)

    def test_of_a_32_bit_program(self):
        testing.require_ptrace()
        program = BUILD / "tests" / "targets" / "calls_m32"
        if not program.exists() or run([program]).status < 0:
            self.skipTest("no 32-bit program runs here")
        image = dumped("--", program)
        self.assertEqual((image[:4], image[4]), (b"\x7fELF", 1))
        symbols = vdsotrace("dump", "--symbols", "--", program).stdout
        self.assertIn("file format elf32-i386", symbols)
        self.assertIn("int     0x80", vdsotrace("dump", "--disassemble", "--", program).stdout)

    def test_to_standard_output(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in (["-o", "-"], ["-o", "-", "--symbols"]):
                expected = run([VDSOTRACE, "dump", *arguments[2:]]).stdout
                self.assertEqual(run([VDSOTRACE, "dump", *arguments], cwd=folder).stdout, expected)
            self.assertEqual(os.listdir(folder), [])

    def test_refuses_a_terminal(self):
        master, slave = pty.openpty()
        try:
            done = subprocess.run([VDSOTRACE, "dump"], stdout=slave, stderr=subprocess.PIPE, encoding="utf-8")
        finally:
            os.close(slave)
            os.close(master)
        self.assertEqual(done.returncode, 1)
        self.assertIn("hint: add -o FILE", done.stderr)


class Symbols(unittest.TestCase):
    def test_as_objdump(self):
        testing.require_program("objdump")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "image"
            file.write_bytes(dumped())
            expected = run(["objdump", "-T", file]).stdout.replace(str(file), "[vdso]")
            self.assertEqual(vdsotrace("dump", "--symbols").stdout.rstrip("\n"), expected.rstrip("\n"))


class Disassembly(unittest.TestCase):
    def test_has_objdumps_instructions(self):
        """Each instruction's place and bytes are among those that objdump -d sees."""
        testing.require_program("objdump")
        line = re.compile(r"^ *([0-9a-f]+):\s+((?:[0-9a-f]{2} )+)", re.MULTILINE)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "image"
            file.write_bytes(dumped())
            expected = set(line.findall(run(["objdump", "-d", "-w", file]).stdout))
        found = line.findall(vdsotrace("dump", "--disassemble").stdout)
        self.assertGreater(len(found), 300)
        self.assertEqual([place for place in found if place not in expected], [])

    def test_says_what_the_code_does(self):
        text = vdsotrace("dump", "--disassemble=clock_gettime").stdout
        self.assertIn("<__vdso_clock_gettime, clock_gettime>:", text)
        self.assertNotIn("getcpu", text)
        for note in ("; clock read", "; return", "; fallback: enters the kernel", "seqlock loop begins",
                     "seqlock retry: .L"):
            self.assertIn(note, text)
        for label in re.findall(r"(\.L\d+)(?: again)?$", text, re.MULTILINE):
            self.assertIn(f"\n{label}:\n", text)


class BadInput(unittest.TestCase):
    def test_is_told_in_one_line(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for arguments, words in (
                (["dump", "-p", gone.pid], "No such process"),
                (["dump", "-p", "many"], "not a process"),
                (["dump", "-p", "-1"], "not a process"),
                (["dump", "-p", "1", "true"], "exclude each other"),
                (["dump", "--symbols", "--disassemble"], "exclude each other"),
                (["dump", "--disassemble=clock_getime"], "no function of that name"),
                (["dump", "-f"], "not an option of dump"),
                (["dump", "--", "/no/such/program"], "No such file"),
                (["dump", "-o", "/no/such/folder/file"], "No such file"),
                (["--symbols", "true"], "an option of the command dump")):
            with self.subTest(arguments):
                ran = vdsotrace(*arguments)
                self.assertEqual((ran.status, ran.stdout), (1, ""))
                lines = ran.stderr.splitlines()
                self.assertTrue(lines[0].startswith("vdsotrace: "), lines)
                self.assertIn(words, lines[0])
                self.assertTrue(len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: ")), lines)

    def test_a_failure_leaves_the_file(self):
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("precious")
            file.flush()
            self.assertEqual(vdsotrace("dump", "-o", file.name, "--", "/no/such/program").status, 1)
            self.assertEqual(Path(file.name).read_text(), "precious")

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([VDSOTRACE, "dump"], stdout=full, stderr=subprocess.PIPE, encoding="utf-8")
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output: cannot write: No space left", done.stderr)

    def test_a_program_of_that_name(self):
        testing.require_ptrace()
        ran = vdsotrace("--", "dump")
        self.assertIn("dump: No such file", ran.stderr)


if __name__ == "__main__":
    testing.main()
