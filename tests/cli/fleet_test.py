"""examples/fleet: units, alert rules and manifests are well formed, and what they run does what they rely on."""
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import VDSOTRACE, run, vdsotrace

FLEET = testing.SOURCE / "examples" / "fleet"
DURATION = re.compile(r"(\d+)(ms|s|m|h)")
SECONDS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def seconds(text):
    number, unit = DURATION.fullmatch(text).groups()
    return int(number) * SECONDS[unit]


def yaml_documents(name):
    try:
        import yaml
    except ImportError:
        raise unittest.SkipTest("python3-yaml is not installed") from None
    return list(yaml.safe_load_all((FLEET / name).read_text()))


def metric_names():
    """The families that info writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "metrics"
        assert vdsotrace("info", "--openmetrics", file).status == 0
        return set(re.findall(r"(?m)^# TYPE (\w+) ", file.read_text()))


class Systemd(unittest.TestCase):
    def unit(self, name):
        parser = configparser.RawConfigParser(strict=True)
        parser.optionxform = str
        parser.read_string((FLEET / name).read_text())
        return parser

    def test_the_service_writes_what_the_exporter_reads(self):
        service = self.unit("vdsotrace-info.service")["Service"]
        command = shlex.split(service["ExecStart"])
        target = Path(command[-1])
        self.assertTrue(command[0].endswith("/vdsotrace") and target.suffix == ".prom")
        self.assertEqual(service["ReadWritePaths"], str(target.parent))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / target.name
            ran = run([VDSOTRACE, *command[1:-1], file])
            self.assertEqual((ran.status, ran.stderr, os.listdir(folder)), (0, "", [target.name]))
            self.assertIn("vdsotrace_common_calls_in_user_space", file.read_text())

    def test_the_timer_starts_it(self):
        timer = self.unit("vdsotrace-info.timer")
        self.assertEqual(timer["Install"]["WantedBy"], "timers.target")
        self.assertTrue((FLEET / "vdsotrace-info.service").exists())

    def test_systemd_takes_them(self):
        testing.require_program("systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            text = (FLEET / "vdsotrace-info.service").read_text()
            (Path(folder) / "vdsotrace-info.service").write_text(text.replace("/usr/bin/vdsotrace", str(Path(VDSOTRACE).resolve())))
            shutil.copy(FLEET / "vdsotrace-info.timer", folder)
            ran = run(["systemd-analyze", "verify", "--man=no", *sorted(Path(folder).iterdir())])
            # Units of the system that this one has not, and a user that it lacks, are no mistakes of ours.
            ours = [line for line in ran.stderr.splitlines() if folder in line or line.startswith("vdsotrace-info")]
            self.assertEqual(ours, [], ran.stderr)


class Alerts(unittest.TestCase):
    def test_promtool(self):
        testing.require_program("promtool")
        for command in (["check", "rules", "vdsotrace-alerts.yml"], ["test", "rules", "vdsotrace-alerts-test.yml"]):
            ran = run(["promtool", *command], cwd=FLEET)
            self.assertEqual(ran.status, 0, ran.stdout + ran.stderr)

    def test_the_test_notices(self):
        """With another limit in the rules it fails."""
        testing.require_program("promtool")
        for before, after in (("== 0", "== 1"), ("> 1e-6", "> 1e-5"), ("> 3600", "> 36000"), ("for: 20m", "for: 30m")):
            with self.subTest(after), tempfile.TemporaryDirectory() as folder:
                rules = (FLEET / "vdsotrace-alerts.yml").read_text()
                self.assertEqual(rules.count(before), 1)
                (Path(folder) / "vdsotrace-alerts.yml").write_text(rules.replace(before, after))
                shutil.copy(FLEET / "vdsotrace-alerts-test.yml", folder)
                self.assertNotEqual(run(["promtool", "test", "rules", "vdsotrace-alerts-test.yml"], cwd=folder).status, 0)

    def test_each_alert_is_tested(self):
        rules, = yaml_documents("vdsotrace-alerts.yml")
        tests, = yaml_documents("vdsotrace-alerts-test.yml")
        alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
        fired = {case["alertname"] for one in tests["tests"] for case in one["alert_rule_test"] if case["exp_alerts"]}
        self.assertEqual(fired, alerts)

    def test_they_ask_for_what_there_is(self):
        asked = set()
        for name in ("vdsotrace-alerts.yml", "vdsotrace-alerts-test.yml"):
            asked |= set(re.findall(r"\bvdsotrace_\w+", (FLEET / name).read_text()))
        self.assertGreaterEqual(len(asked), 2)
        self.assertEqual(asked - metric_names(), set())


class NodeProblemDetector(unittest.TestCase):
    def setUp(self):
        self.kinds = {document["kind"]: document for document in yaml_documents("node-problem-detector.yaml")}
        self.monitor = json.loads(self.kinds["ConfigMap"]["data"]["vdsotrace-monitor.json"])
        self.pod = self.kinds["DaemonSet"]["spec"]["template"]["spec"]

    def test_manifests_fit_together(self):
        self.assertEqual(set(self.kinds), {"ServiceAccount", "ClusterRoleBinding", "ConfigMap", "DaemonSet"})
        for kind, document in self.kinds.items():
            self.assertEqual(document["apiVersion"], {"DaemonSet": "apps/v1", "ClusterRoleBinding": "rbac.authorization.k8s.io/v1"}
                             .get(kind, "v1"))
            self.assertRegex(document["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        account = self.kinds["ServiceAccount"]["metadata"]
        subject, = self.kinds["ClusterRoleBinding"]["subjects"]
        self.assertEqual(subject, {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]})
        self.assertEqual(self.pod["serviceAccountName"], account["name"])
        spec = self.kinds["DaemonSet"]["spec"]
        self.assertEqual(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"])

    def test_the_container_finds_what_it_needs(self):
        container, = self.pod["containers"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}
        self.assertEqual(set(mounts), set(volumes))
        self.assertEqual(volumes["config"]["configMap"]["name"], self.kinds["ConfigMap"]["metadata"]["name"])
        monitor, = [word.split("=")[1] for word in container["command"] if word.startswith("--config.custom-plugin-monitor=")]
        self.assertEqual(monitor, f"{mounts['config']}/{next(iter(self.kinds['ConfigMap']['data']))}")
        self.assertEqual({rule["path"] for rule in self.monitor["rules"]}, {mounts["program"]})
        self.assertRegex(container["image"], r"^[\w./-]+:v\d+\.\d+\.\d+$")
        self.assertEqual([one["valueFrom"]["fieldRef"]["fieldPath"] for one in container["env"] if one["name"] == "NODE_NAME"],
                         ["spec.nodeName"])

    def test_the_monitor_is_what_the_detector_reads(self):
        """The keys of its custom plugin monitor, with their types."""
        self.assertEqual(set(self.monitor), {"plugin", "pluginConfig", "source", "metricsReporting", "conditions", "rules"})
        self.assertEqual((self.monitor["plugin"], self.monitor["metricsReporting"]), ("custom", True))
        config = self.monitor["pluginConfig"]
        self.assertEqual(set(config), {"invoke_interval", "timeout", "max_output_length", "concurrency"})
        self.assertLess(seconds(config["timeout"]), seconds(config["invoke_interval"]))
        conditions = {}
        for condition in self.monitor["conditions"]:
            self.assertEqual(set(condition), {"type", "reason", "message"})
            conditions[condition["type"]] = condition
        for rule in self.monitor["rules"]:
            self.assertEqual(set(rule), {"type", "condition", "reason", "path", "args", "timeout"})
            self.assertEqual(rule["type"], "permanent")
            self.assertIn(rule["condition"], conditions)
            self.assertNotEqual(rule["reason"], conditions[rule["condition"]]["reason"])
            self.assertLessEqual(seconds(rule["timeout"]), seconds(config["timeout"]))
        for word in [*conditions, *(item["reason"] for item in self.monitor["conditions"] + self.monitor["rules"])]:
            self.assertRegex(word, r"^[A-Z][A-Za-z]+$")

    def test_the_plugin_keeps_to_the_protocol(self):
        """Status 0: no problem; 1: a problem; others: unknown; what it is stands on standard output."""
        rule, = self.monitor["rules"]
        good = subprocess.run([VDSOTRACE, *rule["args"], "--max-ns", "1s"], capture_output=True, encoding="utf-8", env={})
        self.assertIn(good.returncode, (0, 1))
        if testing.user_space_clock():
            self.assertEqual(good.returncode, 0)
        bad = subprocess.run([VDSOTRACE, *rule["args"], "--max-ns", "0"], capture_output=True, encoding="utf-8", env={})
        self.assertEqual(bad.returncode, 1)
        for done in (good, bad):
            self.assertEqual((done.stderr, len(done.stdout.splitlines())), ("", 1))
        # The message that becomes the condition's is not cut before it has said what it is.
        self.assertLess(len(good.stdout.split(" | ")[0]), self.monitor["pluginConfig"]["max_output_length"])


class Readme(unittest.TestCase):
    def test_names_each_file(self):
        text = (FLEET / "README.md").read_text()
        for path in FLEET.iterdir():
            if path.name != "README.md":
                self.assertIn(f"`{path.name}`", text)


if __name__ == "__main__":
    testing.main()
