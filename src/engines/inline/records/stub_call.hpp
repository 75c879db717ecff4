// Makes complete calls of the stubs' records.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>
#include <vector>

#include "engines/inline/plan/stub_plan.hpp"
#include "engines/inline/plan/stub_settings.hpp"
#include "engines/inline/region/stub_record.hpp"
#include "os/machine/tsc_clock.hpp"
#include "symbols/symbols.hpp"
#include "vdsotrace/call.hpp"

namespace vdsotrace {

/// What a record describes: which function was called, by whom, on which route.
struct RecordedCall {
  const StubbedFunction* function = nullptr;  ///< null: it is a system call (system_call_record.hpp)
  Symbols* symbols = nullptr;                 ///< of the space; null where no callers are to be found
  pid_t tgid = 0;
  pid_t tid = 0;                             ///< 0: one of the process's threads, not known which
  std::optional<Route> route = Route::vdso;  ///< nothing: the call is not vDSO-capable
  StubRecord record;

  /// To whom it returns, if that was found in what lay on the stack.
  std::optional<Caller> caller() const;
  /// Of a system call whose stub keeps stacks: where it returns to, innermost first, as far as what is kept leads.
  std::vector<Caller> kept_stack() const;
};

/// Fills in to which places the record's call returns. `word` shows the stack above it. `tid`: any thread of the
/// process.
void find_callers(StubRecord& record, Symbols& symbols, pid_t tid, const Symbols::StackWord& word);

/// Names places that calls return to; nothing for 0. `tid`: any thread of the process.
std::optional<Caller> caller_at(Symbols* symbols, pid_t tid, std::uint64_t caller, std::uint64_t beyond);

/// A record bears no times if the thread could not read the counter: it gets the present time as start and end.
void date(StubRecord& record);

/// Fills a new `call` with the recorded one of an x86-64 process: what its arguments pointed to when it returned, its
/// start and, where there is one, its duration; not its caller and engine. In place, as moving a call costs as much.
void fill_call(Call& call, const RecordedCall& recorded, const TscClock& clock);

/// Makes calls of records, with all that the needs ask for.
class CallMaker {
 public:
  /// `engine`: whose calls they are.
  CallMaker(const StubSettings& settings, std::string_view engine);

  /// There is one where records bear times; elsewhere no calls are made.
  std::optional<TscClock>& clock() { return clock_; }
  const std::optional<TscClock>& clock() const { return clock_; }

  /// Fills a new `call` with the recorded one.
  void fill(Call& call, const RecordedCall& recorded) const;
  /// The same of a system call that has only begun.
  void fill_open(Call& call, const RecordedCall& recorded) const;
  /// The call of a vDSO function that a handler interrupts, as far as it is known. `fallback`: its system call, if that
  /// has returned.
  Call interrupted(const RecordedCall& begun, std::optional<Call> fallback) const;

 private:
  void look_at(Call& call, pid_t tid) const;
  void note_caller(Call& call, std::optional<Caller> caller) const;
  void note_callers(Call& call, const RecordedCall& recorded) const;

  const StubSettings& settings_;
  std::string_view engine_;
  std::optional<TscClock> clock_;
};

}  // namespace vdsotrace
