#include "model/syscalls/traced_paths.hpp"

#include <array>
#include <cstdint>

#include <fcntl.h>
#include <poll.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kAt = 0x1000;
constexpr std::uint64_t kOther = 0x2000;
constexpr std::uint64_t kFolder = static_cast<std::uint64_t>(AT_FDCWD);

DescriptorFacts path(std::string text) {
  DescriptorFacts facts;
  facts.path = std::move(text);
  return facts;
}

}  // namespace

TEST_CASE("a call uses the paths that it names") {
  CHECK(DecodedCall("openat", {kFolder, kAt, O_RDONLY}).put(kAt, "/a\n").uses({"/b", "/a\n"}));
  CHECK_FALSE(DecodedCall("openat", {kFolder, kAt, O_RDONLY}).put(kAt, "/a/b").uses({"/a"}));
  CHECK(DecodedCall("rename", {kAt, kOther}).put(kAt, "/a").put(kOther, "/b").uses({"/b"}));
  CHECK_FALSE(DecodedCall("openat", {kFolder, kAt, O_RDONLY}).uses({"/a"}));
  const std::string longer(200, 'x');
  CHECK(DecodedCall("unlink", {kAt}).put(kAt, longer).uses({longer}));
}

TEST_CASE("a call uses the paths that its descriptors refer to") {
  CHECK(DecodedCall("read", {3, kAt, 1}).open(3, path("/a")).uses({"/a"}));
  CHECK_FALSE(DecodedCall("read", {4, kAt, 1}).open(3, path("/a")).uses({"/a"}));
  CHECK(DecodedCall("mmap", {0, 1, 1, 2, 3, 0}).open(3, path("/a")).uses({"/a"}));
  CHECK(DecodedCall("poll", {kAt, 2, 0})
            .put(kAt, std::array<pollfd, 2>{pollfd{1, POLLIN, 0}, pollfd{3, POLLIN, 0}})
            .open(3, path("/a"))
            .uses({"/a"}));
  CHECK_FALSE(DecodedCall("getpid", {3}).open(3, path("/a")).uses({"/a"}));
}

TEST_CASE("the current directory is not a use of it") {
  CHECK_FALSE(
      DecodedCall("openat", {kFolder, kAt, O_RDONLY}).put(kAt, "x").open(kCurrentDirectory, path("/a")).uses({"/a"}));
  CHECK(DecodedCall("openat", {3, kAt, O_RDONLY}).put(kAt, "x").open(3, path("/a")).uses({"/a"}));
}

TEST_CASE("a number without a name uses nothing") {
  CHECK_FALSE(DecodedCall(9999, {3}).open(3, path("/a")).uses({"/a"}));
}
