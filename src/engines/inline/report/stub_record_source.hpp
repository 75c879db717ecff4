// What stubs have recorded, as the session and other engines ask for it.
#pragma once

#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/report/record_reporter.hpp"
#include "trace/probe_engine.hpp"

namespace vdsotrace {

/// The rings of all spaces.
class StubRecordSource : public virtual RecordSource {
 public:
  StubRecordSource(const StubSpaces& spaces, const StubSettings& settings, RecordReporter& reporter)
      : rings_of_(spaces), kept_(settings), from_(reporter) {}

  Drained drain() override { return from_.drain(rings_of_); }
  std::uint64_t ring_index(const AddressSpace& space) const override;
  std::byte* ring_memory(const AddressSpace& space, std::uint64_t address, std::size_t size) override;
  void keep_rings(const AddressSpace& space) override;
  std::uint64_t system_calls_taken() const override { return from_.system_calls_taken(); }
  bool has_ring(StoppedThread& thread) const override;
  void on_call_abandoned(Thread& thread) override;

 protected:
  ~StubRecordSource() = default;

 private:
  const StubSpaces& rings_of_;
  const StubSettings& kept_;
  RecordReporter& from_;
};

}  // namespace vdsotrace
