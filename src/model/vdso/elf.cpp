#include "model/vdso/elf.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <gelf.h>

#include "model/owned_elf.hpp"

namespace vdsotrace {
namespace {

/// Names are a few words long, functions a dozen.
constexpr std::size_t kLongestName = 127;
constexpr std::size_t kLongestBuildId = 64;
constexpr std::string_view kGnuNote{ELF_NOTE_GNU, sizeof ELF_NOTE_GNU};

bool may_be_code(const GElf_Sym& symbol) {
  const auto type = GELF_ST_TYPE(symbol.st_info);
  const bool is_here = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS;
  return (type == STT_FUNC || type == STT_NOTYPE) && is_here;
}

Machine machine_of(const GElf_Ehdr& header) {
  const bool wide = header.e_ident[EI_CLASS] == ELFCLASS64;
  struct Row {
    unsigned elf;
    bool wide;
    Machine machine;
  };
  static constexpr Row kRows[] = {
      {EM_X86_64, true, Machine::x86_64},   {EM_X86_64, false, Machine::x32}, {EM_386, false, Machine::i386},
      {EM_AARCH64, true, Machine::aarch64}, {EM_ARM, false, Machine::arm},    {EM_RISCV, true, Machine::riscv64},
  };
  for (const Row& row : kRows) {
    if (row.elf == header.e_machine && row.wide == wide) return row.machine;
  }
  return Machine::other;
}

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '$';
  };
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), plain);
}

/// What the dynamic segment points to, as offsets into the image.
struct SymbolTable {
  std::uint64_t symbols = 0;
  std::uint64_t count = 0;
  std::uint64_t strings = 0;
  std::uint64_t strings_size = 0;
};

class ElfReader {
 public:
  explicit ElfReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  Result<ElfFacts> read();

 private:
  Result<void> open();
  Result<GElf_Phdr> segment(int index);
  void note_code(const GElf_Phdr& segment);
  Result<void> read_segments();
  Result<void> read_sections();
  Result<SymbolTable> find_symbols();
  Result<SymbolTable> dynamic_symbols();
  Result<SymbolTable> section_symbols();
  std::optional<std::uint64_t> count_by_hash(std::uint64_t at) const;
  std::optional<std::uint64_t> count_by_gnu_hash(std::uint64_t at) const;
  Result<void> read_symbols(const SymbolTable& table);
  void read_notes(const GElf_Phdr& segment);

  /// Ends a range that the headers claim, or says that it lies outside.
  Result<void> use(std::string_view what, std::uint64_t offset, std::uint64_t size);
  bool holds(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset;
  }
  /// Offset in the image of an address that the file speaks of.
  std::uint64_t offset_of(std::uint64_t address) const { return address - load_address_; }
  std::optional<std::uint32_t> word_at(std::uint64_t offset) const;
  Elf_Data* data_at(std::uint64_t offset, std::uint64_t size, Elf_Type type) const {
    return elf_getdata_rawchunk(elf_.get(), static_cast<std::int64_t>(offset), size, type);
  }
  std::size_t entry_size(Elf_Type type) const { return gelf_fsize(elf_.get(), type, 1, EV_CURRENT); }

  std::span<const std::byte> bytes_;
  OwnedElf elf_;
  GElf_Ehdr header_{};
  std::optional<GElf_Phdr> dynamic_;
  std::uint64_t load_address_ = 0;  ///< address of the image's first byte
  ElfFacts facts_;
};

Result<ElfFacts> ElfReader::read() {
  return open()
      .and_then([&] { return read_segments(); })
      .and_then([&] { return read_sections(); })
      .and_then([&] { return find_symbols(); })
      .and_then([&](const SymbolTable& table) { return read_symbols(table); })
      .map([&] { return std::move(facts_); });
}

Result<void> ElfReader::open() {
  if (bytes_.size() < SELFMAG || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
    return fail("vDSO image: not an ELF file");
  }
  if (bytes_.size() > kLargestVdso) {
    return fail(fmt::format("vDSO image: {} bytes are too many for a vDSO", bytes_.size()));
  }
  elf_version(EV_CURRENT);
  // libelf does not write to an image that it only reads.
  elf_.reset(elf_memory(const_cast<char*>(reinterpret_cast<const char*>(bytes_.data())), bytes_.size()));
  if (!elf_ || gelf_getehdr(elf_.get(), &header_) == nullptr) {
    return fail("vDSO image: the ELF header is truncated or damaged");
  }
  if (header_.e_type != ET_DYN) return fail("vDSO image: not a shared object");
  facts_.machine = machine_of(header_);
  return use("ELF header", 0, header_.e_ehsize);
}

