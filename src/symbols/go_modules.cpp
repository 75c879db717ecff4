#include "symbols/go_modules.hpp"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "model/code/elf_machine.hpp"
#include "model/code/frame_flow.hpp"
#include "symbols/frame_rule.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint64_t kLargestTable = std::uint64_t{512} << 20;
constexpr std::uint64_t kLargestNotes = 64 * 1024;
constexpr std::uint64_t kMostGoCode = 64 * 1024;
constexpr std::size_t kAlignment = 8;

Bytes bytes_of(const Elf_Data* data) {
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const std::byte*>(data->d_buf), data->d_size};
}

/// A table and the address of its first byte.
struct Place {
  Bytes bytes;
  std::uint64_t address = 0;
};

Place section_with_table(Elf* elf) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return {};
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_PROGBITS || header.sh_size > kLargestTable)
      continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr) continue;
    const std::string_view text(name);
    if (text == ".gopclntab" || text == ".data.rel.ro.gopclntab")
      return {bytes_of(elf_getdata(section, nullptr)), header.sh_addr};
  }
  return {};
}

bool is_note_of_go(Elf* elf, const GElf_Phdr& segment) {
  if (segment.p_type != PT_NOTE || segment.p_filesz > kLargestNotes) return false;
  Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset), segment.p_filesz, ELF_T_NHDR);
  if (data == nullptr) return false;
  using namespace std::string_view_literals;
  constexpr std::string_view kOwner = "Go\0\0"sv;
  GElf_Nhdr note;
  std::size_t name = 0;
  std::size_t description = 0;
  std::size_t at = 0;
  while ((at = gelf_getnote(data, at, &note, &name, &description)) > 0) {
    if (note.n_namesz == kOwner.size() &&
        std::memcmp(static_cast<const char*>(data->d_buf) + name, kOwner.data(), kOwner.size()) == 0)
      return true;
  }
  return false;
}

/// Where a linker has merged the table into another section, or all sections are gone.
Place table_in_segments(Elf* elf) {
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return {};
  std::vector<GElf_Phdr> segments(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (gelf_getphdr(elf, static_cast<int>(i), &segments[i]) == nullptr) return {};
  }
  if (!std::ranges::any_of(segments, [&](const GElf_Phdr& segment) { return is_note_of_go(elf, segment); })) return {};
  for (const GElf_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) != 0 || segment.p_filesz > kLargestTable) continue;
    const Bytes bytes =
        bytes_of(elf_getdata_rawchunk(elf, static_cast<std::int64_t>(segment.p_offset), segment.p_filesz, ELF_T_BYTE));
    for (std::size_t at = 0; at < bytes.size(); at += kAlignment) {
      if (GoFunctions::is_header(bytes.subspan(at)) && GoFunctions::read(bytes.subspan(at)))
        return {bytes.subspan(at), segment.p_vaddr + at};
    }
  }
  return {};
}

/// What a relocation adds to the image's place in memory, and puts there.
std::optional<std::uint64_t> relocated_word(Elf* elf, std::uint64_t address) {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_RELA || header.sh_size > kLargestTable)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    GElf_Rela relocation;
    for (int i = 0; data != nullptr && gelf_getrela(data, i, &relocation) != nullptr; ++i) {
      if (relocation.r_offset == address && GELF_R_TYPE(relocation.r_info) == kRelativeRelocation)
        return static_cast<std::uint64_t>(relocation.r_addend);
    }
  }
  return std::nullopt;
}

std::optional<GoFunctions> read_table(const Module& module) {
  Dwarf_Addr unused = 0;
  Elf* elf = dwfl_module_getelf(module.dwfl, &unused);
  return elf != nullptr ? go_functions_of(elf) : std::nullopt;
}

}  // namespace

std::optional<GoFunctions> go_functions_of(Elf* elf) {
  if (!has_followed_machine(elf)) return std::nullopt;
  Place place = section_with_table(elf);
  if (place.bytes.empty()) place = table_in_segments(elf);
  std::optional<std::uint64_t> text_start;
  if (const auto at = GoFunctions::text_start_at(place.bytes)) text_start = relocated_word(elf, place.address + *at);
  return GoFunctions::read(place.bytes, text_start);
}

const std::optional<GoFunctions>& GoModules::table_of(const Module& module) {
  const auto known = tables_.find(&module);
  return known != tables_.end() ? known->second : tables_.emplace(&module, read_table(module)).first->second;
}

std::optional<GoCode> GoModules::code(const Module& module) {
  const auto& table = table_of(module);
  const auto code = table && table->keeps_g_in_register() ? table->code() : std::nullopt;
  return code ? std::optional(GoCode{code->address + module.bias, code->bytes}) : std::nullopt;
}

std::optional<GoFunction> GoModules::function(const Module& module, std::uint64_t address) {
  const auto& table = table_of(module);
  return table ? table->find(address - module.bias) : std::nullopt;
}

std::optional<FrameRule> GoModules::frame_rule(const Module& module, const GoFunction& function,
                                               std::uint64_t address) {
  const std::uint64_t place = address - module.bias;
  const auto& table = table_of(module);
  if (!table || function.is_outermost) return std::nullopt;
  if (function.moves_stack_pointer) {
    std::vector<std::byte> code(std::min(function.end - function.entry, kMostGoCode));
    if (!module.read(function.entry + module.bias, code)) return std::nullopt;
    return frame_rule_of_code(code, place + 1 - function.entry, true);
  }
  const auto size = table->frame_size(function, place);
  if (!size) return std::nullopt;
  FrameRule rule{kDwarfStackPointer,
                 static_cast<std::int64_t>(*size) + static_cast<std::int64_t>(sizeof(std::uint64_t)),
                 false,
                 {}};
  rule.preserved.fill({FrameRule::Keeps::lost, 0});
  return rule;
}

}  // namespace vdsotrace
