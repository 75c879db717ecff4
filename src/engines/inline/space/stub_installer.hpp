// Installs stubs in a process: their code, the memory shared with us, trampolines and jumps.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/space/stub_space.hpp"
#include "engines/per_image.hpp"

namespace vdsotrace {

class StubInstaller {
 public:
  StubInstaller(const StubSettings& settings, EventSink& sink) : settings_(settings), reporter_(sink) {}

  /// The plan of an image that was prepared, or in which stubs were to be installed; null if neither was so yet.
  const StubPlan* planned(const VdsoImage& image) const { return plans_.find(image); }

  /// Plans what install will take for that image.
  void prepare(const VdsoImage& image) { plan_for(image); }
  /// Installs stubs in the space. All its threads are stopped, at stops at which they can make calls for us. Null if no
  /// function is to have one. Errors: why there can be none in that process.
  Result<std::unique_ptr<StubSpace>> install(AddressSpace& space, StoppedThread& stopped,
                                             std::span<StoppedThread* const> others);
  /// The stubs that a fork's child has from its parent, `of_parent`, or whatever its creator was; null if there are
  /// none.
  std::unique_ptr<StubSpace> copy_for_fork(const AddressSpace& parent, const StubSpace* of_parent, const Thread& child);
  /// Gives a child, before its first instruction, its own region where its parent's is or was. False if it cannot have
  /// one.
  bool give_own_region(StubSpace& stubs, StoppedThread& stopped);
  /// What the program has unmapped of the stubs' memory.
  struct MissingMemory {
    bool code = false;
    bool region = false;
  };
  /// Nothing if it cannot be known, or something else is there now.
  std::optional<MissingMemory> missing_memory(const StubSpace& stubs, StoppedThread& stopped) const;
  /// Maps the code where it was, and nothing is.
  bool map_code(const StubSpace& stubs, StoppedThread& stopped) const;
  /// Undoes install, all but what PatchedMapping::undo does.
  void unmap(const StubSpace& stubs, AddressSpace& space, StoppedThread& stopped);

  /// Gives the space the addresses of stubs and moved system calls, after its vDSO has been moved, too.
  void note_engine_memory(AddressSpace& space, const InstalledStubs& installed) const;
  /// Keeps the stubs from reading the counter, in a process that may not and that outlives us: nothing could do it for
  /// its threads then.
  void end_counter_reads(const StubSpace& stubs, StoppedThread& stopped);

 private:
  const StubPlan& plan_for(const VdsoImage& image);
  std::unique_ptr<StubSpace> make_space(const InstalledStubs& installed, const AddressSpace& space, pid_t tgid) const;
  Result<std::unique_ptr<StubRegion>> map_region(StoppedThread& stopped, RemoteCalls& calls, const StubArea& area,
                                                 bool replace) const;
  Result<void> map_stubs(StubSpace& stubs, StoppedThread& stopped);

  const StubSettings& settings_;
  Reporter reporter_;
  PerImage<StubPlan> plans_;
  bool warned_undated_ = false;
};

}  // namespace vdsotrace