void ElfReader::note_code(const GElf_Phdr& segment) {
  load_address_ = segment.p_vaddr - segment.p_offset;
  facts_.code_start = static_cast<std::uint32_t>(segment.p_offset);
  facts_.code_end = static_cast<std::uint32_t>(segment.p_offset + segment.p_filesz);
}

Result<GElf_Phdr> ElfReader::segment(int index) {
  GElf_Phdr segment;
  if (gelf_getphdr(elf_.get(), index, &segment) == nullptr)
    return fail("vDSO image: the program header table is damaged");
  if (segment.p_type == PT_NULL) return segment;
  if (auto ok = use("segment", segment.p_offset, segment.p_filesz); !ok) return tl::unexpected(ok.error());
  return segment;
}

Result<void> ElfReader::read_segments() {
  if (auto ok = use("program header table", header_.e_phoff, std::uint64_t{header_.e_phentsize} * header_.e_phnum);
      !ok) {
    return ok;
  }
  bool loaded = false;
  for (int i = 0; i < header_.e_phnum; ++i) {
    const auto read = segment(i);
    if (!read) return tl::unexpected(read.error());
    if (read->p_type == PT_LOAD && !std::exchange(loaded, true)) note_code(*read);
    if (read->p_type == PT_DYNAMIC) dynamic_ = *read;
    if (read->p_type == PT_NOTE) read_notes(*read);
  }
  if (!loaded) return fail("vDSO image: it has nothing to load");
  return {};
}

Result<void> ElfReader::read_sections() {
  if (header_.e_shoff == 0) return {};
  if (auto ok = use("section header table", header_.e_shoff, std::uint64_t{header_.e_shentsize} * header_.e_shnum);
      !ok) {
    return ok;
  }
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf_.get(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) {
      return fail("vDSO image: the section header table is damaged");
    }
    if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL) continue;
    if (auto ok = use("section", header.sh_offset, header.sh_size); !ok) return ok;
  }
  return {};
}

Result<SymbolTable> ElfReader::find_symbols() {
  auto found = dynamic_symbols();
  if (found) return found;
  if (auto by_section = section_symbols()) return by_section;
  return found;
}

Result<SymbolTable> ElfReader::dynamic_symbols() {
  if (!dynamic_) return fail("vDSO image: no dynamic segment and no dynamic symbols");
  Elf_Data* data = data_at(dynamic_->p_offset, dynamic_->p_filesz, ELF_T_DYN);
  if (data == nullptr) return fail("vDSO image: the dynamic segment is damaged");
  std::optional<std::uint64_t> symbols, strings, hash, gnu_hash;
  SymbolTable table;
  const auto count = static_cast<int>(dynamic_->p_filesz / entry_size(ELF_T_DYN));
  for (int i = 0; i < count; ++i) {
    GElf_Dyn entry;
    if (gelf_getdyn(data, i, &entry) == nullptr || entry.d_tag == DT_NULL) break;
    switch (entry.d_tag) {
      case DT_SYMTAB: symbols = offset_of(entry.d_un.d_ptr); break;
      case DT_STRTAB: strings = offset_of(entry.d_un.d_ptr); break;
      case DT_STRSZ: table.strings_size = entry.d_un.d_val; break;
      case DT_HASH: hash = offset_of(entry.d_un.d_ptr); break;
      case DT_GNU_HASH: gnu_hash = offset_of(entry.d_un.d_ptr); break;
      default: break;
    }
  }
  if (!symbols || !strings) return fail("vDSO image: no dynamic symbols");
  std::optional<std::uint64_t> known;
  if (hash) known = count_by_hash(*hash);
  if (!known && gnu_hash) known = count_by_gnu_hash(*gnu_hash);
  if (!known) return fail("vDSO image: no usable hash table gives the number of dynamic symbols");
  table.symbols = *symbols;
  table.count = *known;
  table.strings = *strings;
  return table;
}

Result<SymbolTable> ElfReader::section_symbols() {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf_.get(), section)) != nullptr) {
    GElf_Shdr symbols;
    GElf_Shdr strings;
    if (gelf_getshdr(section, &symbols) == nullptr || symbols.sh_type != SHT_DYNSYM) continue;
    Elf_Scn* names = elf_getscn(elf_.get(), symbols.sh_link);
    if (names == nullptr || gelf_getshdr(names, &strings) == nullptr) break;
    return SymbolTable{symbols.sh_offset, symbols.sh_size / entry_size(ELF_T_SYM), strings.sh_offset, strings.sh_size};
  }
  return fail("vDSO image: no section of dynamic symbols");
}

