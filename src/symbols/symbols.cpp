#include "symbols/symbols.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "symbols/c_library.hpp"
#include "symbols/frames.hpp"
#include "symbols/jit_names.hpp"
#include "symbols/known.hpp"
#include "symbols/unwinder.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostFrames = 256;
/// Deeper in itself no C library is when it asks for the time.
constexpr std::size_t kMostLibraryFrames = 32;
constexpr std::size_t kLongestName = 1024;

/// A symbol that really covers the address. One without a size only where every function has a symbol.
bool covers(const GElf_Sym& symbol, GElf_Off offset, bool all_symbols) {
  const int type = GELF_ST_TYPE(symbol.st_info);
  if (type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC) return false;
  return symbol.st_size != 0 ? offset < symbol.st_size : all_symbols;
}

std::string source_of(const Module& module, std::uint64_t address) {
  Dwfl_Line* line = dwfl_module_getsrc(module.dwfl, address);
  int number = 0;
  const char* file = line == nullptr ? nullptr : dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
  return file == nullptr || number <= 0 ? std::string() : fmt::format("{}:{}", file, number);
}

FrameRegisters registers_of(const UnwindStart& start) {
  FrameRegisters registers;
  std::ranges::copy(start.registers, registers.begin());
  registers[kDwarfReturnAddress] = start.address;
  return registers;
}

/// Looks for the first place outside the C library.
class CallerSearch {
 public:
  explicit CallerSearch(std::function<bool(std::uint64_t lookup)> skipped) : skipped_(std::move(skipped)) {}

  bool visit(std::uint64_t address, std::uint64_t lookup) {
    if (skipped_(lookup)) return ++frames_ < kMostLibraryFrames;
    outside_ = address;
    lookup_ = lookup;
    return false;
  }
  std::optional<std::uint64_t> outside() const { return outside_; }
  std::uint64_t lookup() const { return lookup_; }

 private:
  std::function<bool(std::uint64_t)> skipped_;
  std::size_t frames_ = 0;
  std::optional<std::uint64_t> outside_;
  std::uint64_t lookup_ = 0;
};

}  // namespace

struct Symbols::Inner {
  MappedCode code{[this] { forget(); }};
  GoModules go;
  Frames frames{code, go};
  bool followed = false;
  Unwinder unwinder;
  JitNames jit;
  std::unordered_map<std::uint64_t, Caller> places;  ///< by the address looked up; files only
  std::unordered_map<std::uint64_t, bool> skips;     ///< whether it is the C library's

  void forget() {
    unwinder.forget();
    go.forget();
    frames.forget();
    places.clear();
    skips.clear();
  }

  std::optional<Caller> place(pid_t pid, std::uint64_t address, std::uint64_t lookup);
  void name(const Module& module, std::uint64_t lookup, Caller& place);
  bool skipped(pid_t pid, std::uint64_t lookup);
  bool in_c_library(pid_t pid, CodeRange& range, std::uint64_t lookup);
  CallerSearch search(pid_t pid) {
    return CallerSearch([this, pid](std::uint64_t lookup) { return skipped(pid, lookup); });
  }
  /// Visits places from `start` outwards as long as `visit` wants more, by all that unwind information can say.
  void unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Frames::Visit& visit);
};

void Symbols::Inner::name(const Module& module, std::uint64_t lookup, Caller& place) {
  place.in_module = place.address - module.bias;
  place.offset = place.in_module;
  GElf_Off offset = 0;
  GElf_Sym symbol;
  const char* name =
      dwfl_module_addrinfo(module.dwfl, lookup, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name != nullptr && *name != '\0' && covers(symbol, offset, module.facts.all_symbols)) {
    const std::string_view versioned(name, ::strnlen(name, kLongestName));
    place.symbol = versioned.substr(0, versioned.find('@', 1));
    place.offset = offset + (place.address - lookup);
  } else if (const auto function = go.function(module, lookup); function && !function->name.empty()) {
    place.symbol = function->name.substr(0, kLongestName);
    place.offset = place.in_module - function->entry;
  }
  place.source = source_of(module, lookup);
}

std::optional<Caller> Symbols::Inner::place(pid_t pid, std::uint64_t address, std::uint64_t lookup) {
  CodeRange* range = code.range_at(pid, lookup);
  if (range == nullptr) return std::nullopt;
  if (const auto known = places.find(lookup); known != places.end() && known->second.address == address)
    return known->second;
  Caller place;
  place.address = address;
  place.module = range->file();
  place.offset = place.in_module = address - range->mapping.start + range->mapping.offset;
  if (const Module* module = code.module_of(pid, *range)) {
    name(*module, lookup, place);
  } else if (place.module.empty()) {
    const PerfMap::Code compiled = jit.find(pid, lookup);
    place.symbol = compiled.name;
    place.in_module = address;
    place.offset = compiled.name.empty() ? address : address - compiled.start;
    return place;
  }
  return keep(places, lookup, std::move(place));
}

