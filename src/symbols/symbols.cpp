#include "symbols/symbols.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "symbols/c_library.hpp"
#include "symbols/frame_rule.hpp"
#include "symbols/jit_names.hpp"
#include "symbols/modules.hpp"
#include "symbols/unwinder.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostFrames = 256;
/// Deeper in itself no C library is when it asks for the time.
constexpr std::size_t kMostLibraryFrames = 32;
constexpr std::size_t kStackPointer = 7;  // x86-64 psABI 3.6.2
constexpr std::size_t kMostKnown = 64 * 1024;
constexpr std::size_t kLongestName = 1024;

/// Whatever has been found out is only kept as long as it is little.
template <class Value>
Value& keep(std::unordered_map<std::uint64_t, Value>& known, std::uint64_t address, Value value) {
  if (known.size() >= kMostKnown) known.clear();
  return known[address] = std::move(value);
}

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

}  // namespace

struct Symbols::Inner {
  Modules modules;
  bool outdated = true;
  bool followed = false;
  bool walking = false;  ///< libdwfl is at work: nothing is taken away from it
  Unwinder unwinder;
  JitNames jit;
  std::unordered_map<std::uint64_t, Caller> places;  ///< by the address looked up; files only
  std::unordered_map<std::uint64_t, bool> skips;     ///< whether it is the C library's
  std::unordered_map<std::uint64_t, bool> steps;     ///< whether there is unwind information
  std::unordered_map<std::uint64_t, std::optional<std::uint64_t>> rules;

  void refresh(pid_t pid) {
    outdated = false;
    if (!modules.refresh(pid)) return;
    unwinder.forget();
    places.clear();
    skips.clear();
    steps.clear();
    rules.clear();
  }

  /// Whether what is mapped can be told: where not, nobody knows which frames are the C library's.
  bool knows(pid_t pid) {
    if (outdated && !walking) refresh(pid);
    return modules.known();
  }

  CodeRange* range_at(pid_t pid, std::uint64_t address) {
    if (walking) return modules.range_at(address);
    if (outdated) refresh(pid);
    if (CodeRange* range = modules.range_at(address)) return range;
    refresh(pid);
    return modules.range_at(address);
  }

  Caller place(pid_t pid, std::uint64_t address, std::uint64_t lookup);
  void name(const Module& module, std::uint64_t lookup, Caller& place) const;
  bool skipped(pid_t pid, std::uint64_t lookup);
  bool in_c_library(pid_t pid, CodeRange& range, std::uint64_t lookup);
  bool can_step(pid_t pid, std::uint64_t lookup);
  /// Where the frame to which something has just returned has its own return address: bytes above the stack pointer.
  std::optional<std::uint64_t> next_return_address(pid_t pid, std::uint64_t return_address);
  /// Visits places from `start` outwards as long as `visit` wants more.
  void unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Unwinder::Visit& visit);
};

void Symbols::Inner::name(const Module& module, std::uint64_t lookup, Caller& place) const {
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
  }
  place.source = source_of(module, lookup);
}

Caller Symbols::Inner::place(pid_t pid, std::uint64_t address, std::uint64_t lookup) {
  CodeRange* range = range_at(pid, lookup);
  Caller place;
  place.address = place.offset = place.in_module = address;
  if (range == nullptr) return place;
  if (const auto known = places.find(lookup); known != places.end() && known->second.address == address)
    return known->second;
  place.module = range->file();
  place.offset = place.in_module = address - range->mapping.start + range->mapping.offset;
  if (const Module* module = modules.module_of(pid, *range)) {
    name(*module, lookup, place);
  } else if (place.module.empty()) {
    const PerfMap::Code code = jit.find(pid, lookup);
    place.symbol = code.name;
    if (!code.name.empty()) place.offset = address - code.start;
    return place;
  }
  return keep(places, lookup, std::move(place));
}

bool Symbols::Inner::skipped(pid_t pid, std::uint64_t lookup) {
  if (outdated && !walking) refresh(pid);
  if (const auto known = skips.find(lookup); known != skips.end()) return known->second;
  CodeRange* range = range_at(pid, lookup);
  if (range == nullptr) return false;
  return keep(skips, lookup, in_c_library(pid, *range, lookup));
}

bool Symbols::Inner::in_c_library(pid_t pid, CodeRange& range, std::uint64_t lookup) {
  if (range.is_vdso() || is_c_library(range.file())) return true;
  const Module* module = modules.module_of(pid, range);
  return module != nullptr && module->facts.self_contained && is_time_wrapper(place(pid, lookup + 1, lookup).symbol);
}

