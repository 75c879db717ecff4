#include "engines/inline/plan/stub_assembly.hpp"

#include <algorithm>
#include <cstring>

#include "arch/constants.hpp"
#include "base/check.hpp"

namespace vdsotrace {
namespace {

constexpr std::size_t kStubAlignment = 64;
constexpr auto& kSystemCallCode = arch::kSystemCallThenTrap;

}  // namespace

StubAssembly::StubAssembly(const VdsoImage& image, StubPlan& plan) : image_(image), plan_(plan) {
  plan_.code.resize(sizeof(StubJournal));
  plan_.trampolines_at = (image.unused_from() + 7u) / 8u * 8u;
}

std::uint32_t StubAssembly::add_stub(arch::StubKind kind, arch::StubShape shape, const std::vector<Slot>& slots,
                                     bool reads_counter) {
  plan_.code.resize((plan_.code.size() + kStubAlignment - 1) / kStubAlignment * kStubAlignment);
  const arch::StubTemplate stub = arch::stub_template(kind, shape);
  CHECK(slots.size() == stub.slots());
  const auto block = static_cast<std::uint32_t>(plan_.code.size());
  plan_.code.insert(plan_.code.end(), stub.bytes.begin(), stub.bytes.end());
  for (std::uint32_t i = 0; i < slots.size(); ++i) {
    const auto at = static_cast<std::uint32_t>(block + i * sizeof(std::uint64_t));
    if (slots[i].kind == Slot::Kind::in_region) {
      plan_.region_words.push_back({at, slots[i].value});
    } else {
      std::memcpy(plan_.code.data() + at, &slots[i].value, sizeof slots[i].value);
    }
  }
  if (reads_counter)
    plan_.counter_words.push_back(static_cast<std::uint32_t>(block + (slots.size() - 1) * sizeof(std::uint64_t)));
  return static_cast<std::uint32_t>(block + stub.code);
}

std::uint32_t StubAssembly::next_trampoline() const {
  return plan_.trampolines_at + static_cast<std::uint32_t>(plan_.trampolines.size());
}

std::uint32_t StubAssembly::add_trampoline(arch::StubKind kind, const std::vector<Slot>& slots) {
  const arch::StubTemplate stub = arch::stub_template(kind);
  CHECK(slots.size() == stub.slots());
  const std::uint32_t start = next_trampoline();
  const std::size_t block = plan_.trampolines.size();
  plan_.trampolines.insert(plan_.trampolines.end(), stub.bytes.begin(), stub.bytes.end());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto at = static_cast<std::uint32_t>(block + i * sizeof(std::uint64_t));
    if (slots[i].kind == Slot::Kind::stub) {
      plan_.stub_words.push_back({at, static_cast<std::uint32_t>(slots[i].value)});
    } else {
      std::memcpy(plan_.trampolines.data() + at, &slots[i].value, sizeof slots[i].value);
    }
  }
  plan_.templates.push_back({start, next_trampoline()});
  return start + static_cast<std::uint32_t>(stub.code);
}

void StubAssembly::append(std::span<const std::byte> bytes) {
  plan_.trampolines.insert(plan_.trampolines.end(), bytes.begin(), bytes.end());
}

void StubAssembly::append_jump(std::uint32_t to) { append(*arch::jump(next_trampoline(), to)); }

Result<void> StubAssembly::append_moved(std::uint32_t from, std::uint32_t to, bool back) {
  if (from == to && !back) return {};
  const std::uint32_t start = next_trampoline();
  auto moved = relocate(image_.machine(), image_.bytes().subspan(from, to - from), from, start);
  if (!moved) return tl::unexpected(moved.error());
  if (!back) moved->bytes.resize(moved->map.back().moved);
  for (std::size_t i = 0; i + 1 < moved->map.size(); ++i)
    plan_.moved.push_back({from + moved->map[i].original, start + moved->map[i].moved});
  append(moved->bytes);
  return {};
}

void StubAssembly::append_instead(std::uint32_t from, std::uint32_t to) {
  plan_.moved.push_back({from, next_trampoline()});
  append_jump(to);
}

void StubAssembly::patch_near(std::uint32_t from, std::uint32_t to) {
  const auto near = *arch::jump(from, to);
  plan_.patches.push_back({from, {near.begin(), near.end()}});
}

void StubAssembly::patch_short(std::uint32_t from, std::uint32_t to) {
  const auto brief = *arch::short_jump(from, to);
  plan_.patches.push_back({from, {brief.begin(), brief.end()}});
}

void StubAssembly::note_copy(std::uint32_t call, std::uint32_t original, std::uint8_t function) {
  const auto code = std::span(plan_.trampolines).subspan(call - plan_.trampolines_at);
  const auto found = std::search(code.begin(), code.end(), kSystemCallCode, kSystemCallCode + 2);
  CHECK(found != code.end());
  plan_.fallbacks.push_back({call + static_cast<std::uint32_t>(found - code.begin()) + 2, original, function});
}

void StubAssembly::write_journal() {
  StubJournal journal{};
  std::memcpy(journal.magic, kStubMagic, sizeof journal.magic);
  journal.trampolines = plan_.trampolines_at;
  journal.trampoline_bytes = static_cast<std::uint32_t>(plan_.trampolines.size());
  for (const StubPatch& patch : plan_.patches) {
    StubJournal::Patch& entry = journal.patches[journal.patch_count++];
    entry.offset = patch.offset;
    entry.size = static_cast<std::uint32_t>(patch.bytes.size());
    std::memcpy(entry.before, image_.bytes().data() + patch.offset, patch.bytes.size());
    std::memcpy(entry.after, patch.bytes.data(), patch.bytes.size());
  }
  for (const MovedInstruction& moved : plan_.moved) journal.moved[journal.moved_count++] = {moved.original, moved.copy};
  for (const MovedFallback& call : plan_.fallbacks) journal.copies[journal.copy_count++] = {call.original, call.after};
  std::memcpy(journal.system_call, kSystemCallCode, sizeof kSystemCallCode);
  std::memcpy(plan_.code.data(), &journal, sizeof journal);
}

}  // namespace vdsotrace
