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

constexpr std::int64_t kOneMs = 1'000'000;

Counts counts_of(std::uint64_t clock, Route route, std::uint64_t count) {
  return Counts{"clock_gettime", Abi::x86_64, clock, route, count, 0, {}};
}

/// 25 ns in user space, 250 in the kernel; CPU clocks 640.
std::optional<CallPrice> price(const std::string&, const std::string& clock) {
  if (clock == "CLOCK_PROCESS_CPUTIME_ID") return CallPrice{{}, 640, 500};
  return CallPrice{25, 25, 250};
}

Audit audit_of(const std::vector<Event::Body>& bodies, std::int64_t cpu_ns, std::int64_t wall_ns = 1'000 * kOneMs) {
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
  const Audit audit = audit_of({counts_of(2, Route::fallback, 300'000), counts_of(1, Route::vdso, 10)}, 320 * kOneMs);
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
  const Audit little = audit_of({counts_of(1, Route::syscall, 2), counts_of(1, Route::vdso, 10)}, 8 * kOneMs);
  CHECK(little.verdict.ok);
  CHECK(little.verdict.text == "nothing to gain: at most 500 ns of 8.00 ms of processor time");
  const Audit nothing = audit_of({counts_of(1, Route::vdso, 10)}, 0, 8 * kOneMs);
  CHECK(nothing.verdict.ok);
  CHECK(nothing.verdict.text == "nothing to gain: 250 ns of 8.00 ms of the run in calls that a vDSO can serve");
}

TEST_CASE("the first line names the ways into the kernel, or the calls that stay out of it") {
  const Audit two = audit_of({counts_of(2, Route::fallback, 1'000), counts_of(1, Route::syscall, 1'000)}, 10 * kOneMs);
  CHECK(two.verdict.text ==
        "2,000 calls entered the kernel (1,000 fell back, 1,000 made directly): 890 us, 8.9 % of its processor time");
  const Audit direct = audit_of({counts_of(1, Route::syscall, 1'000)}, 10 * kOneMs);
  CHECK(direct.verdict.text == "1,000 calls entered the kernel (made directly): 250 us, 2.5 % of its processor time");
  const Audit busy = audit_of({counts_of(1, Route::vdso, 1'000'000)}, 100 * kOneMs);
  CHECK(busy.verdict.text == "1,000,000 calls in user space: 25.0 ms, 25 % of its processor time");
}

TEST_CASE("the first line says what leaves it open") {
  const Audit unknown = audit_of({counts_of(1, Route::unknown, 5)}, 8 * kOneMs);
  CHECK_FALSE(unknown.verdict.ok);
  CHECK(has(unknown.verdict.text, "; 5 calls by an unknown route"));
  const Audit many = audit_of({counts_of(1, Route::unknown, 1'000'000)}, 100 * kOneMs);
  CHECK(has(many.verdict.text,
            "1,000,000 calls through the vDSO: 25.0 ms, 25 % of its processor time; 1,000,000 calls by"));
  const Audit incomplete = audit_of({Lost{2}}, 8 * kOneMs);
  CHECK_FALSE(incomplete.verdict.ok);
  CHECK(has(incomplete.verdict.text, "; the figures are incomplete"));
}

TEST_CASE("advice that is worth hardly anything is counted in one line") {
  const Audit audit = audit_of(
      {counts_of(2, Route::fallback, 10'000), counts_of(1, Route::syscall, 2), counts_of(0, Route::syscall, 1)},
      100 * kOneMs);
  REQUIRE(audit.advice.size() == 3);
  const std::string text = audit_text(audit, {});
  CHECK(has(
      text,
      "CLOCK_MONOTONIC: 25.0 ns a call instead of 640 ns, which saves 6.15 ms of this run\n  2 more below 0.1 %: --all shows them\n"));
  CHECK_FALSE(has(text, "use the C library's function"));
  AuditTextOptions all;
  all.all_advice = true;
  CHECK(has(audit_text(audit, all), "instead of 250 ns, which saves 450 ns of this run"));
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
                               100 * kOneMs);
  REQUIRE(audit.advice.size() == 4);
  for (const Advice& advice : audit.advice) {
    CHECK(advice.total_ns > 0);
    CHECK_FALSE(advice.id.empty());
    CHECK(has(advice.text, duration_text(advice.total_ns) + " of this run"));
  }
}

TEST_CASE("what is worth a look is said by the threshold") {
  Audit audit = audit_of({counts_of(2, Route::fallback, 1000), counts_of(1, Route::syscall, 2)}, 320 * kOneMs);
  const auto shown = [&](double threshold) {
    audit.run.threshold = threshold;
    return audit_text(audit, {});
  };
  CHECK(has(shown(0.001), "\n  1 more below 0.1 %: --all shows it\n"));
  CHECK(has(shown(0.01), "\n  2 below 1 %: --all shows them\n"));
  CHECK_FALSE(has(shown(0), "--all"));
}

TEST_CASE("a table has total, share and each, and each caller once") {
  std::vector<Event::Body> bodies{counts_of(2, Route::fallback, 10'000)};
  const auto by = [](Counts counts, std::string module, std::string symbol) {
    counts.caller = Caller{0x1000, std::move(module), 0x12, std::move(symbol)};
    return counts;
  };
  bodies.push_back(by(counts_of(1, Route::vdso, 400'000), "/usr/lib/libone.so", "one"));
  for (const char* name : {"two", "three", "four", "five", "six"})
    bodies.push_back(by(counts_of(1, Route::vdso, 1000), "/opt/x", name));
  bodies.push_back(by(counts_of(0, Route::vdso, 100'000), "/usr/lib/libone.so", "alone"));
  bodies.push_back(by(counts_of(0, Route::syscall, 3), "/opt/a/x", "other"));
  const std::string text = audit_text(audit_of(bodies, 100 * kOneMs), {});
  CHECK(has(text, "\n    total   share      each         calls  route     call\n"));
  CHECK(has(text,
            "\n  10.1 ms    10 %   25.0 ns       405,000  vdso      clock_gettime(CLOCK_MONOTONIC)\n"
            "                                  400,000  by one+0x12 in libone.so\n"));
  CHECK(has(text, "                                   2,000  by 2 other callers\n"));
  // The only caller of all its calls needs no number of its own, and of two files with one name each has its path.
  CHECK(has(text,
            "clock_gettime(CLOCK_REALTIME)\n                                           by alone+0x12 in libone.so\n"));
  CHECK(has(text, "by other+0x12 in /opt/a/x\n"));
  CHECK(has(text, "by five+0x12 in /opt/x\n"));
  CHECK(has(text, "\nmodules\n  libone.so                /usr/lib/libone.so\n\n"));
}

TEST_CASE("lines are as long as the terminal is wide") {
  const Audit audit =
      audit_of({counts_of(2, Route::fallback, 10'000), counts_of(1, Route::syscall, 10'000)}, 100 * kOneMs);
  AuditTextOptions options;
  const std::string whole = audit_text(audit, options);
  options.style.columns = 60;
  const std::string text = audit_text(audit, options);
  CHECK(has(text, "cost         8.90 ms, 8.9 % of its processor time\n             (estimated: "));
  CHECK(has(text, "\n  * clock_gettime(CLOCK_PROCESS_CPUTIME_ID): read it less\n    often, or where "));
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  CHECK(longest <= 60);
  const auto words = [](std::string some) {
    std::erase_if(some, [](char c) { return c == ' ' || c == '\n'; });
    return some;
  };
  CHECK(words(text) == words(whole));
  // What has no blank is left whole.
  options.style.columns = 10;
  CHECK(has(audit_text(audit, options), "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)"));
}

TEST_CASE("what costs little is behind --all") {
  std::vector<Event::Body> bodies;
  for (const std::uint64_t clock : {0, 1, 4, 5, 6, 7, 11})
    bodies.emplace_back(counts_of(clock, Route::vdso, 10 + clock));
  const Audit audit = audit_of(bodies, 1'000 * kOneMs);
  AuditTextOptions options;
  CHECK(has(audit_text(audit, options), "\n   525 ns in 2 more kinds of call: --all shows them\n"));
  CHECK_FALSE(has(audit_text(audit, options), "CLOCK_REALTIME)"));
  options.all_advice = true;
  CHECK(has(audit_text(audit, options), "CLOCK_REALTIME)"));
  CHECK_FALSE(has(audit_text(audit, options), "more kinds"));
}

TEST_CASE("what a seccomp profile must allow is said where it is asked for") {
  const Audit audit = audit_of({counts_of(1, Route::vdso, 10)}, 8 * kOneMs);
  CHECK_FALSE(has(audit_text(audit, {}), "seccomp"));
  AuditTextOptions asked;
  asked.seccomp = true;
  CHECK(has(audit_text(audit, asked),
            "under seccomp, allow clock_gettime: the vDSO can fall back to it (0 of 10 calls did in this run)"));
  CHECK(nlohmann::json::parse(audit_json(audit))["seccomp_must_allow"] == nlohmann::json({"clock_gettime"}));
}
