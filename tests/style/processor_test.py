#!/usr/bin/env python3
"""What belongs to one processor stands in src/arch/PROCESSOR, and what its instructions mean in src/model/code.

Elsewhere no register is named, no constant of one processor used and no instruction's byte written, in code or comments;
and nothing but src/arch includes a processor's own headers. What is exempt is listed with the reason.
"""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("src", "include")
SUFFIXES = {".hpp", ".cpp", ".h", ".S"}
ALLOWED = ("src/arch/x86_64/", "src/model/code/")

REGISTER = (r"r[abcd]x|r[sd]i|r[bs]p|rip|r(?:8|9|1[0-5])[dwb]?|e[abcd]x|e[sd]i|e[bs]p|eip|[er]flags"
            r"|orig_[re]ax|[cdefgs]s_base|[xyz]mm\d+|dr[0-7]")
RULES = {
    "register": re.compile(rf"\b(?:{REGISTER})\b|\b[fg]s base\b"),
    "constant": re.compile(r"X86_|AUDIT_ARCH|ARCH_[GS]ET_[FG]S"),
    "structure": re.compile(r"\b(?:user_regs_struct|pt_regs|sigcontext|cs_x86\w*)\b"),
    "instruction": re.compile(r"\b(?:_*cpuid|_*rdtscp?|_*rd[fg]sbase|int3|int 0x80|sysenter|sysexit|swapgs|ud2)\b"),
    "header": re.compile(r"#include <(?:\w*x86\w*|\w*intrin|cpuid|capstone/\w+|asm/(?:prctl|perf_regs)|sys/(?:user|reg))\.h>"),
    "compiler": re.compile(r"\b__(?:x86_64|i386|amd64)(?:__)?\b"),
    # A byte of machine code: as std::byte, or as a number that begins a breakpoint, a jump, a call or a system call.
    "opcode": re.compile(r"std::byte\{0x(?!0+\})|\b0x(?:cc|e8|e9|eb|c3)\b(?!,\s*\")"
                         r"|\b0x0f\}?,\s*(?:std::byte\{)?0x(?:05|0b|1f|31|34)\b|\b0xcd\}?,\s*(?:std::byte\{)?0x80\b"),
}
PROCESSOR_HEADER = re.compile(r"#include \"(?:processor/|arch/x86_64/)")

# (file, rule): why.
EXEMPT = {
    ("include/vdsotrace/abi.hpp", "instruction"): "says how a program comes to have several ABIs",
    ("src/model/syscalls/ioctl/values.cpp", "constant"): "names of requests, as strace prints them",
    ("src/model/syscalls/ioctl/generated_names.cpp", "constant"): "the same",
    ("src/model/syscalls/ioctl/seccomp.cpp", "constant"): "the machine of a call that a notification tells of, printed by name",
    ("src/model/syscalls/ioctl/generated_value_names.cpp", "constant"): "capabilities of KVM, as strace prints them",
    ("src/model/syscalls/ioctl/guests.cpp", "register"): "registers of virtual processors that KVM is told, printed by name",
    ("src/model/syscalls/process/kinds.cpp", "constant"): "arguments of arch_prctl(2), printed by name",
    ("src/model/syscalls/process/kinds.cpp", "header"): "the same",
    ("src/model/syscalls/process/table.cpp", "constant"): "the same",
    ("src/model/syscalls/process/ptrace.cpp", "constant"): "register sets that a traced ptrace(2) names",
    ("src/model/syscalls/process/ptrace.cpp", "register"): "the same",
    ("src/model/syscalls/process/ptrace.cpp", "structure"): "what a traced ptrace(2) reads and sets, printed as strace does",
    ("src/model/syscalls/process/ptrace.cpp", "header"): "the same",
    ("src/model/syscalls/process/ptrace_info.cpp", "constant"): "the machine of a call that ptrace(2) tells of, printed by name",
    ("src/model/syscalls/signals/signals.cpp", "constant"): "si_arch of SIGSYS, printed by name",
    ("src/model/syscalls/process/machine.cpp", "constant"): "a flag of kexec_load(2), printed by name",
    ("src/model/vdso/elf.cpp", "constant"): "a table of all machines that an image can be for",
}


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in SUFFIXES and not name.startswith(ALLOWED):
                yield name, path.read_text(encoding="utf-8")


def rules_broken(line):
    return [rule for rule, pattern in RULES.items() if pattern.search(line)]


class Processor(unittest.TestCase):
    def test_rules_find_what_they_are_for(self):
        for rule, line in (
                ("register", "registers.rip += 2;"),
                ("register", "  r.orig_rax = ~0ULL;"),
                ("register", "/// Whether r14 is kept."),
                ("register", "// the fs base"),
                ("constant", "if (machine == AUDIT_ARCH_X86_64)"),
                ("constant", "constexpr int kNote = NT_X86_SHSTK;"),
                ("structure", "std::optional<user_regs_struct> registers(pid_t tid);"),
                ("instruction", "return __rdtsc();"),
                ("header", "#include <x86intrin.h>"),
                ("compiler", "#ifdef __x86_64__"),
                ("opcode", "constexpr std::byte kBreakpoint{0xcc};"),
                ("opcode", "{std::byte{0x0f}, std::byte{0x05}}"),
                ("opcode", "constexpr std::uint8_t kCall = 0xe8;"),
                ("opcode", "unsigned char code[] = {0x0f, 0x05};"),
        ):
            self.assertIn(rule, rules_broken(line), line)
        for line in ("drip(4);", "{0x0f, \"PER_OSF4\"},", "std::byte{0}", "registers.stack", "strip(trip);"):
            self.assertEqual(rules_broken(line), [], line)

    def test_other_folders_know_no_processor(self):
        found, used = [], set()
        for name, text in sources():
            for number, line in enumerate(text.splitlines(), 1):
                for rule in rules_broken(line):
                    if (name, rule) in EXEMPT:
                        used.add((name, rule))
                    else:
                        found.append(f"{name}:{number}: {rule}: {line.strip()}")
        self.assertEqual(found, [], "\n" + "\n".join(found))
        self.assertEqual(set(EXEMPT) - used, set(), "no longer needed")

    def test_only_arch_includes_headers_of_a_processor(self):
        found = [f"{name}: {line}" for name, text in sources() if not name.startswith("src/arch/")
                 for line in text.splitlines() if PROCESSOR_HEADER.search(line)]
        self.assertEqual(found, [])


if __name__ == "__main__":
    sys.exit(unittest.main())
