// bpf(2): its commands and what their attributes are.
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

extern const ArgKind kBpfCommand;
void result_bpf(ArgContext& c);       ///< of most commands that make something a descriptor
extern const ArgKind kBpfAttributes;  ///< union bpf_attr; its size in the next argument

namespace bpf {

// bpf_values.cpp
extern const NameTable kCommandNames;
extern const NameTable kMapTypeNames;
extern const NameTable kProgramTypeNames;
extern const NameTable kAttachTypeNames;
extern const NameTable kTaskDescriptorNames;
extern const NameTable kMapFlagNames;
extern const NameTable kProgramFlagNames;
extern const NameTable kAttachFlagNames;
extern const NameTable kQueryFlagNames;
extern const NameTable kTestFlagNames;
extern const NameTable kMultiFlagNames;
extern const NameTable kOpenFlagNames;
extern const NameTable kElementFlagNames;
extern const NameTable kLookupFlagNames;
extern const NameTable kStatisticsNames;

}  // namespace bpf
}  // namespace vdsotrace
