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

constexpr std::uint64_t kPathAt = 0x1000;
constexpr std::uint64_t kOther = 0x2000;
constexpr std::uint64_t kFolderAt = static_cast<std::uint64_t>(AT_FDCWD);

DescriptorFacts path_of(std::string text) {
  DescriptorFacts facts;
  facts.path = std::move(text);
  return facts;
}

}  // namespace

TEST_CASE("a call uses the paths that it names") {
  CHECK(DecodedCall("openat", {kFolderAt, kPathAt, O_RDONLY}).put(kPathAt, "/a\n").uses({"/b", "/a\n"}));
  CHECK_FALSE(DecodedCall("openat", {kFolderAt, kPathAt, O_RDONLY}).put(kPathAt, "/a/b").uses({"/a"}));
  CHECK(DecodedCall("rename", {kPathAt, kOther}).put(kPathAt, "/a").put(kOther, "/b").uses({"/b"}));
  CHECK_FALSE(DecodedCall("openat", {kFolderAt, kPathAt, O_RDONLY}).uses({"/a"}));
  const std::string longer(200, 'x');
  CHECK(DecodedCall("unlink", {kPathAt}).put(kPathAt, longer).uses({longer}));
}

TEST_CASE("a call uses the paths that its descriptors refer to") {
  CHECK(DecodedCall("read", {3, kPathAt, 1}).open(3, path_of("/a")).uses({"/a"}));
  CHECK_FALSE(DecodedCall("read", {4, kPathAt, 1}).open(3, path_of("/a")).uses({"/a"}));
  CHECK(DecodedCall("mmap", {0, 1, 1, 2, 3, 0}).open(3, path_of("/a")).uses({"/a"}));
  CHECK(DecodedCall("poll", {kPathAt, 2, 0})
            .put(kPathAt, std::array<pollfd, 2>{pollfd{1, POLLIN, 0}, pollfd{3, POLLIN, 0}})
            .open(3, path_of("/a"))
            .uses({"/a"}));
  CHECK_FALSE(DecodedCall("getpid", {3}).open(3, path_of("/a")).uses({"/a"}));
}

TEST_CASE("the current directory is not a use of it") {
  CHECK_FALSE(DecodedCall("openat", {kFolderAt, kPathAt, O_RDONLY})
                  .put(kPathAt, "x")
                  .open(kCurrentDirectory, path_of("/a"))
                  .uses({"/a"}));
  CHECK(DecodedCall("openat", {3, kPathAt, O_RDONLY}).put(kPathAt, "x").open(3, path_of("/a")).uses({"/a"}));
}

TEST_CASE("a number without a name uses nothing") {
  CHECK_FALSE(DecodedCall(9999, {3}).open(3, path_of("/a")).uses({"/a"}));
}
