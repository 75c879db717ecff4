// What an audit comes to, and which advice it gives.
#include "audit/verdict.hpp"

#include <nlohmann/json.hpp>

#include "audit/advice.hpp"
#include "base/figures.hpp"
#include "reports/audit.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::int64_t kMs = 1'000'000;

Counts counts_of(std::uint64_t clock, Route route, std::uint64_t count) {
  return Counts{"clock_gettime", Abi::x86_64, clock, route, count, 0, {}};
}

/// 25 ns in user space, 250 in the kernel; CPU clocks 640.
std::optional<CallPrice> price(const std::string&, const std::string& clock) {
  if (clock == "CLOCK_PROCESS_CPUTIME_ID") return CallPrice{{}, 640, 500};
  return CallPrice{25, 25, 250};
}

Audit audit_of(const std::vector<Event::Body>& bodies, std::int64_t cpu_ns, std::int64_t wall_ns = 1'000 * kMs) {
  Explainer explainer;
  explainer.note(event(Execed{"/bin/true", 0, Abi::x86_64, VdsoFacts{0x1000, 0x2000, {"clock_gettime"}}}));
  AuditTally tally(explainer);
  for (const Event::Body& body : bodies) tally.add(event(body));
  AuditedRun run;
  run.wall_ns = wall_ns;
  run.cpu_ns = cpu_ns;
  return make_audit(tally, run, price);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the first line says what there is to gain") {
  const Audit audit = audit_of({counts_of(2, Route::fallback, 300'000), counts_of(1, Route::vdso, 10)}, 320 * kMs);
  CHECK_FALSE(audit.verdict.ok);
  CHECK(audit.verdict.text == "300,000 calls fell back: 192 ms, 60 % of its processor time");
  CHECK(audit.verdict.share == Approx(0.6));
  CHECK(first_line(audit_text(audit, {})) == "verdict      " + audit.verdict.text);
  const auto json = nlohmann::json::parse(audit_json(audit))["verdict"];
  CHECK(json["ok"] == false);
  CHECK(json["text"] == audit.verdict.text);
  CHECK(json["share"].get<double>() == Approx(0.6));
  CHECK(has(audit_html(audit), audit.verdict.text));
}

TEST_CASE("the first line says that there is nothing to gain") {
  const Audit little = audit_of({counts_of(1, Route::syscall, 2), counts_of(1, Route::vdso, 10)}, 8 * kMs);
  CHECK(little.verdict.ok);
  CHECK(little.verdict.text == "nothing to gain: at most 500 ns of 8.00 ms of processor time");
  const Audit nothing = audit_of({counts_of(1, Route::vdso, 10)}, 0, 8 * kMs);
  CHECK(nothing.verdict.ok);
  CHECK(nothing.verdict.text == "nothing to gain: 250 ns of 8.00 ms of the run in calls that a vDSO can serve");
}

TEST_CASE("the first line names the ways into the kernel, or the calls that stay out of it") {
  const Audit two = audit_of({counts_of(2, Route::fallback, 1'000), counts_of(1, Route::syscall, 1'000)}, 10 * kMs);
  CHECK(two.verdict.text ==
        "2,000 calls entered the kernel (1,000 fell back, 1,000 made directly): 890 us, 8.9 % of its processor time");
  const Audit direct = audit_of({counts_of(1, Route::syscall, 1'000)}, 10 * kMs);
  CHECK(direct.verdict.text == "1,000 calls entered the kernel (made directly): 250 us, 2.5 % of its processor time");
  const Audit busy = audit_of({counts_of(1, Route::vdso, 1'000'000)}, 100 * kMs);
  CHECK(busy.verdict.text == "1,000,000 calls in user space: 25.0 ms, 25 % of its processor time");
}

TEST_CASE("the first line says what leaves it open") {
  const Audit unknown = audit_of({counts_of(1, Route::unknown, 5)}, 8 * kMs);
  CHECK_FALSE(unknown.verdict.ok);
  CHECK(has(unknown.verdict.text, "; 5 calls by an unknown route"));
  const Audit incomplete = audit_of({Lost{2}}, 8 * kMs);
  CHECK_FALSE(incomplete.verdict.ok);
  CHECK(has(incomplete.verdict.text, "; the figures are incomplete"));
}

TEST_CASE("advice that is worth hardly anything is counted in one line") {
  const Audit audit = audit_of(
      {counts_of(2, Route::fallback, 10'000), counts_of(1, Route::syscall, 2), counts_of(0, Route::syscall, 1)},
      100 * kMs);
  REQUIRE(audit.advice.size() == 3);
  const std::string text = audit_text(audit, {});
  CHECK(has(
      text,
      "CLOCK_MONOTONIC: 25.0 ns a call instead of 640 ns, 6.15 ms of this run\n  2 more below 0.1 %: --all shows them\n"));
  CHECK_FALSE(has(text, "call it through the C library"));
  AuditTextOptions all;
  all.all_advice = true;
  CHECK(has(audit_text(audit, all), "instead of 250 ns, 450 ns of this run"));
  CHECK_FALSE(has(audit_text(audit, all), "below 0.1 %"));
  const auto items = nlohmann::json::parse(audit_json(audit))["advice_items"];
  REQUIRE(items.size() == 3);
  CHECK((items[0]["matters"] == true && items[0]["total_ns"] == 6'150'000));
  CHECK((items[1]["matters"] == false && items[1]["total_ns"] == 450));
  CHECK((items[0]["id"] == "cpu-time-clock" && items[0]["saved_ns"] == 6'150'000 && items[0]["count"] == 10'000));
  CHECK((items[1]["id"] == "direct-call" && items[1]["saved_ns"] == 450 && items[1]["count"] == 2));
}

TEST_CASE("every piece of advice has a total") {
  const Audit audit = audit_of({counts_of(2, Route::fallback, 1'000), counts_of(99, Route::fallback, 1'000),
                                counts_of(1, Route::syscall, 1'000), counts_of(1, Route::vdso, 1'000'000)},
                               100 * kMs);
  REQUIRE(audit.advice.size() == 4);
  for (const Advice& advice : audit.advice) {
    CHECK(advice.total_ns > 0);
    CHECK_FALSE(advice.id.empty());
    CHECK(has(advice.text, duration_text(advice.total_ns) + " of this run"));
  }
}

TEST_CASE("what a seccomp profile must allow is said where it is asked for") {
  const Audit audit = audit_of({counts_of(1, Route::vdso, 10)}, 8 * kMs);
  CHECK_FALSE(has(audit_text(audit, {}), "seccomp"));
  AuditTextOptions asked;
  asked.seccomp = true;
  CHECK(has(audit_text(audit, asked), "a seccomp profile must allow clock_gettime: 0 of 10 calls"));
  CHECK(nlohmann::json::parse(audit_json(audit))["seccomp_must_allow"] == nlohmann::json({"clock_gettime"}));
}
