// The stubs that make the system calls of one address space: one for each place of CallCounters that has been written.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engines/syscalls/counters/call_memory.hpp"
#include "engines/syscalls/sites/text_poke.hpp"
#include "engines/syscalls/stubs/stub_choice.hpp"

namespace vdsotrace {

/// A copy is what a fork's child has. `resume` below: where the program goes on behind a call.
class CallStubs {
 public:
  /// `choice` lives longer. `index`: where stubs find the rings of threads in which they record.
  CallStubs(const CallMemory& memory, std::shared_ptr<CallCounters> counters, const StubChoice& choice,
            std::uint64_t index)
      : memory_(memory), counters_(std::move(counters)), choice_(&choice), index_(index) {}

  const CallMemory& memory() const { return memory_; }
  CallCounters& counters() const { return *counters_; }
  CallStub kind_of(std::int64_t nr) const { return choice_->of(nr); }
  /// StubChoice::counts_by_clock
  bool count_by_clock(std::int64_t nr) const { return choice_->counts_by_clock(nr); }
  /// Whether some of them record.
  bool record() const { return choice_->records(); }

  /// The place of the stub that makes and counts this call, which is written if it is not there yet. Nothing if there
  /// is no more room, or it could not be written.
  std::optional<std::uint32_t> place_for(pid_t stopped, const CallCounters::CountedCall& call,
                                         const std::optional<Route>& route, std::uint64_t resume);
  struct Wanted {
    CallCounters::CountedCall call;
    std::optional<Route> route;
    std::uint64_t resume;
  };
  /// The same of several at once, while all threads are stopped: of as many of them, from the first on, as there is
  /// room for. None if they could not be written.
  std::vector<std::uint32_t> places_for(pid_t stopped, std::span<const Wanted> wanted);
  bool write(pid_t stopped, std::uint32_t place, std::uint64_t resume);
  /// Tells all stubs of a site. False if some could not be told.
  bool set_resume(pid_t stopped, std::uint64_t site, std::uint64_t resume);
  /// Where jumps to it lead.
  std::uint64_t entry_of(std::uint32_t place) const;
  /// Other calls leave the stub. False if that may not be written now.
  bool lead_to_leave(pid_t stopped, std::uint32_t place, Others others);

  /// The call of the stub that a thread is in; null where none has been asked for.
  const CallCounters::CountedCall* call_of(const CallMemory::Position& position) const {
    return position.place != 0 && position.place < counters_->places() ? &counters_->call_at(position.place) : nullptr;
  }
  /// Whether the thread has come back from the call of the stub that it is in.
  bool has_made_call(const arch::Registers& registers, const CallMemory::Position& position) const;
  /// Whether a stub that records is there.
  bool records_at(std::uint64_t address) const { return offset_in_record_stub(address).has_value(); }
  /// Whether threads wait there behind a recorded call, until it has been looked at.
  bool waits_behind_call(std::uint64_t address) const;
  /// Registers with which a thread goes on that has stopped for a fault while it copied what a call's pointers refer
  /// to. Nothing if it did not.
  std::optional<arch::Registers> without_copy(const arch::Registers& registers) const;

  /// A fork in one thread may have copied the memory before we wrote there for another: finds out what it has.
  void look_at_copy(pid_t stopped);

 private:
  std::array<CodeWrite, 2> code_at(std::uint32_t place, std::uint64_t resume) const;
  std::vector<std::byte> code_of(std::uint32_t place, std::uint64_t resume) const;
  std::optional<std::size_t> offset_in_record_stub(std::uint64_t address) const;

  CallMemory memory_;
  std::shared_ptr<CallCounters> counters_;
  const StubChoice* choice_;
  std::uint64_t index_;
  std::bitset<CallCounters::kMost> written_;
};

/// Eight bytes of code or of a stub's words.
CodeWrite word_write(std::uint64_t address, std::uint64_t word);

}  // namespace vdsotrace
