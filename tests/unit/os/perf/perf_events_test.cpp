#include "os/perf/perf_events.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

std::size_t terms_of(const std::string& filter) {
  std::size_t terms = 1;
  for (std::size_t at = 0; (at = filter.find("||", at)) != std::string::npos; at += 2) ++terms;
  return terms;
}

}  // namespace

TEST_CASE("threads are picked by their numbers, those in a row by the first and the last") {
  CHECK(only_threads(std::vector{7}) == "common_pid == 7");
  CHECK(only_threads(std::vector{12, 7, 10, 11}) == "common_pid == 7 || (common_pid >= 10 && common_pid <= 12)");
}

TEST_CASE("a thread that is named twice is picked once") {
  CHECK(only_threads(std::vector{7, 7}) == "common_pid == 7");
}

TEST_CASE("as many threads as there may be are picked where they are in a row") {
  std::vector<pid_t> row;
  for (pid_t tid = 1000; tid < 6000; ++tid) row.push_back(tid);
  CHECK(only_threads(row) == "(common_pid >= 1000 && common_pid <= 5999)");
}

TEST_CASE("threads that are too many for a filter are picked with what lies in the smallest gaps between them") {
  constexpr std::size_t kPage = 4096;
  std::vector<pid_t> apart;
  pid_t tid = 4'000'000;
  for (pid_t step = 1; step <= 1000; ++step) apart.push_back(tid += 2 * step);
  const std::string filter = only_threads(apart);
  CHECK(filter.size() < kPage);
  CHECK(terms_of(filter) == 64);
  CHECK(filter.starts_with("(common_pid >= 4000002 && common_pid <= 48"));
  CHECK(filter.ends_with("common_pid == 5001000"));
}
