// Register sets and other structures of ptrace(); expected lines are strace 6.1's.
#include <array>
#include <csignal>
#include <cstring>

#include <linux/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kRange = 0x10000;
constexpr std::uint64_t kSet = 0x20000;
constexpr std::uint64_t kGeneral = 1, kFloat = 2;

std::string set_registers(std::uint64_t note, std::uint64_t size, std::int64_t result = 0) {
  std::array<std::uint64_t, 66> words{};
  words[0] = 0x37f;
  words[1] = 5;
  DecodedCall call("ptrace", {PTRACE_SETREGSET, 7, note, kRange});
  call.put(kRange, iovec{reinterpret_cast<void*>(kSet), size}).put(kSet, words);
  return args_of(call.leave(result).text()).at(3);
}

TEST_CASE("a register set is shown as far as it goes", "[ptrace]") {
  CHECK(set_registers(kGeneral, 8) == "{iov_base={r15=0x37f}, iov_len=8}");
  CHECK(set_registers(kGeneral, 24) == "{iov_base={r15=0x37f, r14=0x5, r13=0}, iov_len=24}");
  CHECK(set_registers(kGeneral, 9, -22) == "{iov_base=0x20000, iov_len=9}");
  CHECK(set_registers(kGeneral, 0) == "{iov_base=0x20000, iov_len=0}");
  CHECK(set_registers(kGeneral, UINT64_MAX - 7).ends_with("gs=0, ...}, iov_len=18446744073709551608}"));
  CHECK(set_registers(3, 8) == "{iov_base=0x20000, iov_len=8}");
  CHECK(set_registers(kFloat, 16) == "{iov_base={cwd=0x37f, swd=0, ftw=0, fop=0, rip=0x5}, iov_len=16}");
  CHECK(
      set_registers(kFloat, 40) ==
      "{iov_base={cwd=0x37f, swd=0, ftw=0, fop=0, rip=0x5, rdp=0, mxcsr=0, mxcr_mask=0, st_space=[0, 0]}, iov_len=40}");
}

TEST_CASE("registers are filled in when the call has succeeded", "[ptrace]") {
  DecodedCall call("ptrace", {PTRACE_GETREGSET, 7, kGeneral, kRange});
  call.put(kRange, iovec{reinterpret_cast<void*>(kSet), 16}).enter();
  DecodedCall failed = call;
  call.put(kRange, iovec{reinterpret_cast<void*>(kSet), 8}).put(kSet, std::uint64_t{9});
  CHECK(args_of(call.leave(0).text()).at(3) == "{iov_base={r15=0x9}, iov_len=16 => 8}");
  CHECK(args_of(failed.leave(-3).text()).at(3) == "{iov_base=0x20000, iov_len=16}");
}

TEST_CASE("all float registers are shown", "[ptrace]") {
  DecodedCall call("ptrace", {15, 7, 0, kSet});  // PTRACE_SETFPREGS
  user_fpregs_struct registers{};
  registers.padding[23] = 9;
  const std::string shown = args_of(call.put(kSet, registers).strings(2).leave(0).text()).at(2);
  CHECK(shown.starts_with("{cwd=0, swd=0, ftw=0, fop=0, rip=0, rdp=0, mxcsr=0, mxcr_mask=0, st_space=[0, 0, 0,"));
  CHECK(shown.ends_with(", 0, 0x9]}"));
  DecodedCall more("ptrace", {PTRACE_SETREGSET, 7, kFloat, kRange});
  more.put(kRange, iovec{reinterpret_cast<void*>(kSet), 520}).put(kSet, registers).put(kSet + 512, std::uint64_t{0});
  CHECK(args_of(more.leave(0).text()).at(3).ends_with(", 0, 0x9], ...}, iov_len=520}"));
}

TEST_CASE("signals that are looked at are as many as there were", "[ptrace]") {
  struct Wanted {
    std::uint64_t offset;
    std::uint32_t flags;
    std::int32_t count;
  };
  siginfo_t info{};
  info.si_signo = SIGUSR1;
  info.si_pid = 3;
  DecodedCall call("ptrace", {PTRACE_PEEKSIGINFO, 7, kRange, kSet});
  call.put(kRange, Wanted{0, 1, 4}).enter().put(kSet, info);
  CHECK(call.leave(2).line() ==
        "ptrace(PTRACE_PEEKSIGINFO, 7, {off=0, flags=PTRACE_PEEKSIGINFO_SHARED, nr=4}, [{si_signo=SIGUSR1, "
        "si_code=SI_USER, si_pid=3, si_uid=0}, ... /* 0x20080 */]) = 2");
}

TEST_CASE("a filter is asked for by its offset", "[ptrace]") {
  DecodedCall call("ptrace", {PTRACE_SECCOMP_GET_METADATA, 7, 16, kSet});
  call.put(kSet, std::array<std::uint64_t, 2>{5, 0}).enter();
  DecodedCall failed = call;
  CHECK(args_of(call.put(kSet + 8, std::uint64_t{2}).leave(16).text()).at(3) ==
        "{filter_off=5, flags=SECCOMP_FILTER_FLAG_LOG}");
  CHECK(args_of(failed.leave(-3).text()).at(3) == "{filter_off=5}");
  CHECK(line_of("ptrace", {PTRACE_SECCOMP_GET_METADATA, 7, 7, kSet}, -3) ==
        "ptrace(PTRACE_SECCOMP_GET_METADATA, 7, 7, 0x20000) = -1 ESRCH (No such process)");
}

}  // namespace
}  // namespace vdsotrace::testing
