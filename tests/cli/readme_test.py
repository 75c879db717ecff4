"""README's transcripts are what the programs really print.

Every ```console block is run, command by command, in the folder of the examples, and its
output compared after numbers that differ from run to run are made equal.
`readme_test.py --update` writes the output of this run into README.
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing

README = testing.SOURCE / "README.md"
BLOCK = re.compile(r"(```console\n)(.*?)(```)", re.DOTALL)


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
        blocks = BLOCK.findall(README.read_text())
        self.assertGreater(len(blocks), 5)
        for _, block, _ in blocks:
            for command, expected in commands_of(block):
                with self.subTest(command=command):
                    self.assertEqual(comparable(expected), comparable(run(command)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        README.write_text(updated(README.read_text()))
    else:
        testing.main()
