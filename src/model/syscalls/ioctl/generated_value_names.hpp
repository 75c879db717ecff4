// Made by generate_value_names.py of the kernel's headers; not to be edited.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace::ioctl {

extern const NameTable kEventTypes;
extern const NameTable kKeys;
extern const NameTable kRelativeAxes;
extern const NameTable kAbsoluteAxes;
extern const NameTable kSlotAxes;
extern const NameTable kMiscEvents;
extern const NameTable kSwitches;
extern const NameTable kLeds;
extern const NameTable kSounds;
extern const NameTable kRepeats;
extern const NameTable kInputProperties;
extern const NameTable kForces;
extern const NameTable kForceStates;
extern const NameTable kConsoleKeys;
extern const NameTable kConsoleKeyTypes;
extern const NameTable kBtrfsBalance;
extern const NameTable kBtrfsBalanceArguments;
extern const NameTable kBtrfsBalanceCommands;
extern const NameTable kBtrfsBalanceStates;
extern const NameTable kBtrfsChecksums;
extern const NameTable kBtrfsDefragmentation;
extern const NameTable kBtrfsFeatures;
extern const NameTable kBtrfsReadOnlyFeatures;
extern const NameTable kBtrfsInformation;
extern const NameTable kBtrfsKeys;
extern const NameTable kBtrfsLogicalInodes;
extern const NameTable kBtrfsQuotaCommands;
extern const NameTable kBtrfsGroupInheritance;
extern const NameTable kBtrfsGroupLimits;
extern const NameTable kBtrfsReplaceCommands;
extern const NameTable kBtrfsReplaceModes;
extern const NameTable kBtrfsReplaceResults;
extern const NameTable kBtrfsReplaceStates;
extern const NameTable kBtrfsScrubbing;
extern const NameTable kBtrfsSending;
extern const NameTable kBtrfsStatistics;
extern const NameTable kBtrfsStatisticsFlags;
extern const NameTable kGuestCapabilities;
extern const NameTable kGuestMemory;
extern const NameTable kBtrfsSubvolumes;

}  // namespace vdsotrace::ioctl
