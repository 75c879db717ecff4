// Plans of stubs, and what the vDSO's code does when they are carried out.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "arch/stubs.hpp"
#include "engines/inline/plan/stub_plan.hpp"
#include "model/code/x86.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace::testing {

inline constexpr std::uint64_t kMark = 0x1122334455667788;
inline constexpr const char* kImages[] = {"5.10.0-32.x86_64", "6.1.0-50.x86_64", "6.12.107+deb13.x86_64",
                                          "6.18.15+deb13.x86_64", "7.3.4+deb13.x86_64"};
inline constexpr StubDepth kDepths[] = {StubDepth::count, StubDepth::callers, StubDepth::measured, StubDepth::values};

inline VdsoImage image_named(const char* name) {
  auto image = VdsoImage::parse(saved_image(name));
  REQUIRE(image);
  return std::move(*image);
}

inline StubWishes all_at(StubDepth depth, std::optional<std::uint64_t> mark = kMark) {
  return {depth, mark, false, [](const VdsoService&) { return true; }};
}

inline StubPlan plan_all(const VdsoImage& image, StubDepth depth) { return plan_stubs(image, all_at(depth)); }

inline StubPlan plan_one(const VdsoImage& image, StubDepth depth, std::string_view call,
                         std::optional<std::uint64_t> mark = kMark) {
  StubWishes wishes = all_at(depth, mark);
  wishes.wanted = [&](const VdsoService& service) { return service.syscall == call; };
  return plan_stubs(image, wishes);
}

inline std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t word;
  REQUIRE(offset + sizeof word <= bytes.size());
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

inline Bytes part(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  REQUIRE(offset + size <= bytes.size());
  const auto found = bytes.subspan(offset, size);
  return {found.begin(), found.end()};
}

/// Where the near or short jump leads whose bytes these are, relative to its own first byte.
inline std::int64_t jump_distance(std::span<const std::byte> jump) {
  if (jump.size() == arch::kShortJumpSize) {
    REQUIRE(jump[0] == std::byte{0xeb});
    return static_cast<std::int8_t>(jump[1]) + std::int64_t{2};
  }
  REQUIRE(jump.size() == arch::kJumpSize);
  REQUIRE(jump[0] == std::byte{0xe9});
  std::int32_t displacement;
  std::memcpy(&displacement, &jump[1], sizeof displacement);
  return displacement + std::int64_t{5};
}

inline std::uint32_t target_of(const StubPatch& patch) {
  return static_cast<std::uint32_t>(patch.offset + jump_distance(patch.bytes));
}

inline std::uint32_t end_of(const StubPatch& patch) {
  return static_cast<std::uint32_t>(patch.offset + patch.bytes.size());
}

inline std::size_t mapping_size(const VdsoImage& image) { return (image.bytes().size() + 4095) / 4096 * 4096; }

/// Calls `check(image, plan, depth)` for everything that can be wished of every image.
template <class Check>
void for_every_plan(const Check& check) {
  for (const char* name : kImages) {
    const VdsoImage image = image_named(name);
    for (const StubDepth depth : kDepths) {
      for (const bool marked : {false, true}) {
        for (const bool keep_stack : {false, true}) {
          INFO(name << ", depth " << static_cast<int>(depth) << ", marked " << marked << ", stack " << keep_stack);
          StubWishes wishes = all_at(depth, marked ? std::optional(kMark) : std::nullopt);
          wishes.keep_stack = keep_stack;
          check(image, plan_stubs(image, wishes), depth);
        }
      }
    }
  }
}

/// The mapping with everything written, and where its ways lead.
class Patched {
 public:
  Patched(const VdsoImage& image, const StubPlan& plan)
      : plan_(plan), bytes_(image.bytes().begin(), image.bytes().end()) {
    bytes_.resize(mapping_size(image));
    std::ranges::copy(plan.trampolines, bytes_.begin() + plan.trampolines_at);
    for (const StubPatch& patch : plan.patches) std::ranges::copy(patch.bytes, bytes_.begin() + patch.offset);
    auto opened = X86Decoder::open(Machine::x86_64);
    REQUIRE(opened);
    decoder_.emplace(std::move(*opened));
  }

