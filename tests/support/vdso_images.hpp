// vDSO images for tests: the process's own, saved ones, and made-up ones.
#pragma once

#include <elf.h>
#include <sys/auxv.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace::testing {

using Bytes = std::vector<std::byte>;

/// Bytes written as "48 8d 05 00 00 00 00".
inline Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != text.npos; at += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(std::string(text.substr(at, 2)), nullptr, 16)));
  }
  return bytes;
}

/// A saved image by its file name without ".vdso".
inline Bytes saved_image(const std::string& name) {
  std::ifstream file(VDSOTRACE_TEST_DATA "/vdso_images/" + name + ".vdso", std::ios::binary);
  if (!file) throw std::runtime_error("no saved image " + name);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// The kernels of which x86 images are saved.
inline const std::vector<std::string> kSavedKernels{"5.10.0-32",      "6.1.0-50",      "6.12.107+deb13",
                                                    "6.12.117+deb13", "6.18.15+deb13", "7.3.4+deb13"};

/// The ends of their names.
inline std::vector<std::string> machines_saved_of(const std::string& kernel) {
  std::vector<std::string> machines;
  for (const std::string machine : {".x86_64", ".x32", ".i386"}) {
    if (std::ifstream(VDSOTRACE_TEST_DATA "/vdso_images/" + kernel + machine + ".vdso")) machines.push_back(machine);
  }
  return machines;
}

/// The mapping of this process's vDSO, empty if there is none.
inline std::span<const std::byte> own_mapping() {
  const auto base = getauxval(AT_SYSINFO_EHDR);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; base != 0 && std::getline(maps, line);) {
    if (line.find("[vdso]") == line.npos) continue;
    std::size_t dash = 0;
    const auto start = std::stoul(line, &dash, 16);
    const auto end = std::stoul(line.substr(dash + 1), nullptr, 16);
    if (start == base) return {reinterpret_cast<const std::byte*>(start), end - start};
  }
  return {};
}

/// A made-up image of the simplest kind: one segment, a dynamic segment, symbols.
struct ImageSketch {
  struct Symbol {
    std::string name;
    std::uint64_t at = 0;  ///< offset in `code`
    unsigned type = STT_FUNC;
    unsigned section = 1;
    std::uint64_t size = 0;
  };
  enum class Hash { none, sysv, gnu };

  Bytes code;
  std::vector<Symbol> symbols;
  unsigned machine = EM_X86_64;
  Hash hash = Hash::sysv;
  std::uint64_t address = 0;  ///< p_vaddr of the segment

  /// Where `code` is in the image.
  static constexpr std::uint32_t kCode = 0x800;

  Bytes elf64() const { return build<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn, Elf64_Sym>(ELFCLASS64); }
  Bytes elf32() const { return build<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn, Elf32_Sym>(ELFCLASS32); }

 private:
  static constexpr std::uint32_t kDynamic = 0x100, kHash = 0x200, kSymbols = 0x300, kNames = 0x600;

  template <class T>
  static void put(Bytes& bytes, std::size_t at, const T& value) {
    if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }

  template <class Ehdr, class Phdr, class Dyn, class Sym>
  Bytes build(unsigned char elf_class) const {
    Bytes image(kCode);
    image.insert(image.end(), code.begin(), code.end());
    const auto count = static_cast<std::uint32_t>(symbols.size() + 1);
    const std::uint32_t names_size = put_symbols<Sym>(image);
    put_hash(image, count, elf_class == ELFCLASS64 ? 8 : 4);

    std::size_t at = kDynamic;
    const auto entry = [&](auto tag, std::uint64_t value) {
      Dyn dyn{};
      dyn.d_tag = static_cast<decltype(dyn.d_tag)>(tag);
      dyn.d_un.d_val = static_cast<decltype(dyn.d_un.d_val)>(value);
      put(image, at, dyn);
      at += sizeof dyn;
    };
    entry(DT_SYMTAB, address + kSymbols);
    entry(DT_STRTAB, address + kNames);
    entry(DT_STRSZ, names_size);
    if (hash != Hash::none) entry(hash == Hash::gnu ? DT_GNU_HASH : DT_HASH, address + kHash);
    entry(DT_NULL, 0);

    Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = elf_class;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = static_cast<Elf64_Half>(machine);
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Phdr);
    header.e_phnum = 2;
    put(image, 0, header);
    put_segment<Phdr>(image, sizeof header, PT_LOAD, 0, image.size());
    put_segment<Phdr>(image, sizeof header + sizeof(Phdr), PT_DYNAMIC, kDynamic, at - kDynamic);
    return image;
  }

  template <class Phdr>
  void put_segment(Bytes& image, std::size_t at, unsigned type, std::uint64_t from, std::uint64_t size) const {
    Phdr segment{};
    segment.p_type = type;
    segment.p_offset = static_cast<decltype(segment.p_offset)>(from);
    segment.p_vaddr = static_cast<decltype(segment.p_vaddr)>(address + from);
    segment.p_filesz = static_cast<decltype(segment.p_filesz)>(size);
    segment.p_memsz = segment.p_filesz;
    put(image, at, segment);
  }

  template <class Sym>
  std::uint32_t put_symbols(Bytes& image) const {
    std::string names(1, '\0');
    std::size_t at = kSymbols + sizeof(Sym);
    for (const Symbol& symbol : symbols) {
      Sym entry{};
      entry.st_name = static_cast<Elf64_Word>(names.size());
      entry.st_info = static_cast<unsigned char>(ELF64_ST_INFO(STB_GLOBAL, symbol.type));
      entry.st_shndx = static_cast<Elf64_Section>(symbol.section);
      entry.st_value = static_cast<decltype(entry.st_value)>(address + kCode + symbol.at);
      entry.st_size = static_cast<decltype(entry.st_size)>(symbol.size);
      put(image, at, entry);
      at += sizeof entry;
      names += symbol.name + '\0';
    }
    if (at > kNames || kNames + names.size() > kCode) throw std::runtime_error("too many symbols");
    std::memcpy(image.data() + kNames, names.data(), names.size());
    return static_cast<std::uint32_t>(names.size());
  }

  void put_hash(Bytes& image, std::uint32_t count, std::uint32_t word) const {
    std::vector<std::uint32_t> words;
    if (hash == Hash::sysv) {
      words = {1, count, 1};  // nbucket, nchain, bucket
      words.resize(3 + count);
    } else if (hash == Hash::gnu) {
      words = {1, 1, 1, 0};  // nbuckets, symoffset, bloom_size, bloom_shift
      words.resize(4 + word / 4);
      words.push_back(1);
      words.resize(words.size() + count - 1);
      words.back() |= 1;
    }
    if (!words.empty()) std::memcpy(image.data() + kHash, words.data(), 4 * words.size());
  }
};

inline VdsoImage parse_or_throw(std::span<const std::byte> bytes) {
  auto image = VdsoImage::parse(bytes);
  if (!image) throw std::runtime_error(image.error().message);
  return std::move(*image);
}

}  // namespace vdsotrace::testing
