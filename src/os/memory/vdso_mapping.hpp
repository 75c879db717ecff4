// The vDSO as it is mapped in a process, byte for byte.
//
// Where it is the kernel says twice: in /proc/PID/maps, and to the program itself, in the auxiliary vector. How large
// it is only the former says; the image's own headers do, too.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/self/own_signals.hpp"
#include "vdsotrace/error.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

struct MappedVdso {
  std::uint64_t base = 0;
  std::vector<std::byte> bytes;  ///< the whole mapping
};

/// Whether an error of the functions below means that the process has no vDSO; any other, that it is not known.
inline bool says_none(const Error& error) { return error.code == ENOENT; }

/// Of a process, which need not be stopped. Errors: no such process, it has ended, a kernel thread, not ours
/// to read, /proc cannot be believed, no vDSO.
Result<MappedVdso> read_vdso(pid_t pid);

/// Of a program that has just been executed, and not run yet: by the auxiliary vector on its stack, so without /proc.
/// `is_64_bit`: the code that it runs. Errors: the memory cannot be read, the stack or the image is not as the kernel
/// makes them, no vDSO.
Result<MappedVdso> read_executed_vdso(Memory& memory, std::uint64_t stack_pointer, bool is_64_bit);

/// Our own, by getauxval(3) and without /proc; where that says nothing (hidden by a tracer) by /proc. Errors: it cannot
/// be read, no vDSO.
Result<MappedVdso> read_own_vdso();

/// The size of the mapping that begins with an ELF image, in whole pages: all that its headers speak of, themselves
/// included. Nothing if there is no such image, or none that a kernel would map.
std::optional<std::uint64_t> mapped_size(Memory& memory, std::uint64_t base);

/// Of a program: it is started, stopped before its first instruction, and killed. Errors also
/// of starting it, and a signal to us meanwhile.
Result<MappedVdso> read_vdso_of(const std::vector<std::string>& command);

}  // namespace vdsotrace
