// Jumps at the entries and returns of the vDSO's functions lead to stubs that count or record calls in memory shared
// with vdsotrace: no stop, whatever the rate.
#pragma once

#include <memory>

#include "engines/inline/code/stub_leftovers.hpp"
#include "engines/inline/report/record_reporter.hpp"
#include "engines/inline/report/stub_record_source.hpp"
#include "engines/inline/report/stub_witness.hpp"
#include "engines/inline/space/stub_installer.hpp"
#include "trace/probe_engine.hpp"

namespace vdsotrace {

/// What it cannot observe it leaves alone: functions whose code leaves no room for a jump (StubPlan::refused), and
/// processes in which no memory can be shared (32-bit, under seccomp, out of address space).
class StubEngine final : public ProbeEngine, public StubWitness, public StubRecordSource {
 public:
  /// `attached`: the processes outlive us.
  StubEngine(const Needs& needs, EventSink& sink, bool attached);

  /// The stubs of a space; null if there are none.
  StubSpace* find(const AddressSpace* space) const { return spaces_.find(space); }
  /// What was planned for an image, if anything was yet.
  const StubPlan* planned(const VdsoImage& image) const { return installer_.planned(image); }

  std::string_view name() const override { return kName; }
  EngineStops stops() const override;
  void prepare_image(const VdsoImage& image) override { installer_.prepare(image); }
  bool undo_leftovers(StoppedThread& thread) override { return vdsotrace::undo_leftovers(thread); }
  void install(AddressSpace& space, StoppedThread& thread, std::span<StoppedThread* const> others) override;
  void on_vdso_moved(AddressSpace& space, StoppedThread& thread) override;
  void on_memory_locked(StoppedThread& thread) override;
  void on_seccomp(StoppedThread& thread) override;
  bool vacate_for_detach(StoppedThread& thread, bool may_wait) override;
  bool remove(AddressSpace& space, StoppedThread& thread) override;

  void on_stop(Thread& thread) override;
  std::optional<Resume> on_trap(StoppedThread& thread) override;
  bool on_missing_memory(StoppedThread& thread, std::uint64_t address) override;
  void move_out_of_engine_code(StoppedThread& thread) override;

  void on_clone(const Thread& parent, const Thread& child) override;
  void on_first_stop(StoppedThread& thread) override;
  void on_attach_thread(Thread& thread, StoppedThread* stopped) override;
  void on_thread_pointer(StoppedThread& thread) override;
  void on_end(Thread& thread) override;

  /// Whether the last drain has left complete records.
  bool left_records() const { return spaces_.left_records(); }

 private:
  static constexpr std::string_view kName = "inline";

  /// Maps code and region where the program has unmapped them. False if that cannot be, or something else is there.
  bool map_again(StubSpace& stubs, StoppedThread& stopped);

  StubSettings settings_;
  Reporter reporter_;
  StubInstaller installer_;
  RecordReporter records_;
  StubSpaces spaces_;
  bool warned_why_ = false;
  bool warned_unmapped_ = false;
};

}  // namespace vdsotrace
