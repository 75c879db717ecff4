"""Debian's kernels, fetched without touching the system's own package state."""

import fnmatch
import os
import re
import subprocess
import sys

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Suite:
    """One suite of the archive, by an apt whose state is in `folder`. A command that fails raises
    subprocess.CalledProcessError; what it said went to standard error."""

    def __init__(self, suite, folder, arch="amd64"):
        self.folder = folder.resolve()
        (self.folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "archives/partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
        (self.folder / "apt.conf").write_text(f"""
            Dir::State "{self.folder}/"; Dir::State::status "{self.folder}/status"; Dir::Cache "{self.folder}/";
            Dir::Etc::sourcelist "{self.folder}/sources.list"; Dir::Etc::sourceparts "-";
            Acquire::Languages "none"; Acquire::Retries "1"; Acquire::http::Timeout "15";
            APT::Architectures {{ "{arch}"; }}; APT::Architecture "{arch}"; APT::Sandbox::User "";
        """)
        self.apt("apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any")

    def apt(self, *command):
        environment = {key: os.environ[key] for key in ("http_proxy", "https_proxy") if key in os.environ}
        environment |= {"APT_CONFIG": str(self.folder / "apt.conf"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
        return subprocess.run(command, cwd=self.folder, check=True, env=environment, encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def newest(self, pattern):
        """The package of that pattern with the greatest version in its name, or None."""
        names = fnmatch.filter(self.apt("apt-cache", "pkgnames").split(), pattern)
        return max(names, key=lambda name: [int(word) for word in re.findall(r"\d+", name)], default=None)

    def download(self, package):
        """Its .deb."""
        for old in self.folder.glob("*.deb"):
            old.unlink()
        self.apt("apt-get", "-q", "download", package)
        return next(self.folder.glob("*.deb"))


def unpack_kernel(deb, folder):
    """The kernel of a package, and its release. Nothing else is unpacked."""
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", folder, "--wildcards", "./boot/vmlinuz-*", "./usr/lib/modules/*/vmlinuz*"],
                   stdin=archive.stdout, stderr=subprocess.DEVNULL)
    archive.stdout.close()
    archive.wait()
    for kernel in folder.glob("boot/vmlinuz-*"):
        return kernel, kernel.name.removeprefix("vmlinuz-")
    for kernel in folder.glob("usr/lib/modules/*/vmlinuz*"):
        return kernel, kernel.parent.name
    sys.exit(f"{deb.name}: no kernel in it (from Linux 6.19 on it is in linux-binary-*)")
