#include "symbols/file_code.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "symbols/frame_rule.hpp"
#include "symbols/go_modules.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kMostFileCode = std::uint64_t{1} << 30;
constexpr std::uint8_t kFormat = 0x0f;       ///< of a pointer's encoding: how long, with a sign or not
constexpr std::uint8_t kApplication = 0xf0;  ///< from where it counts

/// Reads numbers off the front of bytes of the section.
class Reader {
 public:
  Reader(const std::uint8_t* at, const std::uint8_t* end, std::uint64_t address)
      : at_(at), end_(end), address_(address) {}

  /// A pointer as `encoding` says (DW_EH_PE_*, LSB 5, 10.5.1); nothing if it is of another kind.
  std::optional<std::uint64_t> pointer(std::uint8_t encoding) {
    const std::uint64_t here = address_;
    const auto value = number(encoding & kFormat);
    switch (encoding & kApplication) {
      case DW_EH_PE_absptr: return value;
      case DW_EH_PE_pcrel: return value ? std::optional(here + *value) : std::nullopt;
      default: return std::nullopt;
    }
  }
  std::optional<std::uint64_t> number(std::uint8_t format) {
    switch (format) {
      case DW_EH_PE_udata2: return take<std::uint16_t>();
      case DW_EH_PE_udata4: return take<std::uint32_t>();
      case DW_EH_PE_sdata2: return take<std::int16_t>();
      case DW_EH_PE_sdata4: return take<std::int32_t>();
      case DW_EH_PE_absptr:
      case DW_EH_PE_udata8:
      case DW_EH_PE_sdata8: return take<std::uint64_t>();
      default: return std::nullopt;
    }
  }
  std::optional<std::uint8_t> byte() {
    const auto value = take<std::uint8_t>();
    return value ? std::optional(static_cast<std::uint8_t>(*value)) : std::nullopt;
  }

 private:
  template <class T>
  std::optional<std::uint64_t> take() {
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    address_ += sizeof value;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t address_;
};

/// How the functions' addresses are written that belong to a CIE; nothing if that cannot be understood.
std::optional<std::uint8_t> encoding_in(const Dwarf_CIE& cie) {
  const std::string_view augmentation(cie.augmentation);
  if (augmentation.empty()) return DW_EH_PE_absptr;
  if (augmentation.front() != 'z' || cie.augmentation_data == nullptr) return std::nullopt;
  Reader data(cie.augmentation_data, cie.augmentation_data + cie.augmentation_data_size, 0);
  std::optional<std::uint8_t> encoding = DW_EH_PE_absptr;
  constexpr std::string_view kWithoutData = "SB", kWithEncoding = "RLP";
  for (const char letter : augmentation.substr(1)) {
    if (kWithoutData.find(letter) != std::string_view::npos) continue;
    if (kWithEncoding.find(letter) == std::string_view::npos) return std::nullopt;
    const auto given = data.byte();
    if (!given || (letter == 'P' && !data.number(*given & kFormat))) return std::nullopt;
    if (letter == 'R') encoding = given;
  }
  return encoding;
}

/// A section of that name, with its address and bytes.
struct Section {
  Elf_Data* data = nullptr;
  std::uint64_t address = 0;
};

Section section_named(Elf* elf, std::string_view wanted) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return {};
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name != nullptr && name == wanted) return {elf_getdata(section, nullptr), header.sh_addr};
  }
  return {};
}

using Encodings = std::map<Dwarf_Off, std::optional<std::uint8_t>>;  // by the offset of the CIE

/// The function that an entry of the section is for.
std::optional<AddressRange> function_of(const Dwarf_FDE& entry, const Section& section, const Encodings& encodings) {
  const auto encoding = encodings.find(entry.CIE_pointer);
  if (encoding == encodings.end() || !encoding->second) return std::nullopt;
  const auto* begin = static_cast<const std::uint8_t*>(section.data->d_buf);
  Reader fde(entry.start, entry.end, section.address + static_cast<std::uint64_t>(entry.start - begin));
  const auto start = fde.pointer(*encoding->second);
  const auto size = fde.number(*encoding->second & kFormat);
  return start && size ? std::optional(AddressRange{*start, *start + *size}) : std::nullopt;
}

void add_unwound_functions(Elf* elf, std::vector<AddressRange>& functions) {
  const Section section = section_named(elf, ".eh_frame");
  const auto* ident = reinterpret_cast<const unsigned char*>(elf_getident(elf, nullptr));
  if (section.data == nullptr || section.data->d_buf == nullptr || ident == nullptr) return;
  Encodings encodings;
  Dwarf_Off next = 0;
  for (Dwarf_Off at = 0;; at = next) {
    Dwarf_CFI_Entry entry;
    const int failed = dwarf_next_cfi(ident, section.data, true, at, &next, &entry);
    // What is broken is stepped over as long as something follows.
    if (failed == 1 || next <= at || next == static_cast<Dwarf_Off>(-1)) return;
    if (failed != 0) continue;
    if (dwarf_cfi_cie_p(&entry)) {
      encodings[at] = encoding_in(entry.cie);
    } else if (const auto function = function_of(entry.fde, section, encodings)) {
      functions.push_back(*function);
    }
  }
}

/// Where the code of a symbol lies, of a size of 0 if that is not known; nothing for one that names no code.
std::optional<AddressRange> code_named(const GElf_Sym& symbol) {
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) return std::nullopt;
  const int type = GELF_ST_TYPE(symbol.st_info);
  const bool is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
  if (!is_function && type != STT_NOTYPE) return std::nullopt;
  return AddressRange{symbol.st_value, symbol.st_value + (is_function ? symbol.st_size : 0)};
}

void add_symbols(Elf* elf, std::vector<AddressRange>& functions) {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    GElf_Sym symbol;
    for (int i = 0; data != nullptr && gelf_getsym(data, i, &symbol) != nullptr; ++i) {
      if (const auto code = code_named(symbol)) functions.push_back(*code);
    }
  }
}

/// The padding behind a function of Go's belongs to it there.
void add_go_functions(Elf* elf, std::vector<AddressRange>& functions) {
  const auto table = go_functions_of(elf);
  if (!table) return;
  const auto boundaries = table->boundaries();
  for (std::size_t i = 0; i + 1 < boundaries.size(); ++i) functions.push_back({boundaries[i], boundaries[i + 1]});
}

/// libelf would keep a copy of its own. Empty if the file has not so many.
std::vector<std::byte> bytes_of(int fd, std::uint64_t offset, std::uint64_t size) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  if (offset > file_size || size > file_size - offset) return {};
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n <= 0) return {};
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace

std::vector<CodeSegment> code_segments_of(Elf* elf, int fd) {
  std::size_t count = 0;
  if (!has_followed_machine(elf) || elf_getphdrnum(elf, &count) != 0) return {};
  std::vector<CodeSegment> segments;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) return {};
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0 || header.p_filesz > kMostFileCode) continue;
    auto bytes = bytes_of(fd, header.p_offset, header.p_filesz);
    if (!bytes.empty()) segments.push_back({header.p_vaddr, std::move(bytes)});
  }
  return segments;
}

FunctionTable functions_of(Elf* elf) {
  if (!has_followed_machine(elf)) return {};
  std::vector<AddressRange> functions;
  add_unwound_functions(elf, functions);
  add_symbols(elf, functions);
  add_go_functions(elf, functions);
  return FunctionTable(std::move(functions));
}

}  // namespace vdsotrace
