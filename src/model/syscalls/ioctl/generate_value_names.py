#!/usr/bin/env python3
"""Writes generated_value_names.hpp and generated_value_names.cpp beside it: the constants of input devices (evdev), of the console's
keyboard, of btrfs and of KVM, as the kernel's headers of this machine (linux-libc-dev) have them. Run it by hand where those headers
have become newer:

    src/model/syscalls/ioctl/generate_value_names.py /usr/include

The tables are committed, not made by the build: every build of one source tree knows the same names."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "netlink"))
import generate_names  # noqa: E402

CODES = "linux/input-event-codes.h"
BTRFS = "linux/btrfs.h"
BTRFS_TREE = "linux/btrfs_tree.h"
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
    "ConsoleKeys": ("linux/keyboard.h", "K_[A-Za-z0-9_]+", "K_???", ""),
    "ConsoleKeyTypes": ("linux/keyboard.h", "KT_[A-Z0-9]+", "KT_???", ""),
    "BtrfsBalance": (BTRFS, "BTRFS_BALANCE_[A-Z]+", "BTRFS_BALANCE_???", ""),
    "BtrfsBalanceArguments": (BTRFS, "BTRFS_BALANCE_ARGS_[A-Z_]+", "BTRFS_BALANCE_ARGS_???", "BTRFS_BALANCE_ARGS_MASK"),
    "BtrfsBalanceCommands": (BTRFS, "BTRFS_BALANCE_CTL_[A-Z]+", "BTRFS_BALANCE_CTL_???", ""),
    "BtrfsBalanceStates": (BTRFS, "BTRFS_BALANCE_STATE_[A-Z_]+", "BTRFS_BALANCE_STATE_???", ""),
    "BtrfsChecksums": (BTRFS_TREE, "BTRFS_CSUM_TYPE_[A-Z0-9]+", "BTRFS_CSUM_TYPE_???", ""),
    "BtrfsDefragmentation": (BTRFS, "BTRFS_DEFRAG_RANGE_[A-Z_]+", "BTRFS_DEFRAG_RANGE_???", "BTRFS_DEFRAG_RANGE_FLAGS_SUPP"),
    "BtrfsFeatures": (BTRFS, "BTRFS_FEATURE_INCOMPAT_[A-Z0-9_]+", "BTRFS_FEATURE_INCOMPAT_???", ""),
    "BtrfsReadOnlyFeatures": (BTRFS, "BTRFS_FEATURE_COMPAT_RO_[A-Z0-9_]+", "BTRFS_FEATURE_COMPAT_RO_???", ""),
    "BtrfsInformation": (BTRFS, "BTRFS_FS_INFO_FLAG_[A-Z_]+", "BTRFS_FS_INFO_FLAG_???", ""),
    "BtrfsKeys": (BTRFS_TREE, "BTRFS_[A-Z0-9_]+_KEY|BTRFS_UUID_KEY_[A-Z_]+", "",
                  "BTRFS_(?:BALANCE_ITEM|DEV_STATS)_KEY"),
    "BtrfsLogicalInodes": (BTRFS, "BTRFS_LOGICAL_INO_ARGS_[A-Z_]+", "BTRFS_LOGICAL_INO_ARGS_???", ""),
    "BtrfsQuotaCommands": (BTRFS, "BTRFS_QUOTA_CTL_[A-Z_]+", "BTRFS_QUOTA_CTL_???", ""),
    "BtrfsGroupInheritance": (BTRFS, "BTRFS_QGROUP_INHERIT_[A-Z_]+", "BTRFS_QGROUP_INHERIT_???", ""),
    "BtrfsGroupLimits": (BTRFS, "BTRFS_QGROUP_LIMIT_[A-Z_]+", "BTRFS_QGROUP_LIMIT_???", ""),
    "BtrfsReplaceCommands": (BTRFS, "BTRFS_IOCTL_DEV_REPLACE_CMD_[A-Z]+", "BTRFS_IOCTL_DEV_REPLACE_CMD_???", ""),
    "BtrfsReplaceModes": (BTRFS, "BTRFS_IOCTL_DEV_REPLACE_CONT_READING_FROM_SRCDEV_MODE_[A-Z]+",
                          "BTRFS_IOCTL_DEV_REPLACE_CONT_READING_FROM_SRCDEV_MODE_???", ""),
    "BtrfsReplaceResults": (BTRFS, "BTRFS_IOCTL_DEV_REPLACE_RESULT_[A-Z_]+", "BTRFS_IOCTL_DEV_REPLACE_RESULT_???", ""),
    "BtrfsReplaceStates": (BTRFS, "BTRFS_IOCTL_DEV_REPLACE_STATE_[A-Z_]+", "BTRFS_IOCTL_DEV_REPLACE_STATE_???", ""),
    "BtrfsScrubbing": (BTRFS, "BTRFS_SCRUB_[A-Z_]+", "BTRFS_SCRUB_???", "BTRFS_SCRUB_SUPPORTED_FLAGS"),
    "BtrfsSending": (BTRFS, "BTRFS_SEND_FLAG_[A-Z_]+", "BTRFS_SEND_FLAGS_???", "BTRFS_SEND_FLAG_MASK"),
    "BtrfsStatistics": (BTRFS, "BTRFS_DEV_STAT_[A-Z_]+", "", "BTRFS_DEV_STAT_VALUES_MAX"),
    "BtrfsStatisticsFlags": (BTRFS, "BTRFS_DEV_STATS_[A-Z_]+", "BTRFS_DEV_STATS_???", ""),
    "GuestCapabilities": ("linux/kvm.h", "KVM_CAP_[A-Z0-9_]+", "KVM_CAP_???", ""),
    "GuestMemory": ("linux/kvm.h", "KVM_MEM_[A-Z_]+", "KVM_MEM_???", ""),
    "BtrfsSubvolumes": (BTRFS, "BTRFS_SUBVOL_(?:CREATE_ASYNC|RDONLY|QGROUP_INHERIT)", "BTRFS_SUBVOL_???", ""),
}

if __name__ == "__main__":
    generate_names.write(TABLES, Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include"), HERE, "generated_value_names")
