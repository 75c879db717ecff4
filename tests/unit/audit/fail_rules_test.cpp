#include "audit/forbidden.hpp"

#include <nlohmann/json.hpp>

#include "reports/audit.hpp"
#include "support/audited.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

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

struct Audited : Tallied {
  Audit audit() const {
    return make_audit(tally, {}, [](const std::string&, const std::string&) { return CallPrice{25, 25, 250}; });
  }
};

FailRules rules(std::string_view fail_on, const std::vector<std::string>& allowed = {}) {
  return {parse_route_rules(fail_on).value(), parse_allowances(allowed).value()};
}

}  // namespace

TEST_CASE("the option --fail-on names whoever went there, and what leaves open whether somebody did") {
  using Lines = std::vector<std::string>;
  const FailRules kFallback = rules("fallback"), kDirect = rules("syscall");
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
  CHECK(forbidden_calls(lossy.audit(), kFallback) ==
        Lines{"--fail-on: 2 calls could not be recorded, by whatever route"});
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
  CHECK(audit.kernel_ns > 0);
  CHECK(audit.saved_ns == 0);
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

TEST_CASE("rules have limits by number and by share of all calls that a vDSO can serve") {
  Audited run;
  Counts fallbacks = counts_of("clock_gettime", 2, Route::fallback, 30);
  fallbacks.caller = Caller{0x1000, "/bin/prog", 4, "often"};
  run.add(fallbacks);
  fallbacks.caller = Caller{0x2000, "/bin/prog", 8, "once"};
  fallbacks.count = 10;
  run.add(fallbacks);
  run.add(counts_of("clock_gettime", 1, Route::vdso, 960));
  const Audit audit = run.audit();
  for (const char* kept : {"fallback>40", "fallback>4%", "fallback>4.0%", "syscall", "syscall>0%", "vdso>96%",
                           "fallback>18446744073709551615"}) {
    CAPTURE(kept);
    CHECK(forbidden_calls(audit, rules(kept)).empty());
  }
  for (const char* broken :
       {"fallback>39", "fallback>3.9%", "fallback", "fallback>0", "fallback>0%", "all-fallback>39"}) {
    CAPTURE(broken);
    CHECK(forbidden_calls(audit, rules(broken)).size() == 2);
  }
  CHECK(
      forbidden_calls(audit, rules("fallback>3%,fallback>20")) ==
      std::vector<std::string>{
          "30 clock_gettime(CLOCK_PROCESS_CPUTIME_ID) by route fallback: called by often+0x4 in /bin/prog (fallback>3%: 40 of 1,000 calls)",
          "10 clock_gettime(CLOCK_PROCESS_CPUTIME_ID) by route fallback: called by once+0x8 in /bin/prog (fallback>3%: 40 of 1,000 calls)"});
}

TEST_CASE("what is allowed counts for no rule") {
  Audited run;
  Counts counts = counts_of("clock_gettime", 2, Route::fallback, 30);
  counts.caller = Caller{0x1000, "/usr/lib/libclock.so.2", 4, "often"};
  counts.caller->in_runtime = true;
  counts.caller->beyond = std::make_shared<const Caller>(Caller{0x2000, "/bin/prog", 8, "main"});
  run.add(counts);
  run.add(counts_of("clock_gettime", 1, Route::unknown, 7));
  const Audit audit = run.audit();
  const auto lines = [&](const char* fail_on, std::vector<std::string> allowed) {
    return forbidden_calls(audit, rules(fail_on, allowed)).size();
  };
  CHECK(lines("fallback", {}) == 3);
  CHECK(lines("fallback", {"clock_gettime"}) == 0);
  CHECK(lines("fallback", {"time,getrandom", "clock_gettime@*"}) == 2);  // whose the unknown ones are is not known
  for (const char* allowed : {"@libclock.so.2", "@libclock*", "@prog", "clock_gettime@libclock.so.2"}) {
    CAPTURE(allowed);
    CHECK(lines("fallback>0,unknown>7", {allowed}) == 0);
  }
  for (const char* allowed : {"time", "time@libclock.so.2", "@libclock", "@libc.so.6", "clock_gettime@lib"}) {
    CAPTURE(allowed);
    CHECK(lines("fallback>0,unknown>7", {allowed}) == 1);
  }
  CHECK(lines("unknown>6", {}) == 1);
  CHECK(lines("unknown", {}) == 1);
}

TEST_CASE("calls that the C library makes for itself are its own where it is allowed something") {
  Audited run;
  Call call = own_call();
  run.add(call);
  const Audit audit = run.audit();
  CHECK(forbidden_calls(audit, rules("all-syscall", {"getrandom@libc.so.6"})).empty());
  CHECK(forbidden_calls(audit, rules("all-syscall", {"time@libc.so.6"})).size() == 1);
  CHECK(forbidden_calls(audit, rules("all-syscall", {"getrandom@libcrypto.so.3"})).size() == 1);
}

TEST_CASE("bad rules and allowances are refused with what is right") {
  for (const char* rule : {"fallback>", "fallback>x", "fallback>-1", "fallback>1.5", "fallback>101%", "fallback>nan%",
                           "fallback>%", "fallback>1 ", "fallback,", ",fallback", "fallback >1", "fallback>=1", ">1",
                           "fallback>18446744073709551616", "fallback<1"}) {
    CAPTURE(rule);
    const auto parsed = parse_route_rules(rule);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().hint.find("ROUTE>COUNT or ROUTE>SHARE%") != std::string::npos);
  }
  for (const char* allowed :
       {"@", "getrandom@", "gettime", "open", "@/usr/lib/libc.so.6", "getrandom,", "clock_gettime6"}) {
    CAPTURE(allowed);
    const auto parsed = parse_allowances({allowed});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().hint.find("CALL@MODULE or @MODULE") != std::string::npos);
  }
  CHECK(parse_allowances({"clock_gettime64@libc.so.6,time", "@a"}).value().size() == 3);
  CHECK(parse_route_rules("").value().empty());
}
