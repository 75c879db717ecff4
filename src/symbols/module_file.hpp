// The file behind a mapping, and what must be known of it before anything is looked up in it.
#pragma once

#include <libelf.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/unique_fd.hpp"
#include "os/proc/proc.hpp"

namespace vdsotrace {

/// Opens the file that is mapped there and no other: found through the process's root directory, as another name space
/// may name other files so; checked by its inode; a deleted one through /proc/PID/map_files (proc(5)), where that is
/// permitted. An invalid descriptor if it cannot be had.
UniqueFd open_mapped_file(pid_t pid, const proc::Mapping& mapping);

/// What an ELF file says of its own place in memory.
struct ModuleFacts {
  struct Load {
    std::uint64_t offset = 0;
    std::uint64_t file_size = 0;
    std::uint64_t address = 0;
    bool executable = false;
  };
  std::vector<Load> loads;
  std::uint64_t lowest = 0;     ///< address of the first page of the first load
  bool self_contained = false;  ///< needs no library and no loader: a static program
  bool all_symbols = false;     ///< has a .symtab

  /// The address, before relocation, of the byte at that offset of the file. A page in which one segment ends and
  /// another begins is mapped twice: then it is that of the code.
  std::optional<std::uint64_t> address_at(std::uint64_t file_offset) const;
  /// Where the file has the bytes of that address, if it has so many of them.
  std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t size) const;
};

/// Nothing if it is not an executable or a shared object.
std::optional<ModuleFacts> module_facts(Elf* elf);

}  // namespace vdsotrace