bool Symbols::Inner::can_step(pid_t pid, std::uint64_t lookup) {
  if (const auto known = steps.find(lookup); known != steps.end()) return known->second;
  CodeRange* range = range_at(pid, lookup);
  const Module* module = range != nullptr ? modules.module_of(pid, *range) : nullptr;
  const bool can = module != nullptr && dwfl_addrmodule(modules.dwfl(), lookup) == module->dwfl &&
                   has_frame_rule(module->dwfl, lookup);
  return keep(steps, lookup, can);
}

std::optional<std::uint64_t> Symbols::Inner::next_return_address(pid_t pid, std::uint64_t return_address) {
  if (const auto known = rules.find(return_address); known != rules.end()) return known->second;
  CodeRange* range = range_at(pid, return_address);
  const Module* module = range != nullptr ? modules.module_of(pid, *range) : nullptr;
  const auto rule = module != nullptr ? return_address_rule(module->dwfl, return_address) : std::nullopt;
  return keep(rules, return_address, rule);
}

void Symbols::Inner::unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Unwinder::Visit& visit) {
  CodeRange* range = range_at(pid, start.address - 1);
  // Where nothing is known of the code there is one place to visit.
  if (range == nullptr || modules.module_of(pid, *range) == nullptr) {
    visit(start.address, start.address - 1);
    return;
  }
  walking = true;
  unwinder.walk(modules.dwfl(), memory, start, [&](std::uint64_t address, std::uint64_t lookup) {
    return visit(address, lookup) && can_step(pid, lookup);
  });
  walking = false;
}

Symbols::Symbols() : inner_(std::make_unique<Inner>()) {}
Symbols::~Symbols() = default;

void Symbols::outdate() { inner_->outdated = true; }

void Symbols::code_mapped(pid_t pid) {
  inner_->outdated = true;
  if (inner_->followed) inner_->refresh(pid);
}

void Symbols::follow(pid_t pid) {
  inner_->followed = true;
  inner_->refresh(pid);
}

Caller Symbols::place(pid_t pid, std::uint64_t return_address) {
  return inner_->place(pid, return_address, return_address - 1);
}

Caller Symbols::instruction(pid_t pid, std::uint64_t address) { return inner_->place(pid, address, address); }

bool Symbols::in_c_library(pid_t pid, std::uint64_t return_address) { return inner_->skipped(pid, return_address - 1); }

std::optional<Caller> Symbols::caller(pid_t pid, Memory& memory, const UnwindStart& start) {
  if (!inner_->knows(pid)) return std::nullopt;
  // Mostly a look at the stack is enough; libdwfl takes a hundred times as long.
  const auto word = [&](std::uint64_t address) { return memory.object<std::uint64_t>(address); };
  if (start.is_64_bit) {
    if (const auto outside = outside_c_library(pid, start.address, start.registers[kStackPointer], word))
      return place(pid, *outside);
  }
  std::optional<Caller> found;
  std::size_t frames = 0;
  inner_->unwind(pid, memory, start, [&](std::uint64_t address, std::uint64_t lookup) {
    if (inner_->skipped(pid, lookup)) return ++frames < kMostLibraryFrames;
    found = inner_->place(pid, address, lookup);
    return false;
  });
  return found;
}

std::vector<Caller> Symbols::stack(pid_t pid, Memory& memory, const UnwindStart& start) {
  std::vector<Caller> places;
  inner_->unwind(pid, memory, start, [&](std::uint64_t address, std::uint64_t lookup) {
    places.push_back(inner_->place(pid, address, lookup));
    return places.size() < kMostFrames;
  });
  return places;
}

std::optional<std::uint64_t> Symbols::outside_c_library(pid_t pid, std::uint64_t return_address,
                                                        std::uint64_t stack_pointer, const StackWord& word) {
  if (!inner_->knows(pid)) return std::nullopt;
  for (std::size_t frames = 0; frames < kMostLibraryFrames; ++frames) {
    if (!in_c_library(pid, return_address)) return return_address;
    const auto distance = inner_->next_return_address(pid, return_address);
    const auto next = distance ? word(stack_pointer + *distance) : std::nullopt;
    if (!next) return std::nullopt;
    return_address = *next;
    stack_pointer += *distance + sizeof(std::uint64_t);
  }
  return std::nullopt;
}

}  // namespace vdsotrace
