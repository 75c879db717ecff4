"""JSON of real runs keeps to docs/schema, and the schemas find what is missing, mistyped or not documented."""
import json
import os
import platform
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from schemas import FOLDER, keeps, mistakes, schema, spoiled, validator
from vdsotrace_testing import example, target, vdsotrace

# Keys that a document of its kind need not have.
OPTIONAL = {"trace": {"ppid", "program", "arch", "former_tid", "vdso", "pid_inside", "beyond", "stack", "instructions", "retries",
                      "steps"}}


def setUpModule():
    validator("trace")


def document(*arguments, status=0):
    """The one object that is written to standard output."""
    ran = vdsotrace(*arguments)
    if ran.status != status:
        raise AssertionError(f"{ran.status}: {ran.stderr}")
    line, = ran.stdout.splitlines()
    return json.loads(line)


def lines(*arguments):
    return [json.loads(line) for line in vdsotrace("--json", "-o", "-", *arguments).stdout.splitlines() if line.startswith("{")]


class Keeps(unittest.TestCase):
    def keeps(self, name, found):
        self.assertEqual(mistakes(name, found), [])
        self.assertEqual(mistakes(name, found, strict=False), [])

    def test_info(self):
        self.keeps("info", document("info", "--json"))
        self.keeps("info", document("info", "--json", "-p", os.getpid()))

    def test_info_without_a_vdso(self):
        testing.require_ptrace()
        self.keeps("info", document("-o", "/dev/null", "--no-vdso", "--", testing.VDSOTRACE, "info", "--json"))

    def test_traces(self):
        testing.require_ptrace()
        for options, command in ((["-f"], example("fork-tree", 2)), (["-k", "-T"], example("routes")), (["-c"], example("routes")),
                                 (["--callers"], [testing.PYTHON, "-c", "import time; time.time()"]),
                                 (["--steps", "-e", "trace=clock_gettime"], example("hello-vdso")),
                                 (["--engine=breakpoint"], example("threads", 3, 5)), (["--no-vdso"], example("routes")),
                                 ([], target("fault")), (["-f"], target("stop_continue")), ([], target("exec_thread"))):
            with self.subTest(options=options, command=command[0]):
                found = lines(*options, "--", *command)
                self.assertEqual([found[0]["type"], found[-1]["type"]], ["start", "summary"])
                for line in found:
                    self.keeps("trace", line)

    def test_a_trace_of_a_running_process(self):
        testing.require_ptrace()
        with subprocess.Popen(target("spin")) as program:
            try:
                found = lines("-p", program.pid, "--duration", "10ms")
            finally:
                program.kill()
        self.assertIn("attach", [line.get("event") for line in found])
        for line in found:
            self.keeps("trace", line)

    def test_audits(self):
        testing.require_ptrace()
        for options, command in (([], example("routes")), (["-T"], example("routes")), (["-k"], example("threads", 2, 20)),
                                 (["-f"], example("fork-tree", 1)), (["--no-vdso"], example("routes")), ([], ["true"]),
                                 (["--engine=breakpoint"], target("calls"))):
            with self.subTest(options=options, command=command[0]):
                self.keeps("audit", json.loads(vdsotrace("audit", "--json", "-o", "-", *options, "--", *command).stdout.splitlines()[-1]))

    def test_an_audit_of_a_running_process(self):
        testing.require_ptrace()
        command = target("spin")
        with subprocess.Popen(command) as program:
            try:
                found = document("audit", "--json", "-o", "-", "-p", program.pid, "--duration", "10ms")
            finally:
                program.kill()
        self.keeps("audit", found)
        self.assertEqual((found["command"], found["pids"], found["commands"]), ([], [program.pid], [command]))

    def test_compare(self):
        testing.require_ptrace()
        testing.require_program("strace")
        self.keeps("compare", json.loads(vdsotrace("compare", "--json", "-o", "-", *example("routes")).stdout.splitlines()[-1]))


class Head(unittest.TestCase):
    def test_who_where_and_when(self):
        found = document("info", "--json")
        self.assertEqual((found["schema"], found["host"]), (1, platform.node()))
        self.assertEqual(f"vdsotrace {found['version']}\n", vdsotrace("--version").stdout)

    def test_stands_at_the_beginning(self):
        testing.require_ptrace()
        first = ["type", "schema", "version", "host", "time"]
        for found in (document("info", "--json"), lines(*example("hello"))[0], document("audit", "--json", "-o", "-", "true")):
            self.assertEqual(list(found)[:5], first)


class Finds(unittest.TestCase):
    """A schema that takes everything finds nothing."""

    def finds(self, name, good, optional=frozenset()):
        self.assertEqual(mistakes(name, good), [])
        tried = 0
        for what, bad in spoiled(good):
            key = re.search(r"'(\w+)'\]$", what)
            if what.startswith("without") and key and key[1] in optional:
                continue
            tried += 1
            if keeps(name, bad):
                self.fail(f"{name}.json does not find what was done: {what}")
        self.assertGreater(tried, 20)
        self.assertNotEqual(mistakes(name, {**good, "undocumented": 1}), [])
        self.assertEqual(mistakes(name, {**good, "undocumented": 1}, strict=False), [])

    def test_in_info(self):
        good = document("info", "--json", "-p", os.getpid())
        good["calls"] = good["calls"][:2]
        self.finds("info", good)

    def test_in_an_audit(self):
        testing.require_ptrace()
        good = json.loads(vdsotrace("audit", "--json", "-o", "-", *target("calls")).stdout.splitlines()[-1])
        good["calls"] = good["calls"][:2]
        self.assertTrue(good["calls"] and good["prices"])
        self.finds("audit", good)

    def test_in_a_trace(self):
        testing.require_ptrace()
        seen = {line["type"]: line for line in lines("--callers", "-f", *example("fork-tree", 1))}
        self.assertLessEqual({"start", "process", "call", "exit", "summary"}, set(seen))
        for kind in ("start", "call", "summary"):
            with self.subTest(kind):
                self.finds("trace", seen[kind], OPTIONAL["trace"])
        for line in ({"type": "call"}, {"type": "nothing"}, {}, {**seen["exit"], "status": 0, "signal": "SIGTERM"}):
            self.assertNotEqual(mistakes("trace", line), [])


class Documented(unittest.TestCase):
    def test_each_schema_is_named_in_the_formats(self):
        text = (testing.SOURCE / "docs" / "formats.md").read_text()
        for path in FOLDER.glob("*.json"):
            self.assertIn(f"schema/{path.name}", text)

    def test_reasons_are_those_of_the_formats(self):
        text = (testing.SOURCE / "docs" / "formats.md").read_text()
        told = set(re.findall(r"`([\w-]+)`", text.split("\nReasons:")[1].split("\n\n")[0]))
        for name in ("trace", "audit"):
            self.assertEqual({reason for reason in schema(name)["$defs"]["reason"]["enum"] if reason}, told)


if __name__ == "__main__":
    testing.main()
