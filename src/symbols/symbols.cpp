#include "symbols/symbols.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "model/c_library.hpp"
#include "symbols/caller_search.hpp"
#include "symbols/demangle.hpp"
#include "symbols/frames.hpp"
#include "symbols/jit_names.hpp"
#include "symbols/known.hpp"
#include "symbols/paged_memory.hpp"
#include "symbols/runtimes.hpp"
#include "symbols/silent_modules.hpp"
#include "symbols/unwinder.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostStack = 256;
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

StackWord words_of(PagedMemory& pages) {
  return [&pages](std::uint64_t address) -> std::optional<std::uint64_t> {
    std::uint64_t word = 0;
    if (!pages.read(address, std::as_writable_bytes(std::span(&word, 1)))) return std::nullopt;
    return word;
  };
}

/// The name of the function at a place, and the address of its beginning.
struct NamedFunction {
  std::string name;
  std::uint64_t start = 0;
};

}  // namespace

/// All that a look at the stack needs of a return address in a file's code.
struct Step {
  CodePart part;
  bool is_return_address = false;
  std::optional<MadeFor> made_for_last;   ///< for whom the last call was made that returned to there from the C library
  std::optional<std::uint64_t> distance;  ///< from the stack pointer there to the next return address
};

struct Symbols::Inner {
  MappedCode code{[this] { forget(); }};
  GoModules go;
  Frames frames{code, go};
  bool followed = false;
  std::function<void()> changed;
  Unwinder unwinder;
  JitNames jit;
  std::unordered_map<std::uint64_t, Caller> places;   ///< by the address looked up; files only
  std::unordered_map<std::uint64_t, CodePart> parts;  ///< by the address looked up
  std::unordered_map<std::uint64_t, Step> steps;      ///< by return address; files only
  /// By the place outside the C library to which calls return: for whom all of them were made, if for one. Kept when
  /// code is unmapped, for calls that are reported later.
  std::unordered_map<std::uint64_t, MadeFor> entered;
  SilentModules silent_modules;

  void forget() {
    unwinder.forget();
    go.forget();
    frames.forget();
    places.clear();
    parts.clear();
    steps.clear();
    if (changed) changed();
  }

  std::optional<Caller> place(pid_t pid, std::uint64_t address, std::uint64_t lookup);
  std::optional<NamedFunction> function_at(const Module& module, std::uint64_t lookup);
  CodePart part_of(pid_t pid, std::uint64_t lookup);
  CodePart part_in(pid_t pid, CodeRange& range, std::uint64_t lookup);
  CallerSearch search(pid_t pid) {
    return CallerSearch([this, pid](std::uint64_t lookup) { return part_of(pid, lookup); });
  }
  void note_entry(std::uint64_t return_address, MadeFor made_for);
  bool note_step(Step& step, std::uint64_t return_address, CallerAddresses& found, MadeFor& made_for);
  Step* step_at(pid_t pid, std::uint64_t return_address);
  std::optional<CallerAddresses> callers_by_steps(pid_t pid, std::uint64_t return_address, std::uint64_t stack_pointer,
                                                  const StackWord& word);
  WalkEnd walk(pid_t pid, const FrameRegisters& registers, const StackWord& word, CallerSearch& search) {
    return frames.walk(pid, registers, word,
                       [&](std::uint64_t address, std::uint64_t lookup) { return search.visit(address, lookup); });
  }
  void note_failure(pid_t pid, const CallerSearch& search, const WalkEnd& end);
  /// What a search has found, named.
  std::optional<Caller> callers(pid_t pid, const CallerSearch& search);
  CallerAddresses caller_addresses(pid_t pid, const FrameRegisters& registers, const StackWord& word,
                                   CallerSearch search);
  /// Visits places from `start` outwards as long as `visit` wants more, by all that unwind information can say.
  void unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Frames::Visit& visit);
};

