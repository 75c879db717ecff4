"""--openmetrics of info and audit: what Prometheus reads, replaced at once, the same series from run to run."""
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, example, target, vdsotrace

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? ([-+0-9.e]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def samples(text):
    """{(family, labels): value}, read by the rules of the text format; the textfile collector's are checked, too."""
    found, kinds, helped = {}, {}, set()
    for line in text.splitlines():
        comment = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
        if comment and comment[1] == "HELP":
            assert comment[2] not in helped, line
            helped.add(comment[2])
        elif comment:
            assert comment[2] not in kinds and comment[3] in ("gauge", "counter"), line
            kinds[comment[2]] = comment[3]
        else:
            sample = SAMPLE.fullmatch(line)  # so without a time stamp
            assert sample, line
            # An empty label and none are the same to Prometheus.
            key = sample[1], tuple(sorted(label for label in LABEL.findall(sample[2] or "") if label[1]))
            assert key not in found, line
            assert sample[1] in kinds and sample[1] == list(kinds)[-1], line
            found[key] = float(sample[3])
    assert text.endswith("\n") and helped == set(kinds)
    for name, kind in kinds.items():
        assert name.endswith("_total") == (kind == "counter"), name
    return found


def labels_of(found):
    return {name for _, labels in found for name, _ in labels}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Metrics(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "vdsotrace.prom"

    def written(self, *arguments, status=0):
        ran = vdsotrace(*arguments[:1], "--openmetrics", self.file, *arguments[1:])
        self.assertEqual(ran.status, status, ran.stderr)
        self.assertEqual(os.listdir(self.folder), [self.file.name])
        return self.file.read_text(), ran


class Info(Metrics):
    def test_has_the_facts(self):
        text, ran = self.written("info", "--json")
        facts, found = json.loads(ran.stdout), samples(text)
        self.assertEqual(labels_of(found), {"version", "kernel", "arch", "clocksource", "call", "clock", "through"})
        for row in facts["calls"]:
            labels = [("call", row["name"])] + ([("clock", row["clock"])] if row["clock"] else [])
            self.assertEqual(found.get(("vdsotrace_call_in_user_space", tuple(labels))), row["user_space"])
            for through, ns in (("vdso", row["vdso_ns"]), ("syscall", row["syscall_ns"])):
                seconds = found.get(("vdsotrace_call_seconds", tuple(labels + [("through", through)])))
                self.assertEqual(seconds is None, ns is None)
                if ns is not None:
                    self.assertAlmostEqual(seconds * 1e9, ns, delta=0.051)
        self.assertEqual(found["vdsotrace_common_calls_in_user_space", ()],
                         vdsotrace("info", "--check", "--max-ns", "1s").status == 0)
        if facts["clocksource"]["available"]:
            self.assertEqual(found["vdsotrace_clocksource", (("clocksource", facts["clocksource"]["current"]),)], 1)

    def test_beside_a_check(self):
        text, ran = self.written("info", "--check", "--max-ns", "0", status=1)
        self.assertTrue(ran.stdout.startswith("vDSO WARNING"))
        self.assertTrue(samples(text))

    def test_the_same_series_each_time(self):
        self.assertEqual(set(samples(self.written("info")[0])), set(samples(self.written("info")[0])))


class Audit(Metrics):
    def setUp(self):
        super().setUp()
        testing.require_ptrace()

    def test_has_the_findings(self):
        text, ran = self.written("audit", "--json", *example("routes"))
        audit, found = json.loads(ran.stderr.splitlines()[-1]), samples(text)
        self.assertEqual(labels_of(found), {"program", "call", "clock", "route", "reason"})
        self.assertEqual({dict(labels)["program"] for _, labels in found}, {"routes"})
        for call in audit["calls"]:
            labels = {"program": "routes", "call": call["name"], "clock": call["clock"], "route": call["route"], "reason": call["reason"]}
            key = tuple(sorted((name, value) for name, value in labels.items() if value))
            self.assertEqual(found["vdsotrace_audit_calls_total", key], call["count"])
            self.assertEqual(found["vdsotrace_audit_errors_total", key], call["errors"])
            cost = found.get(("vdsotrace_audit_cost_seconds_total", key))
            self.assertEqual(cost is None, call["cost_ns"] is None)
            if cost is not None:
                self.assertAlmostEqual(cost * 1e9, call["cost_ns"], delta=1)
        self.assertEqual(found["vdsotrace_audit_complete", (("program", "routes"),)], audit["complete"])

    def test_of_a_running_process(self):
        with subprocess.Popen(target("spin")) as program:
            try:
                text, _ = self.written("audit", "-p", program.pid, "--duration", "10ms")
            finally:
                program.kill()
        self.assertEqual({dict(labels)["program"] for _, labels in samples(text)}, {"spin"})
        self.assertLessEqual(labels_of(samples(text)), {"program", "call", "clock", "route", "reason"})

    def test_labels_are_escaped(self):
        odd = self.folder.parent / 'odd"na\\me\n\udcff{x}'
        self.addCleanup(lambda: odd.unlink(missing_ok=True))
        shutil.copy(example("hello-vdso")[0], odd)
        text, _ = self.written("audit", odd)
        self.assertTrue(text.isascii())
        self.assertEqual({dict(labels)["program"] for _, labels in samples(text)}, {r'odd\\\"na\\\\me\\n\\377{x}'})

    def test_a_file_that_cannot_be_written(self):
        """Is said before the program runs."""
        for path, why in ((self.folder, "Is a directory"), (self.folder / "no" / "file", "No such file or directory")):
            ran = vdsotrace("audit", "--openmetrics", path, "sh", "-c", "echo ran")
            self.assertEqual((ran.status, ran.stdout, ran.stderr), (1, "", f"vdsotrace: {path}: {why}\n"))


class Replaced(Metrics):
    def test_readers_see_a_whole_file(self):
        self.written("info")
        running, broken = threading.Event(), []
        running.set()

        def read():
            while running.is_set():
                try:
                    samples(self.file.read_text())
                except (AssertionError, OSError) as error:
                    broken.append(error)
        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(5):
            vdsotrace("info", "--openmetrics", self.file)
        running.clear()
        reader.join()
        self.assertEqual(broken, [])

    def test_others_may_read_it(self):
        old = os.umask(0o022)
        try:
            self.written("info")
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)

    def test_a_link_stays(self):
        real = self.folder / "real"
        real.touch()
        self.file.symlink_to(real)
        self.assertEqual(vdsotrace("info", "--openmetrics", self.file).status, 0)
        self.assertTrue(self.file.is_symlink() and samples(real.read_text()))

    def test_what_is_no_file_is_written_to(self):
        self.assertEqual(vdsotrace("info", "--openmetrics", "/dev/null").status, 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        with subprocess.Popen([VDSOTRACE, "info", "--check", "--openmetrics", "/dev/stderr"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, encoding="utf-8") as running:
            self.assertTrue(samples(running.stderr.read()))

    def test_a_failure_leaves_the_old_one(self):
        self.file.write_text("old")
        self.assertEqual(vdsotrace("audit", "--openmetrics", self.file, "/no/program").status, 1)
        self.assertEqual((self.file.read_text(), os.listdir(self.folder)), ("old", [self.file.name]))


class Prometheus(Metrics):
    def test_promtool(self):
        testing.require_program("promtool")
        testing.require_ptrace()
        for arguments in (["info"], ["audit", *example("routes")], ["audit", "true"]):
            with self.subTest(arguments[0]):
                text, _ = self.written(*arguments)
                done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, encoding="utf-8")
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_textfile_collector(self):
        text, _ = self.written("info")
        told = self.fetched(self.exporter(), "/metrics")
        self.assertIn("node_textfile_scrape_error 0", told)
        ours = "\n".join(line for line in told.splitlines() if "vdsotrace_" in line and "node_textfile" not in line) + "\n"
        self.assertEqual(samples(ours), samples(text))

    def test_a_scrape(self):
        """Prometheus reads from the exporter what was written, and answers queries with it."""
        testing.require_program("prometheus")
        text, _ = self.written("info")
        scraped = self.exporter()
        data = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (data / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{scraped}']}}]}}]\n")
        port = free_port()
        self.serve("prometheus", f"--config.file={data / 'prometheus.yml'}", f"--storage.tsdb.path={data / 'data'}",
                   f"--web.listen-address=127.0.0.1:{port}")
        query = "/api/v1/query?" + urllib.parse.urlencode({"query": '{__name__=~"vdsotrace_.+"}'})
        found = {}

        def answered():
            for row in json.loads(self.fetched(port, query))["data"]["result"]:
                labels = {name: value for name, value in row["metric"].items() if name not in ("__name__", "instance", "job")}
                found[row["metric"]["__name__"], tuple(sorted(labels.items()))] = float(row["value"][1])
            return found
        testing.wait_until(answered)
        self.assertEqual(found, samples(text))

    def exporter(self):
        """The port of a node exporter that reads our folder."""
        port = free_port()
        self.serve("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults",
                   "--collector.textfile", f"--collector.textfile.directory={self.folder}")
        return port

    def serve(self, *command):
        testing.require_program(command[0])
        self.server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.send_signal, signal.SIGTERM)

    def fetched(self, port, path):
        pages = []

        def answered():
            self.assertIsNone(self.server.poll(), "the server has ended")
            try:
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}{path}") as page:
                    pages.append(page.read().decode())
            except urllib.error.URLError:
                return False
            return True
        testing.wait_until(answered)
        return pages[0]


if __name__ == "__main__":
    testing.main()
