"""Programs that run already and work when they are told, and what can be seen of their memory."""

from pathlib import Path

import vdsotrace_testing as testing


def files_code(pid):
    """{file and offset: bytes} of what is mapped of files to be executed."""
    code = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            if words[1] != "r-xp" or words[4] == "0":
                continue
            start, end = (int(word, 16) for word in words[0].split("-"))
            memory.seek(start)
            code[words[5], words[2]] = memory.read(end - start)
    return code


def mapped(pid):
    """What is mapped of files or to be executed. Heaps and stacks are the program's to change."""
    return [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines()
            if "x" in line.split()[1] or line.split()[4] != "0"]


def status_of(task, name):
    return next(line.split()[1] for line in Path(f"/proc/{task}/status").read_text().splitlines() if line.startswith(name + ":"))


def regions(pid):
    """The inodes of the memory that vdsotraces share with it, or have until they were killed."""
    return {line.split()[4] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "memfd:vdsotrace" in line}


def is_traced(pid, left=frozenset()):
    """By a vdsotrace that has installed what it needs there, beside what is left, and let the process go on."""
    return regions(pid) - left and status_of(pid, "State") != "t"


class Worker(testing.Running):
    def begin_work(self):
        self.process.stdin.write("work\n")
        self.process.stdin.flush()

    def await_work(self):
        """Answers what is said behind "done"."""
        words = self.process.stdout.readline().split()
        self.case.assertEqual(words[:1], ["done"], self.process.poll())
        return words[1:]

    def work(self):
        self.begin_work()
        return self.await_work()

    def end(self):
        self.process.stdin.close()
        self.case.assertEqual(self.process.wait(60), 0)
