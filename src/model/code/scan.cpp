#include "model/code/scan.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace vdsotrace {
namespace {

/// Many times what the largest function of any kernel has; bounds for hostile images.
constexpr std::size_t kMostInstructions = 8192;
constexpr std::size_t kMostHelpers = 64;

/// Keeps the first reason: the others often follow from it.
void set_incomplete(VdsoFunction& function, std::string reason) {
  if (function.incomplete.empty()) function.incomplete = std::move(reason);
}

void sort_unique(std::vector<std::uint32_t>& offsets) {
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
}

void sort_unique(std::vector<CodeSite>& sites) {
  const auto before = [](const CodeSite& a, const CodeSite& b) { return a.offset < b.offset; };
  const auto same = [](const CodeSite& a, const CodeSite& b) { return a.offset == b.offset; };
  std::sort(sites.begin(), sites.end(), before);
  sites.erase(std::unique(sites.begin(), sites.end(), same), sites.end());
}

/// An instruction in the middle of another: a patch of one would change the other.
const CodeSite* overlap_in(const std::vector<CodeSite>& sorted) {
  const auto overlaps = [](const CodeSite& a, const CodeSite& b) { return a.offset + a.length > b.offset; };
  const auto found = std::adjacent_find(sorted.begin(), sorted.end(), overlaps);
  return found == sorted.end() ? nullptr : &*std::next(found);
}

}  // namespace

FlowScanner::FlowScanner(X86Decoder decoder, std::span<const std::byte> code, std::uint32_t start)
    : decoder_(std::move(decoder)), code_(code), start_(start), slots_(code.size()) {}

void FlowScanner::scan(VdsoFunction& function) {
  budget_ = kMostInstructions;
  walk(function.entry, function, true);
  // Helpers may call helpers: the list grows while it is gone through.
  for (std::size_t i = 0; i < function.helpers.size(); ++i) {
    if (i == kMostHelpers) {
      set_incomplete(function, "too many calls to follow");
      break;
    }
    walk(function.helpers[i], function, false);
  }
  for (auto* sites : {&function.instructions, &function.returns, &function.syscalls, &function.clock_reads}) {
    sort_unique(*sites);
  }
  sort_unique(function.helpers);
  sort_unique(function.branch_targets);
  if (const CodeSite* site = overlap_in(function.instructions)) {
    set_incomplete(function, fmt::format("overlapping instructions at {:#x}", site->offset));
  }
}

void FlowScanner::walk(std::uint32_t entry, VdsoFunction& function, bool is_body) {
  ++walks_;
  pending_.assign(1, entry);
  while (!pending_.empty()) {
    std::uint32_t offset = pending_.back();
    pending_.pop_back();
    const Instruction* instruction = step_to(offset, function);
    while (instruction != nullptr && visit(offset, *instruction, function, is_body)) {
      offset += instruction->length;
      instruction = step_to(offset, function);
    }
  }
}

const Instruction* FlowScanner::step_to(std::uint32_t offset, VdsoFunction& function) {
  const Instruction* instruction = instruction_at(offset);
  if (instruction == nullptr) {
    set_incomplete(function, contains(offset) ? fmt::format("unknown instruction at {:#x}", offset)
                                              : fmt::format("runs out of the code at {:#x}", offset));
    return nullptr;
  }
  std::uint32_t& seen = slots_[offset - start_].seen;
  if (seen == walks_) return nullptr;
  seen = walks_;
  if (budget_ == 0) {
    set_incomplete(function, "too many instructions to follow");
    pending_.clear();
    return nullptr;
  }
  --budget_;
  return instruction;
}

bool FlowScanner::visit(std::uint32_t offset, const Instruction& instruction, VdsoFunction& function, bool is_body) {
  const CodeSite site{offset, instruction.length};
  if (is_body) function.instructions.push_back(site);
  switch (instruction.flow) {
    case Flow::next: return true;
    case Flow::clock_read: function.clock_reads.push_back(site); return true;
    case Flow::system_call:
    case Flow::sysenter: function.syscalls.push_back(site); return true;
    case Flow::ret:
      if (is_body) function.returns.push_back(site);
      return false;
    case Flow::jump: branch_to(offset, instruction, function, is_body); return false;
    case Flow::branch:
    case Flow::short_branch:
    case Flow::call: branch_to(offset, instruction, function, is_body); return true;
    case Flow::indirect_jump: set_incomplete(function, fmt::format("indirect jump at {:#x}", offset)); return false;
    case Flow::indirect_call: set_incomplete(function, fmt::format("indirect call at {:#x}", offset)); return true;
    case Flow::trap: return false;
    case Flow::strange: set_incomplete(function, fmt::format("unexpected instruction at {:#x}", offset)); return false;
  }
  return false;
}

void FlowScanner::branch_to(std::uint32_t from, const Instruction& instruction, VdsoFunction& function, bool is_body) {
  const auto target = target_of(from, instruction);
  if (!target) {
    set_incomplete(function, fmt::format("branch out of the image at {:#x}", from));
    return;
  }
  if (instruction.flow != Flow::call) {
    if (is_body) function.branch_targets.push_back(*target);
    pending_.push_back(*target);
    return;
  }
  // A call to the very next instruction is how i386 code learns its own address.
  if (*target == from + instruction.length) return;
  auto& helpers = function.helpers;
  if (helpers.size() <= kMostHelpers && std::find(helpers.begin(), helpers.end(), *target) == helpers.end()) {
    helpers.push_back(*target);
  }
}

const Instruction* FlowScanner::instruction_at(std::uint32_t offset) {
  if (!contains(offset)) return nullptr;
  Slot& slot = slots_[offset - start_];
  if (!slot.tried) {
    slot.tried = true;
    if (const auto decoded = decoder_.decode(code_.subspan(offset - start_))) {
      slot.instruction = *decoded;
    }
  }
  return slot.instruction.length != 0 ? &slot.instruction : nullptr;
}

std::optional<std::uint32_t> FlowScanner::target_of(std::uint32_t offset, const Instruction& instruction) const {
  const std::int64_t target = std::int64_t{offset} + instruction.length + instruction.displacement;
  if (!contains(target)) return std::nullopt;
  return static_cast<std::uint32_t>(target);
}

}  // namespace vdsotrace
