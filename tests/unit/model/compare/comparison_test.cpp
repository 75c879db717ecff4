#include <numeric>
#include <random>

#include "model/compare/alignment.hpp"
#include "model/compare/comparison.hpp"
#include "model/compare/strace_log.hpp"
#include "support/catch.hpp"

using namespace vdsotrace;

namespace {

SeenRun run_of(std::initializer_list<std::string_view> lines) {
  StraceLog log;
  for (const auto line : lines) log.take(line);
  return log.finish();
}

SeenCall only_call(std::initializer_list<std::string_view> lines) {
  const SeenRun run = run_of(lines);
  REQUIRE(run.calls().size() == 1);
  return run.calls().front();
}

SeenCall seen(pid_t tid, std::string name, std::optional<Route> route = {}, std::string error = {}) {
  SeenCall call;
  call.tid = tid;
  call.text = name + "() = 0";
  call.name = std::move(name);
  call.route = route;
  call.error = std::move(error);
  return call;
}

SeenCall clone_of(pid_t tid, pid_t child) {
  SeenCall call = seen(tid, "clone");
  call.result = child;
  return call;
}

/// One sign for each line: '=' both, '+' unseen, '<', '>'.
std::string signs(const ComparedThread& thread) {
  std::string text;
  for (const ComparedLine& line : thread.lines) text += "=+<>"[static_cast<std::size_t>(line.seen)];
  return text;
}

}  // namespace

TEST_CASE("a line of strace is read in every form that its options give it") {
  const std::pair<std::string_view, pid_t> fronts[] = {
      {"", 0},
      {"1234 ", 1234},
      {"[pid  1234] ", 1234},
      {"12:34:56 ", 0},
      {"12:34:56.123456 ", 0},
      {"1619316657.828106 ", 0},
      {"1619316657 ", 0},
      {"     0.000123 ", 0},
      {"1234  12:34:56.123456 ", 1234},
      {"[pid 77] 1619316657.828106 ", 77},
      {"1234 12:34:56 (+     0.000012) ", 1234},
  };
  for (const auto& [front, tid] : fronts) {
    INFO(front);
    for (const std::string_view back : {"", " <0.000012>"}) {
      const std::string line = std::string(front) + "openat(AT_FDCWD, \"a) = 3\\\"(\", O_RDONLY)   = " +
                               "-1 ENOENT (No such file or directory)" + std::string(back);
      const SeenCall call = only_call({line});
      CHECK(call.name == "openat");
      CHECK(call.error == "ENOENT");
      CHECK(call.result == -1);
      CHECK(call.text == "openat(AT_FDCWD, \"a) = 3\\\"(\", O_RDONLY) = -1 ENOENT (No such file or directory)");
      CHECK(call.tid == tid);
    }
  }
}

TEST_CASE("results are numbers where they are") {
  CHECK(only_call({"brk(NULL) = 0x55d0c000"}).result == 0x55d0c000);
  CHECK(only_call({"open(\"/dev/null\", O_RDONLY) = 3</dev/null>"}).result == 3);
  CHECK_FALSE(only_call({"exit_group(0) = ?"}).result);
  CHECK(only_call({"pause() = ? ERESTARTNOHAND (To be restarted if no handler)"}).error == "ERESTARTNOHAND");
  CHECK(only_call({"poll([{fd=3, events=POLLIN}], 1, 0) = 0 (Timeout)"}).error.empty());
}

TEST_CASE("what is no call is passed over") {
  const SeenRun run = run_of({"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---", "+++ exited with 0 +++",
                              "strace: Process 12 attached", " > /lib/libc.so.6(read+0x1) [0x12]", "", "   ", "12",
                              "[ Process PID=7 runs in 32 bit mode. ]", "<... read resumed", "read(3", "read(3, x)",
                              "?\?\?\?( <detached ...>", "3read() = 1", "read = 2", "() = 1", "[pid"});
  CHECK(run.empty());
}

TEST_CASE("a call that was interrupted by another thread's is one call") {
  const SeenRun run = run_of({"10 read(3,  <unfinished ...>", "11 getpid() = 11", "10 <... read resumed>\"x\", 1) = 1",
                              "11 exit_group(0 <unfinished ...>", "10 <... futex resumed>) = 0"});
  REQUIRE(run.calls().size() == 4);
  CHECK(run.calls()[1].text == "read(3, \"x\", 1) = 1");
  CHECK(run.calls()[1].tid == 10);
  CHECK(run.calls()[2].name == "futex");
  CHECK(run.calls()[3].text == "exit_group(0 <unfinished ...>");
}

