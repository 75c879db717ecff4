// Code that makes the system calls of a program that was attached to and records them in their threads' rings
// (stub_layout.h), without a stop, and without need of us: x86_64/attached_stub.S says how its parts work together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/record_stub.hpp"

namespace vdsotrace::arch {

/// So many numbers, from 0 on, have a place in the table.
inline constexpr std::size_t kRecordedNumbers = 512;
/// What has a size of its own lies at multiples of that.
inline constexpr std::size_t kAttachedAlignment = 16;
inline constexpr std::size_t kGateBytes = 16;

/// Of one site. `back`: behind the program's instruction; `table`: address of kRecordedNumbers addresses, of a record
/// stub's entry or the unrecorded stub each.
std::vector<std::byte> make_recorded_site(std::uint64_t back, std::uint64_t table);
std::size_t recorded_site_bytes();
/// The offset where calls come in.
std::size_t recorded_site_entry();

/// Of numbers that are not recorded; its entry is its beginning.
std::vector<std::byte> make_unrecorded_stub();
/// Where gates lead to that have made their calls. `region`: the memory that has the blocks.
std::vector<std::byte> make_return_from_gate(std::uint64_t region);
/// One for each block, in the order of BLOCK_CALL_GATE, to be placed at `at`. `offsets`: of the blocks in the region.
/// `back`: address of the above.
std::vector<std::byte> make_gates(std::uint64_t at, std::span<const std::size_t> offsets, std::uint64_t back);
/// Whether the call has been made of a thread that is so far behind the beginning of a gate.
constexpr bool has_called_in_gate(std::size_t offset) { return offset != 0; }

struct AttachedStubWords {
  std::uint64_t region;  ///< as above
  std::uint64_t index;   ///< in it
  std::uint64_t gates;   ///< the first
};
/// Of which calls is copied what their pointers refer to, when they have come back. In the entry part of the plan is
/// what calls were given, though.
enum class CopiedCalls : std::uint64_t {
  none,
  succeeded = COPIES,
  succeeded_or_looked = COPIES_PATHS,  ///< also those that failed when they looked at their paths
};
/// Of all calls of a number that is in the table.
std::vector<std::byte> make_attached_stub(std::int64_t number, const AttachedStubWords& words, const CopyPlan& copies,
                                          CopiedCalls copied);
/// The offset where calls come in.
std::size_t attached_stub_entry();

/// Registers with which a thread goes on that cannot read what the instruction, so far behind the beginning of such a
/// stub, loads for a copy: without the rest of it. Nothing for other instructions.
std::optional<Registers> without_late_copy(Registers registers, std::size_t offset);

/// The stub of the site whose call is open in a block, by what BLOCK_CALL_FLAGS says.
constexpr std::uint64_t site_of_open_call(std::uint64_t flags) { return flags >> 16; }

}  // namespace vdsotrace::arch
