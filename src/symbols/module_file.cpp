#include "symbols/module_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <gelf.h>
#include <sys/stat.h>

#include <algorithm>

#include "os/procfs.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kPageMask = 4095;
constexpr std::uint64_t kMostDynamicBytes = 64 * 1024;

/// Only a regular file is opened: to open others can wait, or do something.
UniqueFd open_regular(const UniqueFd& place, std::optional<std::uint64_t> inode) {
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (inode && status.st_ino != *inode) return {};
  return procfs::open_target(fmt::format("self/fd/{}", place.get()), O_RDONLY);
}

bool needs_libraries(Elf* elf, const GElf_Phdr& dynamic) {
  if (dynamic.p_filesz > kMostDynamicBytes) return true;
  Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(dynamic.p_offset), dynamic.p_filesz, ELF_T_DYN);
  GElf_Dyn entry;
  for (int i = 0; data != nullptr && gelf_getdyn(data, i, &entry) != nullptr; ++i) {
    if (entry.d_tag == DT_NEEDED) return true;
    if (entry.d_tag == DT_NULL) return false;
  }
  return data == nullptr;
}

bool has_section(Elf* elf, std::uint32_t type) {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == type) return true;
  }
  return false;
}

/// Adds what a segment says. False if it is broken.
bool add_segment(Elf* elf, const GElf_Phdr& segment, ModuleFacts& facts) {
  if (segment.p_type == PT_INTERP || (segment.p_type == PT_DYNAMIC && needs_libraries(elf, segment)))
    facts.self_contained = false;
  if (segment.p_type != PT_LOAD) return true;
  if (segment.p_offset + segment.p_filesz < segment.p_offset) return false;
  if (facts.loads.empty()) facts.lowest = segment.p_vaddr & -segment.p_align;
  facts.loads.push_back({segment.p_offset, segment.p_filesz, segment.p_vaddr, (segment.p_flags & PF_X) != 0});
  return true;
}

}  // namespace

UniqueFd open_mapped_file(pid_t pid, const proc::Mapping& mapping) {
  if (mapping.inode == 0 || !mapping.name.starts_with('/')) return {};
  const auto as_it_sees_it = procfs::open_target(fmt::format("{}/root{}", pid, mapping.name), O_PATH);
  if (auto file = open_regular(as_it_sees_it, mapping.inode)) return file;
  const UniqueFd as_we_see_it(::open(mapping.name.c_str(), O_PATH | O_CLOEXEC));
  if (auto file = open_regular(as_we_see_it, mapping.inode)) return file;
  const auto mapped = fmt::format("{}/map_files/{:x}-{:x}", pid, mapping.start, mapping.end);
  return open_regular(procfs::open_target(mapped, O_PATH), std::nullopt);
}

std::optional<std::uint64_t> ModuleFacts::address_at(std::uint64_t file_offset) const {
  std::optional<std::uint64_t> found;
  for (const Load& load : loads) {
    // Mappings begin and end at pages.
    const std::uint64_t start = load.offset & ~kPageMask;
    const std::uint64_t end = load.offset + load.file_size;
    if (file_offset < start || file_offset >= end || (found && !load.executable)) continue;
    found = load.address - (load.offset - start) + (file_offset - start);
    if (load.executable) break;
  }
  return found;
}

std::optional<std::uint64_t> ModuleFacts::offset_of(std::uint64_t address, std::uint64_t size) const {
  for (const Load& load : loads) {
    const std::uint64_t inside = address - load.address;
    if (address >= load.address && inside < load.file_size && size <= load.file_size - inside)
      return load.offset + inside;
  }
  return std::nullopt;
}

std::optional<ModuleFacts> module_facts(Elf* elf) {
  GElf_Ehdr header;
  std::size_t count = 0;
  if (gelf_getehdr(elf, &header) == nullptr || elf_getphdrnum(elf, &count) != 0) return std::nullopt;
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return std::nullopt;
  ModuleFacts facts;
  facts.self_contained = true;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr || !add_segment(elf, segment, facts))
      return std::nullopt;
  }
  if (facts.loads.empty()) return std::nullopt;
  facts.all_symbols = has_section(elf, SHT_SYMTAB);
  return facts;
}

}  // namespace vdsotrace