TEST_CASE("a log may be anything") {
  StraceLog log;
  std::minstd_rand random(7);
  const std::string_view pieces[] = {"read",  "(",         ")",     " = ", "\"",    "\\",    "<unfinished ...>",
                                     "<... ", " resumed>", "[pid ", "]",   "1234",  " ",     "-1 ",
                                     "EIO",   "\x1b[31m",  "\xff",  ",",   "clone", "<0.1>", "99999999999999999999"};
  for (int i = 0; i < 20000; ++i) {
    std::string line;
    for (auto n = random() % 12; n > 0; --n) line += pieces[random() % std::size(pieces)];
    log.take(line);
  }
  log.take(std::string(1 << 20, '('));
  const SeenRun run = log.finish();
  for (const SeenCall& call : run.calls()) {
    for (const char c : call.text) REQUIRE((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("the summary of strace -c is known for what it is") {
  StraceLog log;
  log.take("% time     seconds  usecs/call     calls    errors syscall");
  CHECK(log.has_summary());
}

TEST_CASE("an alignment goes through both sequences, by as few differences as can be") {
  const auto text = [](std::vector<std::uint32_t> left, std::vector<std::uint32_t> right) {
    const auto steps = align(left, right);
    if (!steps) return std::string("too different");
    std::string signs;
    for (const Side side : *steps) signs += "=<>"[static_cast<std::size_t>(side)];
    return signs;
  };
  CHECK(text({}, {}).empty());
  CHECK(text({1, 2, 3}, {1, 2, 3}) == "===");
  CHECK(text({1, 2}, {}) == "<<");
  CHECK(text({}, {1, 2}) == ">>");
  CHECK(text({1, 2, 3, 4}, {1, 3, 5, 4}) == "=<=>=");
  std::vector<std::uint32_t> ones(3000, 1), twos(3000, 2);
  CHECK(text(ones, twos) == "too different");
  ones[1500] = 7;
  CHECK(text(ones, std::vector<std::uint32_t>(3000, 1)).size() == 3001);
}

TEST_CASE("random sequences are aligned right") {
  std::minstd_rand random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint32_t> left(random() % 12), right(random() % 12);
    for (auto* side : {&left, &right}) {
      for (auto& value : *side) value = random() % 4;
    }
    const auto steps = align(left, right);
    REQUIRE(steps);
    std::size_t l = 0, r = 0, both = 0;
    for (const Side side : *steps) {
      if (side == Side::both) {
        REQUIRE(left.at(l) == right.at(r));
        ++both;
      }
      l += side != Side::right;
      r += side != Side::left;
    }
    REQUIRE(l == left.size());
    REQUIRE(r == right.size());
    // The longest common subsequence, by the textbook.
    std::vector<std::vector<std::size_t>> most(left.size() + 1, std::vector<std::size_t>(right.size() + 1));
    for (std::size_t a = 1; a <= left.size(); ++a) {
      for (std::size_t b = 1; b <= right.size(); ++b)
        most[a][b] = left[a - 1] == right[b - 1] ? most[a - 1][b - 1] + 1 : std::max(most[a - 1][b], most[a][b - 1]);
    }
    REQUIRE(both == most[left.size()][right.size()]);
  }
}

TEST_CASE("calls that made no system call are nobody's difference") {
  SeenRun strace, ours;
  for (const char* name : {"execve", "clock_gettime", "exit_group"}) strace.add(seen(5, name));
  ours.add(seen(9, "execve"));
  ours.add(seen(9, "clock_gettime", Route::vdso));
  ours.add(seen(9, "clock_gettime", Route::fallback));
  ours.add(seen(9, "time", Route::vsyscall));
  ours.add(seen(9, "exit_group"));
  const Comparison comparison = compare(strace, ours);
  CHECK_FALSE(comparison.counts_differ());
  REQUIRE(comparison.threads.size() == 1);
  CHECK(signs(comparison.threads[0]) == "=+=+=");
  CHECK(comparison.names[0].name == "clock_gettime");
  CHECK(comparison.names[0].stayed() == 1);
  CHECK(comparison.names[0].entered() == 1);
  CHECK(comparison.totals.strace == 3);
  CHECK(comparison.totals.stayed() == 2);
}

TEST_CASE("more calls than can be kept leave the system calls comparable") {
  SeenRun strace, ours;
  for (std::size_t i = 0; i < SeenRun::kMostStayed + 10; ++i) ours.add(seen(9, "time", Route::vdso));
  for (std::size_t i = 0; i < SeenRun::kMostKept + 10; ++i) {
    strace.add(seen(5, "read"));
    ours.add(seen(9, "read"));
  }
  const Comparison comparison = compare(strace, ours);
  CHECK_FALSE(comparison.counts_differ());
  CHECK(comparison.left_out == 30);
  REQUIRE(comparison.threads.at(0).aligned);
  CHECK(comparison.threads[0].lines.size() == SeenRun::kMostStayed + SeenRun::kMostKept);
}

TEST_CASE("differences in the system calls are shown as such") {
  SeenRun strace, ours;
  strace.add(seen(5, "read"));
  strace.add(seen(5, "open", {}, "ENOENT"));
  ours.add(seen(9, "read"));
  ours.add(seen(9, "open"));
  ours.add(seen(9, "getpid"));
  const Comparison comparison = compare(strace, ours);
  CHECK(comparison.counts_differ());
  CHECK(signs(comparison.threads.at(0)) == "=<>>");
}

TEST_CASE("threads correspond by their clones, whatever their numbers and order") {
  SeenRun strace, ours;
  strace.add(seen(1, "execve"));
  strace.add(seen(2, "getpid"));  // seen before the call that made it returned
  strace.add(clone_of(1, 2));
  strace.add(clone_of(1, 3));
  strace.add(seen(3, "time"));
  ours.add(seen(71, "execve"));
  ours.add(clone_of(71, 75));
  ours.add(clone_of(71, 74));
  ours.add(seen(74, "time", Route::syscall));
  ours.add(seen(75, "getpid"));
  const Comparison comparison = compare(strace, ours);
  REQUIRE(comparison.threads.size() == 3);
  for (const ComparedThread& thread : comparison.threads) {
    CHECK(signs(thread).find_first_not_of('=') == std::string::npos);
    CHECK(thread.strace_tid == (thread.vdsotrace_tid == 71 ? 1 : thread.vdsotrace_tid == 75 ? 2 : 3));
  }
}

TEST_CASE("threads that make each other, or themselves, do no harm") {
  SeenRun strace, ours;
  ours.add(clone_of(1, 1));
  ours.add(clone_of(2, 3));
  ours.add(clone_of(3, 2));
  const Comparison comparison = compare(strace, ours);
  CHECK(comparison.totals.entered() == 3);
  std::size_t lines = 0;
  for (const ComparedThread& thread : comparison.threads) lines += thread.lines.size();
  CHECK(lines == 3);
}