std::optional<NamedFunction> Symbols::Inner::function_at(const Module& module, std::uint64_t lookup) {
  GElf_Off offset = 0;
  GElf_Sym symbol;
  const char* name = dwfl_module_addrinfo(module.dwfl, lookup, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name != nullptr && *name != '\0' && covers(symbol, offset, module.facts.all_symbols)) {
    const std::string_view versioned(name, ::strnlen(name, kLongestName));
    return NamedFunction{demangled(versioned.substr(0, versioned.find('@', 1))), lookup - offset};
  }
  if (const auto function = go.function(module, lookup); function && !function->name.empty())
    return NamedFunction{std::string(function->name.substr(0, kLongestName)), function->entry + module.bias};
  return std::nullopt;
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
    place.offset = place.in_module = address - module->bias;
    if (auto function = function_at(*module, lookup)) {
      place.symbol = std::move(function->name);
      place.offset = address - function->start;
    }
    place.source = source_of(*module, lookup);
  } else if (place.module.empty()) {
    const PerfMap::Code compiled = jit.find(pid, lookup);
    place.symbol = compiled.name;
    place.in_module = address;
    place.offset = compiled.name.empty() ? address : address - compiled.start;
    place.in_runtime = runtime_part({}, place.symbol) != RuntimePart::none;
    return place;
  }
  place.in_runtime = runtime_part(place.module, place.symbol) != RuntimePart::none;
  return keep(places, lookup, std::move(place));
}

CodePart Symbols::Inner::part_of(pid_t pid, std::uint64_t lookup) {
  code.update(pid);
  if (const auto known = parts.find(lookup); known != parts.end()) return known->second;
  CodeRange* range = code.range_at(pid, lookup);
  if (range == nullptr) return {CodeOwner::program};
  const CodePart part = part_in(pid, *range, lookup);
  // Of code that is made while the program runs, the name comes later, and another one takes its place.
  return range->file().empty() ? part : keep(parts, lookup, part);
}

CodePart Symbols::Inner::part_in(pid_t pid, CodeRange& range, std::uint64_t lookup) {
  if (range.is_vdso()) return {CodeOwner::c_library};
  const std::string file = range.file();
  const Module* module = code.module_of(pid, range);
  const auto function = module != nullptr ? function_at(*module, lookup) : std::nullopt;
  std::string name = function ? function->name : std::string();
  if (is_c_library(file)) return {CodeOwner::c_library, made_for(name)};
  MadeFor whose = MadeFor::unknown;
  if (module != nullptr && module->facts.self_contained) {
    if (!function) return {CodeOwner::unknown};
    if (is_time_wrapper(name)) return {CodeOwner::c_library, MadeFor::caller};
    if (is_own_user(name)) whose = MadeFor::itself;
  }
  if (file.empty()) name = jit.find(pid, lookup).name;
  switch (runtime_part(file, name)) {
    case RuntimePart::library: return {CodeOwner::runtime};
    case RuntimePart::interpreter: return {CodeOwner::interpreter, whose};
    case RuntimePart::none: break;
  }
  return {CodeOwner::program, whose};
}

void Symbols::Inner::note_entry(std::uint64_t return_address, MadeFor made_for) {
  const auto known = entered.find(return_address);
  const bool differs = known != entered.end() && known->second != made_for;
  keep(entered, return_address, differs ? MadeFor::unknown : made_for);
}

Step* Symbols::Inner::step_at(pid_t pid, std::uint64_t return_address) {
  if (const auto known = steps.find(return_address); known != steps.end()) return &known->second;
  const CodeRange* range = code.range_at(pid, return_address - 1);
  if (range == nullptr || range->file().empty()) return nullptr;
  Step step{part_of(pid, return_address - 1), frames.is_return_address(pid, return_address), {}, {}};
  const auto& rule = frames.rule_at(pid, return_address - 1);
  if (rule && rule->base == kDwarfStackPointer && !rule->leaves_stack)
    step.distance = static_cast<std::uint64_t>(rule->frame_address) - sizeof(std::uint64_t);
  return &keep(steps, return_address, step);
}

