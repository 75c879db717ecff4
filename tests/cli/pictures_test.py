"""The pictures of README.md are made anew, and those that are there show the same."""
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from browser import Browser

PICTURES = testing.SOURCE / "docs" / "pictures"


def lines_of(path):
    """Of the terminal, without what its program's figures are."""
    svg = xml.etree.ElementTree.parse(path).getroot()
    texts = ["".join(text.itertext()).replace("\u00a0", " ") for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    return texts, {word for text in texts for word in re.findall(r"[A-Za-z_]{4,}", text)}


def size_of(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR"
    return struct.unpack(">II", data[16:24])


class PicturesTest(unittest.TestCase):
    def test_they_can_be_made_again(self):
        testing.require_ptrace()
        testing.require_user_space_clock()
        with Browser():
            pass
        with tempfile.TemporaryDirectory() as folder:
            made = testing.run([sys.executable, PICTURES / "make.py", folder])
            self.assertEqual((made.status, made.stderr), (0, ""))
            for path in (Path(folder), PICTURES):
                with self.subTest(path):
                    texts, words = lines_of(path / "audit.svg")
                    self.assertEqual(texts[0], "$ vdsotrace audit ./requests")
                    self.assertTrue(texts[1].startswith("verdict "))
                    self.assertLessEqual({"account", "is_late", "stamp", "CLOCK_THREAD_CPUTIME_ID", "fallback", "what", "modules"}, words)
                    self.assertLessEqual(max(map(len, texts)), 112)
                    self.assertNotIn(str(testing.SOURCE), (path / "audit.svg").read_text())
            self.assertEqual(size_of(Path(folder) / "page.png"), size_of(PICTURES / "page.png"))

    def test_the_readme_shows_them(self):
        shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (testing.SOURCE / "README.md").read_text())
        self.assertEqual(shown, ["docs/pictures/audit.svg", "docs/pictures/page.png"])
        for name in shown:
            self.assertLess((testing.SOURCE / name).stat().st_size, 300_000)


if __name__ == "__main__":
    testing.main()
