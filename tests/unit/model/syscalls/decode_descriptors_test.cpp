#include "model/syscalls/descriptors.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <fcntl.h>
#include <poll.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"
#include "support/pointed_memory.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kAt = 0x1000;
constexpr std::uint64_t kFolder = static_cast<std::uint64_t>(AT_FDCWD);
constexpr std::uint64_t kMinusOne = UINT64_MAX;

DescriptorDetails details(std::string_view set) { return *descriptor_details_named(set); }

DescriptorFacts path(std::string text) {
  DescriptorFacts facts;
  facts.path = std::move(text);
  return facts;
}

DescriptorFacts socket(std::string inode, SocketFacts facts) {
  DescriptorFacts all = path("socket:[" + inode + "]");
  all.socket = std::move(facts);
  return all;
}

/// Counts what is asked of it.
class CountedTable final : public DescriptorTable {
 public:
  DescriptorFacts look_up(std::int32_t) override {
    ++asked;
    return {};
  }
  std::optional<std::uint16_t> netlink_protocol(std::int32_t) override {
    ++asked;
    return std::nullopt;
  }
  int asked = 0;
};

DecodedCall decoded(std::string_view name, std::vector<std::uint64_t> args, std::string_view set = "path") {
  DecodedCall call(name, std::move(args));
  call.descriptors(details(set));
  return call;
}

}  // namespace

TEST_CASE("a descriptor is followed by what it refers to, where that is asked for") {
  CHECK(decoded("close", {3}).open(3, path("/tmp/x")).leave(0).line() == "close(3</tmp/x>) = 0");
  CHECK(decoded("close", {3}, "none").open(3, path("/tmp/x")).leave(0).line() == "close(3) = 0");
  CHECK(decoded("close", {4}).open(3, path("/tmp/x")).leave(-9).line() == "close(4) = -1 EBADF (Bad file descriptor)");
  CHECK(decoded("close", {kMinusOne}).open(-1, path("/tmp/x")).leave(-9).line() ==
        "close(-1) = -1 EBADF (Bad file descriptor)");
}

