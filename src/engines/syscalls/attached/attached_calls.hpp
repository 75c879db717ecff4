// The stubs of one address space that make the system calls of a process that was attached to, in place of its own
// instructions.
//
// All sites of the files that are mapped when we come are patched, as nothing stops a call elsewhere. What is patched
// leaves every instruction where it is: threads may be on their way to any of them, by signal frames too.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engines/inline/code/stub_memory.hpp"
#include "engines/syscalls/sites/code_files.hpp"
#include "engines/syscalls/sites/site_patches.hpp"

namespace vdsotrace {

/// What becomes of the calls is the matter of those that derive from it. A copy is what a fork's child has.
class AttachedCalls : public SpaceRecord {
 public:
  virtual std::shared_ptr<AttachedCalls> copy_for_fork() const = 0;

  std::uint64_t system_call() const override { return area_.code; }
  AddressRange code() const { return {area_.code, area_.region()}; }
  bool contains(std::uint64_t address) const { return code().contains(address); }
  std::uint64_t own_place(std::uint64_t address) const override;

  enum class Left : std::uint8_t {
    elsewhere,  ///< it was in none of them
    inside,     ///< it could not be brought out
    outside,
    unmade,  ///< the same, and a call that it had begun there will be begun again
  };
  /// If the thread is in a stub or on the way there, it goes on in the program's own code: in front of a call that is
  /// yet to be made, behind one that has come back. `restarts_count`: so does one that will be made again.
  Left leave(StoppedThread& stopped, bool restarts_count);
  /// Puts back the program's code. False if it could not be written.
  bool undo(pid_t stopped) { return patches_.undo_all(stopped); }
  /// Takes its memory away, after undo(). No thread may come back to it.
  void unmap(StoppedThread& stopped);

 protected:
  struct Stub {
    std::uint64_t offset;  ///< of its begin in the code
    std::uint64_t site;
    std::optional<std::int64_t> number;
  };
  /// `stubs`: by offset. `behind`: bytes of memory behind the code that are its own, too.
  AttachedCalls(const StubArea& area, std::vector<Stub> stubs, std::uint64_t behind)
      : area_(area), stubs_(std::move(stubs)), behind_(behind) {}

  /// In front of the stubs lies what call_memory_header() says.
  static constexpr std::uint64_t kHeader = 64;
  /// A C library takes a tenth of it, or a third. What does not fit is not seen.
  static constexpr std::uint64_t kMostCode = 4 << 20;
  /// Whether it leaves all instructions in place.
  static bool keeps_code(const CallSite& site) { return site.keeps_code() || site.shape == SiteShape::headed; }
  /// Those of `sites` that have a stub, in their order, lead to its entry, which is so far behind its begin.
  using EntryOf = std::size_t (*)(const std::optional<std::int64_t>& number);
  void patch(StoppedThread& stopped, std::span<const NumberedSite> sites, EntryOf entry);

  const StubArea& area() const { return area_; }
  /// In or behind whose begin the address is; null in front of all.
  const Stub* stub_at(std::uint64_t address) const;
  /// The thread's program counter is in the code.
  virtual Left leave_code(StoppedThread& stopped, bool restarts_count) = 0;

 private:
  StubArea area_;
  std::vector<Stub> stubs_;
  std::uint64_t behind_;
  SitePatches patches_;
};

}  // namespace vdsotrace
