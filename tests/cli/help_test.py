"""Help and the man page: each command has its own help, in 80 columns, with nothing that the man page lacks; what is
misspelt is answered with what was meant."""
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import example, vdsotrace

COMMANDS = ("audit", "compare", "info", "dump", "merge", "diff", "completions")
OPTION = re.compile(r"(?<![\w-])-(?:[A-Za-z]|-[a-z][a-z-]+)(?![\w-])")


STRACE_OPTIONS = """-A -C -D -DD -DDD -F -I1 -N -O1 -P/tmp -Scalls -T -V -Xraw -Y -Z -a40 -bexecve -c -d -eabbrev=all -edecode-fds=path
    -efault=read -einject=read:error=EINTR -ekvm=vcpu -equiet=attach -eraw=none -eread=1 -esignal=none -estatus=failed -etrace=read -everbose=all
    -ewrite=1 -f -ff -h -i -k -n -q -qq -qqq -r -s32 -t -tt -ttt -v -w -x -xx -y -yy -z --abbrev=all --absolute-timestamps --always-show-pid
    --arg-names --attach=1 --columns=40 --const-print-style=raw --daemonise --daemonize --daemonize=session --debug --decode-fds --decode-fds=all
    --decode-pids=comm --detach-on=execve --env=A=B --failed-only --failing-only --fault=read --follow-forks --help --inject=read:error=EINTR
    --instruction-pointer --interruptible=1 --kill-on-exit --kvm=vcpu --namespace=new --no-abbrev --output-append-mode --output-separately
    --output=/dev/null --pidns-translation --quiet --quiet=exit --raw=none --read=1 --relative-timestamps --seccomp-bpf --secontext --signal=none
    --signals=none --silence --silent --stack-trace-frame-limit=3 --status=failed --string-limit=32 --strings-in-hex --strings-in-hex=all
    --successful-only --summary --summary-columns=calls --summary-only --summary-sort-by=calls --summary-syscall-overhead=1 --summary-wall-clock
    --syscall-limit=3 --syscall-number --syscall-times --timestamps --tips --trace-path=/tmp --trace=read --user=root --verbose=all --version
    --write=1""".split()


def help_of(*command):
    ran = vdsotrace(*command, "--help")
    assert (ran.status, ran.stderr) == (0, ""), ran
    return ran.stdout


def options_in(text):
    """Those that begin a line of options, not those in descriptions."""
    lines = [line for line in text.splitlines() if re.match(r" {2,6}-", line)]
    return {option for line in lines for option in OPTION.findall(re.split(r"(?<=\S) {2,}(?! *-)", line.lstrip())[0])}


def man_page():
    """Its text, without what is for troff alone."""
    text = (testing.SOURCE / "docs" / "vdsotrace.1").read_text()
    text = re.sub(r"\\f[A-Z]", "", text).replace("\\-", "-")
    return re.sub(r"(?m)^\.[A-Z]+ ", "", text).replace('"', "")


