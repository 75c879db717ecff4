#!/usr/bin/env python3
"""Saves the vDSO images that a Debian kernel carries, as test data.

    save_vdso_images.py [-o DIR] SUITE:PACKAGE...      download and take apart
    save_vdso_images.py [-o DIR] FILE.deb|VMLINUZ...   take apart what is here

For example `bookworm:linux-image-6.1.0-50-cloud-amd64`; from Linux 6.19 on the
kernel itself is in linux-binary-*. Writes one file for each image found, named
RELEASE.MACHINE.vdso (further ones of a machine: MACHINE-2): the ELF file byte for
byte, without the zeros that pad it to a page. Nothing of the system is changed: apt works on a private state below a
temporary directory. Needs apt, dpkg-deb and what the kernel is packed with: lz4
(5.10) or zstd; gzip and xz are built in.
"""

import argparse
import collections
import lzma
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

from debian_kernels import Suite, unpack_kernel

PAGE = 4096
# (EI_CLASS, e_machine) of the images we can use.
MACHINES = {(2, 62): "x86_64", (1, 62): "x32", (1, 3): "i386", (2, 183): "aarch64",
            (2, 243): "riscv64"}


def kernel_of(path, scratch):
    """The kernel file in a package, or the file itself; and the kernel's release."""
    if path.suffix != ".deb":
        return path, path.name.removeprefix("vmlinuz-")
    root = scratch / "root"
    root.mkdir()
    return unpack_kernel(path, root)


def through(*command):
    # Behind the stream the kernel's payload has four bytes of size. The unpackers
    # complain of them after they have written everything, so their status says nothing.
    return lambda packed: subprocess.run(command, input=packed, capture_output=True).stdout


UNPACKERS = (
    (b"\x1f\x8b\x08", lambda packed: zlib.decompressobj(31).decompress(packed)),
    (b"\xfd7zXZ\0", lambda packed: lzma.LZMADecompressor().decompress(packed)),
    (b"\x28\xb5\x2f\xfd", through("zstd", "-dcq", "-")),
    (b"\x02\x21\x4c\x18", through("lz4", "-dcq", "-")),
)


def unpack(kernel):
    """The kernel as it will lie in memory, out of a bzImage, a zboot image or Image.gz."""
    payload = kernel
    if kernel[0x202:0x206] == b"HdrS":
        # Documentation/arch/x86/boot.rst: payload_offset counts from the protected-mode code.
        start, length = struct.unpack_from("<II", kernel, 0x248)
        start += (kernel[0x1F1] + 1) * 512
        payload = kernel[start:start + length]
    elif kernel[4:8] == b"zimg":
        start, length = struct.unpack_from("<II", kernel, 8)
        payload = kernel[start:start + length]
    for magic, unpacker in UNPACKERS:
        if payload.startswith(magic):
            return unpacker(payload)
    return kernel


def elf_size(data, at, is64):
    """End of the last thing that the headers of the ELF file at `at` speak of."""
    header = struct.unpack_from("<HHIQQQIHHHHHH" if is64 else "<HHIIIIIHHHHHH", data, at + 16)
    phoff, shoff, phsize, phnum, shsize, shnum = (header[i] for i in (4, 5, 8, 9, 10, 11))
    end = shoff + shsize * shnum
    for i in range(phnum):
        entry = at + phoff + i * phsize
        offset, size = (struct.unpack_from("<Q", data, entry + f)[0] if is64 else
                        struct.unpack_from("<I", data, entry + g)[0] for f, g in ((8, 4), (32, 16)))
        end = max(end, offset + size)
    return end


def images_in(kernel):
    """(machine, bytes) of each vDSO image in an unpacked kernel: page-aligned ELF files of type DYN."""
    for match in re.finditer(rb"\x7fELF[\x01\x02]\x01\x01", kernel):
        at = match.start()
        kind, machine = struct.unpack_from("<HH", kernel, at + 16)
        name = MACHINES.get((kernel[at + 4], machine))
        if kind != 3 or name is None:
            continue
        size = elf_size(kernel, at, kernel[at + 4] == 2)
        image = kernel[at:at + size]
        if size < 16 * PAGE and re.search(rb"\0LINUX_\d", image):
            yield name, image


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", type=pathlib.Path, metavar="DIR", dest="output",
                        default=pathlib.Path(__file__).parent / "vdso_images")
    parser.add_argument("source", nargs="+")
    options = parser.parse_args()
    for source in options.source:
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            suite, colon, package = source.partition(":")
            path = pathlib.Path(source)
            if colon:
                path = Suite(suite, scratch / "apt", package.rsplit("-", 1)[1]).download(package)
            kernel, release = kernel_of(path, scratch)
            release = re.sub(r"(-cloud)?-(amd64|arm64|riscv64)$", "", release)
            found = list(images_in(unpack(kernel.read_bytes())))
            if not found:
                sys.exit(f"{source}: no vDSO image found")
            seen = collections.Counter()
            for machine, image in found:
                seen[machine] += 1
                variant = f"-{seen[machine]}" if seen[machine] > 1 else ""
                target = options.output / f"{release}.{machine}{variant}.vdso"
                target.write_bytes(image)
                print(f"{target}: {len(image)} bytes")


if __name__ == "__main__":
    main()
