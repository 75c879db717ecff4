"""Every file includes what declares the types and functions that it uses. Where a folder's files are compiled as one, as in all
builds that the tests make, the compiler takes what another file includes; whoever builds file by file would see it fail."""

import collections
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing

SOURCE = testing.SOURCE
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
# What stands at a header's margin, and what has a name of that kind elsewhere: a member's name says nothing of a header.
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union|using) ([A-Z]\w+)(?: =|[^;\n(]*\{)", re.M)
INNER_TYPE = re.compile(r"(?:^[ ]+(?:struct|class|enum class|enum|union|using)|typename) ([A-Z]\w+)\b", re.M)
FUNCTION = re.compile(r"^(?!using|return|namespace|#)[A-Za-z\[][\w:<>,*&\[\] ]*[ *&](\w+)\(", re.M)
FORWARD = re.compile(r"^ *(?:struct|class|enum class) (\w+)(?: : \w+)?;", re.M)
INNER_FUNCTION = re.compile(r"^[ ]+[\w:<>,*&\[\] ]+[ *&](\w+)\(|\w+::(\w+)\([^\n]*\{$|auto (\w+) = \[|"
                            r"^  [\w:<>,*& ]+ (\w+)(?:\{[^;\n]*\}| = [^;\n]*)?;", re.M)
FORWARD = re.compile(r"^ *(?:struct|class|enum class) (\w+)(?: : \w+)?;", re.M)
USED_TYPE = re.compile(r"\b([A-Z]\w+)\b")
CALLED = re.compile(r"(?<![\w.>])(?:(?!std\b)[a-z]\w*::)?([a-z]\w*)\(")


def code_of(path):
    return NOT_CODE.sub(" ", path.read_text())


def included_by(path):
    for name in re.findall(r'^\s*#\s*include "([^"]+)"', path.read_text(), re.M):
        name = re.sub("^processor/", "arch/x86_64/processor/", name)
        yield from (SOURCE / folder / name for folder in ("src", "include") if (SOURCE / folder / name).exists())


class Includes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        files = [path for folder in ("src", "include") for path in sorted((SOURCE / folder).rglob("*"))
                 if path.suffix in (".cpp", ".hpp", ".h")]
        cls.code = {path: code_of(path) for path in files}
        cls.includes = {path: list(included_by(path)) for path in files}

    def reached(self, path):
        seen, left = {path}, [path]
        while left:
            new = set(self.includes[left.pop()]) - seen
            seen |= new
            left.extend(new)
        return seen

    def declared(self, outer, inner):
        """{name: the headers that declare it}, of names that nothing else has."""
        headers = collections.defaultdict(set)
        others = set()
        for path, code in self.code.items():
            for name in outer.findall(code):
                headers[name].add(path)
            others.update(name for match in inner.finditer(code) for name in match.groups() if name)
        functions_of_files = {name for name, files in headers.items() if all(file.suffix == ".cpp" for file in files)}
        return {name: files for name, files in headers.items() if name not in others | functions_of_files}

    def check(self, outer, inner, used, least):
        headers = self.declared(outer, inner)
        self.assertGreater(len(headers), least)
        wrong = []
        for path, code in self.code.items():
            missing = {name for name in used.findall(code) if name in headers} - set(FORWARD.findall(code)) - set(outer.findall(code))
            missing = {name for name in missing if not headers[name] & self.reached(path)}
            wrong += [f"{path.relative_to(SOURCE)}: {name}" for name in sorted(missing)]
        self.assertEqual(wrong, [])

    def test_of_types(self):
        self.check(TYPE, INNER_TYPE, USED_TYPE, 500)

    def test_of_functions(self):
        self.check(FUNCTION, INNER_FUNCTION, CALLED, 500)


if __name__ == "__main__":
    testing.main()
