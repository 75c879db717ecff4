"""Which folder may include which: src/README.md's table is what the code does. Files stay small."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import SOURCE

ROOMED = ["os", "cli", "engines/inline", "engines/syscalls"]  # parted by job twice: in folders, and in rooms within them
MOST_LINES = 400
TABLE_MARK = "// clang-format off"  # what stands in columns is a table and may be as long as what it lists


def sources():
    return [path for path in sorted((SOURCE / "src").rglob("*")) if path.suffix in (".cpp", ".hpp", ".h", ".S")]


def included_by(path):
    """What a file includes in quotes, from src/. Headers of arch/ find those of the processor in a folder that CMake chooses."""
    names = re.findall(r'^\s*#\s*include "([^"]+)"', path.read_text(), re.MULTILINE)
    return [re.sub("^processor/", "arch/x86_64/processor/", name) for name in names]


def allowed():
    """{folder: folders whose headers it may include}, of the table of src/README.md."""
    folders = {}
    for line in (SOURCE / "src" / "README.md").read_text().splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| .* \| ([\w, ]*) ?\|", line)
        if row:
            folders[row[1]] = {name.strip() for name in row[2].split(",") if name.strip()}
    return folders


class Layers(unittest.TestCase):
    def test_every_folder_has_a_row(self):
        folders = {path.relative_to(SOURCE / "src").parts[0] for path in sources()} - {"StaticFmt.cpp"}
        self.assertEqual(folders, set(allowed()))

    def test_includes_go_one_way(self):
        rows = allowed()
        wrong = []
        for path in sources():
            name = path.relative_to(SOURCE / "src")
            folder = name.parts[0]
            if folder not in rows:
                continue
            for included in included_by(path):
                other = included.split("/")[0]
                if other not in rows[folder] | {folder, "vdsotrace"}:
                    wrong.append(f"{name} includes {included}")
        self.assertEqual(wrong, [])

    def test_no_two_folders_may_include_each_other(self):
        rows = allowed()
        both = [(a, b) for a in rows for b in rows[a] if a in rows.get(b, ())]
        self.assertEqual(both, [])

    def test_rooms_of_a_folder_form_no_circle(self):
        for folder in ROOMED:
            uses = {}
            for path in sources():
                room = path.relative_to(SOURCE / "src").parent.as_posix()
                if not (room + "/").startswith(folder + "/"):
                    continue
                others = {str(Path(included).parent) for included in included_by(path)} - {room}
                uses.setdefault(room, set()).update(other for other in others if (other + "/").startswith(folder + "/"))
            self.assertGreater(len(uses), 3, folder)
            while ground := [room for room in uses if not uses[room] & set(uses)]:
                for room in ground:
                    del uses[room]
            self.assertEqual(uses, {}, f"rooms of {folder} include each other in a circle")

    def test_includes_are_there(self):
        wrong = [f"{path.relative_to(SOURCE)} includes {included}" for path in sources()
                 for included in included_by(path)
                 if not (SOURCE / "src" / included).exists() and not (SOURCE / "include" / included).exists()]
        self.assertEqual(wrong, [])


class Map(unittest.TestCase):
    def test_names_what_is_there(self):
        text = (SOURCE / "src" / "README.md").read_text()
        named = set(re.findall(r"`((?:\.\./)?[\w./-]+/[\w.-]+\.(?:cpp|hpp|h|S|html|txt|py|sh|md|cmake))`", text))
        self.assertGreater(len(named), 50)
        # NAME and SHELL stand for any.
        missing = [name for name in named if not re.search("[A-Z]{4}", name) and not (SOURCE / "src" / name).exists()]
        self.assertEqual(sorted(missing), [])


class Sizes(unittest.TestCase):
    def test_files(self):
        lengths = {path: path.read_text() for path in sources()}
        wrong = [f"{path.relative_to(SOURCE)}: {text.count(chr(10))} lines" for path, text in lengths.items()
                 if text.count("\n") > MOST_LINES and TABLE_MARK not in text]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    testing.main()
