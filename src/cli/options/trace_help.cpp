#include "cli/options/trace_help.hpp"

namespace vdsotrace::cli {
namespace {

constexpr HelpGroup kTraceGroups[] = {
    {"What to trace", "-f -p -b -P -e --trace --signal --status -z -Z -E -u --no-vdso --duration -I -D --daemonize"},
    {"What to show",
     "--callers --runtime -k -c -C -S -U -O -w -t --absolute-timestamps -r -T --always-show-pid -n -i -y --decode-fds -Y --pidns-translation --decode-pids -s -v -x "
     "--strings-in-hex -X --abbrev --verbose --raw --read --write -a --steps -q --quiet"},
    {"Where to write", "-o --output-separately -A --json --color"},
    {"What to change", "--inject --fault"},
    {"How to observe", "--engine --syscalls --direct --seccomp-bpf --pin"},
};

constexpr HelpGroup kAuditGroups[] = {
    {"What to audit", "-f -p -e --trace -E -u --no-vdso --duration"},
    {"What to report", "--fail-on --allow --threshold --all --seccomp -T -k --runtime -q --quiet"},
    {"Where to write", "-o -A --json --html --folded --chrome-trace --pprof --openmetrics --color"},
    {"How to observe", "--engine --direct --pin"},
    {"Other options", "-h"},
};

}  // namespace

const HelpPage kTraceHelp{
    "usage: vdsotrace [OPTIONS] [--] PROGRAM [ARG...]\n"
    "       vdsotrace [OPTIONS] -p PID[,PID...] [PROGRAM [ARG...]]\n"
    "       vdsotrace COMMAND [OPTIONS] ...\n"
    "\n"
    "Traces system calls together with the time calls that the vDSO serves in user\n"
    "space, and shows the route each call took:\n"
    "  [vdso]           stayed in user space\n"
    "  [vdso->syscall]  called the vDSO, which fell back to the kernel\n"
    "  [syscall]        entered the kernel directly and bypassed the vDSO\n"
    "  [vsyscall]       called the legacy vsyscall page\n"
    "  [vdso?]          called the vDSO; the engine did not see what followed\n"
    "\n"
    "Commands:\n"
    "  trace            trace a program or a process; what you get without a command\n"
    "  audit            which time calls enter the kernel, who makes them, why, and\n"
    "                   what they cost\n"
    "  compare          what strace sees, beside what vdsotrace sees\n"
    "  info             which calls stay in user space here, and what each costs\n"
    "  dump             the vDSO itself: its image, symbols, annotated code\n"
    "  merge, diff      combine audits of many machines; compare two audits\n"
    "  help [COMMAND]   the help of a command\n"
    "  completions SHELL\n"
    "                   a script that completes command lines in bash, zsh or fish\n",
    kTraceGroups, "Other options",
    "\n"
    "Examples:\n"
    "  vdsotrace -f -o trace.txt make          trace make and its children to a file\n"
    "  vdsotrace -e route=fallback,syscall ls  only time calls that enter the kernel\n"
    "  vdsotrace audit -p 1234 --duration 10s  a running process, for ten seconds\n"
    "\n"
    "See man vdsotrace for more.\n"};

const HelpPage kAuditHelp{
    "usage: vdsotrace audit [OPTIONS] [--] PROGRAM [ARG...]\n"
    "       vdsotrace audit [OPTIONS] -p PID[,PID...]\n"
    "\n"
    "Reports which of a program's time calls enter the kernel, who makes them, why,\n"
    "what they cost and what to do about it.\n",
    kAuditGroups, "",
    "\n"
    "Examples:\n"
    "  vdsotrace audit date\n"
    "  vdsotrace audit -p 1234 --duration 10s --html report.html\n"
    "  vdsotrace audit --fail-on fallback,syscall ./test\n"
    "\n"
    "See man vdsotrace for more.\n"};

}  // namespace vdsotrace::cli
