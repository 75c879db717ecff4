#include "engines/inline/report/stub_record_source.hpp"

namespace vdsotrace {

std::uint64_t StubRecordSource::ring_index(const AddressSpace& space) const {
  const StubSpace* stubs = rings_of_.find(&space);
  return kept_.records_system_calls() && stubs != nullptr && stubs->region() != nullptr ? stubs->region()->index() : 0;
}

std::byte* StubRecordSource::ring_memory(const AddressSpace& space, std::uint64_t address, std::size_t size) {
  const StubSpace* stubs = rings_of_.find(&space);
  return stubs != nullptr && stubs->region() != nullptr ? stubs->region()->shared(address, size) : nullptr;
}

void StubRecordSource::keep_rings(const AddressSpace& space) {
  if (StubSpace* stubs = rings_of_.find(&space)) stubs->members().keep_mapped();
}

bool StubRecordSource::has_ring(StoppedThread& stopped) const {
  const StubSpace* stubs = rings_of_.of(stopped.thread());
  const auto* registers = stopped.registers();
  if (registers == nullptr || stubs == nullptr || stubs->region() == nullptr) return false;
  const std::uint64_t pointer = arch::thread_pointer(*registers);
  return stubs->region()->blocks().writer(pointer) == stopped.tid() && stubs->region()->has_ring(pointer);
}

void StubRecordSource::on_call_abandoned(Thread& thread) {
  if (StubSpace* stubs = rings_of_.of(thread)) from_.open_calls().report_abandoned(*stubs, thread.tid);
}

}  // namespace vdsotrace
