// A vDSO image: what ELF says, joined with what the code does.
#include "vdsotrace/vdso_image.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "model/code/scan.hpp"
#include "model/vdso/elf.hpp"

namespace vdsotrace {
namespace {

/// A dozen is usual; a bound for hostile images.
constexpr std::size_t kMostFunctions = 128;

/// Indexed by Machine.
constexpr std::array<std::string_view, 7> kMachineNames{"x86_64", "x32", "i386", "aarch64", "arm", "riscv64", "other"};

bool is_preferred(std::string_view name) { return name.starts_with("__vdso_") || name.starts_with("__kernel_"); }

}  // namespace

std::string_view name_of(Machine machine) { return kMachineNames.at(static_cast<std::size_t>(machine)); }

std::optional<Abi> abi_of(Machine machine) {
  switch (machine) {
    case Machine::x86_64: return Abi::x86_64;
    case Machine::x32: return Abi::x32;
    case Machine::i386: return Abi::i386;
    default: return std::nullopt;
  }
}

class VdsoImageBuilder {
 public:
  explicit VdsoImageBuilder(std::span<const std::byte> bytes) { image_.bytes_.assign(bytes.begin(), bytes.end()); }

  Result<VdsoImage> build() {
    auto facts = read_elf(image_.bytes_);
    if (!facts) return tl::unexpected(facts.error());
    image_.machine_ = facts->machine;
    image_.build_id_ = facts->build_id;
    image_.unused_from_ = facts->unused_from;
    merge_aliases(facts->symbols);
    if (image_.functions_.empty()) return fail("vDSO image: it exports no function");
    if (image_.functions_.size() > kMostFunctions) {
      return fail(fmt::format("vDSO image: {} functions are too many for a vDSO", image_.functions_.size()));
    }
    if (auto ok = scan(facts->code_start, facts->code_end); !ok) return tl::unexpected(ok.error());
    return std::move(image_);
  }

 private:
  void merge_aliases(const std::vector<ElfSymbol>& symbols) {
    std::map<std::uint32_t, VdsoFunction> by_entry;
    for (const ElfSymbol& symbol : symbols) {
      VdsoFunction& function = by_entry[symbol.offset];
      function.entry = symbol.offset;
      function.size = std::max(function.size, symbol.size);
      function.names.emplace_back(symbol.name);
    }
    for (auto& [entry, function] : by_entry) {
      auto& names = function.names;
      std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) {
        return std::pair(!is_preferred(a), std::string_view(a)) < std::pair(!is_preferred(b), std::string_view(b));
      });
      names.erase(std::unique(names.begin(), names.end()), names.end());
      image_.functions_.push_back(std::move(function));
    }
  }

  Result<void> scan(std::uint32_t start, std::uint32_t end) {
    if (!is_x86(image_.machine_)) {
      for (VdsoFunction& function : image_.functions_) {
        function.incomplete = fmt::format("code of machine {} cannot be followed", name_of(image_.machine_));
      }
      return {};
    }
    auto decoder = X86Decoder::open(image_.machine_);
    if (!decoder) return tl::unexpected(decoder.error());
    FlowScanner scanner(std::move(*decoder), image_.bytes().subspan(start, end - start), start);
    for (VdsoFunction& function : image_.functions_) scanner.scan(function);
    return {};
  }

  VdsoImage image_;
};

Result<VdsoImage> VdsoImage::parse(std::span<const std::byte> bytes) { return VdsoImageBuilder(bytes).build(); }

const VdsoFunction* VdsoImage::function_named(std::string_view name) const {
  for (const VdsoFunction& function : functions_) {
    const auto& names = function.names;
    if (std::find(names.begin(), names.end(), name) != names.end()) return &function;
  }
  return nullptr;
}

const VdsoFunction* VdsoImage::function_at(std::uint32_t entry) const {
  const auto found =
      std::lower_bound(functions_.begin(), functions_.end(), entry,
                       [](const VdsoFunction& function, std::uint32_t offset) { return function.entry < offset; });
  return found != functions_.end() && found->entry == entry ? &*found : nullptr;
}

const VdsoFunction* VdsoImage::function_containing(std::uint32_t offset) const {
  const VdsoFunction* sharer = nullptr;
  for (const VdsoFunction& function : functions_) {
    const auto behind = std::upper_bound(function.instructions.begin(), function.instructions.end(), offset,
                                         [](std::uint32_t at, const CodeSite& site) { return at < site.offset; });
    if (behind == function.instructions.begin()) continue;
    const CodeSite& site = *std::prev(behind);
    if (offset - site.offset >= site.length) continue;
    // Functions may share a body; the one whose symbol covers it comes first.
    if (offset >= function.entry && offset - function.entry < function.size) return &function;
    if (sharer == nullptr) sharer = &function;
  }
  return sharer;
}

}  // namespace vdsotrace
