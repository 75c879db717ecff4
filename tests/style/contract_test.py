#!/usr/bin/env python3
"""A decorator forwards the whole contract of engines: what one forgets, the engine within would never be asked."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_FUNCTIONS = 8  # of an interface
CONTRACT = ROOT / "src" / "trace" / "probe_engine.hpp"
DECORATOR = ROOT / "src" / "engines" / "engine_decorator.hpp"
UNIT_TEST = ROOT / "tests" / "unit" / "engines" / "engine_decorator_test.cpp"


def declared(text):
    return re.findall(r"\bvirtual [^;{(~]*?\b(\w+)\(", text)


def overridden(text):
    return re.findall(r"\b(\w+)\([^;{}]*\)(?: const)? override", text)


class Contract(unittest.TestCase):
    def test_functions_are_found(self):
        text = ("virtual bool on_step(StoppedThread&) { return true; }\n  virtual std::optional<Resume> on_trap(\n      T&) = 0;\n"
                "virtual ~ProbeEngine() = default;")
        self.assertEqual(declared(text), ["on_step", "on_trap"])
        self.assertEqual(overridden("bool on_step(StoppedThread& t) override { return x.on_step(t); }\n"
                                    "void on_end(Thread&,\n  int a) const override;"), ["on_step", "on_end"])

    def test_interfaces_are_small(self):
        interfaces = re.split(r"^class (?=\w+ [:{])", CONTRACT.read_text(), flags=re.MULTILINE)[1:]
        self.assertGreaterEqual(len(interfaces), 5)
        for interface in interfaces:
            with self.subTest(interface=interface.split()[0]):
                self.assertLessEqual(len(declared(interface)), MOST_FUNCTIONS)

    def test_a_decorator_forwards_all(self):
        functions = declared(CONTRACT.read_text())
        self.assertGreater(len(functions), 30)
        self.assertEqual(sorted(functions), sorted(overridden(DECORATOR.read_text())))

    def test_all_of_it_is_tried(self):
        tried = set(re.findall(r"with\.engine\.(\w+)\(", UNIT_TEST.read_text()))
        self.assertEqual(set(declared(CONTRACT.read_text())) - tried, set())


if __name__ == "__main__":
    sys.exit(unittest.main())
