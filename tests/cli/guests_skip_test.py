"""What tests/guests/run.sh, tests/packages/run.sh and tests/toolchains/run.sh do where something is missing: they skip and say why."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing

GUESTS = testing.SOURCE / "tests/guests/run.sh"
PACKAGES = testing.SOURCE / "tests/packages/run.sh"
TOOLCHAINS = testing.SOURCE / "tests/toolchains/run.sh"
NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard port


class Skips(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def path_with(self, *programs):
        folder = self.scratch / "bin"
        folder.mkdir()
        for program in programs:
            (folder / program).symlink_to(shutil.which(program))
        return str(folder)

    def run_script(self, *command, **environment):
        # A build folder of its own has no kernels that were fetched before.
        environment = os.environ | {"VDSOTRACE_BUILD": str(self.scratch / "build/release")} | environment
        return subprocess.run(command, env=environment, timeout=testing.TIMEOUT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)

    def assert_skipped(self, ran, reason):
        self.assertEqual(ran.returncode, testing.SKIPPED, ran.stdout)
        self.assertRegex(ran.stdout.splitlines()[-1], "^skipped: " + reason)

    def test_without_an_emulator(self):
        ran = self.run_script(GUESTS, PATH=self.path_with("sh", "dirname", "python3"))
        self.assert_skipped(ran, "there is no qemu-system-x86_64$")

    def test_without_a_network(self):
        testing.require_program("qemu-system-x86_64", "busybox", "dpkg-deb", "apt-get")
        ran = self.run_script(GUESTS, "6.1-tsc", http_proxy=NOBODY_LISTENS, https_proxy=NOBODY_LISTENS)
        self.assertEqual(ran.returncode, testing.SKIPPED, ran.stdout)
        self.assertTrue(ran.stdout.startswith("skipped: Debian's kernels cannot be fetched: "), ran.stdout)
        self.assertFalse(list((self.scratch / "build").rglob("kernel-*")))

    def test_an_unknown_guest_is_no_reason_to_skip(self):
        testing.require_program("qemu-system-x86_64", "busybox", "dpkg-deb", "apt-get")
        ran = self.run_script(GUESTS, "6.1-sundial")
        self.assertEqual((ran.returncode, ran.stdout), (1, "no such guest: 6.1-sundial\n"))

    def test_without_debootstrap(self):
        path = self.path_with("sh", "dirname", "id")
        for script in (TOOLCHAINS, PACKAGES):
            with self.subTest(script.parent.name):
                self.assert_skipped(self.run_script(script, PATH=path), "there is no debootstrap$" if os.geteuid() == 0 else "only root ")


if __name__ == "__main__":
    testing.main()
