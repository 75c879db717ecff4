#include "model/code/call_sites.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "model/code/call_number.hpp"
#include "model/code/jump_chain.hpp"
#include "model/code/jumps.hpp"
#include "model/code/x86.hpp"

namespace vdsotrace {
namespace {

using Bytes = std::span<const std::byte>;

/// Larger functions are machine-made tables; none that makes system calls is near that.
constexpr std::uint64_t kLargestFunction = 1 << 20;
constexpr std::size_t kMostRelays = 3;
/// More code than this, half a second's work, is not searched for calls of unknown functions.
constexpr std::size_t kMostFollowed = 4 << 20;
/// A short branch that leads to an address begins and ends nearer than that.
constexpr std::uint64_t kShortReach = 144;
/// Code and stub as far apart as this reach each other with any instruction.
constexpr std::uint64_t kNearReach = (std::uint64_t{1} << 31) - 64;
/// Code between functions is looked at in pieces of this size.
constexpr std::uint64_t kBlock = 1 << 16;
/// What compilers align the place behind a padding to, at least.
constexpr std::uint64_t kAlignment = 8;

bool ends_with(Bytes code, std::initializer_list<std::uint8_t> end) {
  return code.size() >= end.size() &&
         std::equal(end.begin(), end.end(), code.end() - static_cast<std::ptrdiff_t>(end.size()),
                    [](std::uint8_t a, std::byte b) { return std::byte{a} == b; });
}

/// Whether the code in front of a system call puts rt_sigreturn's number into a register: libgcc, gdb and others know a
/// signal's frame by these very bytes. What looks so by chance is just not patched.
bool makes_sigreturn(Bytes before) {
  return ends_with(before, {0xb8, 0x0f, 0, 0, 0}) || ends_with(before, {0xc7, 0xc0, 0x0f, 0, 0, 0}) ||
         ends_with(before, {0xb8, 0x0f, 0, 0, 0, 0, 0, 0, 0}) || ends_with(before, {0x6a, 0x0f, 0x58});
}

bool goes_on(Flow flow) {
  return flow != Flow::ret && flow != Flow::jump && flow != Flow::indirect_jump && flow != Flow::trap;
}

AddressRange near(std::uint64_t address) { return {address - kNearReach, address + kNearReach}; }

/// Addresses may wrap around: those of a file begin at 0.
AddressRange common(const AddressRange& a, const AddressRange& b) {
  const auto low = [](std::uint64_t x) { return static_cast<std::int64_t>(x); };
  const AddressRange both{static_cast<std::uint64_t>(std::max(low(a.start), low(b.start))),
                          static_cast<std::uint64_t>(std::min(low(a.end), low(b.end)))};
  return low(both.start) < low(both.end) ? both : AddressRange{a.start, a.start};
}

/// Where the instruction that was decoded last refers to, relative to itself, if it does.
std::optional<std::uint64_t> relative_target(const X86Decoder& decoder, const Instruction& instruction,
                                             std::uint64_t address) {
  const std::uint64_t end = address + instruction.length;
  if (instruction.displacement != 0 || instruction.flow == Flow::jump || instruction.flow == Flow::branch)
    return end + static_cast<std::uint64_t>(std::int64_t{instruction.displacement});
  const cs_x86& x86 = decoder.raw().detail->x86;
  for (const cs_x86_op& operand : std::span(x86.operands, x86.op_count)) {
    if (operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RIP)
      return end + static_cast<std::uint64_t>(operand.mem.disp);
  }
  return std::nullopt;
}

}  // namespace

Result<CallSites> CallSites::open(std::vector<std::byte> code, std::uint64_t address, FunctionTable functions) {
  auto decoder = X86Decoder::open(Machine::x86_64);
  if (!decoder) return tl::unexpected(decoder.error());
  if (address + code.size() + kShortReach < address) return fail("code at the end of all addresses");
  return CallSites(std::move(*decoder), std::move(code), address, std::move(functions));
}

CallSites::CallSites(X86Decoder decoder, std::vector<std::byte> code, std::uint64_t address, FunctionTable functions)
    : decoder_(std::move(decoder)),
      code_(std::move(code)),
      address_(address),
      functions_(std::move(functions)),
      wide_branches_(code_, address) {}

const CallSite& CallSites::at(std::uint64_t address) {
  const auto known = sites_.find(address);
  return known != sites_.end() ? known->second : sites_.emplace(address, plan(address)).first->second;
}

std::vector<std::uint64_t> CallSites::instructions() {
  constexpr std::byte kCall[] = {std::byte{0x0f}, std::byte{0x05}};
  std::vector<std::uint64_t> found;
  for (auto at = code_.begin(); (at = std::search(at, code_.end(), std::begin(kCall), std::end(kCall))) != code_.end();
       ++at) {
    const std::uint64_t address = address_ + static_cast<std::uint64_t>(at - code_.begin());
    if (!functions_.around(address)) follow_calls();
    if (sweep(region(address)).is_start(address)) found.push_back(address);
  }
  return found;
}

std::optional<std::int64_t> CallSites::number_at(std::uint64_t address) {
  const AddressRange function = region(address);
  const auto entries = functions_.entries(function);
  return call_number({bytes(function), function.start, entries}, sweep(function), address);
}

CallSite CallSites::plan(std::uint64_t address) {
  CallSite site;
  site.address = address;
  const auto refuse = [&](std::string why) {
    CallSite refused;
    refused.address = address;
    refused.reason = std::move(why);
    return refused;
  };
  const Bytes call = bytes({address, address + kSyscallSize});
  if (call.size() != kSyscallSize || !ends_with(call, {0x0f, 0x05})) return refuse("no system call is made there");
  if (makes_sigreturn(bytes(in_code({address - std::min(address, kLongestInstruction), address}))))
    return refuse("it returns from signal handlers");
  if (!functions_.around(address)) follow_calls();
  sweep(region(address)).follow(decoder_, address);
  if (is_entered({address + 1, address + kSyscallSize})) return refuse("something leads into the middle of it");
  if (!pad(site, 0) && !pad(site, kMostRelays) && !take_head(site)) {
    if (std::string why = widen(site); !why.empty()) return refuse(std::move(why));
  }
  for (const CodeWrite& write : site.original) taken_.push_back({write.address, write.address + write.bytes.size()});
  return site;
}

/// From all known functions into those of which nothing is known but that they are called.
void CallSites::follow_calls() {
  if (std::exchange(calls_are_followed_, true) || code_.size() > kMostFollowed) return;
  std::vector<std::uint64_t> pending;
  const auto add = [&](std::span<const std::uint64_t> exits) {
    pending.insert(pending.end(), exits.begin(), exits.end());
  };
  const AddressRange all{address_, address_ + code_.size()};
  for (const AddressRange& function : functions_.within(all)) add(sweep(function).exits());
  std::set<std::uint64_t> followed;
  while (!pending.empty()) {
    const std::uint64_t target = pending.back();
    pending.pop_back();
    if (!all.contains(target) || functions_.around(target) || !followed.insert(target).second) continue;
    FunctionSweep& code = sweep(region(target));
    const std::size_t known = code.exits().size();
    code.follow(decoder_, target);
    add(code.exits().subspan(known));
  }
}

bool CallSites::pad(CallSite& site, std::size_t relays) {
  const std::uint64_t reach = kShortReach * (relays + 1);
  const auto paddings = paddings_in({site.address - std::min(site.address, reach), site.address + reach});
  const auto chain = chain_to_padding(site.address, paddings, relays, taken_);
  if (chain.empty()) return false;
  site.shape = chain.size() == 1 ? SiteShape::padded : SiteShape::relayed;
  site.relays.assign(chain.begin(), chain.end() - 1);
  site.padding = chain.back();
  site.stubs = common(near(site.padding), near(site.address));
  site.original = {copy_of({site.padding, site.padding + kNearJumpSize})};
  for (std::size_t left = site.relays.size(); left-- > 0;)
    site.original.push_back(copy_of({site.relays[left], site.relays[left] + kShortJumpSize}));
  site.original.push_back(copy_of({site.address, site.address + kSyscallSize}));
  return true;
}

std::vector<AddressRange> CallSites::paddings_in(AddressRange reach) {
  std::vector<AddressRange> found;
  const AddressRange there = in_code(reach);
  for (std::uint64_t at = there.start; at < there.end; at = region(at).end) {
    const FunctionSweep& code = sweep(region(at));
    for (const std::uint64_t end : code.ends()) {
      const AddressRange padding = there.contains(end) ? padding_behind(end, code) : AddressRange{};
      if (padding.size() >= kShortJumpSize) found.push_back(padding);
    }
  }
  return found;
}

/// Behind an instruction that does not go on. Empty if it is no padding for certain.
AddressRange CallSites::padding_behind(std::uint64_t end, const FunctionSweep& function) {
  const Bytes rest = bytes(in_code({end, end + kShortReach}));
  AddressRange padding{end, end + padding_at(rest)};
  const auto entries = functions_.entries(padding);
  if (!entries.empty()) padding.end = entries.front();
  const auto around = functions_.around(end - 1);
  const bool aligned = padding.end % kAlignment == 0 || !entries.empty() || (around && padding.end == around->end);
  bool reached = false;
  for (std::uint64_t at = padding.start; at < padding.end; ++at) reached = reached || function.is_reached(at);
  return aligned && !reached && !is_entered(padding) ? padding : AddressRange{end, end};
}

/// A table, too, can lead to its start or to the call, but not into it.
bool CallSites::take_head(CallSite& site) {
  const auto start = sweep(region(site.address)).start_before(site.address);
  auto decoder = X86Decoder::open(Machine::x86_64, true);
  if (!start || site.address - *start < kNearJumpSize || !decoder) return false;
  const AddressRange range{*start, site.address};
  const Bytes code = bytes(range);
  const auto instruction = decoder->decode(code);
  if (!instruction || instruction->flow != Flow::next || is_taken(range) || is_entered({*start + 1, site.address}))
    return false;
  CallSite headed = site;
  headed.shape = SiteShape::headed;
  headed.head.assign(code.begin(), code.end());
  headed.original = {copy_of(range)};
  headed.stubs = common(near(*start), near(site.resumes_at()));
  if (const auto target = relative_target(*decoder, *instruction, *start))
    headed.stubs = common(headed.stubs, near(*target));
  if (headed.stubs.size() <= kNearJumpSize || !headed.front(headed.stubs.start)) return false;
  site = std::move(headed);
  return true;
}

std::string CallSites::widen(CallSite& site) {
  if (std::string why = refusal_of_function(site.address); !why.empty()) return why;
  site.shape = SiteShape::widened;
  site.stubs = near(site.address);
  if (std::string why = displace(site); !why.empty()) return why;
  const std::uint64_t end = std::max(site.resumes_at(), site.address + kNearJumpSize);
  if (is_entered({site.address + 1, end})) return "something leads into what follows";
  if (is_taken({site.address, end})) return "another patch is near";
  site.original = {copy_of({site.address, end})};
  for (const std::uint64_t probe : {site.stubs.start, site.stubs.end - kNearJumpSize}) {
    if (const auto tail = site.tail(probe); !tail) return tail.error().message;
  }
  return {};
}

/// Whether jumps whose targets cannot be known may lead behind a site, as far as its function says.
std::string CallSites::refusal_of_function(std::uint64_t site) {
  const FunctionSweep& code = sweep(region(site));
  bool by_table = code.jumps_by_table();
  if (functions_.around(site)) {
    if (!code.complete()) return "its function cannot be read to its end";
  } else {
    const AddressRange gap = in_code(functions_.gap(site));
    if (gap.size() > kLargestFunction) return "its function is not known";
    by_table = by_table || may_jump_by_table(bytes(gap));
  }
  return by_table ? "its function jumps to where a register or a table says" : "";
}

/// Takes whole instructions behind the call until a near jump fits.
std::string CallSites::displace(CallSite& site) {
  auto decoder = X86Decoder::open(Machine::x86_64, true);
  if (!decoder) return decoder.error().message;
  const AddressRange function = region(site.address);
  const std::uint64_t needed = site.address + kNearJumpSize;
  for (std::uint64_t at = site.address + kSyscallSize; at < needed;) {
    const Bytes rest = bytes(in_code({at, std::min(function.end, at + kLongestInstruction)}));
    const auto instruction = decoder->decode(rest);
    if (!instruction) return "no whole instruction follows in its function";
    if (instruction->flow == Flow::system_call || instruction->flow == Flow::sysenter)
      return "another system call follows";
    if (const auto target = relative_target(*decoder, *instruction, at)) site.stubs = common(site.stubs, near(*target));
    site.displaced.insert(site.displaced.end(), rest.begin(), rest.begin() + instruction->length);
    at += instruction->length;
    if (goes_on(instruction->flow)) continue;
    if (at < needed && padding_behind(at, sweep(function)).end < needed) return "its function ends too soon behind it";
    break;
  }
  site.stubs = common(site.stubs, near(site.resumes_at()));
  return site.stubs.size() > kNearJumpSize ? std::string() : "what follows refers to places too far apart";
}

bool CallSites::is_entered(AddressRange range) {
  return !functions_.entries(range).empty() || wide_branches_.lead_into(range) || short_branch_leads_into(range);
}

bool CallSites::short_branch_leads_into(AddressRange range) {
  const AddressRange around = in_code({range.start - std::min(range.start, kShortReach), range.end + kShortReach});
  for (std::uint64_t at = around.start; at < around.end;) {
    const AddressRange here = region(at);
    if (short_branch_in({at, std::min(here.end, around.end)}, here, range)) return true;
    at = here.end;
  }
  return false;
}

bool CallSites::short_branch_in(AddressRange part, AddressRange region, AddressRange range) {
  const FunctionSweep& code = sweep(region);
  const auto target = std::ranges::lower_bound(code.targets(), range.start);
  if (target != code.targets().end() && *target < range.end) return true;
  if (functions_.around(region.start) && code.complete()) return false;
  for (std::uint64_t at = part.start; at < part.end;) {
    std::uint64_t end = at;
    while (end < part.end && !code.is_reached(end)) ++end;
    if (short_branch_may_lead_into(range, bytes({at, end}), at)) return true;
    at = std::max(end, at + 1);
  }
  return false;
}

bool CallSites::is_taken(AddressRange range) const {
  return std::ranges::any_of(
      taken_, [&](const AddressRange& other) { return other.start < range.end && range.start < other.end; });
}

AddressRange CallSites::region(std::uint64_t address) const {
  if (const auto function = functions_.around(address)) return *function;
  const AddressRange gap = in_code(functions_.gap(address));
  const std::uint64_t block = address & ~(kBlock - 1);
  return {std::max(gap.start, block), std::min(gap.end, block + kBlock)};
}

FunctionSweep& CallSites::sweep(AddressRange region) {
  const auto known = sweeps_.find(region.start);
  if (known != sweeps_.end()) return known->second;
  const bool small = region.size() <= kLargestFunction;
  FunctionSweep& made = sweeps_.try_emplace(region.start, small ? bytes(region) : Bytes(), region.start).first->second;
  for (const std::uint64_t entry : functions_.entries(region)) made.follow(decoder_, entry);
  return made;
}

AddressRange CallSites::in_code(AddressRange range) const {
  return {std::max(range.start, address_), std::min(range.end, address_ + code_.size())};
}

/// None if the code does not have all of them.
Bytes CallSites::bytes(AddressRange range) const {
  const std::uint64_t offset = range.start - address_;
  if (range.end < range.start || offset > code_.size() || range.size() > code_.size() - offset) return {};
  return Bytes(code_).subspan(offset, range.size());
}

CodeWrite CallSites::copy_of(AddressRange range) const {
  const Bytes copied = bytes(range);
  return {range.start, {copied.begin(), copied.end()}};
}

}  // namespace vdsotrace
