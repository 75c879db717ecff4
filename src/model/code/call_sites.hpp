// Finds out how the `syscall` instructions of a file's code can be patched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/code/call_site.hpp"
#include "model/code/function_sweep.hpp"
#include "model/code/function_table.hpp"
#include "model/code/wide_branches.hpp"
#include "model/code/x86.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// The code of one mapped segment of a file, as the file has it, and the plans for its call sites: made when first
/// asked for, kept, and so that no two of them write over the same bytes. One object serves all processes that map the
/// file. Addresses are those of the file, before relocation.
///
/// A plan is made only if all of this can be shown from the bytes:
/// - direct branches of 32 bits in the whole code, and those of 8 bits nearby, do not lead behind the first of the
/// bytes
///   that change (where code belongs to no known function, whatever may be a branch is one);
/// - no function is entered there;
/// - for a widened site, its function jumps by no table, whose targets could not be known, and what is displaced can be
///   moved and makes no system call;
/// - what a headed site displaces is one instruction, to which direct flow leads from where a known function is
/// entered,
///   calls included;
/// - padding lies behind an instruction that does not go on, to which the flow of control leads, and ends where
///   compilers align to.
/// Never patched: rt_sigreturn, which unwinders know by its bytes.
class CallSites {
 public:
  /// Errors: Capstone cannot be used, no program has code at such an address.
  static Result<CallSites> open(std::vector<std::byte> code, std::uint64_t address, FunctionTable functions);

  /// The site at that address, where a program has made a system call. Stays valid as long as this object.
  const CallSite& at(std::uint64_t address);
  /// The system call instructions to which direct flow leads from where known functions are entered, or those that they
  /// call.
  std::vector<std::uint64_t> instructions();
  /// The number of the calls that are made there, if the code right before says so. Of a call that comes to the
  /// instruction by a jump that cannot be followed it may be another.
  std::optional<std::int64_t> number_at(std::uint64_t address);

 private:
  CallSites(X86Decoder decoder, std::vector<std::byte> code, std::uint64_t address, FunctionTable functions);

  CallSite plan(std::uint64_t address);
  void follow_calls();
  /// Jumps to padding: from the call itself, or by as many others as `relays` says.
  bool pad(CallSite& site, std::size_t relays);
  std::vector<AddressRange> paddings_in(AddressRange reach);
  AddressRange padding_behind(std::uint64_t end, const FunctionSweep& function);
  bool take_head(CallSite& site);
  /// Why not, or an empty text.
  std::string widen(CallSite& site);
  std::string refusal_of_function(std::uint64_t site);
  std::string displace(CallSite& site);

  /// Whether anything may lead to one of those addresses but what comes before it.
  bool is_entered(AddressRange range);
  bool short_branch_leads_into(AddressRange range);
  bool short_branch_in(AddressRange part, AddressRange region, AddressRange range);
  bool is_taken(AddressRange range) const;
  /// The function there, or a part of the code between two.
  AddressRange region(std::uint64_t address) const;
  FunctionSweep& sweep(AddressRange region);
  std::span<const std::byte> bytes(AddressRange range) const;
  AddressRange in_code(AddressRange range) const;
  CodeWrite copy_of(AddressRange range) const;

  X86Decoder decoder_;
  std::vector<std::byte> code_;
  std::uint64_t address_;
  FunctionTable functions_;
  WideBranches wide_branches_;
  std::map<std::uint64_t, FunctionSweep> sweeps_;  ///< by the region's first address
  std::map<std::uint64_t, CallSite> sites_;        ///< by address
  bool calls_are_followed_ = false;
  std::vector<AddressRange> taken_;  ///< what patches write over
};

}  // namespace vdsotrace
