"""Words that are often misspelt are spelt right in code, comments and pages."""

import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import SOURCE

WHERE = ["src", "include", "tests", "bench", "docs", "examples", ".ci", "README.md", "CONTRIBUTING.md", "SECURITY.md",
         "CHANGELOG.md"]


class Spelling(unittest.TestCase):
    def test_words(self):
        if shutil.which("codespell") is None:
            raise unittest.SkipTest("codespell is not installed")
        words = SOURCE / "tests" / "style" / "words.txt"
        checked = subprocess.run(["codespell", "--quiet-level=34", "--skip=*/vdso_images/*,*/corpus/*", "--ignore-words", words, *WHERE],
                                 cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))


if __name__ == "__main__":
    testing.main()
