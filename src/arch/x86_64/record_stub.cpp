#include "arch/record_stub.hpp"

#include <cstring>

#include "arch/call_stub.hpp"
#include "arch/x86_64/copies.hpp"
#include "base/check.hpp"

extern "C" {
extern const std::byte vdsotrace_record_stub[];
extern const std::byte vdsotrace_record_stub_enter[];
extern const std::byte vdsotrace_record_stub_entry_size[];
extern const std::byte vdsotrace_record_stub_entry_start[];
extern const std::byte vdsotrace_record_stub_entry_text[];
extern const std::byte vdsotrace_record_stub_entry_word[];
extern const std::byte vdsotrace_record_stub_entry_byte[];
extern const std::byte vdsotrace_record_stub_called[];
extern const std::byte vdsotrace_record_stub_exit_size[];
extern const std::byte vdsotrace_record_stub_exit_no_size[];
extern const std::byte vdsotrace_record_stub_exit_start[];
extern const std::byte vdsotrace_record_stub_exit_no_start[];
extern const std::byte vdsotrace_record_stub_exit_text[];
extern const std::byte vdsotrace_record_stub_exit_word[];
extern const std::byte vdsotrace_record_stub_exit_bytes[];
extern const std::byte vdsotrace_record_stub_exit_byte[];
extern const std::byte vdsotrace_record_stub_exit_copied[];
extern const std::byte vdsotrace_record_stub_in_records[];
extern const std::byte vdsotrace_record_stub_look[];
extern const std::byte vdsotrace_record_stub_uncalled[];
extern const std::byte vdsotrace_record_stub_unsuited[];
extern const std::byte vdsotrace_record_stub_words[];
extern const std::byte vdsotrace_record_stub_end[];
}

namespace vdsotrace::arch {
namespace {

std::size_t offset_in_record_stub(const std::byte* place) {
  return static_cast<std::size_t>(place - vdsotrace_record_stub);
}

/// Of eight bytes the first may be readable.
constexpr CopyLoad kCopyLoads[] = {
    {vdsotrace_record_stub_entry_size, vdsotrace_record_stub_unsuited},
    {vdsotrace_record_stub_entry_start, vdsotrace_record_stub_unsuited},
    {vdsotrace_record_stub_entry_text, vdsotrace_record_stub_unsuited},
    {vdsotrace_record_stub_entry_word, vdsotrace_record_stub_unsuited},
    {vdsotrace_record_stub_entry_byte, vdsotrace_record_stub_unsuited},
    {vdsotrace_record_stub_exit_size, vdsotrace_record_stub_exit_no_size},
    {vdsotrace_record_stub_exit_start, vdsotrace_record_stub_exit_no_start},
    {vdsotrace_record_stub_exit_text, vdsotrace_record_stub_exit_copied},
    {vdsotrace_record_stub_exit_word, vdsotrace_record_stub_exit_bytes},
    {vdsotrace_record_stub_exit_byte, vdsotrace_record_stub_exit_copied},
};

}  // namespace

std::vector<std::byte> make_record_stub(const RecordStubWords& words, const CopyPlan& copies) {
  std::vector<std::byte> stub(vdsotrace_record_stub, vdsotrace_record_stub_end);
  CHECK(stub.size() <= kRecordStubBytes && offset_in_record_stub(vdsotrace_record_stub_enter) == call_stub_entry());
  CHECK(copies.most_bytes <= RECORD_MOST_BYTES);
  const CallStubWords front{-words.number, words.index, words.back, words.resume, words.others};
  std::memcpy(stub.data(), &front, sizeof front);
  const std::uint64_t record_bytes = std::uint64_t{1} << copies.record_log2;
  const std::uint64_t records = (copies.most_bytes + record_bytes - 1) / record_bytes;
  stub[offset_in_record_stub(vdsotrace_record_stub_in_records) - 1] = static_cast<std::byte>(copies.record_log2);
  const std::uint64_t behind[] = {static_cast<std::uint64_t>(words.number), words.leave, words.unsuited, records,
                                  copies.keeps_stack ? 1U : 0U};
  std::byte* const at = stub.data() + offset_in_record_stub(vdsotrace_record_stub_words);
  std::memcpy(at, behind, sizeof behind);
  write_copies(at + sizeof behind, copies);
  return stub;
}

bool has_called_in_record_stub(std::size_t at) {
  return at >= offset_in_record_stub(vdsotrace_record_stub_called) &&
         at < offset_in_record_stub(vdsotrace_record_stub_uncalled);
}

bool waits_in_record_stub(std::size_t at) { return at == offset_in_record_stub(vdsotrace_record_stub_look); }

Registers behind_wait(Registers r) {
  r.rip += kBreakpoint.size();
  return r;
}

std::uint64_t record_block(const Registers& registers) { return registers.rbx; }

Registers with_record_base(Registers r, std::uint64_t base) {
  r.rbx = base;
  return r;
}

DwarfRegisters kept_registers(std::span<const std::uint64_t, KEPT_REGISTERS> kept, std::uint64_t stack_pointer,
                              std::uint64_t back) {
  return {0, 0, 0, kept[0], 0, 0, kept[1], stack_pointer, 0, 0, 0, 0, kept[2], kept[3], kept[4], kept[5], back};
}

std::optional<Registers> without_copy(Registers r, std::size_t at) {
  return beyond_load(r, vdsotrace_record_stub + at, kCopyLoads);
}

}  // namespace vdsotrace::arch
