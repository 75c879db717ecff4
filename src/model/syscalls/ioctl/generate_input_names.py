#!/usr/bin/env python3
"""Writes generated_input_names.hpp and generated_input_names.cpp beside it: the constants of input devices (evdev), as the kernel's
headers of this machine (linux-libc-dev) have them. Run it by hand where those headers have become newer:

    src/model/syscalls/ioctl/generate_input_names.py /usr/include

The tables are committed, not made by the build: every build of one source tree knows the same names."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "netlink"))
import generate_names  # noqa: E402

CODES = "linux/input-event-codes.h"
TABLES = {
    "EventTypes": (CODES, "EV_[A-Z_]+", "EV_???", "EV_(?:VERSION|CNT)"),
    "Keys": (CODES, "(?:KEY|BTN)_[A-Z0-9_]+", "KEY_???", "KEY_CNT|KEY_MIN_INTERESTING|BTN_(?:MISC|MOUSE|JOYSTICK|GAMEPAD|DIGI|WHEEL|TRIGGER_HAPPY)"),
    "RelativeAxes": (CODES, "REL_[A-Z0-9_]+", "REL_???", "REL_CNT"),
    "AbsoluteAxes": (CODES, "ABS_[A-Z0-9_]+", "ABS_???", "ABS_CNT"),
    "SlotAxes": (CODES, "ABS_MT_[A-Z0-9_]+", "ABS_MT_???", ""),
    "MiscEvents": (CODES, "MSC_[A-Z0-9_]+", "MSC_???", "MSC_CNT"),
    "Switches": (CODES, "SW_[A-Z0-9_]+", "SW_???", "SW_CNT"),
    "Leds": (CODES, "LED_[A-Z0-9_]+", "LED_???", "LED_CNT"),
    "Sounds": (CODES, "SND_[A-Z0-9_]+", "SND_???", "SND_CNT"),
    "Repeats": (CODES, "REP_[A-Z0-9_]+", "REP_???", "REP_CNT"),
    "InputProperties": (CODES, "INPUT_PROP_[A-Z0-9_]+", "INPUT_PROP_???", "INPUT_PROP_CNT"),
    "Forces": ("linux/input.h", "FF_[A-Z0-9_]+", "FF_???", "FF_(?:STATUS_.*|CNT|(?:EFFECT|WAVEFORM)_M(?:IN|AX)|MAX_EFFECTS)"),
    "ForceStates": ("linux/input.h", "FF_STATUS_[A-Z]+", "FF_STATUS_???", ""),
}

if __name__ == "__main__":
    generate_names.write(TABLES, Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include"), HERE, "generated_input_names")
