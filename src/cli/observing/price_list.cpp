#include "cli/observing/price_list.hpp"

#include <map>
#include <optional>

#include "cli/observing/own_vdso.hpp"
#include "model/syscalls/render.hpp"
#include "os/machine/call_probe.hpp"

namespace vdsotrace::cli {
namespace {

/// MAKE_PROCESS_CPUCLOCK(0, CPUCLOCK_SCHED) and MAKE_THREAD_CPUCLOCK(0, CPUCLOCK_SCHED), include/linux/posix-timers.h:
/// what clock_getcpuclockid(3) and pthread_getcpuclockid(3) make of others' numbers.
constexpr clockid_t kOwnProcess = -6;
constexpr clockid_t kOwnThread = -2;

std::optional<clockid_t> id_of(const std::string& clock, const VdsoTables& tables) {
  if (clock.empty()) return 0;
  for (const clockid_t id : {kOwnProcess, kOwnThread}) {
    if (clock_kind_name(id) == clock) return id;
  }
  const ClockRow* known = clock_named(clock, tables.clocks);
  return known != nullptr ? std::optional(known->id) : std::nullopt;
}

std::optional<CallProbe> probe_for(const PricedCall& call, const Result<VdsoDescription>& vdso,
                                   const VdsoTables& tables) {
  const VdsoService* asked = service_of_syscall(call.first, tables.services);
  // Calls of 32-bit programs are made as ours that do the same.
  const VdsoService* ours = asked != nullptr ? service_of_syscall(asked->priced(), tables.services) : nullptr;
  const auto id = id_of(call.second, tables);
  if (ours == nullptr || !id) return std::nullopt;
  return CallProbe{ours, *id, address_of(vdso, *ours, tables.services)};
}

}  // namespace

Prices price_list(const std::set<PricedCall>& calls, const VdsoTables& tables) {
  const auto vdso = own_vdso();
  std::vector<PricedCall> asked;
  std::vector<CallProbe> probes;
  for (const PricedCall& call : calls) {
    if (const auto probe = probe_for(call, vdso, tables)) {
      asked.push_back(call);
      probes.push_back(*probe);
    }
  }
  std::map<PricedCall, CallPrice> prices;
  const auto findings = probes.empty() ? Result<std::vector<CallFinding>>() : probe_calls(probes);
  for (std::size_t i = 0; findings && i < findings->size(); ++i) {
    const CallFinding& finding = (*findings)[i];
    CallPrice price{{}, finding.function_ns, finding.system_call_ns};
    if (finding.in_user_space == true) price.user_space_ns = finding.function_ns;
    if (finding.error == 0) prices[asked[i]] = price;
  }
  return [prices](const std::string& name, const std::string& clock) -> std::optional<CallPrice> {
    const auto found = prices.find({name, clock});
    return found == prices.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace vdsotrace::cli
