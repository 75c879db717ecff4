// System call instructions of one process that have given way to jumps: its next calls from there make no stop.
//
//   site:  jmp  -->  padding:  jmp  -->  one of our slots nearby:  jmp  -->  call stub, wherever it is
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/code/call_site.hpp"
#include "trace/thread.hpp"

namespace vdsotrace {

/// A copy is what a fork's child has. Nothing is written unless the stopped thread is the only one that runs in its
/// memory, or all others are stopped as well.
class SitePatches {
 public:
  /// Lets calls from the site go to `stub`. False if the site has no room for it, its code is not that of the file, or
  /// no memory nearby can be had; then all is as it was.
  bool patch(StoppedThread& stopped, const CallSite& site, std::uint64_t stub);
  bool is_patched(std::uint64_t site) const { return sites_.contains(site); }
  /// The program has other code there meanwhile.
  void forget(std::uint64_t site) { sites_.erase(site); }

  /// The site whose jump, wherever it has come to, a thread at that address is about to carry on with. Not the first:
  /// the site itself.
  std::optional<std::uint64_t> site_behind(std::uint64_t address) const;

  /// Puts back all code that is still as we wrote it. False if some could not be written.
  bool undo(pid_t stopped);
  /// Unmaps what undo() has made useless. No thread may come back to it.
  void unmap(StoppedThread& stopped);

 private:
  struct Patched {
    std::vector<CodeWrite> before;
    std::vector<CodeWrite> after;
    std::uint64_t padding = 0;
    std::uint64_t slot = 0;
  };
  struct Page {
    std::uint64_t start;
    std::uint32_t used;
  };
  std::optional<std::uint64_t> new_slot(StoppedThread& stopped, const CallSite& site);
  std::optional<std::uint64_t> map_page(StoppedThread& stopped, const CallSite& site);

  std::map<std::uint64_t, Patched> sites_;
  std::vector<Page> pages_;
};

}  // namespace vdsotrace
