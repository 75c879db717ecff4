#include "symbols/frame_rule.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#include <cstdlib>
#include <memory>

namespace vdsotrace {
namespace {

constexpr int kStackPointer = 7;  // x86-64 psABI 3.6.2
constexpr int kReturnAddress = 16;
constexpr std::int64_t kWord = 8;
/// The stack pointer's distance from its own frame.
constexpr std::int64_t kLargestFrame = 1 << 20;

struct Free {
  void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};
using Frame = std::unique_ptr<Dwarf_Frame, Free>;

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

bool is_x86_64(Dwfl_Module* module) {
  Dwarf_Addr bias = 0;
  GElf_Ehdr header;
  Elf* elf = dwfl_module_getelf(module, &bias);
  return elf != nullptr && gelf_getehdr(elf, &header) != nullptr && header.e_machine == EM_X86_64 &&
         header.e_ident[EI_CLASS] == ELFCLASS64;
}

/// N of "rsp + N".
std::optional<std::int64_t> distance(const Dwarf_Op& op) {
  if (op.atom == DW_OP_breg0 + kStackPointer) return static_cast<std::int64_t>(op.number);
  if (op.atom == DW_OP_bregx && op.number == kStackPointer) return static_cast<std::int64_t>(op.number2);
  return std::nullopt;
}

bool lies_below_frame_address(Dwarf_Frame* frame) {
  Dwarf_Op memory[3];
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_register(frame, kReturnAddress, memory, &ops, &count) != 0 || count != 2) return false;
  return ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_plus_uconst &&
         static_cast<std::int64_t>(ops[1].number) == -kWord;
}

}  // namespace

bool has_frame_rule(Dwfl_Module* module, std::uint64_t address) { return frame_at(module, address) != nullptr; }

std::optional<std::uint64_t> return_address_rule(Dwfl_Module* module, std::uint64_t address) {
  if (!is_x86_64(module)) return std::nullopt;
  const Frame frame = frame_at(module, address);
  bool signal = false;
  if (!frame || dwarf_frame_info(frame.get(), nullptr, nullptr, &signal) != kReturnAddress || signal) return std::nullopt;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_cfa(frame.get(), &ops, &count) != 0 || count != 1) return std::nullopt;
  const auto to_frame = distance(ops[0]);
  if (!to_frame || *to_frame < kWord || *to_frame > kLargestFrame || !lies_below_frame_address(frame.get()))
    return std::nullopt;
  return static_cast<std::uint64_t>(*to_frame - kWord);
}

}  // namespace vdsotrace
