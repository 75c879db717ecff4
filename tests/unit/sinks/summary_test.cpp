#include "sinks/summary.hpp"

#include <memory>
#include <sstream>

#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

std::string table(const Aggregate& totals, SortKey key) {
  Scratch scratch;
  SummarySink sink(scratch.output, totals, key, "breakpoint");
  REQUIRE(sink.finish());
  return scratch.text();
}

/// The last two columns of each row, without head and totals.
std::vector<std::string> order(const Aggregate& totals, SortKey key) {
  constexpr std::size_t kRouteColumn = 51;
  constexpr std::size_t kHead = 3;
  constexpr std::size_t kFoot = 2;
  std::istringstream text(table(totals, key));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  REQUIRE(lines.size() > kHead + kFoot);
  std::vector<std::string> rows(lines.begin() + kHead, lines.end() - kFoot);
  for (std::string& row : rows) row.erase(0, kRouteColumn);
  return rows;
}

Aggregate sample() {
  Aggregate totals;
  totals.add(event(Counts{"time", Abi::x86_64, {}, Route::vdso, 3, 0, {}}));
  totals.add(event(Counts{"clock_gettime", Abi::x86_64, 2, Route::fallback, 7, 2, 70'000}));
  totals.add(event(Counts{"clock_gettime", Abi::x86_64, 1, Route::vdso, 900, 0, {}}));
  totals.add(event(Counts{"read", Abi::x86_64, {}, {}, 10, 1, 30'000}));
  return totals;
}

}  // namespace

TEST_CASE("the table in strace's manner, with routes and clocks") {
  CHECK(table(sample(), SortKey::time) ==
        "engine: breakpoint\n"
        "% time     seconds  usecs/call     calls    errors route    call\n"
        "------ ----------- ----------- --------- --------- -------- ----------------\n"
        " 70.00    0.000070          10         7         2 fallback clock_gettime(CLOCK_PROCESS_CPUTIME_ID)\n"
        " 30.00    0.000030           3        10         1 -        read\n"
        "     -           -           -       900           vdso     clock_gettime(CLOCK_MONOTONIC)\n"
        "     -           -           -         3           vdso     time\n"
        "------ ----------- ----------- --------- --------- -------- ----------------\n"
        "100.00    0.000100           5       920         3          total\n");
}

TEST_CASE("the columns are those that were asked for") {
  Scratch scratch;
  const Aggregate totals = sample();
  SummarySink sink(scratch.output, totals, SortKey::calls, "breakpoint",
                   *summary_columns_named("name,calls,time-avg,route"));
  REQUIRE(sink.finish());
  CHECK(
      scratch.text().starts_with("engine: breakpoint\n"
                                 "call                 calls  usecs/call route\n"
                                 "---------------- --------- ----------- --------\n"
                                 "clock_gettime(CLOCK_MONOTONIC)       900           - vdso\n"
                                 "read                    10           3 -\n"));
  CHECK(summary_titles(*summary_columns_named("errors")) == "   errors call\n");
  CHECK(summary_columns_named("calls,count").error().message == "-U count: given twice");
  CHECK(summary_columns_named("cals").error().hint == "did you mean calls?");
}

TEST_CASE("the shortest and the longest call of each kind are known where each was measured") {
  Aggregate totals;
  totals.time().take_off(1'000);
  for (const std::int64_t ns : {5'000, 900, 11'000}) {
    Call read = running("read", {0});
    read.ending = Ending::returned;
    read.duration_ns = ns;
    totals.add(event(read));
  }
  const CallTotal& total = totals.calls().begin()->second;
  CHECK(total.duration_ns == 14'000);
  CHECK(total.shortest_ns == 0);
  CHECK(total.longest_ns == 10'000);
  totals.add(event(Counts{"write", Abi::x86_64, {}, {}, 10, 1, 30'000}));
  CHECK_FALSE(totals.calls().rbegin()->second.shortest_ns);
}

TEST_CASE("how long calls took each stands before the route, where that is known") {
  Aggregate totals;
  totals.rows().keep_durations();
  Histogram durations;
  durations.add(30, 99);
  durations.add(2'000'000);
  const Counts clock{
      "clock_gettime", Abi::x86_64, 1, Route::vdso, 100, 0, 2'002'970, {}, std::make_shared<Histogram>(durations)};
  totals.add(event(Counts(clock)));
  totals.add(event(Counts(clock)));
  totals.add(event(Counts{"time", Abi::x86_64, {}, Route::vdso, 3, 0, {}}));
  for (const std::int64_t ns : {5'000, 9'000, 11'000}) {
    Call read = returned(running("read", {0}), 0);
    read.duration_ns = ns;
    totals.add(event(read));
  }
  Scratch scratch;
  SummarySink sink(scratch.output, totals, SortKey::p99, "inline", timed_summary_columns());
  REQUIRE(sink.finish());
  CHECK(
      scratch.text() ==
      "engine: inline\n"
      "% time     seconds  usecs/call     calls    errors median ns    p99 ns      max ns route    call\n"
      "------ ----------- ----------- --------- --------- --------- --------- ----------- -------- ----------------\n"
      "  0.62    0.000025           8         3                9088     10880       11000 -        read\n"
      " 99.38    0.004006          20       200                  30        30     2000000 vdso     clock_gettime(CLOCK_MONOTONIC)\n"
      "     -           -           -         3                   -         -           - vdso     time\n"
      "------ ----------- ----------- --------- --------- --------- --------- ----------- -------- ----------------\n"
      "100.00    0.004031          19       206                  30     10880     2000000          total\n");
  CHECK(need_durations(*summary_columns_named("name,p99-ns")));
  CHECK_FALSE(need_durations(*summary_columns_named("name,max-time")));
  CHECK(totals.calls().begin()->second.longest_ns == 2'000'000);
}

TEST_CASE("a system call that never returned is not counted") {
  Aggregate totals = sample();
  Call exit = running("exit_group", {0});
  exit.ending = Ending::unfinished;
  Call read = running("read", {0, 0, 0});
  read.ending = Ending::unfinished;
  totals.add(event(exit));
  totals.add(event(read));
  CHECK(table(totals, SortKey::time) == table(sample(), SortKey::time));
}

TEST_CASE("time in the kernel is summed up where it is known, else all") {
  Aggregate totals;
  for (const auto kernel_ns : {std::optional<std::int64_t>(2000), std::optional<std::int64_t>(4000)}) {
    Call read = returned(running("read", {0, 0, 0}), 0);
    read.duration_ns = 5'000'000;
    read.kernel_ns = kernel_ns;
    totals.add(event(read));
  }
  Call write = returned(running("write", {1, 0, 0}), 0);
  write.duration_ns = 1000;
  totals.add(event(write));
  CHECK(totals.calls().at({"read", "", {}}).duration_ns == 6000);
  CHECK(totals.calls().at({"write", "", {}}).duration_ns == 1000);
}

TEST_CASE("a table without a call") {
  CHECK(table(Aggregate(), SortKey::time) ==
        "engine: breakpoint\n"
        "% time     seconds  usecs/call     calls    errors route    call\n"
        "------ ----------- ----------- --------- --------- -------- ----------------\n"
        "------ ----------- ----------- --------- --------- -------- ----------------\n"
        "     -           -           -         0                    total\n");
}

TEST_CASE("the table is sorted as asked") {
  const Aggregate totals = sample();
  const std::string cpu = "fallback clock_gettime(CLOCK_PROCESS_CPUTIME_ID)";
  const std::string monotonic = "vdso     clock_gettime(CLOCK_MONOTONIC)";
  const std::string read = "-        read";
  const std::string time = "vdso     time";
  using Rows = std::vector<std::string>;
  CHECK(order(totals, SortKey::time) == Rows{cpu, read, monotonic, time});
  CHECK(order(totals, SortKey::calls) == Rows{monotonic, read, cpu, time});
  CHECK(order(totals, SortKey::errors) == Rows{cpu, read, monotonic, time});
  CHECK(order(totals, SortKey::name) == Rows{monotonic, cpu, read, time});
  CHECK(order(totals, SortKey::route) == Rows{read, cpu, monotonic, time});
}

namespace {

std::string closing_line(const Aggregate& totals) {
  Scratch scratch;
  ClosingLineSink sink(scratch.output, totals);
  REQUIRE(sink.finish());
  return scratch.text();
}

std::string last_lines(const Aggregate& totals) {
  const std::string text = table(totals, SortKey::time);
  return text.substr(text.rfind("---\n") + 4);
}

}  // namespace

TEST_CASE("the closing line counts the routes that occurred") {
  Aggregate totals;
  totals.add(event(clock_call(Route::vdso)));
  totals.add(event(clock_call(Route::fallback)));
  totals.add(event(returned(running("close", {3}), 0)));
  CHECK(closing_line(totals) == "vdsotrace: 2 vDSO-capable calls: 1 in user space, 1 fell back to the kernel\n");
  totals.add(event(clock_call(Route::syscall)));
  CHECK(closing_line(totals) ==
        "vdsotrace: 3 vDSO-capable calls: 1 in user space, 1 fell back to the kernel, 1 direct system call\n");
  totals.add(event(clock_call(Route::syscall)));
  CHECK(closing_line(totals).ends_with(", 2 direct system calls\n"));
  CHECK(closing_line(Aggregate()) == "vdsotrace: 0 vDSO-capable calls\n");
}

TEST_CASE("a call by an unknown route is counted as one") {
  Aggregate totals;
  totals.add(event(clock_call(Route::unknown)));
  CHECK(order(totals, SortKey::time) == std::vector<std::string>{"unknown  clock_gettime(CLOCK_MONOTONIC)"});
  CHECK(closing_line(totals) == "vdsotrace: 1 vDSO-capable call: 1 by an unknown route\n");
}

TEST_CASE("a total in which calls are missing says so") {
  Aggregate totals;
  totals.add(event(clock_call(Route::vdso)));
  totals.add(event(Notice{"times are not exact", Missing::times}));
  CHECK(last_lines(totals).ends_with(" total\n"));
  totals.add(event(Notice{"some are not seen", Missing::direct_calls}));
  CHECK(last_lines(totals).ends_with(" total (incomplete)\n"));
  CHECK(closing_line(totals).ends_with(": 1 in user space (incomplete)\n"));
}

TEST_CASE("what was lost stands in the table and in the closing line") {
  Aggregate totals;
  totals.add(event(Lost{3}));
  totals.add(event(Lost{4}));
  CHECK(last_lines(totals).ends_with(" total (incomplete)\n7 calls could not be recorded\n"));
  CHECK(closing_line(totals).ends_with("; 7 calls could not be recorded (incomplete)\n"));
}

TEST_CASE("colours of a summary take no room") {
  const Aggregate totals = sample();
  Scratch plain, colored;
  SummarySink without(plain.output, totals, SortKey::time, "inline");
  SummarySink with(colored.output, totals, SortKey::time, "inline", default_summary_columns(), true);
  REQUIRE(without.finish());
  REQUIRE(with.finish());
  std::string text = colored.text();
  CHECK(
      text.find(
          "        \x1b[31m2\x1b[0m \x1b[33mfallback\x1b[0m \x1b[1mclock_gettime(CLOCK_PROCESS_CPUTIME_ID)\x1b[0m\n") !=
      text.npos);
  CHECK(text.find("          \x1b[32mvdso\x1b[0m     \x1b[1mtime\x1b[0m\n") != text.npos);
  for (std::size_t at = text.find('\x1b'); at != text.npos; at = text.find('\x1b'))
    text.erase(at, text.find('m', at) - at + 1);
  CHECK(text == plain.text());
}
