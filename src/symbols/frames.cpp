#include "symbols/frames.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/code/frame_flow.hpp"
#include "model/code/return_address.hpp"
#include "symbols/known.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kMostFrames = 256;
constexpr std::uint64_t kMostFrameCode = 64 * 1024;

/// By the code of the function whose symbol covers the place. A part that a compiler has moved elsewhere begins within
/// a frame.
std::optional<FrameRule> rule_by_code(const Module& module, std::uint64_t lookup) {
  GElf_Off offset = 0;
  GElf_Sym symbol;
  const char* name = dwfl_module_addrinfo(module.dwfl, lookup, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name == nullptr || GELF_ST_TYPE(symbol.st_info) != STT_FUNC || offset >= symbol.st_size ||
      !has_followed_machine(module.dwfl) || std::string_view(name).find(".cold") != std::string_view::npos)
    return std::nullopt;
  std::vector<std::byte> code(std::min<std::uint64_t>(symbol.st_size, kMostFrameCode));
  if (!module.read(lookup - offset, code)) return std::nullopt;
  return frame_rule_of_code(code, offset + 1);
}

}  // namespace

void Frames::forget() {
  returns_.clear();
  steps_.clear();
  rules_.clear();
}

bool Frames::is_return_address(pid_t pid, std::uint64_t address) {
  code_.update(pid);
  if (const auto known = returns_.find(address); known != returns_.end()) return known->second;
  const CodeRange* range = address != 0 ? code_.range_at(pid, address - 1) : nullptr;
  if (range == nullptr) return false;
  const Module* module = code_.module_at(pid, address - 1);
  if (module == nullptr) return range->file().empty() || keep(returns_, address, true);
  std::array<std::byte, kLongestCall> before;
  const std::uint64_t first = std::max(address - kLongestCall, range->mapping.start);
  const auto code = std::span(before).first(address - first);
  const bool returns = module->read(first, code) && (end_with_call(code) || is_entry(*module, address - 1));
  return keep(returns_, address, returns);
}

bool Frames::is_entry(const Module& module, std::uint64_t address) {
  if (const auto function = go_.function(module, address)) return function->entry == address - module.bias;
  GElf_Off offset = 1;
  GElf_Sym symbol;
  return dwfl_module_addrinfo(module.dwfl, address, &offset, &symbol, nullptr, nullptr, nullptr) != nullptr &&
         offset == 0;
}

bool Frames::can_step(pid_t pid, std::uint64_t lookup) {
  if (const auto known = steps_.find(lookup); known != steps_.end()) return known->second;
  const Module* module = code_.module_at(pid, lookup);
  const bool can = module != nullptr && dwfl_addrmodule(code_.dwfl(), lookup) == module->dwfl &&
                   !go_.function(*module, lookup) && has_frame_rule(module->dwfl, lookup);
  return keep(steps_, lookup, can);
}

const std::optional<FrameRule>& Frames::rule_at(pid_t pid, std::uint64_t lookup) {
  if (const auto known = rules_.find(lookup); known != rules_.end()) return known->second;
  const Module* module = code_.module_at(pid, lookup);
  return keep(rules_, lookup, module != nullptr ? find_rule(*module, lookup) : std::nullopt);
}

std::optional<FrameRule> Frames::find_rule(const Module& module, std::uint64_t lookup) {
  if (const auto function = go_.function(module, lookup)) return go_.frame_rule(module, *function, lookup);
  if (has_frame_rule(module.dwfl, lookup)) return frame_rule(module.dwfl, lookup);
  return rule_by_code(module, lookup);
}

bool Frames::has_rule(pid_t pid, std::uint64_t lookup) {
  return rule_at(pid, lookup).has_value() || can_step(pid, lookup);
}

WalkEnd Frames::walk(pid_t pid, FrameRegisters registers, const StackWord& word, const Visit& visit) {
  for (std::size_t frames = 0; frames < kMostFrames; ++frames) {
    const std::uint64_t address = registers[kDwarfReturnAddress].value_or(0);
    const bool exists = frames == 0 ? code_.range_at(pid, address - 1) != nullptr : is_return_address(pid, address);
    if (!exists) return {};
    if (!visit(address, address - 1)) return {true, {}};
    const auto& rule = rule_at(pid, address - 1);
    if (!rule) return {false, address - 1};
    if (!step_out_of_frame(registers, *rule, word)) return {};
  }
  return {};
}

}  // namespace vdsotrace
