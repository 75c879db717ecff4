#include "pipeline/notices.hpp"

#include "sinks/notice_sink.hpp"
#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

Event of(pid_t pid, Notice notice) {
  Event made = event(std::move(notice), pid);
  made.pid = pid;
  return made;
}

std::string text_of(const std::vector<Event>& events, int quiet = 0) {
  Scratch scratch;
  NoticeSink sink(scratch.output, quiet);
  for (const Event& e : events) sink.consume(e);
  REQUIRE(sink.finish());
  return scratch.text();
}

const Notice kUnseen{"some are not seen", Missing::direct_calls};

}  // namespace

TEST_CASE("a notice is reported once, and at the end for how many processes more") {
  const std::vector<Event> events{of(7, kUnseen), of(8, kUnseen), of(8, kUnseen),
                                  of(7, kUnseen), of(9, kUnseen), of(9, {"another"})};
  CHECK(text_of(events) ==
        "vdsotrace: process 7: some are not seen\n"
        "vdsotrace: process 9: another\n"
        "vdsotrace: process 7 (and 2 more processes): some are not seen\n");
  CHECK(text_of({of(7, kUnseen), of(7, kUnseen)}) == "vdsotrace: process 7: some are not seen\n");
  CHECK(text_of({of(0, {"for all"})}) == "vdsotrace: for all\n");
  CHECK(text_of({of(7, {"\x1b[2J"})}) == "vdsotrace: process 7: \\33[2J\n");
}

TEST_CASE("a notice that something is missing takes -qqq to be left out") {
  const std::vector<Event> events{of(7, kUnseen), of(7, {"for your information"})};
  for (const int quiet : {1, 2}) CHECK(text_of(events, quiet) == "vdsotrace: process 7: some are not seen\n");
  CHECK(text_of(events, 3).empty());
}

TEST_CASE("only what lacks calls makes totals incomplete") {
  const auto lacking = [](Missing missing) {
    Notices notices;
    notices.add(7, {"text", missing});
    return notices.lack_calls();
  };
  for (const Missing missing : {Missing::nothing, Missing::times, Missing::routes}) CHECK_FALSE(lacking(missing));
  for (const Missing missing : {Missing::user_space_calls, Missing::vdso_calls, Missing::direct_calls}) {
    CHECK(lacking(missing));
    CHECK_FALSE(name_of(missing).empty());
  }
}

TEST_CASE("however many texts and processes there are, memory is bounded") {
  Notices notices;
  for (pid_t pid = 1; pid <= 20'000; ++pid) {
    notices.add(pid, kUnseen);
    notices.add(pid, {"text " + std::to_string(pid), Missing::nothing});
  }
  CHECK(notices.entries().size() <= 64);
  CHECK(notices.entries().front().others == 19'999);
  CHECK(notices.entries().front().processes.size() <= 10'000);
}
