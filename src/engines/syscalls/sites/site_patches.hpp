// System call instructions of one process that have given way to jumps: its next calls from there make no stop.
//
//   padded:   site:  jmp  -->  padding:  jmp  -->  slot of ours nearby:  jmp  -->  call stub, wherever it is
//   relayed:  the same, with more jumps in paddings on the way
//   headed:   head:  jmp  -----------------------> slot of ours nearby:  head; jmp  -->  call stub
//             site:  as it was; calls of a thread that comes to it by another way stop, as does one that is restarted
//   widened:  site:  jmp  -----------------------> slot of ours nearby:  jmp  -->  call stub
//             behind what it lies over:        <-- tail of the slot: that    <--  end of the stub
//
// A widened site lies over the instruction behind the call, one and no more: nothing may come back to that. So there is
// none where a thread has been seen there, and it is undone when that happens. The others leave all instructions that a
// thread could stand at or come back to where they are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "engines/syscalls/sites/text_poke.hpp"
#include "model/code/call_site.hpp"
#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Slots lie one behind the other, so far apart, from the beginning of what is mapped for them.
inline constexpr std::uint64_t kSiteSlot = 64;

/// A copy is what a fork's child has. Unless it says otherwise, the stopped thread is the only one that runs in its
/// memory, or all others are stopped as well.
class SitePatches {
 public:
  /// Lets calls from the site go to `stub`. False if the site has no room for it, its code is not that of the file, or
  /// no memory nearby can be had; then all is as it was. While
  /// others run, only what leaves their instructions in place: no widened site.
  bool patch(StoppedThread& stopped, const CallSite& site, std::uint64_t stub, Others others = Others::stopped);
  /// The same for many at once, those that can be patched, while all threads are stopped.
  struct Wanted {
    const CallSite* site;
    std::uint64_t stub;
  };
  void patch_all(StoppedThread& stopped, std::span<const Wanted> wanted);
  bool is_patched(std::uint64_t site) const { return sites_.contains(site); }
  /// Whether it is patched, and the program has put no other code there meanwhile.
  bool is_in_force(pid_t stopped, std::uint64_t site) const;
  /// The site whose patch begins with an instruction at that address.
  std::optional<std::uint64_t> site_that_begins(std::uint64_t address) const;
  /// Where the program goes on that has come back from a call of a widened site; nothing for others.
  std::optional<std::uint64_t> tail_of(std::uint64_t site) const;
  std::vector<std::uint64_t> widened() const;
  /// The program has other code there meanwhile.
  void forget(std::uint64_t site) { sites_.erase(site); }

  /// What a thread at an address of ours is doing, or at a jump in padding.
  struct OwnPlace {
    std::uint64_t site;
    std::uint64_t address;  ///< where it is in its own code: at the head, at the site, before the call, or behind it
  };
  std::optional<OwnPlace> own_place(std::uint64_t address) const;

  /// Forgets what a fork's child does not have, as a fork in one thread may have copied the memory before or while we
  /// wrote there for another.
  void look_at_copy(pid_t stopped);
  /// Puts back code that is still as we wrote it, of one site or of all. False if some could not be written.
  bool undo(pid_t stopped, std::uint64_t site);
  bool undo(pid_t stopped);
  /// The same of all at once, while all threads are stopped.
  bool undo_all(pid_t stopped);
  /// Unmaps what undo() has made useless. No thread may come back to it.
  void unmap(StoppedThread& stopped);

 private:
  struct Patched {
    CallSite site;
    std::vector<CodeWrite> jumps;  ///< what has been written in place of its code
    std::uint64_t slot = 0;
    std::uint64_t tail = 0;  ///< where it would begin: behind what leads to the stub
    std::uint64_t end = 0;   ///< of what is used of the slot
  };
  /// Memory for slots.
  struct Room {
    std::uint64_t start;
    std::uint64_t bytes;
    std::uint64_t used;
    AddressRange range() const { return {start, start + bytes}; }
  };
  struct Prepared {
    Patched patched;
    std::vector<std::byte> slot_code;
  };
  std::optional<Prepared> prepare(StoppedThread& stopped, Memory& before, const Wanted& wanted, Others others);
  static std::optional<std::vector<std::byte>> slot_code(Patched& patched, std::uint64_t stub);
  void reserve(StoppedThread& stopped, std::span<const Wanted> wanted);
  std::optional<std::uint64_t> new_slot(StoppedThread& stopped, const CallSite& site, Others others);
  bool map_room(StoppedThread& stopped, const CallSite& site, std::uint64_t bytes, Others others);

  std::map<std::uint64_t, Patched> sites_;
  std::vector<Room> rooms_;
};

/// Whether jumps lie at the site as patch() would write them, to a slot as it would, whoever has done so; or the first
/// of them.
bool hold_jumps(Memory& memory, const CallSite& site);
/// Writes the file's code over them.
bool write_original(pid_t stopped, const CallSite& site);

}  // namespace vdsotrace
