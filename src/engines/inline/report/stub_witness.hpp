// What stops of other origin prove of the calls that are open in stubs.
#pragma once

#include <string_view>

#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/space/stub_spaces.hpp"
#include "trace/probe_engine.hpp"

namespace vdsotrace {

/// Tells it to UnreturnedCalls of the thread's space: a call whose return leaves a record needs no proof.
class StubWitness : public virtual OpenCallWitness {
 public:
  /// `engine`: whose calls they are.
  StubWitness(const StubSpaces& spaces, const StubSettings& settings, std::string_view engine)
      : stubs_of_(spaces), how_(settings), engine_(engine) {}

  bool on_call_entry(Thread& thread, const VdsoFunction* fallback, std::uint64_t stack_pointer) override;
  void on_fallback_exit(Thread& thread, Call&& call) override;
  const Call* call_in_progress(StoppedThread& thread) override;
  void on_handler(Thread& thread, std::uint64_t stack_pointer, bool alternate_stack) override;
  void on_handler_return(Thread& thread, std::uint64_t stack_pointer) override;

 protected:
  ~StubWitness() = default;

 private:
  const StubSpaces& stubs_of_;
  const StubSettings& how_;
  std::string_view engine_;
};

}  // namespace vdsotrace