/// gABI: nbucket, nchain, ...; there are as many chain entries as symbols.
std::optional<std::uint64_t> ElfReader::count_by_hash(std::uint64_t at) const {
  const auto count = word_at(at + 4);
  if (!count || *count == 0 || *count > bytes_.size() / entry_size(ELF_T_SYM)) return std::nullopt;
  return *count;
}

/// nbuckets, symoffset, bloom_size, bloom_shift, bloom[], buckets[], chains[]: the
/// last symbol is at the end of the chain that begins last.
std::optional<std::uint64_t> ElfReader::count_by_gnu_hash(std::uint64_t at) const {
  const auto bucket_count = word_at(at);
  const auto first_symbol = word_at(at + 4);
  const auto bloom_size = word_at(at + 8);
  if (!bucket_count || !first_symbol || !bloom_size) return std::nullopt;
  const std::uint64_t buckets = at + 16 + std::uint64_t{*bloom_size} * entry_size(ELF_T_ADDR);
  const std::uint64_t chains = buckets + std::uint64_t{4} * *bucket_count;
  std::uint32_t last = 0;
  for (std::uint64_t i = 0; i < *bucket_count; ++i) {
    const auto first = word_at(buckets + 4 * i);
    if (!first) return std::nullopt;
    last = std::max(last, *first);
  }
  if (last < *first_symbol) return std::nullopt;
  for (std::uint64_t symbol = last;; ++symbol) {
    const auto chain = word_at(chains + 4 * (symbol - *first_symbol));
    if (!chain) return std::nullopt;
    if (*chain & 1) return symbol + 1;
  }
}

Result<void> ElfReader::read_symbols(const SymbolTable& table) {
  const std::size_t size = entry_size(ELF_T_SYM);
  if (table.count > bytes_.size() / size || !holds(table.symbols, table.count * size)) {
    return fail("vDSO image: the dynamic symbols lie outside the image");
  }
  if (!holds(table.strings, table.strings_size)) {
    return fail("vDSO image: the names of the dynamic symbols lie outside the image");
  }
  Elf_Data* data = data_at(table.symbols, table.count * size, ELF_T_SYM);
  if (data == nullptr) return fail("vDSO image: the dynamic symbols are damaged");
  const auto* text = reinterpret_cast<const char*>(bytes_.data() + table.strings);
  for (int i = 0; i < static_cast<int>(table.count); ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, i, &symbol) == nullptr) break;
    const std::uint64_t offset = offset_of(symbol.st_value);
    if (!may_be_code(symbol) || offset < facts_.code_start || offset >= facts_.code_end) continue;
    if (symbol.st_name >= table.strings_size) continue;
    const std::uint64_t left = table.strings_size - symbol.st_name;
    const std::string_view name(text + symbol.st_name, strnlen(text + symbol.st_name, left));
    if (!is_plain_name(name)) continue;
    facts_.symbols.push_back({name, static_cast<std::uint32_t>(offset), symbol.st_size});
  }
  return {};
}

void ElfReader::read_notes(const GElf_Phdr& segment) {
  const Elf_Type type = segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
  Elf_Data* data = data_at(segment.p_offset, segment.p_filesz, type);
  if (data == nullptr) return;
  GElf_Nhdr note;
  std::size_t at = 0, next = 0, name = 0, content = 0;
  while ((next = gelf_getnote(data, at, &note, &name, &content)) > at) {
    const auto* buffer = static_cast<const char*>(data->d_buf);
    at = next;
    if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz > kLongestBuildId ||
        std::string_view(buffer + name, note.n_namesz) != kGnuNote) {
      continue;
    }
    facts_.build_id.clear();
    for (std::size_t i = 0; i < note.n_descsz; ++i) {
      facts_.build_id += fmt::format("{:02x}", static_cast<unsigned char>(buffer[content + i]));
    }
  }
}

Result<void> ElfReader::use(std::string_view what, std::uint64_t offset, std::uint64_t size) {
  if (!holds(offset, size)) {
    return fail(fmt::format("vDSO image: truncated: a {} lies outside its {} bytes", what, bytes_.size()));
  }
  facts_.unused_from = std::max(facts_.unused_from, static_cast<std::uint32_t>(offset + size));
  return {};
}

std::optional<std::uint32_t> ElfReader::word_at(std::uint64_t offset) const {
  if (!holds(offset, 4)) return std::nullopt;
  std::uint32_t value;
  std::memcpy(&value, bytes_.data() + offset, sizeof value);
  const bool big = header_.e_ident[EI_DATA] == ELFDATA2MSB;
  return big ? __builtin_bswap32(value) : value;
}

}  // namespace

Result<ElfFacts> read_elf(std::span<const std::byte> bytes) { return ElfReader(bytes).read(); }

}  // namespace vdsotrace
