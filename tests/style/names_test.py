"""No two headers define a type of one name in one namespace: the linker would take the functions of either for both."""

import collections
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing

NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.M)
# Not specialisations, which have their arguments behind the name.
TYPE = re.compile(r"^(?:struct|class|enum class|union) (\w+)[^;<\n]*\{", re.M)


class Names(unittest.TestCase):
    def test_types_in_headers(self):
        headers = collections.defaultdict(set)
        for folder in ("include", "src", "tests"):
            for path in sorted((testing.SOURCE / folder).rglob("*.hpp")):
                text = path.read_text()
                namespace = NAMESPACE.search(text)
                for name in TYPE.findall(text):
                    headers[namespace and namespace[1], name].add(str(path.relative_to(testing.SOURCE)))
        self.assertGreater(len(headers), 200)
        twice = {name: sorted(files) for name, files in headers.items() if len(files) > 1}
        self.assertEqual(twice, {})


if __name__ == "__main__":
    testing.main()