  /// What a call of the function can come to.
  struct Ways {
    std::set<std::uint32_t> returns;       ///< by which it leaves without a stub
    std::set<std::uint32_t> calls;         ///< system call instructions of its own
    std::set<std::uint32_t> unseen_calls;  ///< of those, the ones that no stub comes right behind
    std::set<std::uint32_t> seen;          ///< all that it executes
    std::multiset<arch::StubKind> trampolines;
    std::set<std::uint64_t> stubs;  ///< offsets in the code
  };
  Ways ways_from(std::uint32_t entry) {
    Ways ways;
    std::vector<std::uint32_t> pending{entry};
    while (!pending.empty()) {
      const std::uint32_t at = pending.back();
      pending.pop_back();
      if (ways.seen.insert(at).second) follow(at, ways, pending);
    }
    return ways;
  }
  /// The trampoline whose code begins there.
  std::optional<arch::StubKind> trampoline_at(std::uint32_t at) const {
    for (const auto kind : {arch::StubKind::enter, arch::StubKind::leave, arch::StubKind::called, arch::StubKind::call,
                            arch::StubKind::mark}) {
      const arch::StubTemplate stub = arch::stub_template(kind);
      const auto code = stub.bytes.subspan(stub.code);
      const auto start = at - static_cast<std::uint32_t>(stub.code);
      const auto end = at + static_cast<std::uint32_t>(code.size());
      const bool planned =
          std::ranges::any_of(plan_.templates, [&](const StubRange& r) { return r.start == start && r.end == end; });
      if (planned && std::ranges::equal(code, std::span(bytes_).subspan(at, code.size()))) return kind;
    }
    return std::nullopt;
  }
  /// Where execution goes on from there, jumps followed.
  std::uint32_t after_jumps(std::uint32_t at) {
    for (int i = 0; i < 4; ++i) {
      const auto instruction = decoder_->decode(std::span(bytes_).subspan(at));
      if (!instruction || instruction->flow != Flow::jump) break;
      at += instruction->length + static_cast<std::uint32_t>(instruction->displacement);
    }
    return at;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  void follow(std::uint32_t at, Ways& ways, std::vector<std::uint32_t>& pending) {
    REQUIRE(at < bytes_.size());
    for (const StubPatch& patch : plan_.patches) CHECK((at <= patch.offset || at >= end_of(patch)));
    if (const auto kind = trampoline_at(at)) return pass(at, *kind, ways, pending);
    for (const StubRange& range : plan_.templates) CHECK_FALSE(range.contains(at));
    const auto instruction = decoder_->decode(std::span(bytes_).subspan(at));
    REQUIRE(instruction);
    const std::uint32_t next = at + instruction->length;
    const std::uint32_t target = next + static_cast<std::uint32_t>(instruction->displacement);
    switch (instruction->flow) {
      case Flow::ret: ways.returns.insert(at); break;
      case Flow::trap: break;
      case Flow::jump: pending.push_back(target); break;
      case Flow::branch:
      case Flow::short_branch: pending.insert(pending.end(), {next, target}); break;
      case Flow::system_call:
        ways.calls.insert(at);
        if (trampoline_at(after_jumps(next)) != arch::StubKind::called) ways.unseen_calls.insert(at);
        [[fallthrough]];
      case Flow::next:
      case Flow::call:
      case Flow::clock_read: pending.push_back(next); break;
      default: FAIL("a strange instruction at " << at);
    }
  }
  void pass(std::uint32_t at, arch::StubKind kind, Ways& ways, std::vector<std::uint32_t>& pending) {
    ways.trampolines.insert(kind);
    const arch::StubTemplate stub = arch::stub_template(kind);
    for (const StubWord& word : plan_.stub_words) {
      const std::uint32_t from = word.offset + plan_.trampolines_at;
      if (from < at && from >= at - stub.code) ways.stubs.insert(word.in_code);
    }
    if (kind != arch::StubKind::leave)
      pending.push_back(at + static_cast<std::uint32_t>(stub.bytes.size() - stub.code));
  }

  const StubPlan& plan_;
  Bytes bytes_;
  std::optional<X86Decoder> decoder_;
};

}  // namespace vdsotrace::testing
