// Code that makes a system call in a thread and then brings it back to where it was, without a tracer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/registers.hpp"

namespace vdsotrace::arch {

/// What a thread that we never take back does about what its call has made.
enum class OrphanCleanup : std::uint8_t {
  keep,
  unmap,         ///< what mmap(2) has mapped
  close,         ///< the descriptor that the call has answered
  close_mapped,  ///< the descriptor that mmap(2) was given
};

struct ReturnStub {
  std::vector<std::byte> bytes;          ///< position independent
  std::array<std::uint64_t, 4> calls{};  ///< offsets of the system call instructions, by OrphanCleanup
  std::uint64_t back = 0;                ///< offset of what brings the thread back; they all lead there

  std::uint64_t call(OrphanCleanup then = OrphanCleanup::keep) const { return calls[static_cast<std::size_t>(then)]; }
};

/// The call by which it gives back what such a call, with these arguments, has made; its own as far as they are known
/// before.
std::optional<SystemCallRegisters> cleanup_call(OrphanCleanup then, const std::array<std::uint64_t, 6>& args);
/// The call by which it sets the signal mask. The thread is harmed where that is not made.
SystemCallRegisters setting_mask();

/// One that brings back to these registers and that signal mask. Where they are those of an interrupted system call
/// that the kernel would restart, it is begun again.
ReturnStub make_return_stub(const Registers& registers, std::uint64_t signal_mask);

/// How many bytes at the beginning of `bytes` are such a stub, whatever it brings back to: all of it, or 0. Also of one
/// that a tracer was killed over as it wrote it (write_remote) or took it away (clear_remote): no thread is in that.
std::size_t return_stub_at(std::span<const std::byte> bytes);

/// Whether that result of a system call makes the kernel begin it again (ERESTARTSYS to ERESTART_RESTARTBLOCK,
/// linux/errno.h).
bool restarts_after(std::int64_t result);

/// Whether these are the registers of a system call that was interrupted and that the kernel will restart.
bool restarts_call(const Registers& registers);

}  // namespace vdsotrace::arch