/// What a step says of the caller. True if no other step can say more.
bool Symbols::Inner::note_step(Step& step, std::uint64_t return_address, CallerAddresses& found, MadeFor& made_for) {
  const CodeOwner owner = step.part.owner;
  if (!found.outside && step.part.made_for != MadeFor::unknown) made_for = step.part.made_for;
  if (!found.outside && owner != CodeOwner::c_library) {
    if (std::exchange(step.made_for_last, made_for) != made_for) note_entry(return_address, made_for);
    found.outside = return_address;
  }
  if (owner == CodeOwner::program) found.beyond = return_address;
  return owner == CodeOwner::program || owner == CodeOwner::interpreter;
}

/// The walk of most calls, a few times faster. Nothing: walk.
std::optional<CallerAddresses> Symbols::Inner::callers_by_steps(pid_t pid, std::uint64_t return_address,
                                                                std::uint64_t stack_pointer, const StackWord& word) {
  code.update(pid);
  CallerAddresses found;
  MadeFor made_for = MadeFor::unknown;
  for (std::size_t frame = 0; frame < kMostFramesToCaller; ++frame) {
    Step* step = step_at(pid, return_address);
    if (step == nullptr || (frame > 0 && !step->is_return_address) || step->part.owner == CodeOwner::unknown)
      return std::nullopt;
    if (note_step(*step, return_address, found, made_for)) return found;
    const auto next = step->distance ? word(stack_pointer + *step->distance) : std::nullopt;
    if (!next) return std::nullopt;
    return_address = *next;
    stack_pointer += *step->distance + sizeof(std::uint64_t);
  }
  return std::nullopt;
}

void Symbols::Inner::note_failure(pid_t pid, const CallerSearch& search, const WalkEnd& end) {
  const bool no_rule = end.without_rule && !frames.has_rule(pid, *end.without_rule);
  if (!no_rule && !search.met_unknown()) return;
  const CodeRange* range = code.range_at(pid, search.lookup());
  if (range == nullptr) return;
  silent_modules.note(range->file(), search.met_unknown() ? "it contains its C library and has no symbols"
                                                          : "it has no unwind information");
}

std::optional<Caller> Symbols::Inner::callers(pid_t pid, const CallerSearch& search) {
  note_entry(search.outside()->address, search.made_for());
  auto outside = place(pid, search.outside()->address, search.outside()->lookup);
  if (outside) outside->for_c_library = search.made_for() == MadeFor::itself;
  if (!outside || !outside->in_runtime || !search.beyond()) return outside;
  if (auto beyond = place(pid, search.beyond()->address, search.beyond()->lookup))
    outside->beyond = std::make_shared<const Caller>(std::move(*beyond));
  return outside;
}

CallerAddresses Symbols::Inner::caller_addresses(pid_t pid, const FrameRegisters& registers, const StackWord& word,
                                                 CallerSearch search) {
  const WalkEnd end = walk(pid, registers, word, search);
  if (!search.outside()) note_failure(pid, search, end);
  CallerAddresses found;
  if (search.outside()) {
    found.outside = search.outside()->address;
    note_entry(*found.outside, search.made_for());
  }
  if (search.beyond()) found.beyond = search.beyond()->address;
  return found;
}

void Symbols::Inner::unwind(pid_t pid, Memory& memory, const UnwindStart& start, const Frames::Visit& visit) {
  if (code.module_at(pid, start.address - 1) == nullptr) {
    // Where nothing is known of the code there is one place to visit.
    if (code.range_at(pid, start.address - 1) != nullptr) visit(start.address, start.address - 1);
    return;
  }
  bool first = true;
  const Unwinder::Steps unwinding{
      [&](std::uint64_t lookup) { return code.module_at(pid, lookup) != nullptr; },
      [&](std::uint64_t address, std::uint64_t lookup) {
        const bool returned = lookup != address && !std::exchange(first, false);
        if (returned ? !frames.is_return_address(pid, address) : code.range_at(pid, lookup) == nullptr) return false;
        return visit(address, lookup) && frames.can_step(pid, lookup);
      }};
  code.use(true);
  unwinder.walk(code.dwfl(), memory, start, unwinding);
  code.use(false);
}

Symbols::Symbols() : inner_(std::make_unique<Inner>()) {}
Symbols::~Symbols() = default;

