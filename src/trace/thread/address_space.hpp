// One address space: its vDSO, what an engine has put there, and its symbols.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "symbols/symbols.hpp"
#include "trace/thread/space_vdso.hpp"

namespace vdsotrace {

/// Code that an engine has installed in the process, outside the vDSO.
struct EngineMemory {
  std::uint64_t start = 0;
  std::uint64_t end = 0;          ///< exclusive; start == end: there is none
  std::uint64_t system_call = 0;  ///< a system call instruction for our own use
  /// Where a fallback's system call stop stands that was moved there, and whose it is.
  std::map<std::uint64_t, const VdsoFunction*> fallbacks;

  bool contains(std::uint64_t address) const { return address >= start && address < end; }
};

/// What an engine keeps of a space as long as that lives, for children whose creator is gone, too.
class SpaceRecord {
 public:
  virtual ~SpaceRecord() = default;
  /// An instruction as AddressSpace::system_call_instruction() answers, to be preferred to all others.
  virtual std::uint64_t system_call() const = 0;
  /// A thread of the space makes a call for us.
  virtual void note_own_call() {}
  /// Where in the program's own code a thread is that stands there, behind the instruction that makes its call.
  virtual std::uint64_t own_place(std::uint64_t address) const { return address; }
};

/// Shared by all tasks that share the memory (threads, vfork and CLONE_VM
/// children); a fork gets a copy, exec a new one.
class AddressSpace {
 public:
  AddressSpace() = default;
  /// Of a process as it is now, after an exec or at an attach.
  explicit AddressSpace(SpaceVdso vdso) : vdso_(std::move(vdso)) {}

  /// What a fork without CLONE_VM gives the child: same addresses, same patches.
  std::shared_ptr<AddressSpace> copy_for_fork() const { return std::make_shared<AddressSpace>(*this); }

  Abi abi() const { return vdso_.abi(); }
  SpaceVdso& vdso() { return vdso_; }
  const SpaceVdso& vdso() const { return vdso_; }

  /// The function whose fallback site, there or moved by an engine, ends at `pc`: where a system call
  /// stop stands when the vDSO itself made the call.
  const VdsoFunction* fallback_at(std::uint64_t pc) const;
  /// SpaceVdso::maker_of the fallback at `pc`.
  const VdsoFunction* fallback_maker(std::uint64_t pc, std::uint64_t stack_pointer, Memory& memory) const {
    return vdso_.maker_of(fallback_at(pc), pc, stack_pointer, memory);
  }

  /// A system call instruction that a stopped thread can be sent to, of the kind that arch::system_call_code names.
  std::optional<std::uint64_t> system_call_instruction() const;
  void set_engine_memory(EngineMemory memory) { engine_memory_ = std::move(memory); }
  const EngineMemory& engine_memory() const { return engine_memory_; }
  /// Where system calls are counted in the process. A fork's copy has its parent's, until the engine gives it its own.
  void set_call_record(std::shared_ptr<SpaceRecord> record) { call_record_ = std::move(record); }
  SpaceRecord* call_record() const { return call_record_.get(); }

  /// From now on all system calls of its threads are stops, whatever the session's policy.
  void stop_at_every_syscall() { every_call_stops_ = true; }
  bool every_call_stops() const { return every_call_stops_; }

  /// Calls that put seccomp filters on its threads are stops (ProcessChanges::on_seccomp).
  void expect_filters_seen() { filters_are_seen_ = true; }
  bool filters_are_seen() const { return filters_are_seen_; }

  /// Names of what is in it, for the thread that asks.
  Symbols& symbols() const { return symbols_.get(); }

 private:
  /// A copy of a space is another process's: it makes its own.
  class OwnSymbols {
   public:
    OwnSymbols() = default;
    OwnSymbols(const OwnSymbols&) {}
    OwnSymbols& operator=(const OwnSymbols&) {
      symbols_.reset();
      return *this;
    }
    Symbols& get() const {
      if (!symbols_) symbols_ = std::make_unique<Symbols>();
      return *symbols_;
    }

   private:
    mutable std::unique_ptr<Symbols> symbols_;
  };

  SpaceVdso vdso_;
  EngineMemory engine_memory_;
  std::shared_ptr<SpaceRecord> call_record_;
  bool every_call_stops_ = false;
  bool filters_are_seen_ = false;
  OwnSymbols symbols_;
};

/// Where no thread stops at system calls a vDSO can have moved unseen: asks /proc, by a thread of the process.
void find_moved_vdso(AddressSpace& space, pid_t tid);

}  // namespace vdsotrace