bool Symbols::Inner::skipped(pid_t pid, std::uint64_t lookup) {
  code.update(pid);
  if (const auto known = skips.find(lookup); known != skips.end()) return known->second;
  CodeRange* range = code.range_at(pid, lookup);
  if (range == nullptr) return false;
  return keep(skips, lookup, in_c_library(pid, *range, lookup));
}

bool Symbols::Inner::in_c_library(pid_t pid, CodeRange& range, std::uint64_t lookup) {
  if (range.is_vdso() || is_c_library(range.file())) return true;
  const Module* module = code.module_of(pid, range);
  if (module == nullptr || !module->facts.self_contained) return false;
  const auto here = place(pid, lookup + 1, lookup);
  return here && is_time_wrapper(here->symbol);
}

void Symbols::Inner::unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Frames::Visit& visit) {
  if (code.module_at(pid, start.address - 1) == nullptr) {
    // Where nothing is known of the code there is one place to visit.
    if (code.range_at(pid, start.address - 1) != nullptr) visit(start.address, start.address - 1);
    return;
  }
  bool first = true;
  const Unwinder::Steps steps{
      [&](std::uint64_t lookup) { return code.module_at(pid, lookup) != nullptr; },
      [&](std::uint64_t address, std::uint64_t lookup) {
        const bool returned = lookup != address && !std::exchange(first, false);
        if (returned ? !frames.is_return_address(pid, address) : code.range_at(pid, lookup) == nullptr) return false;
        return visit(address, lookup) && frames.can_step(pid, lookup);
      }};
  code.use(true);
  unwinder.walk(code.dwfl(), memory, start, steps);
  code.use(false);
}

Symbols::Symbols() : inner_(std::make_unique<Inner>()) {}
Symbols::~Symbols() = default;

void Symbols::outdate() { inner_->code.outdate(); }

void Symbols::code_mapped(pid_t pid) {
  inner_->code.outdate();
  if (inner_->followed) inner_->code.refresh(pid);
}

void Symbols::follow(pid_t pid) {
  inner_->followed = true;
  inner_->code.refresh(pid);
}

std::optional<Caller> Symbols::place(pid_t pid, std::uint64_t return_address) {
  return inner_->place(pid, return_address, return_address - 1);
}

std::optional<Caller> Symbols::instruction(pid_t pid, std::uint64_t address) { return inner_->place(pid, address, address); }

bool Symbols::in_c_library(pid_t pid, std::uint64_t return_address) { return inner_->skipped(pid, return_address - 1); }

std::optional<Caller> Symbols::caller(pid_t pid, Memory& memory, const UnwindStart& start) {
  // Mostly this is enough; libdwfl takes a hundred times as long.
  CallerSearch search = inner_->search(pid);
  const auto visit = [&](std::uint64_t address, std::uint64_t lookup) { return search.visit(address, lookup); };
  const auto word = [&](std::uint64_t address) { return memory.object<std::uint64_t>(address); };
  if (!start.is_64_bit || !inner_->frames.walk(pid, registers_of(start), word, visit)) {
    search = inner_->search(pid);
    inner_->unwind(pid, memory, start, visit);
  }
  return search.outside() ? inner_->place(pid, *search.outside(), search.lookup()) : std::nullopt;
}

std::vector<Caller> Symbols::stack(pid_t pid, Memory& memory, const UnwindStart& start) {
  std::vector<Caller> by_rules;
  std::vector<Caller> places;
  const auto visit = [&](std::uint64_t address, std::uint64_t lookup) {
    if (auto place = inner_->place(pid, address, lookup)) places.push_back(std::move(*place));
    return places.size() < kMostFrames;
  };
  const auto word = [&](std::uint64_t address) { return memory.object<std::uint64_t>(address); };
  if (start.is_64_bit && inner_->frames.walk(pid, registers_of(start), word, visit)) return places;
  by_rules.swap(places);
  inner_->unwind(pid, memory, start, visit);
  return by_rules.size() > places.size() ? by_rules : places;
}

std::optional<std::uint64_t> Symbols::outside_c_library(pid_t pid, std::uint64_t return_address,
                                                        std::uint64_t stack_pointer, const StackWord& word) {
  CallerSearch search = inner_->search(pid);
  FrameRegisters registers;
  registers[kDwarfRsp] = stack_pointer;
  registers[kDwarfReturnAddress] = return_address;
  inner_->frames.walk(pid, registers, word,
                      [&](std::uint64_t address, std::uint64_t lookup) { return search.visit(address, lookup); });
  return search.outside();
}

}  // namespace vdsotrace
