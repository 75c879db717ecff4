// What the pointers of i386 programs lead to.
#include <time.h>

#include <array>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

using namespace vdsotrace;
using vdsotrace::testing::DecodedCall;

namespace {

constexpr std::uint64_t kData = 0x8000'0000;

template <class T>
std::string narrow_line_of(std::string_view name, std::vector<std::uint64_t> args, const T& written,
                           std::int64_t result = 0) {
  DecodedCall call(name, std::move(args), Abi::i386);
  return call.enter().put(kData, written).leave(result).line();
}

}  // namespace

TEST_CASE("a narrow program's seconds have 32 bits, but for the calls that were added for 64") {
  const std::array<std::int32_t, 2> narrow{-1, 5};
  const timespec wide{1LL << 40, 5};
  CHECK(narrow_line_of("clock_gettime", {0, kData}, narrow) ==
        "clock_gettime(CLOCK_REALTIME, {tv_sec=-1, tv_nsec=5}) = 0");
  CHECK(narrow_line_of("clock_gettime64", {0, kData}, wide) ==
        "clock_gettime64(CLOCK_REALTIME, {tv_sec=1099511627776, tv_nsec=5}) = 0");
  CHECK(DecodedCall("epoll_pwait2", {3, 0, 1, kData, 0, 8}, Abi::i386).put(kData, wide).leave(0).line() ==
        "epoll_pwait2(3, NULL, 1, {tv_sec=1099511627776, tv_nsec=5}, NULL, 8) = 0");
  CHECK(narrow_line_of("gettimeofday", {kData, 0}, narrow) == "gettimeofday({tv_sec=-1, tv_usec=5}, NULL) = 0");
}

TEST_CASE("a narrow program's limits have a word each") {
  const std::array<std::uint32_t, 2> narrow{8192 * 1024, UINT32_MAX};
  const std::array<std::uint64_t, 2> wide{5, UINT64_MAX};
  CHECK(narrow_line_of("ugetrlimit", {3, kData}, narrow) ==
        "ugetrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0");
  CHECK(narrow_line_of("prlimit64", {0, 3, 0, kData}, wide) ==
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=5, rlim_max=RLIM64_INFINITY}) = 0");
}

TEST_CASE("offsets of 64 bits come in two words, those of mmap2 in pages") {
  const std::int64_t position = 0x1'0000'0002;
  CHECK(narrow_line_of("_llseek", {3, 1, 2, kData, 0}, position) ==
        "_llseek(3, 4294967298, [4294967298], SEEK_SET) = 0");
  CHECK(narrow_line_of("ftruncate64", {3, 2, 1}, 0) == "ftruncate64(3, 4294967298) = 0");
  CHECK(narrow_line_of("mmap2", {0, 4096, 1, 2, 3, 0x22}, 0, 0x1000) ==
        "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x22000) = 0x1000");
}

TEST_CASE("a narrow program's first calls for ids have 16 bits") {
  const std::array<std::uint16_t, 2> ids{7, 9};
  CHECK(narrow_line_of("getresuid", {kData, 0, 0}, ids) == "getresuid([7], NULL, NULL) = 0");
  CHECK(narrow_line_of("getresuid32", {kData, 0, 0}, std::uint32_t{70000}) == "getresuid32([70000], NULL, NULL) = 0");
}

TEST_CASE("a narrow program's signal sets and actions") {
  const std::uint32_t set = 1u << 1;
  CHECK(narrow_line_of("sigprocmask", {0, 0, kData}, set) == "sigprocmask(SIG_BLOCK, NULL, [INT]) = 0");
  const std::array<std::uint32_t, 5> action{1, 0x10000000, 0, 2, 0};
  CHECK(narrow_line_of("rt_sigaction", {15, 0, kData, 8}, action) ==
        "rt_sigaction(SIGTERM, NULL, {sa_handler=SIG_IGN, sa_mask=[INT], sa_flags=SA_RESTART}, 8) = 0");
}

TEST_CASE("a narrow program's usage, groups and files") {
  const std::array<std::int32_t, 18> times{1, 2, 3, 4};  // and the counts
  CHECK(narrow_line_of("getrusage", {0, kData}, times) ==
        "getrusage(RUSAGE_SELF, {ru_utime={tv_sec=1, tv_usec=2}, ru_stime={tv_sec=3, tv_usec=4}, ...}) = 0");
  CHECK(narrow_line_of("getgroups", {2, kData}, std::array<std::uint16_t, 2>{7, 9}, 2) == "getgroups(2, [7, 9]) = 2");
  CHECK(narrow_line_of("getgroups32", {1, kData}, std::uint32_t{70000}, 1) == "getgroups32(1, [70000]) = 1");
  // st_mode and st_size lie at 8 and 20, in stat64 at 16 and 44.
  const std::array<std::uint32_t, 16> old{0, 0, 0100644, 0, 0, 4096};
  CHECK(narrow_line_of("fstat", {3, kData}, old) == "fstat(3, {st_mode=S_IFREG|0644, st_size=4096, ...}) = 0");
  const std::array<std::uint32_t, 24> wide{0, 0, 0, 0, 0100644, 0, 0, 0, 0, 0, 0, 2, 1};
  CHECK(narrow_line_of("fstat64", {3, kData}, wide) ==
        "fstat64(3, {st_mode=S_IFREG|0644, st_size=4294967298, ...}) = 0");
}

TEST_CASE("a narrow program's signal information") {
  const std::array<std::uint32_t, 8> queued{23, 0, UINT32_MAX, 7, 9, 11};
  CHECK(
      DecodedCall("rt_sigqueueinfo", {5, 23, kData}, Abi::i386).put(kData, queued).leave(0).line() ==
      "rt_sigqueueinfo(5, SIGURG, {si_signo=SIGURG, si_code=SI_QUEUE, si_pid=7, si_uid=9, si_int=11, si_ptr=0xb}) = 0");
  const std::array<std::uint32_t, 8> child{17, 0, 1, 7, 9, 3, 4, 5};
  CHECK(narrow_line_of("waitid", {0, 0, kData, 4, 0}, child) ==
        "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=9, si_status=3, "
        "si_utime=4 /* 0.04 s */, si_stime=5 /* 0.05 s */}, WEXITED, NULL) = 0");
}

TEST_CASE("what is not known of a narrow structure stays an address") {
  CHECK(narrow_line_of("sysinfo", {kData}, std::array<std::uint64_t, 18>{}) == "sysinfo(0x80000000) = 0");
}
