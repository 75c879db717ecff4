// Calls on address spaces; expected lines are strace 6.1's.
#include <sys/mman.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kPage = 0x7f0000001000;
constexpr auto kNoFd = static_cast<std::uint64_t>(-1);

TEST_CASE("mmap") {
  CHECK(line_of("mmap", {0, 8192, 3, 0x22, kNoFd, 0}, kPage) ==
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000");
  CHECK(line_of("mmap", {kPage, 4096, 0, 0x32, kNoFd, 0x1000}, kPage) ==
        "mmap(0x7f0000001000, 4096, PROT_NONE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0x1000) = "
        "0x7f0000001000");
  CHECK(line_of("mmap", {0, 4096, 3, 0x40022 | (21u << 26), kNoFd, 0}, -12) ==
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|"
        "21<<MAP_HUGE_SHIFT, -1, 0) = -1 ENOMEM (Cannot allocate memory)");
  CHECK(line_of("mmap", {0, 4096, 3, 0xc, 3, 0}, -22) ==
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, 0xc /* MAP_??? */, 3, 0) = "
        "-1 EINVAL (Invalid argument)");
}

TEST_CASE("mremap shows the new address only where it counts") {
  CHECK(line_of("mremap", {kPage, 4096, 8192, MREMAP_MAYMOVE, 0x5000}, kPage) ==
        "mremap(0x7f0000001000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f0000001000");
  CHECK(line_of("mremap", {kPage, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, 0x5000}, 0x5000) ==
        "mremap(0x7f0000001000, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x5000) = 0x5000");
}

TEST_CASE("advice and protection by name") {
  CHECK(line_of("madvise", {kPage, 4096, MADV_DONTNEED}) == "madvise(0x7f0000001000, 4096, MADV_DONTNEED) = 0");
  CHECK(line_of("madvise", {kPage, 4096, 0xffffffff}, -22) ==
        "madvise(0x7f0000001000, 4096, 0xffffffff /* MADV_??? */) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("mprotect", {kPage, 4096, PROT_READ | 0x1000000}) ==
        "mprotect(0x7f0000001000, 4096, PROT_READ|PROT_GROWSDOWN) = 0");
}

TEST_CASE("membarrier answers with the commands it knows") {
  CHECK(line_of("membarrier", {0, 0, 7}, 0x9) ==
        "membarrier(MEMBARRIER_CMD_QUERY, 0) = 0x9 (MEMBARRIER_CMD_GLOBAL|"
        "MEMBARRIER_CMD_PRIVATE_EXPEDITED)");
  CHECK(line_of("membarrier", {0x80, 1, 3}, -1) ==
        "membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 3) = "
        "-1 EPERM (Operation not permitted)");
}

TEST_CASE("node masks lose the kernel's odd bit") {
  constexpr std::uint64_t kMask = 0x20000;
  DecodedCall call("mbind", {kPage, 4096, 2, kMask, 64, 1});
  CHECK(call.put(kMask, std::uint64_t{5}).leave(0).line() ==
        "mbind(0x7f0000001000, 4096, MPOL_BIND, [0x00000000000005], 64, MPOL_MF_STRICT) = 0");
  DecodedCall zero("set_mempolicy", {0, kMask, 65});
  CHECK(zero.put(kMask, std::uint64_t{0}).leave(0).line() == "set_mempolicy(MPOL_DEFAULT, [0000000000000000], 65) = 0");
  CHECK(line_of("set_mempolicy", {0, kMask, 0}, -22) ==
        "set_mempolicy(MPOL_DEFAULT, [], 0) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("a policy that is not known has its bits in front") {
  CHECK(line_of("set_mempolicy", {0xc007, 0, 0}, -22) ==
        "set_mempolicy(MPOL_F_STATIC_NODES|MPOL_F_RELATIVE_NODES|0x7, NULL, 0) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("set_mempolicy", {0x7, 0, 0}, -22) ==
        "set_mempolicy(0x7 /* MPOL_??? */, NULL, 0) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("set_mempolicy", {0, 0x7000, 1}) == "set_mempolicy(MPOL_DEFAULT, 0x7000, 1) = 0");
}

TEST_CASE("an array that ends in front of the first element left out says so") {
  constexpr std::uint64_t kPages = 0x10000;
  DecodedCall call("move_pages", {7, 4, kPages, 0, 0, 0});
  call.put(kPages, std::array<std::uint64_t, 3>{0x1000, 0x2000, 0x3000}).strings(3);
  CHECK(call.leave(-19).line() ==
        "move_pages(7, 4, [0x1000, 0x2000, 0x3000, ... /* 0x10018 */], NULL, NULL, 0) = -1 ENODEV (No such device)");
}

}  // namespace
}  // namespace vdsotrace::testing
