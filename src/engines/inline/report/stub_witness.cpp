#include "engines/inline/report/stub_witness.hpp"

#include <utility>

namespace vdsotrace {

/// A function that has a stub reports its system call in its own record.
bool StubWitness::on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) {
  StubSpace* stubs = stubs_of_.of(thread);
  if (stubs == nullptr) return false;
  if (stubs->installed().plan->covers(fallback)) return true;
  stubs->records().unreturned().saw_code_outside_vdso(thread, stack_pointer);
  return false;
}

/// Of a function that has a stub. Its record will report it, with the system call in it, unless it never returns.
void StubWitness::on_fallback_exit(Thread& thread, Call&& call) {
  StubSpace* stubs = stubs_of_.of(thread);
  if (stubs == nullptr || how_.depth != StubDepth::values || !thread.is_reported()) return;
  call.engine = engine_;
  stubs->records().unreturned().note_fallback(thread.tid, std::move(call));
}

const Call* StubWitness::call_in_progress(StoppedThread& stopped) {
  const AddressSpace* space = stopped.thread().space.get();
  StubSpace* stubs = stubs_of_.find(space);
  const auto* registers = stopped.registers();
  if (stubs == nullptr || registers == nullptr) return nullptr;
  return space->vdso().offset_of(arch::program_counter(*registers))
             ? stubs->records().unreturned().innermost(stopped.tid())
             : nullptr;
}

void StubWitness::on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) {
  if (StubSpace* stubs = stubs_of_.of(thread))
    stubs->records().unreturned().enter_handler(thread.tid, stack_pointer, alternate_stack);
}

void StubWitness::on_handler_return(Thread& thread, std::uint64_t stack_pointer) {
  if (StubSpace* stubs = stubs_of_.of(thread)) stubs->records().unreturned().leave_handler(thread, stack_pointer);
}

}  // namespace vdsotrace
