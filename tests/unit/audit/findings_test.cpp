#include "audit/findings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "audit/advice.hpp"
#include "base/figures.hpp"
#include "model/vdso/clocks.hpp"
#include "pipeline/aggregate.hpp"
#include "reports/audit.hpp"
#include "support/audited.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

Call made(std::string_view name, std::uint64_t clock, Route route) {
  Call call;
  call.name = name;
  call.nr = number_of(Abi::x86_64, name);
  call.route = route;
  call.args[0] = clock;
  call.ending = Ending::returned;
  call.start_ns = kTime;
  return call;
}

Execed program_with_vdso() { return Execed{"/bin/true", 0, Abi::x86_64, VdsoFacts{0x1000, 0x2000, {"clock_gettime"}}}; }

/// 25 ns in user space, 250 in the kernel, for what stays in user space; 600 for the rest.
Prices prices() {
  return [](const std::string&, const std::string& clock) -> std::optional<CallPrice> {
    if (clock == "CLOCK_PROCESS_CPUTIME_ID") return CallPrice{{}, 600, 500};
    if (clock.ends_with("COARSE")) return CallPrice{5, 5, 250};
    return CallPrice{25, 25, 250};
  };
}

AuditedRun run_of(std::int64_t wall_ns) {
  AuditedRun run;
  run.command = {"./a.out"};
  run.wall_ns = wall_ns;
  run.coarse_resolution_ns = 4'000'000;
  return run;
}

