"""How text looks where it is read: it fits the terminal, and has colours there that can be switched off."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example
from terminals import on_terminal

SAVED = testing.SOURCE / "tests" / "fuzz" / "corpus" / "saved_audit" / "audit"
COLOR = re.compile(r"\x1b\[[\d;]*m")
LONG = "a_name_that_is_" + "very_" * 30 + "long"


def text_on_terminal(columns, *arguments, **env):
    text = on_terminal(*arguments, columns=columns, **env).decode().replace("\r\n", "\n")
    # Progress is written over.
    return re.sub(r"(?m)^.*\r\x1b\[K", "", text)


def to_file(*arguments, **env):
    env = {**{name: value for name, value in os.environ.items() if name != "COLUMNS"}, **env}
    done = subprocess.run([VDSOTRACE, *map(str, arguments)], capture_output=True, encoding="utf-8", env=env)
    return done.stdout + done.stderr


def widest(text):
    return max((COLOR.sub("", line) for line in text.splitlines()), key=len)


class Reports(unittest.TestCase):
    def setUp(self):
        testing.require_ptrace()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        call = {**json.loads(SAVED.read_text())}
        for row in call["calls"]:
            row["clock"] = row["clock"] and "CLOCK_PROCESS_CPUTIME_ID"
            for caller in row["callers"]:
                caller["symbol"] = caller["symbol"] and LONG
        self.saved = folder / "saved"
        self.saved.write_text(json.dumps(call))
        self.commands = {
            "audit": ["audit", *example("routes")],
            "info": ["info"],
            "info -p": ["info", "-p", os.getpid()],
            "merge": ["merge", self.saved, SAVED],
            "diff": ["diff", SAVED, self.saved],
        }
        if shutil.which("strace"):
            self.commands["compare"] = ["compare", *example("routes")]


class Width(Reports):
    def test_lines_fit_the_terminal(self):
        """80 columns where the terminal does not say, and where there is none, unless COLUMNS says otherwise."""
        for name, arguments in self.commands.items():
            for columns in (80, 100, 0):
                with self.subTest(name, columns=columns):
                    text = text_on_terminal(columns, *arguments)
                    self.assertLessEqual(len(widest(text)), columns or 80, text)
            with self.subTest(name, columns="none"):
                self.assertLessEqual(len(widest(to_file(*arguments))), 80)
            with self.subTest(name, columns="COLUMNS"):
                self.assertLessEqual(len(widest(to_file(*arguments, COLUMNS="100"))), 100)

    def test_a_wide_terminal_is_used(self):
        for name in ("audit", "info", "merge", "diff"):
            with self.subTest(name):
                self.assertGreater(len(widest(text_on_terminal(200, *self.commands[name]))), 80)
                self.assertGreater(len(widest(to_file(*self.commands[name], COLUMNS="200"))), 80)

    def test_no_word_is_lost(self):
        for name in ("merge", "diff", "info"):
            with self.subTest(name):
                narrow, wide = (re.sub(r"0x[0-9a-f]+|\d[\d.,]*", "N", text_on_terminal(columns, *self.commands[name])) for columns in (80, 1000))
                narrow, wide = ([word for word in re.split(r"[\s()]+", COLOR.sub("", text)) if word] for text in (narrow, wide))
                if name == "diff":
                    self.assertEqual(narrow, wide)
                # A function's name stands above its clocks, machines below a call.
                self.assertEqual(set(wide) - {"machines", "on"}, set(narrow) - {"machines", "on"})

    def test_what_says_nothing_is_passed_over(self):
        for columns in ("", "0", "-5", "wide", "1e3"):
            with self.subTest(columns):
                self.assertLessEqual(len(widest(to_file("info", COLUMNS=columns))), 80)


class Colors(Reports):
    def setUp(self):
        super().setUp()
        self.commands["-c"] = ["-c", *example("routes")]
        self.commands["trace"] = example("routes")

    def test_on_a_terminal(self):
        for name, arguments in self.commands.items():
            with self.subTest(name):
                text = text_on_terminal(80, *arguments)
                self.assertRegex(text, COLOR)
                self.assertEqual(text.count("\x1b"), len(COLOR.findall(text)))
                # Blue is not readable on black; what is coloured ends.
                self.assertFalse({"\x1b[34m", "\x1b[44m"} & set(COLOR.findall(text)))
                self.assertFalse(re.search(r"\x1b\[[1-9][\d;]*m(?:(?!\x1b\[0m)[^\x1b])*(?:\x1b\[[1-9]|\Z)", text))

    def test_where_none_are_wanted(self):
        for name, arguments in self.commands.items():
            with self.subTest(name):
                for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
                    self.assertNotIn("\x1b", text_on_terminal(80, *arguments, **env))
                at = 1 if arguments[0] in ("audit", "info", "merge", "diff", "compare") else 0
                self.assertNotIn("\x1b", text_on_terminal(80, *arguments[:at], "--color=never", *arguments[at:]))
                self.assertNotIn("\x1b", to_file(*arguments))
                self.assertIn("\x1b[", to_file(*arguments[:at], "--color=always", *arguments[at:], NO_COLOR="1"))

    def test_they_change_nothing_else(self):
        for name in ("merge", "diff"):
            command, *files = self.commands[name]
            with self.subTest(name):
                self.assertEqual(COLOR.sub("", to_file(command, "--color=always", *files)), to_file(command, *files))

    def test_no_other_names(self):
        for arguments in (["info"], ["info", "--check"], ["merge", SAVED], ["diff", SAVED, SAVED], ["compare", "true"], ["audit", "true"], ["true"]):
            at = 1 if arguments != ["true"] else 0
            with self.subTest(arguments[0]):
                ran = testing.vdsotrace(*arguments[:at], "--color=purple", *arguments[at:])
                self.assertEqual((ran.status, ran.stdout, ran.stderr), (1, "", "vdsotrace: --color=purple: unknown\nhint: one of auto, always, never\n"))


if __name__ == "__main__":
    testing.main()
