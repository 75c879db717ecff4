// Where lines of a trace begin, and which of them stands open.
#include "sinks/text_lines.hpp"

#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr pid_t kOther = kPid + 1;

/// Lines, and what has come of them so far.
struct Written {
  explicit Written(const TextOptions& options = {}) : lines(scratch.output, options) {}
  std::string text() {
    lines.hand_over();
    lines.flush();
    return scratch.text();
  }
  Scratch scratch;
  TextLines lines;
};

}  // namespace

TEST_CASE("a line that is left open is gone on with by its thread") {
  Written with;
  with.lines.begin(kPid, 0);
  with.lines.text().append("pause(");
  with.lines.leave_open(kPid);
  CHECK_FALSE(with.lines.go_on(kOther));
  CHECK(with.lines.go_on(kPid));
  CHECK_FALSE(with.lines.go_on(kPid));
  with.lines.text().append(") = 0\n");
  with.lines.end_open();
  CHECK(with.text() == "pause() = 0\n");
}

TEST_CASE("whatever else is written ends a line that stands open, once") {
  Written with;
  with.lines.begin(kPid, 0);
  with.lines.text().append("pause(");
  with.lines.leave_open(kPid);
  SECTION("another line") {
    with.lines.add(event(Lost{1}), Palette::kExit, "+++ exited with 0 +++");
    CHECK(with.text() == "pause( <unfinished ...>\n+++ exited with 0 +++\n");
  }
  SECTION("a message") {
    with.lines.add_message("1 event is lost");
    CHECK(with.text() == "pause( <unfinished ...>\nvdsotrace: 1 event is lost\n");
  }
  SECTION("the end") {
    with.lines.end_open();
    with.lines.end_open();
    CHECK(with.text() == "pause( <unfinished ...>\n");
  }
  CHECK_FALSE(with.lines.go_on(kPid));
}

TEST_CASE("lines name their threads where there are several") {
  Written with;
  const auto line = [&](pid_t tid) {
    with.lines.begin(tid, 0);
    with.lines.text().append("\n");
  };
  with.lines.add_task();
  line(kPid);
  with.lines.add_task();
  line(kOther);
  with.lines.take_task_over();
  line(kPid);
  with.lines.take_task_over();
  with.lines.add_task();
  line(kOther);
  with.lines.remove_task();
  with.lines.remove_task();
  with.lines.remove_task();
  with.lines.add_task();
  line(kPid);
  const std::string named = "[pid " + std::to_string(kOther) + "] \n";
  CHECK(with.text() == "\n" + named + "\n" + named + "\n");
}

TEST_CASE("results are aligned by what of the line is written already") {
  TextOptions options;
  options.columns = 10;
  Written with(options);
  with.lines.begin(kPid, 0);
  with.lines.text().append("pause(");
  with.lines.hand_over();
  with.lines.text().append(") ");
  with.lines.align_result();
  with.lines.text().append("= 0\n");
  CHECK(with.text() == "pause()   = 0\n");
}
