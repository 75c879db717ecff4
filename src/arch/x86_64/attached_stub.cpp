#include "arch/attached_stub.hpp"

#include <cstring>

#include "arch/constants.hpp"
#include "arch/x86_64/copies.hpp"
#include "base/check.hpp"

extern "C" {
extern const std::byte vdsotrace_recorded_site[];
extern const std::byte vdsotrace_recorded_site_enter[];
extern const std::byte vdsotrace_recorded_site_end[];
extern const std::byte vdsotrace_unrecorded_stub[];
extern const std::byte vdsotrace_unrecorded_stub_end[];
extern const std::byte vdsotrace_return_from_gate[];
extern const std::byte vdsotrace_return_from_gate_enter[];
extern const std::byte vdsotrace_return_from_gate_end[];
extern const std::byte vdsotrace_attached_stub[];
extern const std::byte vdsotrace_attached_stub_enter[];
extern const std::byte vdsotrace_attached_stub_in_records[];
extern const std::byte vdsotrace_attached_stub_entry_size[];
extern const std::byte vdsotrace_attached_stub_entry_no_size[];
extern const std::byte vdsotrace_attached_stub_entry_text[];
extern const std::byte vdsotrace_attached_stub_entry_word[];
extern const std::byte vdsotrace_attached_stub_entry_bytes[];
extern const std::byte vdsotrace_attached_stub_entry_byte[];
extern const std::byte vdsotrace_attached_stub_entry_copied[];
extern const std::byte vdsotrace_attached_stub_exit_size[];
extern const std::byte vdsotrace_attached_stub_exit_no_size[];
extern const std::byte vdsotrace_attached_stub_exit_text[];
extern const std::byte vdsotrace_attached_stub_exit_word[];
extern const std::byte vdsotrace_attached_stub_exit_bytes[];
extern const std::byte vdsotrace_attached_stub_exit_byte[];
extern const std::byte vdsotrace_attached_stub_exit_copied[];
extern const std::byte vdsotrace_attached_stub_copies[];
extern const std::byte vdsotrace_attached_stub_words[];
extern const std::byte vdsotrace_attached_stub_end[];
}

namespace vdsotrace::arch {
namespace {

constexpr std::byte kFiller{0xcc};

/// Of eight bytes the first may be readable. Loads of what may be messages are not made.
constexpr CopyLoad kLateLoads[] = {
    {vdsotrace_attached_stub_entry_size, vdsotrace_attached_stub_entry_no_size},
    {vdsotrace_attached_stub_entry_text, vdsotrace_attached_stub_entry_copied},
    {vdsotrace_attached_stub_entry_word, vdsotrace_attached_stub_entry_bytes},
    {vdsotrace_attached_stub_entry_byte, vdsotrace_attached_stub_entry_copied},
    {vdsotrace_attached_stub_exit_size, vdsotrace_attached_stub_exit_no_size},
    {vdsotrace_attached_stub_exit_text, vdsotrace_attached_stub_exit_copied},
    {vdsotrace_attached_stub_exit_word, vdsotrace_attached_stub_exit_bytes},
    {vdsotrace_attached_stub_exit_byte, vdsotrace_attached_stub_exit_copied},
};

std::size_t aligned(std::size_t size) {
  return (size + kAttachedAlignment - 1) / kAttachedAlignment * kAttachedAlignment;
}

std::vector<std::byte> copy_of(const std::byte* begin, const std::byte* end, std::span<const std::uint64_t> words) {
  std::vector<std::byte> code(begin, end);
  if (!words.empty()) std::memcpy(code.data(), words.data(), words.size_bytes());
  code.resize(aligned(code.size()), kFiller);
  return code;
}

void append_u32(std::vector<std::byte>& code, std::uint8_t opcode, std::uint32_t operand) {
  code.push_back(std::byte{opcode});
  const auto bytes = std::as_bytes(std::span(&operand, 1));
  code.insert(code.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::vector<std::byte> make_recorded_site(std::uint64_t back, std::uint64_t table) {
  const std::uint64_t words[] = {back, table};
  return copy_of(vdsotrace_recorded_site, vdsotrace_recorded_site_end, words);
}

std::size_t recorded_site_bytes() {
  return aligned(static_cast<std::size_t>(vdsotrace_recorded_site_end - vdsotrace_recorded_site));
}

std::size_t recorded_site_entry() {
  return static_cast<std::size_t>(vdsotrace_recorded_site_enter - vdsotrace_recorded_site);
}

std::vector<std::byte> make_unrecorded_stub() {
  return copy_of(vdsotrace_unrecorded_stub, vdsotrace_unrecorded_stub_end, {});
}

std::vector<std::byte> make_return_from_gate(std::uint64_t region) {
  const std::uint64_t words[] = {region};
  return copy_of(vdsotrace_return_from_gate, vdsotrace_return_from_gate_end, words);
}

std::vector<std::byte> make_gates(std::uint64_t at, std::span<const std::size_t> offsets, std::uint64_t back) {
  constexpr std::uint8_t kMoveToEcx = 0xb9, kJump = 0xe9;
  const auto entry = back + static_cast<std::uint64_t>(vdsotrace_return_from_gate_enter - vdsotrace_return_from_gate);
  std::vector<std::byte> code;
  for (const std::size_t offset : offsets) {
    code.insert(code.end(), kSystemCall.begin(), kSystemCall.end());
    append_u32(code, kMoveToEcx, static_cast<std::uint32_t>(offset));
    const std::uint64_t behind = at + code.size() + 1 + sizeof(std::uint32_t);
    append_u32(code, kJump, static_cast<std::uint32_t>(entry - behind));
    code.resize(aligned(code.size()), kFiller);
  }
  return code;
}

std::vector<std::byte> make_attached_stub(std::int64_t number, const AttachedStubWords& words, const CopyPlan& copies,
                                          CopiedCalls copied) {
  CHECK(copies.most_bytes <= RECORD_MOST_BYTES);
  const std::uint64_t record_bytes = std::uint64_t{1} << copies.record_log2;
  const std::uint64_t records = (copies.most_bytes + record_bytes - 1) / record_bytes;
  const std::uint64_t all[] = {words.region,
                               words.index,
                               words.gates,
                               static_cast<std::uint64_t>(number),
                               records,
                               copies.keeps_stack ? 1U : 0U,
                               static_cast<std::uint64_t>(copied)};
  const bool copies_any = copied != CopiedCalls::none;
  const std::byte* const end = copies_any ? vdsotrace_attached_stub_end : vdsotrace_attached_stub_copies;
  auto code = copy_of(vdsotrace_attached_stub, end, all);
  code[static_cast<std::size_t>(vdsotrace_attached_stub_in_records - vdsotrace_attached_stub) - 1] =
      static_cast<std::byte>(copies.record_log2);
  if (copies_any) write_copies(code.data() + (vdsotrace_attached_stub_words - vdsotrace_attached_stub), copies);
  return code;
}

std::optional<Registers> without_late_copy(Registers registers, std::size_t offset) {
  return beyond_load(registers, vdsotrace_attached_stub + offset, kLateLoads);
}

std::size_t attached_stub_entry() {
  return static_cast<std::size_t>(vdsotrace_attached_stub_enter - vdsotrace_attached_stub);
}

}  // namespace vdsotrace::arch
