#include "arch/site_stub.hpp"

#include <array>
#include <cstring>

#include "arch/call_stub.hpp"
#include "base/check.hpp"

extern "C" {
extern const std::byte vdsotrace_number_stub[];
extern const std::byte vdsotrace_number_stub_enter[];
extern const std::byte vdsotrace_number_stub_uncounted[];
extern const std::byte vdsotrace_number_stub_uncounted_end[];
extern const std::byte vdsotrace_number_stub_restart[];
extern const std::byte vdsotrace_number_stub_restarted[];
extern const std::byte vdsotrace_number_stub_call[];
extern const std::byte vdsotrace_number_stub_called[];
extern const std::byte vdsotrace_number_stub_counting[];
extern const std::byte vdsotrace_number_stub_counted[];
extern const std::byte vdsotrace_number_stub_done[];
extern const std::byte vdsotrace_number_stub_flags[];
extern const std::byte vdsotrace_number_stub_restored[];
extern const std::byte vdsotrace_number_stub_end[];
extern const std::byte vdsotrace_table_stub[];
extern const std::byte vdsotrace_table_stub_enter[];
extern const std::byte vdsotrace_table_stub_uncounted[];
extern const std::byte vdsotrace_table_stub_uncounted_end[];
extern const std::byte vdsotrace_table_stub_counting[];
extern const std::byte vdsotrace_table_stub_counted[];
extern const std::byte vdsotrace_table_stub_done[];
extern const std::byte vdsotrace_table_stub_flags[];
extern const std::byte vdsotrace_table_stub_restored[];
extern const std::byte vdsotrace_table_stub_end[];
}

namespace vdsotrace::arch {
namespace {

constexpr std::size_t kAlignment = 16;
constexpr std::size_t kEntryBytes = 16;
constexpr std::int64_t kRestartSyscall = 219;
constexpr std::uint64_t kCountersBytes = 2 * sizeof(std::uint64_t);

/// The labels of a template.
struct Template {
  const std::byte *begin, *end, *enter, *uncounted, *uncounted_end;
  const std::byte *counting, *counted, *done, *flags, *restored;

