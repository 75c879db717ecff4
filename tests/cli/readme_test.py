"""The transcripts of README and docs/ are what the programs really print, and their links lead somewhere.

Every ```console block is run, command by command, in the folder of the examples, and its
output compared after numbers that differ from run to run are made equal.
`readme_test.py --update` writes the output of this run into the pages.
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing

PAGES = [testing.SOURCE / "README.md", *sorted((testing.SOURCE / "docs").glob("*.md"))]
OTHER_PAGES = [testing.SOURCE / name for name in ("CONTRIBUTING.md", "SECURITY.md", "src/README.md")]
BLOCK = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")  # not of another site


def run(command):
    environment = {"PATH": f"{testing.BUILD}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(["sh", "-c", command], cwd=testing.BUILD / "examples", env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=testing.TIMEOUT, check=False)
    return done.stdout.decode()


def commands_of(block):
    """(command, output) of each `$ ` line and what follows it."""
    pieces = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
    return list(zip(pieces[1::2], pieces[2::2]))


def comparable(output):
    output = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", output)
    # Figures differ from run to run: times, and the columns that they fill.
    output = re.sub(r"\d+\.\d+ +(\d+\.\d+) +\d+", "FIGURES", output)
    output = re.sub(r"tv_(\w+)=\d+", r"tv_\1=N", output)
    output = re.sub(r"Seconds: \d+", "Seconds: N", output)
    return [re.sub(r" +", " ", line).strip() for line in output.splitlines()]


def updated(text):
    def again(match):
        pieces = [f"$ {command}\n{run(command)}" for command, _ in commands_of(match.group(2))]
        return match.group(1) + "".join(pieces) + match.group(3)
    return BLOCK.sub(again, text)


class Readme(unittest.TestCase):
    def test_transcripts(self):
        testing.require_ptrace()
        testing.require_program("strace")
        version = tuple(map(int, re.findall(r"\d+", os.confstr("CS_GNU_LIBC_VERSION"))))
        if version >= (2, 41):
            self.skipTest("this C library calls getrandom of the vDSO as well, those of the transcripts do not")
        commands = [(page, *pair) for page in PAGES for _, block, _ in BLOCK.findall(page.read_text()) for pair in commands_of(block)]
        self.assertEqual({page.name for page, _, _ in commands}, {"README.md", "tour.md"})
        for page, command, expected in commands:
            with self.subTest(page=page.name, command=command):
                self.assertEqual(comparable(expected), comparable(run(command)))

    def test_links(self):
        for page in [*PAGES, *OTHER_PAGES]:
            for target in LINK.findall(page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())

    def test_readme_is_short(self):
        lines = PAGES[0].read_text().splitlines()
        self.assertLessEqual(len(lines), 200)
        for command in ("examples/quickstart.sh", "tests/run.sh", "bench/run.sh"):
            self.assertTrue(any(line.startswith(command) for line in lines[:40]), command)


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        for page in PAGES:
            page.write_text(updated(page.read_text()))
    else:
        testing.main()
