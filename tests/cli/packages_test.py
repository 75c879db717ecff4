"""What cpack makes: an archive that runs where nothing is installed, and a package of this distribution. Two runs make the same bytes."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import BUILD, run

EPOCH = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}


def cpack(kind, folder):
    """The file that it makes there."""
    made = run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-G", kind, "-B", folder], cwd=folder, env=EPOCH)
    assert made.status == 0, made.stdout + made.stderr
    ending = {"TXZ": "*.tar.xz", "DEB": "*.deb"}[kind]
    (file,) = Path(folder).glob(ending)
    return file


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def setUpModule():
    testing.require_program("cmake", "cpack")
    if "vdsotrace_portable" not in run(["cmake", "--build", BUILD, "--target", "help"]).stdout:
        raise unittest.SkipTest("libraries whose archives are not installed are linked as shared ones: no portable program")
    built = run(["cmake", "--build", BUILD, "--target", "vdsotrace_portable"])
    assert built.status == 0, built.stdout + built.stderr


class Archive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.folder = Path(kept.name)
        (cls.folder / "made").mkdir()
        cls.archive = cpack("TXZ", cls.folder / "made")
        with tarfile.open(cls.archive) as archive:
            cls.listed = [member.name for member in archive.getmembers() if member.isfile()]
            archive.extractall(cls.folder)
        cls.root = next(cls.folder.glob("vdsotrace-*"))

    def test_contents(self):
        self.assertEqual({name.split("/", 1)[1] for name in self.listed}, {
            "bin/vdsotrace", "share/bash-completion/completions/vdsotrace", "share/doc/vdsotrace/LICENSE",
            "share/doc/vdsotrace/licences.md", "share/fish/vendor_completions.d/vdsotrace.fish", "share/man/man1/vdsotrace.1",
            "share/zsh/site-functions/_vdsotrace"})

    def test_same_bytes(self):
        (self.folder / "again").mkdir()
        self.assertEqual(digest(cpack("TXZ", self.folder / "again")), digest(self.archive))

    def test_runs_where_nothing_is(self):
        """In a root that holds the program and a busybox."""
        testing.require_program("busybox", "unshare", "chroot")
        testing.require_ptrace()
        if os.geteuid() != 0 or run(["unshare", "--mount", "--pid", "--fork", "true"]).status != 0:
            raise unittest.SkipTest("only root may change its root")
        busybox = shutil.which("busybox")
        if run([busybox, "true"], env={"LD_PRELOAD": "/nowhere"}).stderr:
            raise unittest.SkipTest("busybox is not static")
        root = self.root
        (root / "proc").mkdir()
        shutil.copy(busybox, root / "bin" / "busybox")
        inside = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root]
        version = run([*inside, "/bin/vdsotrace", "--version"])
        self.assertEqual((version.status, version.stderr), (0, ""))
        traced = run([*inside, "/bin/vdsotrace", "/bin/busybox", "date"])
        self.assertEqual(traced.status, 0, traced.stderr)
        self.assertIn('execve("/bin/busybox", ["/bin/busybox", "date"]', traced.stderr)
        if testing.user_space_clock():
            self.assertRegex(traced.stderr, r"(time|clock_gettime|gettimeofday)\(.*\[vdso\]")
        audited = run([*inside, "/bin/vdsotrace", "audit", "/bin/busybox", "true"])
        self.assertEqual(audited.status, 0, audited.stderr)


class Installed(unittest.TestCase):
    def test_contents(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        done = run(["cmake", "--install", BUILD, "--prefix", folder])
        self.assertEqual(done.status, 0, done.stderr)
        self.assertEqual({str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}, {
            "bin/vdsotrace", "share/bash-completion/completions/vdsotrace", "share/doc/vdsotrace/LICENSE",
            "share/doc/vdsotrace/licences.md", "share/fish/vendor_completions.d/vdsotrace.fish", "share/man/man1/vdsotrace.1",
            "share/zsh/site-functions/_vdsotrace"})
        program = folder / "bin" / "vdsotrace"
        self.assertEqual(run([program, "--version"]).stdout, run([testing.VDSOTRACE, "--version"]).stdout)
        cache = (BUILD / "CMakeCache.txt").read_text()
        if "CMAKE_BUILD_TYPE:STRING=Release\n" in cache:
            self.assertNotIn(b"\0.symtab\0", program.read_bytes())
        # What was built keeps its symbols, for debuggers.
        self.assertIn(b"\0.symtab\0", (BUILD / "vdsotrace").read_bytes())


class Package(unittest.TestCase):
    def test_contents(self):
        testing.require_program("dpkg-deb", "dpkg-shlibdeps")
        with tempfile.TemporaryDirectory() as folder:
            package = cpack("DEB", folder)
            listed = {line.split()[5] for line in run(["dpkg-deb", "--contents", package]).stdout.splitlines()}
            depends = run(["dpkg-deb", "--field", package, "Depends"]).stdout
        self.assertGreaterEqual(listed, {
            "./usr/bin/vdsotrace", "./usr/share/man/man1/vdsotrace.1.gz", "./usr/share/doc/vdsotrace/copyright",
            "./usr/share/bash-completion/completions/vdsotrace", "./usr/share/zsh/site-functions/_vdsotrace"})
        self.assertNotIn("./usr/share/man/man1/vdsotrace.1", listed)
        self.assertIn("libc6", depends)


if __name__ == "__main__":
    testing.main()