  std::size_t offset(const std::byte* place) const { return static_cast<std::size_t>(place - begin); }
};

const Template& template_of(const StubNumber& number) {
  static const Template kByNumber{
      vdsotrace_number_stub,           vdsotrace_number_stub_end,           vdsotrace_number_stub_enter,
      vdsotrace_number_stub_uncounted, vdsotrace_number_stub_uncounted_end, vdsotrace_number_stub_counting,
      vdsotrace_number_stub_counted,   vdsotrace_number_stub_done,          vdsotrace_number_stub_flags,
      vdsotrace_number_stub_restored};
  static const Template kByTable{
      vdsotrace_table_stub,           vdsotrace_table_stub_end,           vdsotrace_table_stub_enter,
      vdsotrace_table_stub_uncounted, vdsotrace_table_stub_uncounted_end, vdsotrace_table_stub_counting,
      vdsotrace_table_stub_counted,   vdsotrace_table_stub_done,          vdsotrace_table_stub_flags,
      vdsotrace_table_stub_restored};
  return number ? kByNumber : kByTable;
}

std::int32_t displacement(std::uint64_t to, std::uint64_t from) {
  const auto distance = static_cast<std::int64_t>(to - from);
  CHECK(distance == static_cast<std::int32_t>(distance));
  return static_cast<std::int32_t>(distance);
}

using Entry = std::array<std::byte, kEntryBytes>;

void put(Entry& code, std::size_t at, std::initializer_list<std::uint8_t> opcode, std::int32_t relative) {
  for (const std::uint8_t byte : opcode) code[at++] = std::byte{byte};
  std::memcpy(code.data() + at, &relative, sizeof relative);
}

/// `at`: of the entry. There are thousands of them, which are made while threads wait.
Entry entry(std::uint64_t at, std::uint64_t counters, std::uint64_t counting, std::uint64_t uncounted) {
  constexpr std::uint64_t kJump = 5, kCallAndLea = 9;
  Entry code;
  code.fill(std::byte{0xcc});
  if (counters != 0) {
    // syscall; lea counters(%rip), %rcx
    put(code, 0, {0x0f, 0x05, 0x48, 0x8d, 0x0d}, displacement(counters, at + kCallAndLea));
    put(code, kCallAndLea, {0xe9}, displacement(counting, at + kCallAndLea + kJump));
  } else {
    put(code, 0, {0xe9}, displacement(uncounted, at + kJump));
  }
  return code;
}

/// The number of a call that has just come back: its counters are not looked for yet, or a register has them.
std::optional<std::int64_t> called_number(const StubNumber& number, const Registers& registers, std::size_t offset,
                                          std::uint64_t counters) {
  const Template& stub = template_of(number);
  if (offset >= stub.offset(stub.counting)) {
    const std::uint64_t index = (registers.rcx - counters) / kCountersBytes;
    return index < kCountedNumbers ? std::optional(static_cast<std::int64_t>(index)) : std::nullopt;
  }
  return offset >= stub.offset(vdsotrace_number_stub_called) ? number : std::optional(kRestartSyscall);
}

SiteStubProgress in_entry(const Registers& registers, std::size_t offset) {
  SiteStubProgress progress;
  progress.made = offset % kEntryBytes != 0;
  progress.result = static_cast<std::int64_t>(registers.rax);
  if (progress.made) progress.uncounted_call = static_cast<std::int64_t>(offset / kEntryBytes);
  if (is_failure(progress.result)) progress.uncounted_failure = progress.uncounted_call;
  return progress;
}

bool is_before_call(const StubNumber& number, std::size_t offset) {
  const Template& stub = template_of(number);
  const bool calls = number && (offset == stub.offset(vdsotrace_number_stub_restart) ||
                                offset == stub.offset(vdsotrace_number_stub_call));
  return calls || offset <= stub.offset(stub.uncounted);
}

}  // namespace

std::size_t site_stub_bytes(const StubNumber& number) {
  const Template& stub = template_of(number);
  const std::size_t fixed = stub.offset(stub.end);
  return number ? (fixed + kAlignment - 1) / kAlignment * kAlignment : fixed + kCountedNumbers * kEntryBytes;
}

std::size_t site_stub_entry(const StubNumber& number) {
  const Template& stub = template_of(number);
  return stub.offset(stub.enter);
}

std::vector<std::byte> make_site_stub(const StubNumber& number, std::uint64_t at, std::uint64_t back,
                                      const CountersOf& counters) {
  const Template& stub = template_of(number);
  std::vector<std::byte> code(stub.begin, stub.end);
  if (number) {
    const std::uint64_t words[] = {back, std::uint64_t{0} - static_cast<std::uint64_t>(*number), counters(*number),
                                   counters(kRestartSyscall)};
    std::memcpy(code.data(), words, sizeof words);
    code.resize(site_stub_bytes(number), std::byte{0xcc});
    return code;
  }
  std::memcpy(code.data(), &back, sizeof back);
  code.reserve(site_stub_bytes(number));
  for (std::int64_t nr = 0; nr < static_cast<std::int64_t>(kCountedNumbers); ++nr) {
    const Entry made =
        entry(at + code.size(), counters(nr), at + stub.offset(stub.counting), at + stub.offset(stub.uncounted));
    code.insert(code.end(), made.begin(), made.end());
  }
  return code;
}

SiteStubProgress progress_in_site_stub(const StubNumber& number, const Registers& registers, std::size_t offset,
                                       std::uint64_t counters) {
  const Template& stub = template_of(number);
  if (!number && offset >= stub.offset(stub.end)) return in_entry(registers, offset - stub.offset(stub.end));
  SiteStubProgress progress;
  progress.made = !is_before_call(number, offset);
  const bool set_aside = offset >= stub.offset(stub.flags) && offset < stub.offset(stub.restored);
  progress.result = static_cast<std::int64_t>(set_aside ? registers.rcx : registers.rax);
  if (!progress.made || offset < stub.offset(stub.uncounted_end) || offset >= stub.offset(stub.done)) return progress;
  const auto called = called_number(number, registers, offset, counters);
  if (offset < stub.offset(stub.counted)) progress.uncounted_call = called;
  if (is_failure(progress.result)) progress.uncounted_failure = called;
  return progress;
}

}  // namespace vdsotrace::arch
