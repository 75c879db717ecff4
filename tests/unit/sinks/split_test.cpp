#include "sinks/split.hpp"

#include <filesystem>

#include "support/event_stream.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

/// A folder that is removed with what is in it.
class Folder {
 public:
  Folder() {
    path_ = "/tmp/vdsotrace-unit-XXXXXX";
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

Event of(pid_t pid, Event::Body body, pid_t tid = 0) {
  Event made = event(std::move(body), tid == 0 ? pid : tid);
  made.pid = pid;
  return made;
}

Call closed(std::uint64_t fd) { return returned(running("close", {fd}), 0); }

}  // namespace

TEST_CASE("each process has a file, its threads share it") {
  const Folder folder;
  SplitSink sink(folder / "trace", false, {.quiet = 1});
  for (const Event& e : {of(7, Started{}), of(8, Started{Started::How::fork, 7}), of(7, closed(1)), of(8, closed(2)),
                         of(8, Started{Started::How::thread, 8}, 9), of(8, closed(3), 9), of(7, Exited{})})
    sink.consume(e);
  // The end of a process closes its file, whatever the others do.
  CHECK(text_in(folder / "trace.7") == "close(1) = 0\n+++ exited with 0 +++\n");
  REQUIRE(sink.finish());
  CHECK(text_in(folder / "trace.8") == "close(2) = 0\n[pid 9] close(3) = 0\n");
  CHECK(folder.files() == 2);
}

TEST_CASE("a pid that comes again does not cost the first one's trace") {
  const Folder folder;
  SplitSink sink(folder / "trace", false, {});
  for (const Event& e : {of(7, Started{}), of(7, closed(1)), of(7, Exited{}), of(7, Started{}), of(7, closed(2))})
    sink.consume(e);
  REQUIRE(sink.finish());
  CHECK(text_in(folder / "trace.7") == "close(1) = 0\n+++ exited with 0 +++\nclose(2) = 0\n");
}

TEST_CASE("what concerns no process stands in every file and makes none") {
  const Folder folder;
  SplitSink sink(folder / "trace", false, {.quiet = 1});
  for (const Event& e : {of(7, Started{}), of(8, Started{Started::How::fork, 7}), of(0, Lost{4})}) sink.consume(e);
  REQUIRE(sink.finish());
  for (const char* name : {"trace.7", "trace.8"})
    CHECK(text_in(folder / name) == "vdsotrace: 4 events could not be recorded\n");
  CHECK(folder.files() == 2);
}

TEST_CASE("a file that cannot be made is reported at the end, once") {
  const Folder folder;
  SplitSink sink(folder / "missing/trace", false, {});
  sink.consume(of(7, Started{}));
  sink.consume(of(7, closed(1)));
  const auto finished = sink.finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().message == (folder / "missing/trace.7") + ": No such file or directory");
}
