"""Reads what strace and vdsotrace print, to lay one beside the other.

A trace becomes a list of lines for each process or thread, named by its place in the family
("0" is the first, "0.2" its second child), with the halves of interrupted calls joined. What
differs from run to run (ids, times, random bytes) is replaced by a word in capitals.
"""

import collections
import re

VOLATILE = [
    (r"\) +=", ") ="),
    (r"^(getppid|getpgrp|getpgid|getsid)\((.*)\) = \d+$", r"\1(\2) = PID"),
    (r"\b(tv_sec|tv_nsec|tv_usec)=-?\d+", r"\1=TIME"),
    (r" /\* \d{4}-\d\d-\d\dT[^*]*\*/", ""),
    (r"\b(si_utime|si_stime|st_[amc]time|ru_\w+)=\d+(?: /\*.*?\*/)?", r"\1=TIME"),
    (r"\bst_ino=\d+(, st_mode=[^,]*S_IFIFO)", r"st_ino=N\1"),
    (r"\bst_([amc])time_nsec=\d+", r"st_\1time_nsec=TIME"),
    (r"^time\((.*)\) = \d+ \(.*\)", r"time(\1) = TIME"),
    (r"^time\((.*)\) = \d+$", r"time(\1) = TIME"),
    (r"^times\(.*", "times(TIME)"),
    (r"\[\d{9,}\]", "[TIME]"),
    (r"\d\d:\d\d:\d\d|\d+\.\d{9} s|(?<=Seconds: )\d+", "TIME"),
    (r'^getrandom\("[^"]*"', 'getrandom("RANDOM"'),
    (r"^sysinfo\(.*\)", "sysinfo(...)"),
    (r"\bf_(bfree|bavail|ffree)=\d+", r"f_\1=N"),
    (r"^getcpu\(\[\d+\]", "getcpu([CPU]"),
    (r"(<[\w-]+:\[)\d+(?:->\d+)?(?=[\],])", r"\1N"),
    (r"/(cc|sed)[A-Za-z0-9]{6}\b", r"/\1RANDOM"),
    # The tracer's own memory; everything else is at fixed addresses under setarch -R.
    (r"^(execve\(.*), 0x[0-9a-f]+ (/\* \d+ vars \*/\))", r"\1, ENVIRONMENT \2"),
]
VOLATILE = [(re.compile(pattern, re.M), text) for pattern, text in VOLATILE]

PREFIX = re.compile(r"^(?:\[pid +(\d+)\] |(\d+) +)?(.*)$")
IDENTITY = re.compile(r"^(?:set_tid_address|getpid)\(.*\) += (\d+)$")
CREATES = re.compile(r"^(?:clone|clone3|fork|vfork)\(.* += ([1-9]\d*)$")
# Where a signal strikes is a matter of timing, and so is whether it makes a fork start again.
# For a thread that has ended already nobody waits. glibc's mkstemp asks for another random number where the first would
# make some names likelier than others.
BY_TIMING = re.compile(r"^(--- SIGCHLD|rt_sigreturn\(|.*\) += \? ERESTARTNOINTR |"
                       r"futex\(.*, FUTEX_WAIT_BITSET\|FUTEX_CLOCK_REALTIME, \d+, NULL, |getrandom\(.*, 8, GRND_NONBLOCK\))")


def without_vdso(text):
    """The trace without what strace cannot see: calls that ended in user space, and tags."""
    kept = [line for line in text if not re.search(r" \[(vdso|vsyscall)\]$", line)]
    return [re.sub(r" \[(vdso->syscall|syscall)\]$", "", line) for line in kept]


def first_process(lines):
    """The id of the process that lines without an id belong to."""
    prefixed = [PREFIX.match(line).groups() for line in lines]
    for first, second, body in prefixed:
        own = IDENTITY.match(body)
        if own and not first and not second:
            return own.group(1)
    created = {pid for _, _, body in prefixed for pid in CREATES.findall(body)}
    return next((one or two for one, two, _ in prefixed if (one or two) not in created | {None}), "?")


def split_by_thread(text):
    """{id: [lines]} in the order of first appearance, interrupted calls joined."""
    root = first_process(text.splitlines())
    threads = collections.OrderedDict()
    begun = {}
    for line in text.splitlines():
        first, second, body = PREFIX.match(line).groups()
        if body.startswith(("vdsotrace: ", "strace: ")) or not body:
            continue
        pid = first or second or root
        lines = threads.setdefault(pid, [])
        if body.endswith(" <unfinished ...>"):
            begun[pid] = body[:-len(" <unfinished ...>")]
        elif body.startswith("<... "):
            lines.append(begun.pop(pid, "?") + body.split(" resumed>", 1)[1])
        else:
            lines.append(body)
    for pid, head in begun.items():
        threads[pid].append(head + " <unfinished ...>")
    return threads


# Sizes, offsets and addresses may look like the number of a process; ids are among no arguments of these.
WITHOUT_IDS = re.compile(r"(mmap2?|munmap|mremap|mprotect|madvise|brk|_?l?lseek|getdents(64)?)\(")


def family(text):
    """{place in the family: [normalised lines]} of a trace."""
    threads = split_by_thread(text)
    created = {pid for lines in threads.values() for line in lines
               for pid in CREATES.findall(line)}
    roots = [pid for pid in threads if pid not in created]
    places = {}

    def name(pid, place):
        places[pid] = place
        children = [child for line in threads.get(pid, []) for child in CREATES.findall(line)]
        for number, child in enumerate(children, 1):
            name(child, f"{place}.{number}")

    for number, root in enumerate(roots):
        name(root, str(number))
    ids = re.compile(r"(?<!size=)(?<!size = )(?<!\*)\b(" + "|".join(map(re.escape, places)) + r")\b")
    result = {}
    for pid, lines in threads.items():
        kept = []
        for line in without_vdso(lines):
            if BY_TIMING.match(line):
                continue
            if not WITHOUT_IDS.match(line):
                line = ids.sub(lambda match: "PID" + places[match.group(1)], line)
            for pattern, replacement in VOLATILE:
                line = pattern.sub(replacement, line)
            kept.append(line)
        result[places.get(pid, pid)] = kept
    return result
