#!/usr/bin/env python3
"""Writes generated_names.cpp: the name and number of every ioctl request that the kernel's headers of this machine
(linux-libc-dev, libdrm-dev) make with _IO, _IOR, _IOW or _IOWR. Run it by hand where those headers have become newer:

    src/model/syscalls/ioctl/generate_names.py /usr/include > src/model/syscalls/ioctl/generated_names.cpp

The table is committed, not made by the build: every build of one source tree knows the same names. What values.cpp has is left
out, as it says more of those."""

import re
import subprocess
import sys
from pathlib import Path

FOLDERS = ("asm-generic", "libdrm", "linux", "misc", "mtd", "rdma", "scsi", "sound", "video", "xen", "x86_64-linux-gnu/asm")
# What the headers take for granted.
BEFORE = "".join(f"#include <{name}>\n" for name in (
    "stdbool.h", "stddef.h", "stdint.h", "sys/types.h", "sys/socket.h", "sys/time.h", "linux/types.h", "linux/ioctl.h", "linux/if.h",
    "linux/fiemap.h", "linux/major.h", "linux/blktrace_api.h", "linux/atmioc.h", "linux/filter.h"))
BEFORE += "typedef uint16_t domid_t;\n"
MARK = "vdsotrace_ioctl_request"
HEAD = """// Made by generate_names.py of the kernel's headers; not to be edited. Sorted by number.
#include "model/syscalls/ioctl/values.hpp"

#include <algorithm>
#include <iterator>

// clang-format off

namespace vdsotrace {
namespace {

constexpr IoctlName kNames[] = {
"""
TAIL = """};

}  // namespace

std::string_view generated_ioctl_name(std::uint32_t request) {
  const auto* found = std::ranges::lower_bound(kNames, request, {}, &IoctlName::request);
  return found != std::end(kNames) && found->request == request ? found->name : std::string_view();
}

}  // namespace vdsotrace
"""


def compiler(*options, text):
    return subprocess.run(["gcc", "-x", "c", "-w", *options, "-"], input=text, text=True, capture_output=True)


def macros_of(header):
    """Those without parameters that this very header defines, but for other names of them: #define FDGETMEDIAPRM FDGETPRM."""
    text = header.read_text(errors="replace").replace("\\\n", " ")
    found = re.findall(r"^[ \t]*#[ \t]*define[ \t]+([A-Z][A-Za-z0-9_]*)[ \t]+(\S.*)$", text, re.M)
    names = {name for name, _ in found}
    aliases = {name for name, meaning in found if re.sub(r"/\*.*", "", meaning).strip() in names}
    return sorted(names - aliases)


def requests_among(include, names):
    """The names whose expansion asks for an ioctl request's number. A quoted name is not expanded."""
    lines = "".join(f'"{name}" {name}\n' for name in names)
    # Of the headers, only what they define is wanted here.
    asked = compiler("-E", "-P", text=f"{BEFORE}{include}#undef _IOC\n#define _IOC(d, t, n, s) {MARK}\n{lines}")
    found = re.findall(rf'^"(\w+)" .*\b{MARK}\b', asked.stdout, re.M)
    return [name for name in found if not name.startswith("_IO")]


def values_of(include, names):
    """{name: number}; names whose number cannot be found, as a type is missing, are left out."""
    while names:
        text = BEFORE + include + "#include <stdio.h>\nint main(void) {\n" + "".join(
            f'printf("%u {name}\\n", (unsigned)({name}));\n' for name in names) + "}\n"
        built = compiler("-o", "/dev/null", "-fsyntax-only", text=text)
        if built.returncode == 0:
            break
        first = text[:text.index("int main")].count("\n") + 2
        bad = {int(line) - first for line in re.findall(r"<stdin>:(\d+):\d+: error", built.stderr)}
        kept = [name for i, name in enumerate(names) if i not in bad]
        if len(kept) == len(names):
            return {}
        names = kept
    if not names:
        return {}
    made = compiler("-S", "-O1", "-o", "-", text=BEFORE + include + "".join(
        f"const unsigned value_of_{name} = (unsigned)({name});\n" for name in names))
    pairs = re.findall(r"^value_of_(\w+):\n\t\.(long|zero)\t(-?\d+)", made.stdout, re.M)
    return {name: 0 if kind == "zero" else int(value) & 0xffffffff for name, kind, value in pairs}


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include")
    known = Path(__file__).with_name("values.cpp").read_text()
    known_numbers = {int(number, 16) for number in re.findall(r"\{(0x[0-9a-f]+), \"", known)}
    names_of = {}
    for folder in FOLDERS:
        for header in sorted((root / folder).rglob("*.h")):
            shown = str(header.relative_to(root)).removeprefix("x86_64-linux-gnu/")
            include = f"#include <{shown}>\n"
            names = requests_among(include, macros_of(header))
            values = values_of(include, names)
            for name, value in values.items():
                names_of.setdefault(value, set()).add(name)
            for name in sorted(set(names) - set(values)):
                print(f"{shown}: {name} is left out: its number cannot be found", file=sys.stderr)
    rows = [f'{{{number:#x}, "{" or ".join(sorted(names))}"}},' for number, names in sorted(names_of.items())
            if number not in known_numbers]
    sys.stdout.write(HEAD)
    line = "   "
    for row in rows:
        if len(line) + 1 + len(row) > 120:
            print(line)
            line = "   "
        line += " " + row
    print(line)
    sys.stdout.write(TAIL)


if __name__ == "__main__":
    main()
