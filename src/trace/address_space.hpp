// One address space: its vDSO and what that offers, what an engine has put there, and its symbols.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "os/vdso_mapping.hpp"
#include "symbols/symbols.hpp"
#include "trace/patched_mapping.hpp"
#include "vdsotrace/abi.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// The numbers of the system calls that a program of that ABI may make and whose services the image offers; without an
/// image, those of the classic time calls.
std::vector<std::int64_t> capable_numbers(const VdsoImage* image, Abi program);

/// Images taken apart, shared by all address spaces whose vDSO has the same
/// bytes: a fork storm analyses one image once.
class ImageCache {
 public:
  Result<std::shared_ptr<const VdsoImage>> get(std::span<const std::byte> bytes);

 private:
  std::vector<std::shared_ptr<const VdsoImage>> images_;
};

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
};

/// Shared by all tasks that share the memory (threads, vfork and CLONE_VM
/// children); a fork gets a copy, exec a new one.
class AddressSpace {
 public:
  /// The space of a process as it is now, after an exec or at an attach, by what os/vdso_mapping found of its vDSO.
  /// One that is not known, or cannot be taken apart, is `unusable`, not an error: the program's
  /// system calls can still be traced.
  static std::shared_ptr<AddressSpace> of(const Result<MappedVdso>& vdso, Abi abi, ImageCache& cache);

  /// What a fork without CLONE_VM gives the child: same addresses, same patches.
  std::shared_ptr<AddressSpace> copy_for_fork() const { return std::make_shared<AddressSpace>(*this); }

  Abi abi() const { return abi_; }
  /// Null if there is no vDSO or it is unusable.
  const VdsoImage* image() const { return image_.get(); }
  std::shared_ptr<const VdsoImage> shared_image() const { return image_; }
  /// Where the vDSO is mapped, and what we changed of it.
  PatchedMapping& vdso() { return vdso_; }
  const PatchedMapping& vdso() const { return vdso_; }
  std::uint64_t base() const { return vdso_.base(); }
  bool has_vdso() const { return vdso_.size() != 0; }
  /// Whether it is known that there is a vDSO or none. If not, a system call may be its fallback: none is `capable`.
  bool is_known() const { return is_known_; }
  /// Why image() is null although has_vdso(), or not is_known().
  const std::string& unusable() const { return unusable_; }
  std::optional<VdsoFacts> facts() const;

  /// The offset of `address` in the vDSO mapping, if it lies in it.
  std::optional<std::uint32_t> offset_of(std::uint64_t address) const { return vdso_.offset_of(address); }
  /// The function whose fallback site, there or moved by an engine, ends at `pc`: where a system call
  /// stop stands when the vDSO itself made the call.
  const VdsoFunction* fallback_at(std::uint64_t pc) const;
  /// The vDSO function that makes the system call whose instruction ends at `pc`, or null if it comes from elsewhere.
  /// `memory`: at least the top of the stack. If the instruction lies in an exported gate for all system calls (i386's
  /// __kernel_vsyscall), only the gate's caller shows whether the vDSO made the call.
  const VdsoFunction* fallback_maker(std::uint64_t pc, std::uint64_t stack_pointer, Memory& memory) const;
  /// Whether the vDSO offers what this system call does. A process without
  /// a vDSO counts the classic time calls. 64-bit code makes them by x32's numbers and by
  /// others: x32's vDSO does so.
  bool vdso_serves(Abi abi, std::int64_t nr) const;

  /// A system call instruction that a stopped thread can be sent to, of the kind that arch::system_call_code names.
  std::optional<std::uint64_t> system_call_instruction() const;
  /// Those of the vDSO as it was before anything was changed.
  std::vector<std::uint64_t> own_system_call_instructions() const;
  void set_engine_memory(EngineMemory memory) { engine_memory_ = std::move(memory); }
  const EngineMemory& engine_memory() const { return engine_memory_; }
  /// Where system calls are counted in the process. A fork's copy has its parent's, until the engine gives it its own.
  void set_call_record(std::shared_ptr<SpaceRecord> record) { call_record_ = std::move(record); }
  SpaceRecord* call_record() const { return call_record_.get(); }
  /// Whether the memory of that stopped process has this vDSO, with our patches and no others, at this address.
  bool is_in(pid_t stopped) const;

  /// From now on all system calls of its threads are stops, whatever the session's policy.
  void stop_at_every_syscall() { every_call_stops_ = true; }
  bool every_call_stops() const { return every_call_stops_; }

  /// Names of what is in it, for the thread that asks.
  Symbols& symbols() const { return symbols_.get(); }

  /// The program unmapped its vDSO: patches are gone with it.
  void vdso_unmapped();

 private:
  /// If `pc` lies in a gate: how far above the stack pointer the return address lies then. Some gates push registers
  /// first, others do not (arch/x86/entry/vdso/vdso32/system_call.S, and Linux 7.2's).
  std::optional<std::uint64_t> gate_frame(std::uint64_t pc) const;

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

  Abi abi_ = Abi::x86_64;
  std::shared_ptr<const VdsoImage> image_;
  std::string unusable_;
  bool is_known_ = true;
  PatchedMapping vdso_;
  std::vector<std::int64_t> capable_numbers_;
  EngineMemory engine_memory_;
  std::shared_ptr<SpaceRecord> call_record_;
  bool every_call_stops_ = false;
  OwnSymbols symbols_;
};

/// Where no thread stops at system calls a vDSO can have moved unseen: asks /proc, by a thread of the process.
void find_moved_vdso(AddressSpace& space, pid_t tid);

}  // namespace vdsotrace
