#include "symbols/frame_rule.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "model/code/elf_machine.hpp"

namespace vdsotrace {
namespace {

constexpr std::int64_t kWord = 8;
/// A base's distance from its frame's end.
constexpr std::int64_t kLargestFrame = 1 << 20;

struct FreeFrame {
  void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};
using Frame = std::unique_ptr<Dwarf_Frame, FreeFrame>;

Frame frame_at(Dwarf_CFI* cfi, std::uint64_t address) {
  Dwarf_Frame* frame = nullptr;
  if (cfi == nullptr || dwarf_cfi_addrframe(cfi, address, &frame) != 0) return {};
  return Frame(frame);
}

Frame frame_at(Dwfl_Module* module, std::uint64_t address) {
  Dwarf_Addr bias = 0;
  Dwarf_CFI* cfi = dwfl_module_eh_cfi(module, &bias);
  if (Frame frame = frame_at(cfi, address - bias)) return frame;
  cfi = dwfl_module_dwarf_cfi(module, &bias);
  return frame_at(cfi, address - bias);
}

/// "register + number", and nothing else.
std::optional<std::pair<unsigned, std::int64_t>> register_and_number(const Dwarf_Op* ops, std::size_t count) {
  if (count != 1) return std::nullopt;
  const Dwarf_Op& op = ops[0];
  if (op.atom >= DW_OP_breg0 && op.atom < DW_OP_breg0 + kDwarfRegisters - 1)
    return std::pair(static_cast<unsigned>(op.atom - DW_OP_breg0), static_cast<std::int64_t>(op.number));
  if (op.atom == DW_OP_bregx && op.number < kDwarfRegisters - 1)
    return std::pair(static_cast<unsigned>(op.number), static_cast<std::int64_t>(op.number2));
  return std::nullopt;
}

FrameRule::Preserved preserved_by(Dwarf_Frame* frame, unsigned number) {
  constexpr FrameRule::Preserved kLost{FrameRule::Keeps::lost, 0};
  Dwarf_Op memory[3];
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_register(frame, static_cast<int>(number), memory, &ops, &count) != 0) return kLost;
  if (ops == nullptr) return {FrameRule::Keeps::as_it_is, 0};
  if (count == 0 || ops[0].atom != DW_OP_call_frame_cfa) return kLost;
  if (count == 1) return {FrameRule::Keeps::saved, 0};
  if (count != 2 || ops[1].atom != DW_OP_plus_uconst) return kLost;
  return {FrameRule::Keeps::saved, static_cast<std::int64_t>(ops[1].number)};
}

}  // namespace

bool has_followed_machine(Elf* elf) {
  GElf_Ehdr header;
  return gelf_getehdr(elf, &header) != nullptr && header.e_machine == kFollowedMachine &&
         header.e_ident[EI_CLASS] == ELFCLASS64;
}

bool has_followed_machine(Dwfl_Module* module) {
  Dwarf_Addr bias = 0;
  Elf* elf = dwfl_module_getelf(module, &bias);
  return elf != nullptr && has_followed_machine(elf);
}

bool has_frame_rule(Dwfl_Module* module, std::uint64_t address) { return frame_at(module, address) != nullptr; }

std::optional<FrameRule> frame_rule(Dwfl_Module* module, std::uint64_t address) {
  if (!has_followed_machine(module)) return std::nullopt;
  const Frame frame = frame_at(module, address);
  bool signal = false;
  if (!frame || dwarf_frame_info(frame.get(), nullptr, nullptr, &signal) != kDwarfReturnAddress || signal)
    return std::nullopt;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_cfa(frame.get(), &ops, &count) != 0) return std::nullopt;
  const auto place = register_and_number(ops, count);
  if (!place || place->second < 0 || place->second > kLargestFrame) return std::nullopt;
  const FrameRule::Preserved return_address{FrameRule::Keeps::saved, -kWord};
  if (preserved_by(frame.get(), kDwarfReturnAddress) != return_address) return std::nullopt;
  FrameRule rule{place->first, place->second, false, {}};
  for (std::size_t i = 0; i < kPreservedRegisters.size(); ++i)
    rule.preserved[i] = preserved_by(frame.get(), kPreservedRegisters[i]);
  return rule;
}

}  // namespace vdsotrace
