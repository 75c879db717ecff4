// The stubs of one address space that record the system calls of a process that was attached to, in the rings of its
// threads' vDSO calls.
//
//   code   a header, with an instruction for our use; what all stubs share, with a gate for each block that there can
//          be; a record stub for each number; a stub for each site (arch/attached_stub.hpp)
#pragma once

#include "arch/attached_stub.hpp"
#include "engines/syscalls/attached/attached_calls.hpp"
#include "engines/syscalls/attached/attached_records.hpp"
#include "trace/probe_engine.hpp"

namespace vdsotrace {

class RecordingCalls final : public AttachedCalls {
 public:
  /// As CountingCalls::begin. `rings`: whose they are; it has some for the stopped thread's space, and lives longer.
  static Result<std::shared_ptr<RecordingCalls>> begin(StoppedThread& stopped, std::span<const NumberedSite> sites,
                                                       const AttachedRecords& records, RecordSource& rings);

  std::shared_ptr<AttachedCalls> copy_for_fork() const override { return std::make_shared<RecordingCalls>(*this); }
  void note_own_call() override { ++*own_calls_; }
  /// Of the process and its forks: how many calls its threads have made for us.
  std::shared_ptr<const std::uint64_t> own_calls() const { return own_calls_; }
  /// Registers with which a thread goes on that has stopped for a fault while it copied what a call's pointers refer
  /// to. Nothing if it did not.
  std::optional<arch::Registers> without_copy(const arch::Registers& registers) const;
  /// Whether the thread stands in the code, at an instruction that reads the clock, which it may not.
  bool reads_clock(std::uint64_t address) const;

 private:
  struct Code {
    std::vector<std::byte> bytes;
    std::uint64_t gates = 0;               ///< offset
    std::vector<std::uint64_t> records{};  ///< offsets of record stubs
    std::vector<Stub> sites;
  };
  class CodeMemory;
  RecordingCalls(const StubArea& area, Code code, std::uint64_t region, const AttachedRecords& records,
                 RecordSource& rings);

  static Code make_code(std::uint64_t at, std::span<const NumberedSite> sites, const AttachedRecords& records,
                        std::uint64_t index);
  Left leave_code(StoppedThread& stopped, bool restarts_count) override;
  Left leave_before_call(StoppedThread& stopped, const arch::Registers& registers);
  Left leave_open_call(StoppedThread& stopped, const arch::Registers& registers, bool made);
  /// The block whose gate is at that address; 0 if there is none.
  std::uint64_t block_of_gate(std::uint64_t address) const;

  std::shared_ptr<const std::vector<std::byte>> code_;
  std::vector<std::uint64_t> record_stubs_;  ///< offsets, and where the last ends
  std::uint64_t gates_;
  std::uint64_t region_;
  const AttachedRecords& records_;
  RecordSource& rings_;
  std::shared_ptr<std::uint64_t> own_calls_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace vdsotrace
