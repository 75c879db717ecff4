// The vDSO as it is mapped in a process, byte for byte.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "os/own_signals.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

struct MappedVdso {
  std::uint64_t base = 0;
  std::vector<std::byte> bytes;  ///< the whole mapping
};

/// Of a process, which need not be stopped. Errors: no such process, it has ended, a kernel thread, not ours
/// to read, no vDSO (code ENOENT).
Result<MappedVdso> read_vdso(pid_t pid);

/// Of a program: it is started, stopped before its first instruction, and killed. Errors also
/// of starting it, and a signal to us meanwhile.
Result<MappedVdso> read_vdso_of(const std::vector<std::string>& command);

}  // namespace vdsotrace
