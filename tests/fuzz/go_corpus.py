"""Writes the seeds of go_functions: Go's table of functions as each version of its linker makes it, with three functions."""

import struct
import sys
from pathlib import Path

TEXT = 0x401000
NAMES, SIZES, ROWS, FUNCTIONS, EACH = 0x80, 0xC0, 0x100, 0x180, 0x40
SIZE = FUNCTIONS + 3 * EACH
ENTRIES = (0, 0x40, 0x60, 0x70)
#           magic       entries are relative, flag in struct _func behind its entry
VERSIONS = {"go1_2": (0xFFFFFFFB, False, None), "go1_16": (0xFFFFFFFA, False, 33),
            "go1_18": (0xFFFFFFF0, True, 33), "go1_20": (0xFFFFFFF1, True, 37)}


def table(magic, relative, flag):
    old = flag is None
    data = bytearray(SIZE)

    def put(at, form, *values):
        struct.pack_into("<" + form, data, at, *values)

    put(0, "IHBBQ", magic, 0, 1, 8, 3)
    if not old:
        put(24, "QQQQQQ" if relative else "QQQQQ", *([TEXT] if relative else []), NAMES, 0, 0, SIZES, ROWS)
    for at, name in ((1, b"main.work"), (0x11, b"time.now"), (0x21, b"runtime.goexit")):
        data[NAMES + at:NAMES + at + len(name)] = name
    data[SIZES + 1:SIZES + 8] = bytes((2, 4, 0x30, 0x34, 0x2F, 8, 0))
    rows, base, entry_size = (16 if old else ROWS), (0 if old else ROWS), (4 if relative else 8)
    for i, entry in enumerate(ENTRIES):
        function = FUNCTIONS + i * EACH
        place = function - base if i < 3 else 0
        put(rows + i * 2 * entry_size, "II" if relative else "QQ", entry + (0 if relative else TEXT), place)
        if i == 3:
            break
        put(function + entry_size, "I", (1, 0x11, 0x21)[i] + (NAMES if old else 0))
        put(function + entry_size + 12, "I", 1 + (SIZES if old else 0))
        if flag is not None:
            data[function + entry_size + flag] = (0, 6, 1)[i]
    return bytes(data)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "corpus" / "go_functions")
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in VERSIONS.items():
        (folder / name).write_bytes(table(*shape))
    # Code that leaves its stack, as time.now does.
    (folder / "code").write_bytes(bytes.fromhex("4883ec184989e44c3971c07503488b224883ec204883e4f0ffd04c89e44883c418c3"))


if __name__ == "__main__":
    main()
