// What an audit's figures are parts of.
#include <memory>
#include <nlohmann/json.hpp>

#include "audit/findings.hpp"
#include "base/histogram.hpp"
#include "reports/audit.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::int64_t kMs = 1'000'000;

/// 100,000 calls of 25 ns: 2.5 ms.
Audit audit_of(std::int64_t cpu_ns, std::optional<AddedCosts> added) {
  Explainer explainer;
  AuditTally tally(explainer);
  tally.add(event(Counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 100'000, 0, {}}));
  AuditedRun run;
  run.wall_ns = 100 * kMs;
  run.cpu_ns = cpu_ns;
  run.added = added;
  return make_audit(tally, run, [](const std::string&, const std::string&) {
    return std::optional(CallPrice{25, 25, 250});
  });
}

bool says(const Audit& audit, std::string_view part) { return audit_text(audit, {}).find(part) != std::string::npos; }

}  // namespace

TEST_CASE("shares are of the program without what observing it added") {
  const Audit audit = audit_of(15 * kMs, AddedCosts{100'000, 98, 50, 4'000});
  CHECK(audit.own_cpu_ns() == Approx(5 * kMs));
  CHECK(audit.share(audit.cost_ns) == Approx(0.5));
  CHECK(says(
      audit,
      "5.00 ms of processor time without 10.0 ms that observing added (100,000 calls at 98.0 ns, 50 stops at 4.00 us)"));
  CHECK(says(audit, "2.50 ms, 50 % of its processor time"));
  const auto json = nlohmann::json::parse(audit_json(audit));
  CHECK(json["cpu_ns"] == 15 * kMs);
  CHECK(json["own_cpu_ns"] == 5 * kMs);
  CHECK(json["cost_share"].get<double>() == Approx(0.5));
  CHECK(json["added"]["ns"] == 10 * kMs);
  CHECK(json["added"]["calls"] == 100'000);
  CHECK(json["added"]["stops"] == 50);
}

TEST_CASE("no share is above 100 %") {
  const Audit too_much = audit_of(5 * kMs, AddedCosts{100'000, 98, 0, 0});
  CHECK(too_much.own_cpu_ns() == Approx(2.5 * kMs));
  CHECK(too_much.share(too_much.cost_ns) == 1.0);
  CHECK(says(
      too_much,
      "2.50 ms of processor time without 2.50 ms that observing added (of an estimated 9.80 ms: 100,000 calls at 98.0 ns)"));
  CHECK_FALSE(says(audit_of(15 * kMs, AddedCosts{3, 34.8, 61, 1123.4}), "of an estimated"));
  const Audit too_dear = audit_of(kMs, {});
  CHECK(too_dear.share(too_dear.cost_ns) == 1.0);
  CHECK(too_dear.share(1e12) == 1.0);
}

TEST_CASE("taking the time is no time of the call") {
  Explainer explainer;
  AuditTally tally(explainer);
  Histogram durations;
  durations.add(40, 1'000);
  Counts counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 1'000, 0, 40'000};
  counts.durations = std::make_shared<Histogram>(durations);
  tally.add(event(counts));
  AuditedRun run;
  run.cpu_ns = kMs;
  run.added = AddedCosts{1'000, 60, 0, 0, 16};
  const Audit audit =
      make_audit(tally, run, [](const std::string&, const std::string&) { return std::optional<CallPrice>(); });
  CHECK(audit.findings[0].each_ns == 24);
  CHECK(audit.cost_ns == Approx(24'000));
  CHECK(audit.findings[0].total.duration_ns == 40'000);
  CHECK(cost_basis_text(audit) == "measured, less 16.0 ns a call for reading the clock");
  // Some more, of which only the sum is known.
  tally.add(event(Counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 500, 0, 20'000}));
  const Audit sampled =
      make_audit(tally, run, [](const std::string&, const std::string&) { return std::optional<CallPrice>(); });
  CHECK(sampled.findings[0].each_ns == 24);
  CHECK(sampled.cost_ns == Approx(36'000));
  CHECK(cost_basis_text(sampled) ==
        "measured, frequent calls by the median of samples, less 16.0 ns a call for reading the clock");
}

TEST_CASE("an audit says where it does not know what observing added") {
  CHECK(says(audit_of(5 * kMs, {}), "5.00 ms of processor time, with what observing added;"));
  CHECK(says(audit_of(5 * kMs, AddedCosts{}), "5.00 ms of processor time;"));
  const Audit without_cpu = audit_of(0, {});
  CHECK(without_cpu.share(without_cpu.cost_ns) == Approx(0.025));
  CHECK(says(without_cpu, "2.50 ms, 2.5 % of the run"));
  CHECK(nlohmann::json::parse(audit_json(without_cpu))["own_cpu_ns"].is_null());
}