class HelpTest(unittest.TestCase):
    def test_fits_a_terminal(self):
        for command in ((), *((name,) for name in COMMANDS)):
            for line in help_of(*command).splitlines():
                with self.subTest(command=command, line=line):
                    self.assertLessEqual(len(line), 80)
                    self.assertEqual(line, line.rstrip())

    def test_each_command_has_its_own(self):
        for name in COMMANDS:
            with self.subTest(name):
                text = help_of(name)
                self.assertTrue(text.startswith(f"usage: vdsotrace {name} "), text)
                self.assertIn("\nExamples:\n", text)
                self.assertIn("See man vdsotrace", text)
                self.assertEqual(vdsotrace("help", name).stdout, text)
        self.assertEqual(options_in(help_of("info")), {"-h", "--help", "-p", "-o", "--output", "--json", "--check", "--max-ns", "--openmetrics", "--color"})
        audit = options_in(help_of("audit"))
        self.assertLessEqual({"--html", "--fail-on", "-p", "-o", "--engine"}, audit)
        self.assertFalse({"-c", "-C", "-t", "-r", "--steps", "-x", "-s"} & audit)

    def test_a_trace_is_what_there_is_without_a_command(self):
        for arguments in (["-h"], ["help"], ["help", "trace"], ["help", "help"], ["trace", "--help"]):
            with self.subTest(arguments):
                self.assertEqual(vdsotrace(*arguments).stdout, help_of())
        for group in ("What to trace", "What to show", "Where to write", "How to observe"):
            self.assertIn(f"\n{group}:\n", help_of())
        self.assertEqual(options_in(help_of().split("\nOther options:\n")[1]), {"-h", "--help", "-V", "--version"})
        self.assertFalse({"--html", "--fail-on", "--symbols", "--strace-log"} & options_in(help_of()))

    def test_the_man_page_has_every_option(self):
        known = set(OPTION.findall(man_page()))
        for command in ((), *((name,) for name in COMMANDS)):
            options = options_in(help_of(*command))
            self.assertGreaterEqual(len(options), 2)
            with self.subTest(command=command):
                self.assertEqual(options - known, set())

    def test_the_man_page_is_in_the_usual_order(self):
        """What a reader looks up is first, and what is read once is last."""
        sections = re.findall(r"(?m)^\.SH (.+)$", (testing.SOURCE / "docs" / "vdsotrace.1").read_text())
        self.assertEqual(sections[:4], ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"])
        looked_up = ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"]
        self.assertEqual([name for name in sections if name in looked_up], looked_up)
        self.assertEqual(sections[-2:], ["BUGS", "SEE ALSO"])
        for name in COMMANDS:
            if name.upper() in sections:
                self.assertLess(sections.index(name.upper()), sections.index("EXIT STATUS"))
        for essay in ("CALLERS", "FIGURES", "ATTACHING", "PERF", "SIGNALS", "NOTES"):
            self.assertGreater(sections.index(essay), sections.index("EXAMPLES"))

    def test_the_man_page_is_clean(self):
        page = testing.SOURCE / "docs" / "vdsotrace.1"
        for command in (["groff", "-man", "-Tutf8", "-ww", "-z", page], ["mandoc", "-T", "lint", "-W", "warning", page]):
            with self.subTest(command[0]):
                testing.require_program(command[0])
                ran = testing.run(command)
                self.assertEqual((ran.status, ran.stdout, ran.stderr), (0, "", ""))

    def test_examples_of_the_man_page_are_taken(self):
        text = man_page().split("\nEXAMPLES\n")[1].split("\nCALLERS\n")[0]
        examples = re.findall(r"(?m)^(?:\.B )?(vdsotrace .*)$", text)
        self.assertGreater(len(examples), 8)
        for line in examples:
            with self.subTest(line):
                words = shlex.split(line.replace("\\(aq", "'").split(" &&")[0])
                ran = vdsotrace("--help", *words[1:])
                self.assertEqual((ran.status, ran.stderr), (0, ""))

    def test_examples_are_taken(self):
        """Each is parsed: with --help at the end of its options it shows help and nothing else."""
        for command in ((), *((name,) for name in COMMANDS)):
            examples = help_of(*command).split("\nExamples:\n")[1].split("\n\n")[0].splitlines()
            for line in examples:
                with self.subTest(line):
                    words = shlex.split(re.split(r" {2,}|\|", line.strip())[0])
                    self.assertEqual(words[0], "vdsotrace")
                    ran = vdsotrace("--help", *words[1:])
                    self.assertEqual((ran.status, ran.stderr), (0, ""))


class MeantTest(unittest.TestCase):
    def told(self, *arguments):
        ran = vdsotrace(*arguments)
        self.assertEqual((ran.status, ran.stdout), (1, ""), ran.stderr)
        return ran.stderr

    def test_misspelt_options_and_commands(self):
        for arguments, message in ((["--ouput", "x", "true"], "--ouput: unknown option\nhint: did you mean --output?\n"),
                                   (["audit", "--fial-on=vdso", "true"], "hint: did you mean --fail-on?\n"),
                                   (["info", "--jsn"], "--jsn: not an option of info\nhint: did you mean --json?\n"),
                                   (["adit", "true"], "adit: No such file or directory\nhint: did you mean vdsotrace audit?\n"),
                                   (["help", "audt"], "help audt: unknown command\nhint: did you mean audit?\n"),
                                   (["--nothing-like-it", "true"], "hint: see vdsotrace --help\n")):
            with self.subTest(arguments):
                self.assertTrue(self.told(*arguments).endswith(message), self.told(*arguments))
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotIn("hint", self.told("-o", folder + "/no/trace", "true"))

    def test_options_of_strace_say_what_to_use(self):
        """Each that strace 6.1 and newer ones have is taken, or the hint is about it."""
        general = ("see vdsotrace", "did you mean", "one of trace=")
        taken, missing = [], []
        for option in STRACE_OPTIONS:
            ran = vdsotrace("--help", option, "true")
            if ran.status == 0:
                taken.append(option)
                continue
            with self.subTest(option):
                message, hint = ran.stderr.splitlines()
                self.assertTrue(message.startswith(f"vdsotrace: {option[:2]}"), message)
                self.assertTrue(hint.startswith("hint: ") and not any(word in hint for word in general), hint)
                missing.append(option)
        self.assertIn("--debug", missing)
        self.assertGreater(len(taken), 50)
        for cluster in ("-fd", "-cqd"):
            self.assertIn("-C names the engine", self.told(cluster, "true"))
        self.assertIn("an option of strace", self.told("audit", "--tips", "true"))
        self.assertIn("see vdsotrace --help", self.told("--nothing", "true"))

    def test_a_missing_value_is_named(self):
        for arguments, message in ((["-o"], "-o needs a FILE"), (["-fo"], "-o needs a FILE"), (["--output"], "--output needs a FILE"),
                                   (["-s"], "-s needs an N"), (["-c", "-e"], "-e needs an EXPR"), (["audit", "-p"], "-p needs a PID"),
                                   (["dump", "-o"], "-o needs a FILE"), (["compare", "--strace-log"], "--strace-log needs a FILE")):
            with self.subTest(arguments):
                self.assertEqual(self.told(*arguments), f"vdsotrace: {message}\n")

    def test_durations(self):
        testing.require_ptrace()
        for duration in ("100", "100s", "5000ms", "0.5h", "2m", "3e7us", "0"):
            with self.subTest(duration):
                self.assertEqual(vdsotrace("-q", "--duration", duration, *example("hello")).status, 0)
        for duration in ("abc", "", "5 s", "5parsecs", "ms", "-1", "-1ms", "nan", "inf", "1e300", "0x10"):
            with self.subTest(duration):
                self.assertIn("vdsotrace: --duration", self.told("--duration=" + duration, *example("hello")))

    def test_a_duration_ends_the_trace(self):
        testing.require_ptrace()
        with subprocess.Popen(testing.target("spin")) as program:
            try:
                self.assertEqual(vdsotrace("-p", program.pid, "-c", "--duration=10ms").status, 0)
            finally:
                program.kill()


if __name__ == "__main__":
    testing.main()
