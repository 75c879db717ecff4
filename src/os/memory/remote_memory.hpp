// Another process's memory, as it is now.
#pragma once

#include <sys/types.h>

#include <span>

#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// Reads with process_vm_readv, page by page so that a string that ends just before
/// an unmapped page is read up to there; with /proc/PID/mem where that is refused; where there is no /proc either, with
/// PTRACE_PEEKDATA, if it is stopped and ours.
class RemoteMemory final : public Memory {
 public:
  explicit RemoteMemory(pid_t tid) : tid_(tid) {}
  std::size_t read(std::uint64_t address, std::span<std::byte> into) override;

 private:
  pid_t tid_;
};

/// Writes code or data of a stopped thread, also where the mapping is read-only
/// (a private copy of the page comes into being). /proc/PID/mem where allowed
/// (proc_mem.force_override may forbid it, or /proc be mounted read-only), else PTRACE_POKEDATA. False if
/// nothing or not all could be written. Should we be killed meanwhile, as much as that has been written from the
/// beginning; of eight bytes or less within a page all or nothing.
bool write_remote(pid_t tid, std::uint64_t address, std::span<const std::byte> bytes);

/// The same with zeros, but for the first word, which goes last: what is there can be known by it until all is gone.
bool clear_remote(pid_t tid, std::uint64_t address, std::size_t size);

}  // namespace vdsotrace
