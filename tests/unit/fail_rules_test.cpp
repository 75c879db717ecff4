#include "pipeline/forbidden.hpp"

#include <nlohmann/json.hpp>

#include "event_stream.hpp"
#include "sinks/audit_report.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

Counts counts_of(std::string_view name, std::optional<std::uint64_t> clock, Route route, std::uint64_t count) {
  return Counts{name, Abi::x86_64, clock, route, count, 0, {}};
}

/// A call of the C library's for itself.
Call own_call() {
  Call call;
  call.name = "getrandom";
  call.nr = number_of(Abi::x86_64, "getrandom");
  call.route = Route::syscall;
  call.ending = Ending::returned;
  call.start_ns = kTime;
  call.caller = Caller{0x1000, "prog", 4, "main"};
  call.caller->for_c_library = true;
  return call;
}

struct Audited {
  Explainer explainer;
  AuditTally tally{explainer};

  void add(Event::Body body) {
    Event one = event(std::move(body));
    explainer.note(one);
    if (auto* call = std::get_if<Call>(&one.body)) call->reason = explainer.reason_of(one.pid, *call);
    tally.add(one);
  }
  Audit audit() const {
    return make_audit(tally, {}, [](const std::string&, const std::string&) { return CallPrice{25, 25, 250}; });
  }
};

std::vector<RouteRule> rules(std::string_view fail_on) { return parse_route_rules(fail_on).value(); }

}  // namespace

TEST_CASE("the option --fail-on names whoever went there, and what leaves open whether somebody did") {
  using Lines = std::vector<std::string>;
  const auto kFallback = rules("fallback"), kDirect = rules("syscall");
  Audited run;
  run.add(counts_of("clock_gettime", 1, Route::vdso, 3));
  run.add(Notice{"some are not seen", Missing::direct_calls});
  CHECK(forbidden_calls(run.audit(), kFallback).empty());
  CHECK(forbidden_calls(run.audit(), kDirect) ==
        Lines{"--fail-on: calls by route syscall may be missing: process 100: some are not seen"});
  run.add(counts_of("clock_gettime", 1, Route::unknown, 1000));
  CHECK(forbidden_calls(run.audit(), kFallback) ==
        Lines{"1,000 clock_gettime(CLOCK_MONOTONIC) by route unknown: called by not known",
              "--fail-on: it is not known whether 1,000 calls entered the kernel"});
  CHECK(forbidden_calls(run.audit(), {}).empty());
  Audited lossy;
  lossy.add(Lost{2});
  CHECK(forbidden_calls(lossy.audit(), kFallback) == Lines{"--fail-on: 2 calls could not be recorded, by whatever route"});
}

TEST_CASE("calls that the C library makes for itself have a reason, no advice, and count only where asked") {
  Audited run;
  Call call = own_call();
  run.add(call);
  Counts fallback = counts_of("getrandom", {}, Route::fallback, 2);
  fallback.caller = call.caller;
  run.add(fallback);
  const Audit audit = run.audit();
  REQUIRE(audit.findings.size() == 2);
  for (const Finding& finding : audit.findings) {
    CHECK(finding.key.reason == Reason::c_library);
    CHECK(finding.advice.empty());
  }
  CHECK(nlohmann::json::parse(audit_json(audit))["calls"][0]["reason"] == "c_library");
  CHECK(forbidden_calls(audit, rules("fallback,syscall")).empty());
  CHECK(forbidden_calls(audit, rules("all-syscall")) ==
        std::vector<std::string>{"1 getrandom by route syscall: called by main+0x4 in prog"});
  CHECK(forbidden_calls(audit, rules("all-syscall,all-fallback")).size() == 2);

  // The same call for its caller.
  call.caller->for_c_library = false;
  run.add(call);
  CHECK(forbidden_calls(run.audit(), rules("syscall")).size() == 1);
}

TEST_CASE("only calls that entered the kernel are the C library's own") {
  for (const char* rule : {"all-vdso", "all-vsyscall", "all-unknown", "all-", "all", "vdos"}) {
    CAPTURE(rule);
    CHECK_FALSE(parse_route_rules(rule));
  }
}