void Symbols::outdate() { inner_->code.outdate(); }

void Symbols::on_change(std::function<void()> changed) { inner_->changed = std::move(changed); }

void Symbols::code_mapped(pid_t pid) {
  inner_->code.outdate();
  if (inner_->followed) inner_->code.refresh(pid);
}

void Symbols::follow(pid_t pid) {
  inner_->followed = true;
  inner_->code.refresh(pid);
}

std::optional<Caller> Symbols::place(pid_t pid, std::uint64_t return_address) {
  auto place = inner_->place(pid, return_address, return_address - 1);
  const auto entered = inner_->entered.find(return_address);
  if (place) place->for_c_library = entered != inner_->entered.end() && entered->second == MadeFor::itself;
  return place;
}

std::optional<Caller> Symbols::instruction(pid_t pid, std::uint64_t address) {
  return inner_->place(pid, address, address);
}

bool Symbols::in_c_library(pid_t pid, std::uint64_t return_address) {
  return inner_->part_of(pid, return_address - 1).owner == CodeOwner::c_library;
}

std::vector<std::string> Symbols::take_notices() { return inner_->silent_modules.take_notices(); }

std::optional<Caller> Symbols::caller(pid_t pid, Memory& memory, const UnwindStart& start) {
  CallerSearch search = inner_->search(pid);
  WalkEnd end;
  PagedMemory pages(memory);
  if (start.is_64_bit) end = inner_->walk(pid, registers_of(start), words_of(pages), search);
  // Mostly that was enough; libdwfl takes a hundred times as long.
  const bool leads_on = end.without_rule && inner_->frames.can_step(pid, *end.without_rule);
  if (!end.wanted && (!search.outside() || leads_on)) {
    CallerSearch further = inner_->search(pid);
    inner_->unwind(pid, memory, start,
                   [&](std::uint64_t address, std::uint64_t lookup) { return further.visit(address, lookup); });
    if (further.outside()) search = further;
  }
  if (!search.outside()) {
    inner_->note_failure(pid, search, end);
    return std::nullopt;
  }
  return inner_->callers(pid, search);
}

std::vector<Caller> Symbols::stack(pid_t pid, Memory& memory, const UnwindStart& start) {
  std::vector<Caller> by_rules;
  std::vector<Caller> places;
  const auto visit = [&](std::uint64_t address, std::uint64_t lookup) {
    if (auto place = inner_->place(pid, address, lookup)) places.push_back(std::move(*place));
    return places.size() < kMostStack;
  };
  PagedMemory pages(memory);
  if (start.is_64_bit && inner_->frames.walk(pid, registers_of(start), words_of(pages), visit).wanted) return places;
  by_rules.swap(places);
  inner_->unwind(pid, memory, start, visit);
  return by_rules.size() > places.size() ? by_rules : places;
}

CallerAddresses Symbols::caller_addresses(pid_t pid, const FrameRegisters& registers, const StackWord& word) {
  const auto return_address = registers[kDwarfReturnAddress];
  const auto stack_pointer = registers[kDwarfStackPointer];
  if (!return_address || !stack_pointer) return {};
  if (const auto found = inner_->callers_by_steps(pid, *return_address, *stack_pointer, word)) return *found;
  return inner_->caller_addresses(pid, registers, word, inner_->search(pid));
}

std::optional<Caller> Symbols::places(pid_t pid, const CallerAddresses& addresses) {
  if (!addresses.outside) return std::nullopt;
  auto outside = place(pid, *addresses.outside);
  if (!outside || !outside->in_runtime || !addresses.beyond) return outside;
  if (auto beyond = place(pid, *addresses.beyond)) outside->beyond = std::make_shared<const Caller>(std::move(*beyond));
  return outside;
}

std::optional<GoCode> Symbols::go_code(pid_t pid) {
  inner_->code.update(pid);
  CodeRange* range = inner_->code.program_range(pid);
  const Module* module = range != nullptr ? inner_->code.module_of(pid, *range) : nullptr;
  return module != nullptr ? inner_->go.code(*module) : std::nullopt;
}

}  // namespace vdsotrace
