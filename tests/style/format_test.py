"""All C++ is as .clang-format says, and all text as .editorconfig does."""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import SOURCE

# Releases differ in what they make of the same file: the one of Debian 12 decides.
FORMATTER_RELEASE = 14
COLUMNS = 120


def tracked(*patterns):
    """Files of the repository, or of an unpacked archive of it."""
    if not (SOURCE / ".git").exists():
        found = [path for path in SOURCE.rglob("*") if path.is_file() and "build" not in path.relative_to(SOURCE).parts]
        return [path for path in found if any(path.match(pattern) for pattern in patterns)]
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z", "--", *patterns], stdout=subprocess.PIPE, check=True)
    return [SOURCE / name for name in listed.stdout.decode().split("\0") if name]


class Format(unittest.TestCase):
    def test_cpp(self):
        if shutil.which("clang-format") is None:
            raise unittest.SkipTest("clang-format is not installed")
        version = subprocess.run(["clang-format", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
        release = int(re.search(r"version (\d+)", version)[1])
        if release != FORMATTER_RELEASE:
            raise unittest.SkipTest(f"clang-format is of release {release}, not {FORMATTER_RELEASE}")
        files = tracked("*.cpp", "*.hpp", "*.h", "*.c")
        self.assertGreater(len(files), 300)
        checked = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], stderr=subprocess.PIPE, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr[:4000])

    def test_text(self):
        wrong = []
        for path in tracked("*.cpp", "*.hpp", "*.h", "*.c", "*.S", "*.py", "*.sh", "*.cmake", "*.txt", "*.md"):
            text = path.read_bytes().decode("utf-8")
            name = path.relative_to(SOURCE)
            if re.search(r"^ *\t", text, re.MULTILINE) and path.suffix not in (".S", ".py"):
                wrong.append(f"{name}: a tab")
            if text and not text.endswith("\n"):
                wrong.append(f"{name}: no newline at its end")
            if "\r" in text:
                wrong.append(f"{name}: a carriage return")
            for number, line in enumerate(text.splitlines(), 1):
                if line != line.rstrip():
                    wrong.append(f"{name}:{number}: blanks at the end of a line")
        self.assertEqual(wrong, [])

    def test_columns(self):
        wrong = []
        for path in tracked("src/*.cpp", "src/*.hpp", "include/*.hpp", "tests/*.cpp", "tests/*.hpp", "bench/*.cpp"):
            text = path.read_text()
            if "// clang-format off" in text:
                continue
            wrong += [f"{path.relative_to(SOURCE)}:{number}: {len(line)} columns"
                      for number, line in enumerate(text.splitlines(), 1)
                      # Neither an included name nor a string for users is broken in two.
                      if len(line) > COLUMNS and not line.startswith("#include") and '"' not in line]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    testing.main()
