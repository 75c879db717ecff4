#include "model/code/call_site.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "model/code/jumps.hpp"

namespace vdsotrace {
namespace {

constexpr std::byte kTrap{0xcc};

CodeWrite write_of(std::uint64_t address, std::span<const std::byte> bytes) {
  return {address, {bytes.begin(), bytes.end()}};
}

}  // namespace

/// Where the near jump is.
std::uint64_t CallSite::jumps_at() const { return keeps_code() ? padding : address - head.size(); }

bool CallSite::jumps_from(std::uint64_t pc) const {
  return keeps_code() && (pc == padding || std::ranges::find(relays, pc) != relays.end());
}

Result<std::vector<CodeWrite>> CallSite::patch(std::uint64_t stub) const {
  if (shape == SiteShape::unpatched) return fail(fmt::format("no patch at {:#x}: {}", address, reason));
  const auto jump = near_jump(jumps_at(), stub);
  if (!jump || !stubs.contains(stub)) return fail(fmt::format("no patch at {:#x}: stub out of reach", address));
  if (keeps_code()) return jumps_to(*jump);
  CodeWrite all = write_of(jumps_at(), *jump);
  all.bytes.resize(original.front().bytes.size(), kTrap);
  return std::vector{std::move(all)};
}

/// `jump` into the padding, and from the last relay back to the call the short ones that lead there.
Result<std::vector<CodeWrite>> CallSite::jumps_to(std::span<const std::byte> jump) const {
  std::vector<CodeWrite> writes{write_of(padding, jump)};
  for (std::size_t left = relays.size() + 1; left-- > 0;) {
    const std::uint64_t from = left == 0 ? address : relays[left - 1];
    const auto brief = short_jump(from, writes.back().address);
    if (!brief) return fail(fmt::format("no patch at {:#x}: padding out of reach", address));
    writes.push_back(write_of(from, *brief));
  }
  return writes;
}

Result<std::vector<std::byte>> CallSite::front(std::uint64_t at) const {
  if (shape == SiteShape::unpatched) return fail(fmt::format("no patch at {:#x}: {}", address, reason));
  if (!stubs.contains(at)) return fail(fmt::format("no patch at {:#x}: stub out of reach", address));
  if (head.empty()) return std::vector<std::byte>();
  auto moved = relocate(Machine::x86_64, head, address - head.size(), at);
  if (!moved) return tl::unexpected(moved.error());
  moved->bytes.resize(moved->map.back().moved);  // without the jump back
  return std::move(moved->bytes);
}

Result<RelocatedCode> CallSite::tail(std::uint64_t at) const {
  if (shape == SiteShape::unpatched) return fail(fmt::format("no patch at {:#x}: {}", address, reason));
  if (!stubs.contains(at)) return fail(fmt::format("no patch at {:#x}: stub out of reach", address));
  return relocate(Machine::x86_64, displaced, address + kSyscallSize, at);
}

std::optional<std::uint32_t> CallSite::place_in_tail(const RelocatedCode& tail, std::uint64_t pc) const {
  const std::uint64_t offset = pc - address - kSyscallSize;
  const auto found = std::ranges::find(tail.map, offset, &RelocatedCode::Pair::original);
  return found != tail.map.end() ? std::optional(found->moved) : std::nullopt;
}

std::optional<OwnPlace> CallSite::own_place(std::uint64_t pc, const StubParts& stub, const RelocatedCode& tail) const {
  if (shape == SiteShape::unpatched) return std::nullopt;
  const std::uint64_t begins = address - head.size();
  if (pc == begins || jumps_from(pc)) return OwnPlace{begins, false, true};
  if (pc < stub.start || pc >= stub.tail + tail.bytes.size()) return std::nullopt;
  if (pc == stub.start) return OwnPlace{begins, false, true};
  if (pc < stub.called) return OwnPlace{address, false, true};
  std::uint64_t behind = address + kSyscallSize;
  for (const RelocatedCode::Pair& pair : tail.map) {
    if (stub.tail + pair.moved <= pc) behind = address + kSyscallSize + pair.original;
  }
  return OwnPlace{behind, true, behind == resumes_at()};
}

CallSite CallSite::moved_by(std::uint64_t bias) const {
  CallSite site = *this;
  site.address += bias;
  site.stubs = {stubs.start + bias, stubs.end + bias};
  if (site.stubs.start > site.stubs.end) site.stubs.start = 0;  // it began below
  if (keeps_code()) site.padding += bias;
  for (std::uint64_t& relay : site.relays) relay += bias;
  for (CodeWrite& write : site.original) write.address += bias;
  return site;
}

}  // namespace vdsotrace
