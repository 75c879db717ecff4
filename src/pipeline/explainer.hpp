// Says of each call that entered the kernel why it did.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/vdso/tables.hpp"
#include "vdsotrace/event.hpp"
#include "vdsotrace/reason.hpp"

namespace vdsotrace {

class Explainer {
 public:
  /// `vdso_hidden`: the processes do not know of their vDSO (--no-vdso). `tables`: what is known of services and
  /// clocks.
  explicit Explainer(bool vdso_hidden = false, const VdsoTables& tables = {})
      : vdso_hidden_(vdso_hidden), tables_(tables) {}

  /// Learns what the reasons depend on: which processes have a vDSO, and the clocksource.
  void note(const Event& event);

  /// Nothing for a call that stayed in user space, or may have, or that no vDSO could serve.
  std::optional<Reason> reason_of(pid_t pid, const Call& call) const;
  /// For calls that were counted: their arguments are not known, but for the clock.
  std::optional<Reason> reason_of(pid_t pid, const Counts& counts) const;

  const std::string& clocksource() const { return clocksource_; }
  const VdsoTables& tables() const { return tables_; }

 private:
  void note_vdso(pid_t pid, const std::optional<VdsoFacts>& vdso, bool known);
  void note_start(pid_t pid, const Started& started);
  struct Question {
    std::string_view name;
    std::optional<std::int32_t> clock;
    Route route;
    std::uint64_t flags;  ///< of getrandom
    bool for_c_library;   ///< as Caller has it
  };
  Reason answer(pid_t pid, const Question& question) const;
  Reason fallback_reason(const Question& question) const;
  bool takes_clock(std::string_view name) const;
  std::optional<ClockKind> kind_of(const Question& question) const;

  bool vdso_hidden_;
  VdsoTables tables_;
  std::string clocksource_;
  bool changed_ = false;
  std::set<pid_t> without_vdso_;
};

/// Whether a clocksource of that name can be read in user space (the kernel's vdso_clock_mode, by architecture).
bool readable_in_user_space(std::string_view clocksource);

}  // namespace vdsotrace