TEST_CASE("results are descriptors too, as they are when the call has ended") {
  DecodedCall call = decoded("openat", {kFolder, kAt, O_RDONLY});
  call.put(kAt, "x").open(kCurrentDirectory, path("/tmp")).enter();
  CHECK(call.open(3, path("/tmp/x")).leave(3).line() == "openat(AT_FDCWD</tmp>, \"x\", O_RDONLY) = 3</tmp/x>");
  DecodedCall dup = decoded("dup2", {3, 4});
  dup.open(3, path("/new")).open(4, path("/old")).enter();
  CHECK(dup.open(4, path("/new")).leave(4).line() == "dup2(3</new>, 4</old>) = 4</new>");
  CHECK(decoded("fcntl", {3, F_DUPFD, 10}).open(3, path("/a")).open(10, path("/a")).leave(10).line() ==
        "fcntl(3</a>, F_DUPFD, 10) = 10</a>");
  CHECK(decoded("fcntl", {3, F_GETFD}).open(3, path("/a")).open(1, path("/b")).leave(1).line() ==
        "fcntl(3</a>, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
}

TEST_CASE("descriptors in memory are followed by it as well") {
  DecodedCall pipe = decoded("pipe2", {kAt, 0});
  pipe.enter().put(kAt, std::array<std::int32_t, 2>{3, 4}).open(3, path("pipe:[7]")).open(4, path("pipe:[7]"));
  CHECK(pipe.leave(0).line() == "pipe2([3<pipe:[7]>, 4<pipe:[7]>], 0) = 0");
  DecodedCall poll = decoded("poll", {kAt, 1, 0});
  poll.put(kAt, pollfd{3, POLLIN, 0}).open(3, path("/x")).enter().put(kAt, pollfd{3, POLLIN, POLLIN});
  CHECK(poll.leave(1).line() == "poll([{fd=3</x>, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLIN}])");
}

TEST_CASE("only a descriptor of a directory may stand for the current one") {
  CHECK(decoded("fchdir", {kFolder}).open(kCurrentDirectory, path("/tmp")).leave(-9).line() ==
        "fchdir(-100) = -1 EBADF (Bad file descriptor)");
}

TEST_CASE("a clone's pidfd is a descriptor") {
  DecodedCall clone = decoded("clone", {0x1000 | 17, 0x2000, kAt, 0, 0});
  clone.enter().put(kAt, std::int32_t{3}).open(3, path("anon_inode:[pidfd]"));
  CHECK(clone.leave(9).line() ==
        "clone(child_stack=0x2000, flags=CLONE_PIDFD|SIGCHLD, parent_tid=[3<anon_inode:[pidfd]>]) = 9");
}

TEST_CASE("whatever bytes a path has are escaped") {
  CHECK(decoded("close", {3}).open(3, path("/m<e>\n\"1<2\x1b")).leave(0).line() ==
        "close(3</m\\74e\\76\\n\\\"1\\0742\\33>) = 0");
}

TEST_CASE("a file that is gone is marked") {
  DescriptorFacts gone = path("/tmp/x");
  gone.deleted = true;
  CHECK(decoded("close", {3}).open(3, gone).leave(0).line() == "close(3</tmp/x>(deleted)) = 0");
}

TEST_CASE("sockets are shown with their addresses") {
  const auto shown = [](const SocketFacts& facts) {
    return decoded("close", {3}, "all").open(3, socket("12", facts)).leave(0).line();
  };
  CHECK(shown({.protocol = "TCP"}) == "close(3<TCP:[12]>) = 0");
  CHECK(shown({.protocol = "TCPv6", .local = "[::1]:80"}) == "close(3<TCPv6:[[::1]:80]>) = 0");
  CHECK(shown({.protocol = "TCP", .local = "1.2.3.4:5", .remote = "6.7.8.9:10"}) ==
        "close(3<TCP:[1.2.3.4:5->6.7.8.9:10]>) = 0");
  CHECK(shown({.protocol = "UNIX-STREAM", .peer = 13, .bound_path = "/a\n"}) ==
        "close(3<UNIX-STREAM:[12->13,\"/a\\n\"]>) = 0");
  CHECK(shown({.protocol = "UNIX", .bound_path = std::string("\0ab", 3)}) == "close(3<UNIX:[12,@\"ab\"]>) = 0");
  CHECK(decoded("close", {3}).open(3, socket("12", {.protocol = "TCP"})).leave(0).line() ==
        "close(3<socket:[12]>) = 0");
}

TEST_CASE("devices and pidfds are shown with what they stand for") {
  DescriptorFacts null = path("/dev/null");
  null.device = DescriptorFacts::Device{false, 1, 3};
  DescriptorFacts pidfd = path("anon_inode:[pidfd]");
  pidfd.process = 42;
  CHECK(decoded("close", {3}, "all").open(3, null).leave(0).line() == "close(3</dev/null<char 1:3>>) = 0");
  CHECK(decoded("close", {3}, "pidfd,path").open(3, null).leave(0).line() == "close(3</dev/null>) = 0");
  CHECK(decoded("close", {3}, "!path").open(3, pidfd).leave(0).line() == "close(3<pid:42>) = 0");
  CHECK(decoded("close", {3}, "dev").open(3, pidfd).leave(0).line() == "close(3) = 0");
}

TEST_CASE("sets of details are spelled as strace's") {
  CHECK(details("path,dev").device);
  CHECK_FALSE(details("path,dev").socket);
  CHECK(details("all").pidfd);
  CHECK_FALSE(details("none").any());
  CHECK_FALSE(descriptor_details_named("paths"));
  CHECK_FALSE(descriptor_details_named(""));
}

TEST_CASE("fsconfig has a descriptor where its command says so") {
  constexpr std::uint64_t kSetFd = 5;
  constexpr std::uint64_t kCreate = 6;
  CHECK(decoded("fsconfig", {3, kSetFd, 0, 0, 4}).open(3, path("/a")).open(4, path("/b")).leave(0).line() ==
        "fsconfig(3</a>, FSCONFIG_SET_FD, NULL, NULL, 4</b>) = 0");
  CHECK(decoded("fsconfig", {3, kCreate, 0, 0, 4}).open(3, path("/a")).open(4, path("/b")).leave(0).line() ==
        "fsconfig(3</a>, FSCONFIG_CMD_CREATE, NULL, NULL, 4) = 0");
}

TEST_CASE("of calls that have none no descriptor is looked up") {
  std::mt19937 random(20);
  CountedTable table;
  std::size_t without = 0;
  for (const PointeePlan& plan : all_pointee_plans()) {
    if (may_have_descriptors(*spec_named(plan.name))) continue;
    INFO(plan.name);
    ++without;
    for (int round = 0; round < 200; ++round) {
      DecodeLimits limits = limits_of(round);
      limits.descriptors = details("all");
      Piece memory(random);
      Call call = some_call(plan, random);
      capture_entry(call, memory, limits, &table);
      call.ending = Ending::returned;
      call.result = some_result(random);
      call.error = call.result < 0 ? static_cast<int>(-call.result) : 0;
      capture_exit(call, memory, limits, &table);
    }
    CHECK(table.asked == 0);
    table.asked = 0;
  }
  CHECK(without > 80);
  CHECK_FALSE(may_have_descriptors(*spec_named("brk")));
  for (const std::string_view name : {"read", "socket", "mmap", "poll"}) CHECK(may_have_descriptors(*spec_named(name)));
}
