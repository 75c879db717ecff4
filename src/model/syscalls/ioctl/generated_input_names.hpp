// Made by generate_input_names.py of the kernel's headers; not to be edited.
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

}  // namespace vdsotrace::ioctl
