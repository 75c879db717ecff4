#include "os/perf_events.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

std::optional<std::string> filter_of(const std::vector<pid_t>& tids) { return only_threads(tids); }

}  // namespace

TEST_CASE("threads are picked by their numbers, those in a row by the first and the last") {
  CHECK(filter_of({7}) == "common_pid == 7");
  CHECK(filter_of({12, 7, 10, 11}) == "common_pid == 7 || (common_pid >= 10 && common_pid <= 12)");
}

TEST_CASE("a thread that is named twice is picked once") {
  CHECK(filter_of({7, 7}).value().find("8") == std::string::npos);
}

TEST_CASE("as many threads as there may be are picked where they are in a row") {
  std::vector<pid_t> row, apart;
  for (pid_t tid = 1000; tid < 6000; ++tid) row.push_back(tid), apart.push_back(2 * tid);
  CHECK(filter_of(row) == "(common_pid >= 1000 && common_pid <= 5999)");
  CHECK_FALSE(filter_of(apart));
  CHECK_FALSE(filter_of({}));
}
