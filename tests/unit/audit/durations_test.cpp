// What an audit makes of calls whose durations were measured.
#include "audit/durations.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "audit/findings.hpp"
#include "reports/audit.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

Prices no_prices() {
  return [](const std::string&, const std::string&) -> std::optional<CallPrice> { return std::nullopt; };
}

/// Of calls that took each so long.
Counts counts_of(const Histogram& durations, std::int64_t sum_ns) {
  Counts counts{"clock_gettime", Abi::x86_64, 2, Route::fallback, durations.count(), 0, sum_ns};
  counts.durations = std::make_shared<Histogram>(durations);
  return counts;
}

Audit audit_of(const std::vector<Counts>& all) {
  Explainer explainer;
  AuditTally tally(explainer);
  for (const Counts& counts : all) tally.add(event(counts));
  return make_audit(tally, AuditedRun{}, no_prices());
}

}  // namespace

TEST_CASE("calls that were interrupted cost the median") {
  Histogram durations;
  durations.add(30, 888);
  durations.add(45, 100);
  durations.add(5'000'000, 12);
  const MeasuredCalls calls = measured_calls(durations);
  CHECK(calls.median == 30);
  CHECK(calls.p99 > 1'000'000);
  CHECK(calls.longest == 5'000'000);
  CHECK(calls.interrupted == 12);
  CHECK(calls.interrupted_ns == Approx(60'000'000).epsilon(Histogram::kError));
  CHECK(average_cost_ns(calls) == Approx(0.9 * 30 + 0.1 * 45));
}

TEST_CASE("what a call can take by itself is no interruption") {
  Histogram page_fault;
  page_fault.add(4, 1000);
  page_fault.add(2'000);
  CHECK(measured_calls(page_fault).interrupted == 0);
  Histogram slow;
  slow.add(5'000, 1000);
  slow.add(400'000);
  CHECK(measured_calls(slow).interrupted == 0);
  slow.add(600'000);
  CHECK(measured_calls(slow).interrupted == 1);
}

TEST_CASE("calls of two kinds both cost what they took") {
  Histogram durations;
  durations.add(100, 900);
  durations.add(1'000'000, 100);
  const MeasuredCalls calls = measured_calls(durations);
  CHECK(calls.interrupted == 0);
  CHECK(average_cost_ns(calls) == Approx(100'090).epsilon(Histogram::kError));
  Histogram few;
  few.add(100, 2);
  few.add(1'000'000);
  CHECK(measured_calls(few).interrupted == 1);
}

TEST_CASE("every report of an audit has median, p99 and longest") {
  Histogram durations;
  durations.add(40, 990);
  durations.add(3'000'000, 10);
  const Audit audit = audit_of({counts_of(durations, 40 * 990 + 30'000'000)});
  REQUIRE(audit.findings.size() == 1);
  CHECK(audit.findings[0].cost_is == CostIs::measured);
  CHECK(audit.findings[0].each_ns == 40);
  CHECK(audit.cost_ns == Approx(40 * 1000));
  const std::string text = audit_text(audit, {});
  CHECK(text.find("median 40.0 ns, p99 40.0 ns, longest 3.00 ms; 10 calls were interrupted, ") != std::string::npos);
  const auto row = nlohmann::json::parse(audit_json(audit))["calls"][0];
  CHECK(row["median_ns"] == 40);
  CHECK(row["p99_ns"] == 40);
  CHECK(row["max_ns"] == 3'000'000);
  CHECK(row["unit_cost_ns"] == 40.0);
  CHECK(row["interrupted_calls"] == 10);
  CHECK(row["interrupted_ns"].get<double>() == Approx(30'000'000).epsilon(Histogram::kError));
  CHECK(audit_html(audit).find("\"median_ns\":40") != std::string::npos);
}

TEST_CASE("durations that are told in parts make one median") {
  Histogram shorter, longer;
  shorter.add(20, 100);
  longer.add(50, 301);
  const Audit audit = audit_of({counts_of(shorter, 2'000), counts_of(longer, 50 * 301)});
  REQUIRE(audit.findings.size() == 1);
  CHECK(audit.findings[0].each_ns == 50);
  CHECK(audit.findings[0].measured->interrupted == 0);
  CHECK(audit.cost_ns == Approx(17'050));
  CHECK(audit_text(audit, {}).find("interrupted") == std::string::npos);
}

TEST_CASE("what was not measured has no median") {
  Counts counts{"clock_gettime", Abi::x86_64, 2, Route::fallback, 7, 0, {}};
  const Audit audit = audit_of({counts});
  CHECK_FALSE(audit.findings[0].measured);
  const auto row = nlohmann::json::parse(audit_json(audit))["calls"][0];
  for (const char* key : {"median_ns", "p99_ns", "max_ns", "unit_cost_ns", "interrupted_calls"})
    CHECK(row.at(key).is_null());
  CHECK(audit_text(audit, {}).find("median") == std::string::npos);
}
