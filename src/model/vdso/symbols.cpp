#include "model/vdso/symbols.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include <fmt/core.h>
#include <gelf.h>

#include "base/escape.hpp"
#include "model/owned_elf.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kLongestFunctionName = 127;

/// What is printed comes from a file that anybody may have made.
std::string printable(const char* text) {
  return text != nullptr
             ? escaped_word(std::string_view(text, ::strnlen(text, kLongestFunctionName)), kLongestFunctionName)
             : "";
}

class SymbolReader {
 public:
  explicit SymbolReader(std::span<const std::byte> bytes) {
    elf_version(EV_CURRENT);
    // libelf does not write to an image that it only reads.
    elf_.reset(elf_memory(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())), bytes.size()));
  }

  Result<std::vector<DynamicSymbol>> read() {
    if (!elf_) return fail("vDSO image: the ELF header is truncated or damaged");
    find_sections();
    if (symbols_.data == nullptr) return fail("vDSO image: no section of dynamic symbols");
    read_versions();
    std::vector<DynamicSymbol> found;
    GElf_Sym symbol;
    for (int i = 1; gelf_getsym(symbols_.data, i, &symbol) != nullptr; ++i) found.push_back(described(i, symbol));
    return found;
  }

 private:
  struct Section {
    GElf_Shdr header{};
    Elf_Data* data = nullptr;
  };

  void find_sections() {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf_.get(), section)) != nullptr) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr) continue;
      Section* wanted = header.sh_type == SHT_DYNSYM       ? &symbols_
                        : header.sh_type == SHT_GNU_versym ? &version_numbers_
                        : header.sh_type == SHT_GNU_verdef ? &version_names_
                                                           : nullptr;
      if (wanted != nullptr && wanted->data == nullptr) *wanted = {header, elf_getdata(section, nullptr)};
    }
  }

  std::string text_at(const Section& owner, std::size_t offset) const {
    return printable(elf_strptr(elf_.get(), owner.header.sh_link, offset));
  }

  void read_versions() {
    if (version_names_.data == nullptr) return;
    int at = 0;
    // Each step goes forward, so the section's size is a bound.
    for (GElf_Verdef definition; gelf_getverdef(version_names_.data, at, &definition) != nullptr;) {
      GElf_Verdaux name;
      const auto aux = static_cast<std::uint64_t>(at) + definition.vd_aux;
      if (aux < version_names_.data->d_size &&
          gelf_getverdaux(version_names_.data, static_cast<int>(aux), &name) != nullptr)
        versions_[definition.vd_ndx & 0x7fff] = text_at(version_names_, name.vda_name);
      if (definition.vd_next == 0 || definition.vd_next > version_names_.data->d_size) return;
      at += static_cast<int>(definition.vd_next);
    }
  }

  std::string section_name(const GElf_Sym& symbol) const {
    if (symbol.st_shndx == SHN_UNDEF) return "*UND*";
    if (symbol.st_shndx == SHN_ABS) return "*ABS*";
    std::size_t names = 0;
    GElf_Shdr header;
    Elf_Scn* section = elf_getscn(elf_.get(), symbol.st_shndx);
    if (section == nullptr || gelf_getshdr(section, &header) == nullptr || elf_getshdrstrndx(elf_.get(), &names) != 0)
      return "?";
    return printable(elf_strptr(elf_.get(), names, header.sh_name));
  }

  DynamicSymbol described(int i, const GElf_Sym& symbol) const {
    DynamicSymbol result{symbol.st_value,
                         symbol.st_size,
                         symbol.st_info,
                         symbol.st_other,
                         section_name(symbol),
                         text_at(symbols_, symbol.st_name),
                         {},
                         false};
    GElf_Versym number = 0;
    if (version_numbers_.data == nullptr || gelf_getversym(version_numbers_.data, i, &number) == nullptr) return result;
    result.hidden = (number & 0x8000) != 0;
    if (const auto found = versions_.find(number & 0x7fff); found != versions_.end()) result.version = found->second;
    return result;
  }

  OwnedElf elf_;
  Section symbols_;
  Section version_numbers_;
  Section version_names_;
  std::map<unsigned, std::string> versions_;
};

std::string_view format_of(Machine machine) {
  switch (machine) {
    case Machine::x86_64: return "elf64-x86-64";
    case Machine::x32: return "elf32-x86-64";
    case Machine::i386: return "elf32-i386";
    case Machine::aarch64: return "elf64-littleaarch64";
    case Machine::arm: return "elf32-littlearm";
    case Machine::riscv64: return "elf64-littleriscv";
    case Machine::other: break;
  }
  return "elf";
}

/// The seven columns of flags: l/g/u, w, C, W, I/i, d/D, F/f/O.
std::string flags_of(const DynamicSymbol& symbol) {
  std::string flags = "     D ";
  switch (GELF_ST_BIND(symbol.info)) {
    case STB_LOCAL: flags[0] = 'l'; break;
    case STB_GLOBAL: flags[0] = symbol.section == "*UND*" ? ' ' : 'g'; break;
    case STB_GNU_UNIQUE: flags[0] = 'u'; break;
    case STB_WEAK: flags[1] = 'w'; break;
    default: break;
  }
  switch (GELF_ST_TYPE(symbol.info)) {
    case STT_FUNC: flags[6] = 'F'; break;
    case STT_OBJECT: flags[6] = 'O'; break;
    case STT_GNU_IFUNC: flags[4] = 'i'; break;
    default: break;
  }
  return flags;
}

std::string_view visibility_of(const DynamicSymbol& symbol) {
  switch (GELF_ST_VISIBILITY(symbol.other)) {
    case STV_INTERNAL: return " .internal";
    case STV_HIDDEN: return " .hidden";
    case STV_PROTECTED: return " .protected";
    default: return "";
  }
}

std::string version_column(const DynamicSymbol& symbol) {
  if (!symbol.hidden) return fmt::format("  {:<11}", symbol.version);
  return fmt::format(" {:<12}", fmt::format("({})", symbol.version));
}

}  // namespace

Result<std::vector<DynamicSymbol>> dynamic_symbols(const VdsoImage& image) {
  return SymbolReader(image.bytes()).read();
}

Result<std::string> symbols_text(const VdsoImage& image, std::string_view name) {
  const auto symbols = dynamic_symbols(image);
  if (!symbols) return tl::unexpected(symbols.error());
  const bool wide = image.machine() == Machine::x86_64 || image.machine() == Machine::aarch64 ||
                    image.machine() == Machine::riscv64 || image.machine() == Machine::other;
  const int digits = wide ? 16 : 8;
  std::string text =
      fmt::format("\n{}:     file format {}\n\nDYNAMIC SYMBOL TABLE:\n", name, format_of(image.machine()));
  for (const DynamicSymbol& symbol : *symbols) {
    text += fmt::format("{:0{}x} {} {}\t{:0{}x}{}{} {}\n", symbol.value, digits, flags_of(symbol), symbol.section,
                        symbol.size, digits, version_column(symbol), visibility_of(symbol), symbol.name);
  }
  return text;
}

}  // namespace vdsotrace
