"""How many system calls the kernel sees a command and all its children make, by the trace point raw_syscalls:sys_enter:
counted by a perf event, without perf(1) and without a mount of tracefs.
"""

import ctypes
import os
import struct
import subprocess
import unittest

import vdsotrace_testing as testing

SYS_IOCTL, SYS_PERF_EVENT_OPEN = 16, 298
SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 430, 431, 432
FSCONFIG_CMD_CREATE = 6
PERF_TYPE_TRACEPOINT = 2
PERF_EVENT_IOC_SET_FILTER = 0x40082406
ATTRIBUTE_BYTES = 112  # PERF_ATTR_SIZE_VER5
DISABLED, INHERIT, ENABLE_ON_EXEC = 1 << 0, 1 << 1, 1 << 12

LIBC = ctypes.CDLL(None, use_errno=True)


def _system_call(number, *args):
    result = LIBC.syscall(number, *(ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _trace_point():
    """The number of the trace point, from a mount of tracefs that is in no namespace."""
    context = _system_call(SYS_FSOPEN, b"tracefs", 0)
    try:
        _system_call(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0)
        mount = _system_call(SYS_FSMOUNT, context, 0, 0)
    finally:
        os.close(context)
    try:
        number = os.open("events/raw_syscalls/sys_enter/id", os.O_RDONLY, dir_fd=mount)
    finally:
        os.close(mount)
    with open(number) as file:
        return int(file.read())


def _open_counter(point, pid, without):
    """Counts from the moment in which the process executes a program, but not calls of the numbers in `without`."""
    attributes = struct.pack("=IIQQQQQ", PERF_TYPE_TRACEPOINT, ATTRIBUTE_BYTES, point, 0, 0, 0,
                             DISABLED | INHERIT | ENABLE_ON_EXEC).ljust(ATTRIBUTE_BYTES, b"\0")
    counter = _system_call(SYS_PERF_EVENT_OPEN, attributes, pid, -1, -1, 0)
    if without:
        conditions = " && ".join(f"id != {number}" for number in sorted(without))
        _system_call(SYS_IOCTL, counter, PERF_EVENT_IOC_SET_FILTER, conditions.encode())
    return counter


class KernelCounts:
    """Skips where the kernel does not let us count."""

    def __init__(self):
        try:
            self._point = _trace_point()
            os.close(_open_counter(self._point, os.getpid(), []))
        except OSError as error:
            raise unittest.SkipTest(f"perf events of trace points may not be had here: {error}")

    def of(self, command, without=(), **kwargs):
        """How it ran, and the calls that it made from its first instruction on."""
        ready, go = os.pipe()
        wait = ["sh", "-c", f'read _ <&{ready}; exec {ready}<&-; exec "$@"', "sh", *command]
        with subprocess.Popen(wait, pass_fds=[ready], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", errors="surrogateescape", **kwargs) as child:
            os.close(ready)
            counter = _open_counter(self._point, child.pid, without)
            os.close(go)
            output, errors = child.communicate()
        calls = int.from_bytes(os.read(counter, 8), "little")
        os.close(counter)
        return testing.Ran(child.returncode, output, errors), calls