struct AuditedCalls : Tallied {
  Audit audit(std::int64_t wall_ns = 1'000'000'000) const { return make_audit(tally, run_of(wall_ns), prices()); }
};

Audit run_of_nothing() { return make_audit(AuditTally(Explainer()), run_of(1), prices()); }

bool any_contains(const std::vector<Advice>& all, std::string_view part) {
  return std::ranges::any_of(all, [&](const Advice& advice) { return advice.text.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("clock ids are of one kind each") {
  for (const int id : {0, 1, 4, 7, 11}) CHECK(kind_of_clock(id) == ClockKind::precise);
  for (const int id : {5, 6}) CHECK(kind_of_clock(id) == ClockKind::coarse);
  for (const int id : {2, 3, -6, -2, ~5 * 8 + 2}) CHECK(kind_of_clock(id) == ClockKind::cpu_time);
  for (const int id : {8, 9}) CHECK(kind_of_clock(id) == ClockKind::alarm);
  for (const int id : {16, 23}) CHECK(kind_of_clock(id) == ClockKind::auxiliary);
  for (const int id : {10, 12, 24, 1'234'567}) CHECK(kind_of_clock(id) == ClockKind::unknown);
  CHECK(kind_of_clock(~3 * 8 + 3) == ClockKind::dynamic);
}

TEST_CASE("a call that entered the kernel has a reason") {
  Explainer explainer;
  explainer.note(event(Clocksource{"tsc"}));
  explainer.note(event(program_with_vdso()));
  const auto reason = [&](std::string_view name, std::uint64_t clock, Route route) {
    return explainer.reason_of(kPid, made(name, clock, route));
  };
  CHECK_FALSE(reason("clock_gettime", 1, Route::vdso));
  CHECK(reason("clock_gettime", 2, Route::fallback) == Reason::cpu_time_clock);
  CHECK(reason("clock_gettime", 2, Route::syscall) == Reason::cpu_time_clock);
  CHECK(reason("clock_gettime", 8, Route::fallback) == Reason::alarm_clock);
  CHECK(reason("clock_gettime", 99, Route::fallback) == Reason::unknown_clock);
  // The vDSO reads auxiliary clocks that are enabled, and leaves the others to the kernel.
  CHECK(reason("clock_gettime", 16, Route::fallback) == Reason::auxiliary_clock);
  CHECK(reason("clock_gettime", 16, Route::syscall) == Reason::direct_call);
  CHECK(reason("clock_gettime", 1, Route::syscall) == Reason::direct_call);
  CHECK(reason("time", 0, Route::vsyscall) == Reason::vsyscall_page);
  CHECK(reason("getrandom", 0, Route::fallback) == Reason::random_state);
  CHECK(reason("clock_gettime", 1, Route::fallback) == Reason::other);

  explainer.note(event(Clocksource{"hpet", true}));
  CHECK(reason("clock_gettime", 1, Route::fallback) == Reason::clocksource_changed);
  CHECK(reason("gettimeofday", 0, Route::fallback) == Reason::clocksource_changed);
  CHECK(reason("clock_gettime", 16, Route::fallback) == Reason::clocksource_changed);
  CHECK(reason("clock_gettime", 6, Route::fallback) == Reason::other);
}

TEST_CASE("a process without a vDSO, or with a hidden one, has no other way") {
  for (const bool hidden : {false, true}) {
    Explainer explainer(hidden);
    explainer.note(event(Execed{"/bin/true", 0, Abi::x86_64, {}}));
    CHECK(explainer.reason_of(kPid, made("clock_gettime", 1, Route::syscall)) ==
          (hidden ? Reason::vdso_hidden : Reason::no_vdso));
    CHECK(explainer.reason_of(kPid, counts_of("gettimeofday", {}, Route::syscall, 3)) ==
          (hidden ? Reason::vdso_hidden : Reason::no_vdso));
  }
}

TEST_CASE("reasons have names and sentences of their own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasons; ++i) {
    names.insert(name_of(static_cast<Reason>(i)));
    CHECK(sentence_of(static_cast<Reason>(i), "hpet").size() > 20);
  }
  CHECK(names.size() == kReasons);
  CHECK(sentence_of(Reason::clocksource, "hpet") == "the clocksource hpet cannot be read in user space");
}

TEST_CASE("costs are counts times prices, the most expensive first") {
  AuditedCalls run;
  run.add(Clocksource{"tsc"});
  run.add(program_with_vdso());
  run.add(counts_of("clock_gettime", 1, Route::vdso, 1000));
  run.add(counts_of("clock_gettime", 2, Route::fallback, 100));
  run.add(counts_of("clock_gettime", 1, Route::syscall, 40));
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 3);
  CHECK(audit.findings[0].key.clock == "CLOCK_PROCESS_CPUTIME_ID");
  CHECK(audit.findings[0].cost_ns == Approx(100 * 600));
  CHECK(audit.findings[1].cost_ns == Approx(1000 * 25));
  CHECK(audit.findings[2].cost_ns == Approx(40 * 250));
  CHECK(audit.cost_ns == Approx(95'000));
  CHECK(audit.kernel_ns == Approx(70'000));
  CHECK(audit.saved_ns == Approx(40 * 225));
  CHECK(audit.calls() == 1140);
  CHECK(audit.count(Route::fallback) == 100);
}

TEST_CASE("durations that were measured come before prices") {
  AuditedCalls run;
  Call call = made("clock_gettime", 1, Route::vdso);
  call.engine = "inline";
  call.duration_ns = 90;
  run.add(call);
  call.duration_ns = 110;
  run.add(call);
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 1);
  CHECK(audit.findings[0].cost_is == CostIs::measured);
  CHECK(audit.findings[0].cost_ns == Approx(200));
}

TEST_CASE("a duration with a stop in it is no measure of the call") {
  AuditedCalls run;
  Call call = made("clock_gettime", 2, Route::fallback);
  call.engine = "ptrace";
  call.duration_ns = 28'000;
  run.add(call);
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 1);
  CHECK(audit.findings[0].cost_is == CostIs::estimated);
  CHECK(audit.findings[0].cost_ns < 28'000);
}

TEST_CASE("callers are counted apart by who is beyond their runtime") {
  AuditedCalls run;
  Call call = made("time", 0, Route::vdso);
  call.caller = Caller{0x1000, "libstdc++.so.6", 4, "now()"};
  call.caller->in_runtime = true;
  for (int i = 0; i < 3; ++i) run.add(call);
  for (const char* symbol : {"often()", "often()", "once()"}) {
    call.caller->beyond = std::make_shared<const Caller>(Caller{0x2000, "prog", 8, symbol});
    run.add(call);
  }
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 1);
  const auto& callers = audit.findings[0].callers;
  REQUIRE(callers.size() == 3);
  CHECK(caller_text(callers[0]) == "now()+0x4 in libstdc++.so.6");
  CHECK(caller_text(callers[1]) == "now()+0x4 in libstdc++.so.6 for often()+0x8 in prog");
  CHECK(callers[1].total.count == 2);
  CHECK(callers[2].beyond.symbol == "once()");
  CHECK(audit_folded(audit) ==
        "a.out;libstdc++.so.6;now();time_[vdso] 3\n"
        "a.out;prog;often();libstdc++.so.6;now();time_[vdso] 2\n"
        "a.out;prog;once();libstdc++.so.6;now();time_[vdso] 1\n");
}

TEST_CASE("callers are counted apart, busiest first") {
  AuditedCalls run;
  Call call = made("time", 0, Route::vdso);
  call.caller = Caller{0x1000, "prog", 4, "once"};
  run.add(call);
  call.caller = Caller{0x2000, "prog", 8, "often"};
  for (int i = 0; i < 3; ++i) run.add(call);
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 1);
  REQUIRE(audit.findings[0].callers.size() == 2);
  CHECK(caller_text(audit.findings[0].callers[0].who) == "often+0x8 in prog");
  CHECK(audit.findings[0].callers[0].total.count == 3);
  CHECK(audit_folded(audit) == "a.out;prog;often;time_[vdso] 3\na.out;prog;once;time_[vdso] 1\n");
}

TEST_CASE("clocks that a program invents do not fill the memory") {
  AuditedCalls run;
  for (std::uint64_t clock = 1000; clock < 3000; ++clock)
    run.add(counts_of("clock_gettime", clock, Route::fallback, 1));
  CHECK(run.tally.entries().size() <= 513);
  CHECK(run.audit().count(Route::fallback) == 2000);
}

TEST_CASE("advice comes with figures") {
  AuditedCalls run;
  run.add(Clocksource{"hpet"});
  run.add(counts_of("clock_gettime", 0, Route::fallback, 1000));
  run.add(counts_of("gettimeofday", {}, Route::syscall, 10'000));
  run.add(counts_of("clock_gettime", 1, Route::vdso, 1'000'000));
  const Audit audit = run.audit();
  CHECK(any_contains(audit.advice,
                     "because of the clocksource hpet, 1,000 calls (250 us of this run) entered the kernel"));
  CHECK(any_contains(audit.advice, "use the C library's function"));
  CHECK(any_contains(audit.advice, "2.25 ms of this run"));
  CHECK(any_contains(audit.advice,
                     "1,000,000 calls/s: if 4 ms of resolution is enough, CLOCK_MONOTONIC_COARSE costs 5.0 ns"));
  CHECK(seccomp_text(audit).find("under seccomp, allow clock_gettime: the vDSO can fall back to it (1,000 of") == 0);
  CHECK(AuditedCalls().audit().advice.empty());
}

TEST_CASE("advice on one call says so") {
  AuditedCalls run;
  run.add(Clocksource{"hpet"});
  run.add(counts_of("clock_gettime", 0, Route::fallback, 1));
  CHECK(any_contains(run.audit().advice,
                     "because of the clocksource hpet, 1 call (250 ns of this run) entered the kernel"));
}

TEST_CASE("a function that cannot fall back needs no permission") {
  AuditedCalls run;
  run.add(counts_of("clock_gettime", 0, Route::vdso, 10));
  run.add(counts_of("time", {}, Route::vdso, 10));
  AuditedRun facts = run_of(1'000'000);
  facts.without_fallback = {"time"};
  CHECK(make_audit(run.tally, facts, prices()).fallback_calls == std::vector<std::string>{"clock_gettime"});
}

TEST_CASE("calls by an unknown route are in every figure") {
  AuditedCalls run;
  run.add(counts_of("clock_gettime", 1, Route::vdso, 3));
  run.add(counts_of("clock_gettime", 1, Route::unknown, 1000));
  const Audit audit = run.audit();
  CHECK(audit.calls() == 1003);
  CHECK(audit.count(Route::unknown) == 1000);
  CHECK(audit.cost_ns == Approx(1003 * 25));
  CHECK(audit.kernel_ns == 0);
  for (const Finding& finding : audit.findings) CHECK(finding.why.empty());
  CHECK(audit_text(audit, {}).find("1,003 that a vDSO can serve: 3 in user space, 1,000 by an unknown route\n") !=
        std::string::npos);
  CHECK(audit_text(run_of_nothing(), {}).find("unknown route") == std::string::npos);
  CHECK(nlohmann::json::parse(audit_json(audit))["routes"]["unknown"] == 1000);
  CHECK(audit_folded(audit).find("clock_gettime(CLOCK_MONOTONIC)_[unknown] 1000\n") != std::string::npos);
  CHECK(audit.timeline.spans()[0] == Timeline::Counts{3, 0, 0, 0, 1000});
}

TEST_CASE("an audit says what it lacks") {
  AuditedCalls run;
  CHECK(run.audit().complete());
  run.add(Notice{"some are not seen", Missing::direct_calls});
  run.add(Lost{2});
  const Audit audit = run.audit();
  CHECK_FALSE(audit.complete());
  const std::string text = audit_text(audit, {});
  CHECK(text.find("0 that a vDSO can serve (incomplete)\n") != std::string::npos);
  CHECK(text.find("notice       process 100: some are not seen\n") != std::string::npos);
  CHECK(text.find("lost         2 calls could not be recorded\n") != std::string::npos);
  const auto json = nlohmann::json::parse(audit_json(audit));
  CHECK(json["complete"] == false);
  CHECK(json["lost"] == 2);
  CHECK(json["notices"] == nlohmann::json({"process 100: some are not seen"}));
}

TEST_CASE("CPU clocks of threads and processes are one row each") {
  AuditedCalls run;
  Aggregate totals;
  for (std::uint64_t tid = 1; tid <= 200; ++tid) {
    const auto made_up = [&](std::uint64_t kind) { return static_cast<std::uint32_t>(~tid << 3 | kind); };
    run.add(counts_of("clock_gettime", made_up(6), Route::fallback, 1));
    run.add(made("clock_gettime", made_up(6), Route::fallback));
    run.add(counts_of("clock_gettime", made_up(2), Route::fallback, 1));
    totals.add(event(made("clock_gettime", made_up(6), Route::fallback)));
  }
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 2);
  CHECK(audit.findings[0].key.clock == "CPU clock of a thread");
  CHECK(audit.findings[0].total.count == 400);
  CHECK(audit.findings[1].key.clock == "CPU clock of a process");
  CHECK(totals.calls().size() == 1);
}

TEST_CASE("what has no price is said to have none") {
  AuditedCalls run;
  run.add(counts_of("clock_gettime", 1, Route::vdso, 10));
  run.add(counts_of("clock_gettime", 99, Route::fallback, 7));
  const auto only_known = [](const std::string&, const std::string& clock) -> std::optional<CallPrice> {
    return clock == "CLOCK_MONOTONIC" ? std::optional(CallPrice{25, 25, 250}) : std::nullopt;
  };
  const Audit audit = make_audit(run.tally, run_of(1'000'000), only_known);
  CHECK(audit.unpriced_calls == 7);
  CHECK(
      cost_basis_text(audit) ==
      "estimated: calls times the price of one, measured here in a fresh process; 7 calls have no price and are left out");
  const auto json = nlohmann::json::parse(audit_json(audit));
  CHECK(json["unpriced_calls"] == 7);
  CHECK(json["calls"][0]["cost_ns"] == 250);
  CHECK(json["calls"][1]["cost_ns"].is_null());
  CHECK(json["calls"][1]["cost_is"].is_null());
}

TEST_CASE("durations that only another output asked for change no cost") {
  Explainer explainer;
  AuditTally tally(explainer, false);
  Call call = made("clock_gettime", 1, Route::vdso);
  call.engine = "inline";
  call.duration_ns = 90'000;
  tally.add(event(call));
  Counts counts = counts_of("clock_gettime", 1, Route::vdso, 1);
  counts.duration_ns = 90'000;
  tally.add(event(counts));
  const Audit audit = make_audit(tally, run_of(1'000'000), prices());
  CHECK(audit.cost_ns == Approx(2 * 25));
  CHECK(audit.measured_calls == 0);
}

TEST_CASE("calls that were only counted are spread over the time in which they were made") {
  constexpr std::int64_t kMs = 1'000'000;
  Explainer explainer;
  AuditTally tally(explainer);
  tally.add(event(Clocksource{"tsc"}, kPid, kTime));
  tally.add(event(counts_of("time", {}, Route::vdso, 1000), kPid, kTime + 100 * kMs - 2));
  tally.add(event(counts_of("getcpu", {}, Route::fallback, 100), kPid, kTime + 100 * kMs - 1));
  const auto& spans = tally.timeline().spans();
  REQUIRE(spans.size() == 100);
  for (const auto& span : spans) CHECK(span == Timeline::Counts{10, 1, 0, 0, 0});
  tally.add(event(counts_of("time", {}, Route::vdso, 7), kPid, kTime + 199 * kMs));
  CHECK(tally.timeline().spans()[0][0] == 10);
  std::uint64_t sum = 0;
  for (const auto& span : tally.timeline().spans()) sum += span[0];
  CHECK(sum == 1007);
}

TEST_CASE("the rhythm in which counts are reported leaves no mark on the timeline") {
  constexpr std::int64_t kMs = 1'000'000, kBetween = 102'500'000;
  Explainer explainer;
  AuditTally tally(explainer);
  tally.add(event(Clocksource{"tsc"}, kPid, kTime));
  // A report ends in the middle of a span, and the next one begins there: 10 calls a ms in all.
  for (std::int64_t i = 1; i <= 4; ++i)
    tally.add(event(counts_of("time", {}, Route::vdso, 1025), kPid, kTime + i * kBetween));
  const auto& spans = tally.timeline().spans();
  REQUIRE(tally.timeline().span_ns() == 2 * kMs);
  REQUIRE(spans.size() == 206);
  std::uint64_t sum = 0;
  for (const auto& span : spans) sum += span[0];
  CHECK(sum == 4 * 1025);
  for (std::size_t i = 0; i + 1 < spans.size(); ++i) CHECK((spans[i][0] >= 19 && spans[i][0] <= 21));
}

TEST_CASE("calls that were counted in a process were made after it began") {
  constexpr std::int64_t kMs = 1'000'000;
  Explainer explainer;
  AuditTally tally(explainer);
  tally.add(event(program_with_vdso(), kPid, kTime));
  tally.add(event(counts_of("time", {}, Route::vdso, 10), kPid, kTime + 10 * kMs));
  // Programs that follow each other closely.
  for (std::int64_t i = 1; i < 10; ++i) {
    tally.add(event(program_with_vdso(), kPid, kTime + i * 10 * kMs));
    tally.add(event(counts_of("time", {}, Route::vdso, 100 * (i == 9)), kPid, kTime + (i + 1) * 10 * kMs - 1));
  }
  const auto& spans = tally.timeline().spans();
  REQUIRE(spans.size() == 100);
  for (std::size_t i = 10; i < 90; ++i) CHECK(spans[i][0] == 0);
  for (std::size_t i = 90; i < 100; ++i) CHECK(spans[i][0] == 10);
}

TEST_CASE("time spans double when the run outgrows them") {
  Timeline timeline;
  constexpr std::int64_t kMs = 1'000'000;
  for (std::int64_t ms = 0; ms < 1000; ++ms) timeline.add(kTime + ms * kMs, Route::vdso, 1);
  CHECK(timeline.span_ns() == 4 * kMs);
  REQUIRE(timeline.spans().size() == 250);
  for (const auto& span : timeline.spans()) CHECK(span[0] == 4);
  timeline.add(kTime - kMs, Route::fallback, 2);
  CHECK(timeline.spans()[0][1] == 2);
  timeline.add(kTime + 86'400'000 * kMs, Route::vdso, 1);
  CHECK(timeline.spans().size() <= Timeline::kSpans);
}

TEST_CASE("figures are short") {
  CHECK(duration_text(2.95) == "3.0 ns");
  CHECK(duration_text(999.7) == "1.00 us");
  CHECK(duration_text(28'400) == "28.4 us");
  CHECK(duration_text(696e6) == "696 ms");
  CHECK(duration_text(3.5e9) == "3.50 s");
  CHECK(grouped(0) == "0");
  CHECK(grouped(1'204'332) == "1,204,332");
}

TEST_CASE("names from the program stay text in every report") {
  AuditedCalls run;
  Call call = made("time", 0, Route::vdso);
  call.caller = Caller{0x1000, "</script><b>x", 4, "a;\x1b[31m\n\xff"};
  run.add(call);
  const Audit audit = run.audit();
  const auto is_clean = [](const std::string& text) {
    return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; });
  };
  CHECK(is_clean(audit_text(audit, {})));
  CHECK(audit_text(audit, {}).find("\\33[31m") != std::string::npos);
  CHECK(std::ranges::count(audit_folded(audit), '\n') == 1);
  const std::string page = audit_html(audit);
  CHECK(page.find("</script><b>x") == std::string::npos);
  const auto json = nlohmann::json::parse(audit_json(audit));
  CHECK(json["calls"][0]["callers"][0]["module"] == "</script><b>x");
}
