#include "symbols/symbols.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>
#include <utility>

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

/// Whose code is at a place.
enum class CodeOwner : std::uint8_t {
  unknown,    ///< of a program that contains its C library, and no symbol says whether it is that
  c_library,  ///< or the vDSO
  program,
};

/// Looks for the first place outside the C library.
class CallerSearch {
 public:
  explicit CallerSearch(std::function<CodeOwner(std::uint64_t lookup)> owner) : owner_(std::move(owner)) {}

  bool visit(std::uint64_t address, std::uint64_t lookup) {
    lookup_ = lookup;
    last_ = owner_(lookup);
    if (last_ == CodeOwner::program) outside_ = address;
    return last_ == CodeOwner::c_library && ++frames_ < kMostLibraryFrames;
  }
  std::optional<std::uint64_t> outside() const { return outside_; }
  /// Of the last place that was visited.
  std::uint64_t lookup() const { return lookup_; }
  bool met_unknown() const { return last_ == CodeOwner::unknown; }

 private:
  std::function<CodeOwner(std::uint64_t)> owner_;
  std::size_t frames_ = 0;
  std::optional<std::uint64_t> outside_;
  std::uint64_t lookup_ = 0;
  CodeOwner last_ = CodeOwner::program;
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
  std::unordered_map<std::uint64_t, CodeOwner> owners;  ///< by the address looked up
  std::set<std::string> silent_modules;  ///< of which a notice says why callers in them are not known
  std::vector<std::string> notices;

  void forget() {
    unwinder.forget();
    go.forget();
    frames.forget();
    places.clear();
    owners.clear();
  }

  std::optional<Caller> place(pid_t pid, std::uint64_t address, std::uint64_t lookup);
  void name(const Module& module, std::uint64_t lookup, Caller& place);
  CodeOwner owner_of(pid_t pid, std::uint64_t lookup);
  CodeOwner owner_in(pid_t pid, CodeRange& range, std::uint64_t lookup);
  CallerSearch search(pid_t pid) {
    return CallerSearch([this, pid](std::uint64_t lookup) { return owner_of(pid, lookup); });
  }
  WalkEnd walk(pid_t pid, const FrameRegisters& registers, const StackWord& word, CallerSearch& search) {
    return frames.walk(pid, registers, word,
                       [&](std::uint64_t address, std::uint64_t lookup) { return search.visit(address, lookup); });
  }
  void note_failure(pid_t pid, const CallerSearch& search, const WalkEnd& end);
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

CodeOwner Symbols::Inner::owner_of(pid_t pid, std::uint64_t lookup) {
  code.update(pid);
  if (const auto known = owners.find(lookup); known != owners.end()) return known->second;
  CodeRange* range = code.range_at(pid, lookup);
  if (range == nullptr) return CodeOwner::program;
  return keep(owners, lookup, owner_in(pid, *range, lookup));
}

CodeOwner Symbols::Inner::owner_in(pid_t pid, CodeRange& range, std::uint64_t lookup) {
  if (range.is_vdso() || is_c_library(range.file())) return CodeOwner::c_library;
  const Module* module = code.module_of(pid, range);
  if (module == nullptr || !module->facts.self_contained) return CodeOwner::program;
  const auto here = place(pid, lookup + 1, lookup);
  if (!here || here->symbol.empty()) return CodeOwner::unknown;
  return is_time_wrapper(here->symbol) ? CodeOwner::c_library : CodeOwner::program;
}

void Symbols::Inner::note_failure(pid_t pid, const CallerSearch& search, const WalkEnd& end) {
  const bool no_rule = end.without_rule && !frames.has_rule(pid, *end.without_rule);
  if (!no_rule && !search.met_unknown()) return;
  const CodeRange* range = code.range_at(pid, search.lookup());
  const std::string file = range != nullptr ? range->file() : std::string();
  if (file.empty() || !silent_modules.insert(file).second) return;
  notices.push_back(fmt::format("callers in {} are not known: {}", file,
                                search.met_unknown() ? "it contains its C library and has no symbols"
                                                     : "it has no unwind information"));
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

bool Symbols::in_c_library(pid_t pid, std::uint64_t return_address) {
  return inner_->owner_of(pid, return_address - 1) == CodeOwner::c_library;
}

std::vector<std::string> Symbols::take_notices() { return std::exchange(inner_->notices, {}); }

std::optional<Caller> Symbols::caller(pid_t pid, Memory& memory, const UnwindStart& start) {
  CallerSearch search = inner_->search(pid);
  WalkEnd end;
  const auto word = [&](std::uint64_t address) { return memory.object<std::uint64_t>(address); };
  if (start.is_64_bit) end = inner_->walk(pid, registers_of(start), word, search);
  // Mostly that was enough; libdwfl takes a hundred times as long.
  if (!end.wanted) {
    search = inner_->search(pid);
    inner_->unwind(pid, memory, start, [&](std::uint64_t address, std::uint64_t lookup) { return search.visit(address, lookup); });
  }
  if (search.outside()) return inner_->place(pid, *search.outside(), search.lookup());
  inner_->note_failure(pid, search, end);
  return std::nullopt;
}

std::vector<Caller> Symbols::stack(pid_t pid, Memory& memory, const UnwindStart& start) {
  std::vector<Caller> by_rules;
  std::vector<Caller> places;
  const auto visit = [&](std::uint64_t address, std::uint64_t lookup) {
    if (auto place = inner_->place(pid, address, lookup)) places.push_back(std::move(*place));
    return places.size() < kMostFrames;
  };
  const auto word = [&](std::uint64_t address) { return memory.object<std::uint64_t>(address); };
  if (start.is_64_bit && inner_->frames.walk(pid, registers_of(start), word, visit).wanted) return places;
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
  const WalkEnd end = inner_->walk(pid, registers, word, search);
  if (!search.outside()) inner_->note_failure(pid, search, end);
  return search.outside();
}

}  // namespace vdsotrace
