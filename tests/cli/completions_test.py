"""What shells complete, by the scripts that the program prints and that are installed."""
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import run, vdsotrace

COMMANDS = {"trace", "audit", "compare", "info", "dump", "merge", "diff", "help", "completions"}
IN_BASH = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_vdsotrace
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script(shell):
    ran = vdsotrace("completions", shell)
    assert (ran.status, ran.stderr) == (0, ""), ran
    return ran.stdout


def installed(shell):
    if shutil.which(shell) is None:
        raise unittest.SkipTest(f"{shell} is not installed")


class CompletionsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def bash(self, *words):
        """The words that bash offers for the last of `words`, which are as bash splits them."""
        installed("bash")
        path = self.folder / "bash"
        path.write_text(script("bash"))
        text = IN_BASH.format(script=path, words=" ".join(shlex.quote(word) for word in ("vdsotrace", *words)))
        ran = run(["bash", "--norc", "-c", text], cwd=self.folder)
        self.assertEqual((ran.status, ran.stderr), (0, ""))
        return {word.strip() for word in ran.stdout.split()}

    def test_bash_options(self):
        self.assertEqual(self.bash("--en"), {"--env", "--engine"})
        self.assertEqual(self.bash("info", "-"), {"-h", "--help", "-p", "-o", "--output", "--json", "--check", "--max-ns", "--openmetrics", "--color"})
        self.assertEqual(self.bash("-f", "audit", "--ht"), {"--html"})
        self.assertEqual(self.bash("--ht"), set())
        self.assertEqual(self.bash("dump", "--sym"), {"--symbols"})
        for command in sorted(COMMANDS - {"trace", "help"}):
            with self.subTest(command):
                shown = re.findall(r"(?m)^ {2,6}(-.*?)(?:  |$)", vdsotrace(command, "--help").stdout.replace(",     --", ", --"))
                names = {name for names in shown for name in re.findall(r"(?:^|, )(--?[\w-]+)", names)}
                self.assertEqual(self.bash(command, "-"), names)

    def test_bash_values(self):
        engines = {"auto", "inline", "breakpoint", "perf", "step"}
        for words in (["--engine", ""], ["--engine", "="], ["--engine", "=", ""], ["compare", "--engine", ""]):
            with self.subTest(words):
                self.assertEqual(self.bash(*words), engines)
        self.assertEqual(self.bash("--engine", "=", "st"), {"step"})
        self.assertEqual(self.bash("-e", ""), {"trace=", "route=", "signal="})
        self.assertIn("1", self.bash("-p", ""))
        (self.folder / "report").touch()
        self.assertEqual(self.bash("-o", "rep"), {"report"})

    def test_bash_words(self):
        self.assertLessEqual({"compare", "completions"}, self.bash("comp"))
        self.assertEqual(self.bash("help", ""), COMMANDS)
        self.assertEqual(self.bash("completions", ""), {"bash", "zsh", "fish"})
        self.assertIn("true", self.bash("audit", "-o", "report", "tru"))

    def test_bash_leaves_the_programs_words_alone(self):
        (self.folder / "--engine-room").touch()
        for words in (["cat", "--en"], ["--engine", "=", "step", "cat", "--en"], ["-o", "audit", "cat", "--en"],
                      ["--", "audit", "--en"]):
            with self.subTest(words):
                self.assertEqual(self.bash(*words), {"--engine-room"})

    def test_fish(self):
        installed("fish")
        path = self.folder / "vdsotrace.fish"
        path.write_text(script("fish"))

        def offered(line):
            ran = run(["fish", "--no-config", "-c", f"source {path}; complete -C {shlex.quote(line)}"], cwd=self.folder)
            self.assertEqual((ran.status, ran.stderr), (0, ""))
            return {line.split("\t")[0] for line in ran.stdout.splitlines()}
        self.assertEqual(offered("vdsotrace --en"), {"--env", "--engine"})
        self.assertEqual(offered("vdsotrace info --"), {"--help", "--output", "--json", "--check", "--max-ns", "--openmetrics", "--color"})
        self.assertEqual(offered("vdsotrace audit --fail-on "),
                         {"vdso", "fallback", "syscall", "vsyscall", "unknown", "all-fallback", "all-syscall"})
        self.assertEqual(offered("vdsotrace completions "), {"bash", "zsh", "fish"})

    def test_zsh(self):
        installed("zsh")
        (self.folder / "_vdsotrace").write_text(script("zsh"))
        # Instead of completing, _arguments prints what it is given.
        text = f"""
            fpath=({self.folder} $fpath)
            autoload -Uz _vdsotrace
            _arguments() {{{{ print -rl -- "$words[CURRENT]" "$@" }}}}
            words=(vdsotrace {{words}}); CURRENT=$#words
            _vdsotrace"""

        def given(words):
            ran = run(["zsh", "-f", "-c", text.format(words=words)])
            self.assertEqual((ran.status, ran.stderr), (0, ""))
            return ran.stdout.splitlines()
        # Autoloaded, the first call defines the functions and completes at once.
        self.assertIn("*--engine=[auto, inline, breakpoint, perf or step]:ENGINE:(auto inline breakpoint perf step)",
                      given("--en"))
        self.assertEqual(given("-f dump --sy")[0], "--sy")
        self.assertEqual([line for line in given("info -") if line.startswith("*-")],
                         ["*-h[Show this help and exit]", "*--help[Show this help and exit]",
                          "*-p[Describe the vDSO of process PID]:PID:_pids",
                          "*-o[Write to FILE, or to standard output (-), as without -o]:FILE:_files",
                          "*--output=[Write to FILE, or to standard output (-), as without -o]:FILE:_files",
                          "*--json[One JSON object instead of text]",
                          "*--check[One line for monitoring, and exit status 0 if all common time calls stay in user space and none "
                          "costs more than --max-ns, 1 if not, 3 if that cannot be told]",
                          "*--max-ns=[Nanoseconds that a call may cost under --check (1000), or a time with a unit, as 1us]:N: ",
                          "*--openmetrics=[Also write metrics for Prometheus; FILE is replaced as a whole]:FILE:_files",
                          "*--color=[auto, always or never]:WHEN:(auto always never)"])

    def test_usage(self):
        for words in ([], ["tcsh"], ["bash", "zsh"], ["--engine=step", "bash"]):
            with self.subTest(words):
                ran = vdsotrace("completions", *words)
                self.assertEqual((ran.status, ran.stdout), (1, ""))

    def test_installed(self):
        if shutil.which("cmake") is None:
            self.skipTest("cmake is not installed")
        subprocess.run(["cmake", "--install", testing.BUILD, "--prefix", self.folder], check=True, stdout=subprocess.DEVNULL)
        for shell, path in (("bash", "bash-completion/completions/vdsotrace"), ("zsh", "zsh/site-functions/_vdsotrace"),
                            ("fish", "fish/vendor_completions.d/vdsotrace.fish")):
            self.assertEqual((self.folder / "share" / path).read_text(), script(shell))


if __name__ == "__main__":
    testing.main()
