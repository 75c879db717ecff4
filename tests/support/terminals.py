"""What vdsotrace writes to a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

from vdsotrace_testing import VDSOTRACE


def on_terminal(*arguments, columns=0, stdout=None, **env):
    """The bytes that a terminal of so many columns (0: it does not say) gets of a run: on all three streams, or without the
    one that `stdout` takes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    child = subprocess.Popen([VDSOTRACE, *map(str, arguments)], stdin=theirs, stdout=stdout or theirs, stderr=theirs,
                             env={"PATH": os.environ["PATH"], "TERM": "xterm", **env})
    os.close(theirs)
    text = b""
    try:
        while block := os.read(ours, 4096):
            text += block
    except OSError:
        pass  # the terminal's end
    os.close(ours)
    child.wait()
    return text
