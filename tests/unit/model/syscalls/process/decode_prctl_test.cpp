// prctl and arch_prctl; expected lines are strace 6.1's.
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kPrctlData = 0x7f0000002000;
constexpr std::int64_t kInvalid = -22;
const std::string kRefused = " = -1 EINVAL (Invalid argument)";

std::string raw_line(const std::string& call, std::vector<std::uint64_t> args, std::int64_t result) {
  return DecodedCall(call, std::move(args)).constants(ConstantStyle::raw).leave(result).line();
}

TEST_CASE("lengths of vectors stand behind the bits of their register", "[prctl]") {
  CHECK(line_of("prctl", {50, 0xff}, kInvalid) == "prctl(PR_SVE_SET_VL, 0xff)" + kRefused);
  CHECK(line_of("prctl", {50, 0x600ff}, kInvalid) ==
        "prctl(PR_SVE_SET_VL, PR_SVE_SET_VL_ONEXEC|PR_SVE_VL_INHERIT|0xff)" + kRefused);
  CHECK(line_of("prctl", {63, 0x10000}, kInvalid) == "prctl(PR_SME_SET_VL, 0x10000|0)" + kRefused);
  CHECK(line_of("prctl", {64, 1}, 0x20010) == "prctl(PR_SME_GET_VL) = 0x20010 (PR_SME_VL_INHERIT|0x10)");
  CHECK(line_of("prctl", {51}, 0) == "prctl(PR_SVE_GET_VL) = 0");
  CHECK(line_of("prctl", {51}, 0xdead) == "prctl(PR_SVE_GET_VL) = 0xdead");
  CHECK(line_of("prctl", {27}, 0x100) == "prctl(PR_GET_SECUREBITS) = 0x100");
  CHECK(line_of("prctl", {0x59616d61, 0xffffffffffffffff}) == "prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY) = 0");
  CHECK(raw_line("prctl", {63, 0x2ea57}, kInvalid) == "prctl(0x3f, 0x2ea57)" + kRefused);
  CHECK(raw_line("prctl", {51}, 0x20010) == "prctl(0x33) = 0x20010");
}

TEST_CASE("tagged addresses are taken apart", "[prctl]") {
  CHECK(line_of("prctl", {55, 0, 1, 2, 3}, kInvalid) ==
        "prctl(PR_SET_TAGGED_ADDR_CTRL, !PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_NONE, 0x1, 0x2, 0x3)" + kRefused);
  CHECK(line_of("prctl", {55, 0x57ae57f4, 0, 0, 0}, kInvalid) ==
        "prctl(PR_SET_TAGGED_ADDR_CTRL, "
        "!PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_ASYNC|0xcafe<<PR_MTE_TAG_SHIFT|0x57a80000, 0, 0, 0)" +
            kRefused);
  CHECK(line_of("prctl", {56, 0, 0, 0, 0}, 0xd) ==
        "prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) = 0xd "
        "(PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_ASYNC|0x1<<PR_MTE_TAG_SHIFT)");
}

TEST_CASE("keys that pointers are signed with have names", "[prctl]") {
  CHECK(line_of("prctl", {60, 0, 1, 0, 1}, kInvalid) ==
        "prctl(PR_PAC_SET_ENABLED_KEYS, 0, PR_PAC_APIAKEY, 0, 0x1)" + kRefused);
  CHECK(line_of("prctl", {54, 0x1e, 0, 0, 0}, kInvalid) ==
        "prctl(PR_PAC_RESET_KEYS, PR_PAC_APIBKEY|PR_PAC_APDAKEY|PR_PAC_APDBKEY|PR_PAC_APGAKEY, 0, 0, 0)" + kRefused);
  CHECK(line_of("prctl", {61, 0, 0, 0, 0}, 3) ==
        "prctl(PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0) = 0x3 (PR_PAC_APIAKEY|PR_PAC_APIBKEY)");
}

TEST_CASE("a core's cookie is read when it is known", "[prctl]") {
  DecodedCall call("prctl", {62, 0, 7, 1, kPrctlData});
  CHECK(call.enter().put(kPrctlData, std::uint64_t{0xabc}).leave(0).line() ==
        "prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 7, 0x1 /* PIDTYPE_TGID */, [0xabc]) = 0");
  CHECK(line_of("prctl", {62, 1, 7, 3, 0}, kInvalid) ==
        "prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 7, 0x3 /* PIDTYPE_SID */, NULL)" + kRefused);
}

TEST_CASE("options show what their other arguments mean for the first", "[prctl]") {
  CHECK(line_of("prctl", {47, 0xff, 0xaaaa, 0, 0}, kInvalid) ==
        "prctl(PR_CAP_AMBIENT, 0xff /* PR_CAP_AMBIENT_??? */, 0xaaaa, 0, 0)" + kRefused);
  CHECK(line_of("prctl", {47, 1, 0, 0, 0}, kInvalid) ==
        "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0)" + kRefused);
  CHECK(line_of("prctl", {22, 9, 1, 2, 3}, kInvalid) ==
        "prctl(PR_SET_SECCOMP, 0x9 /* SECCOMP_MODE_??? */, 0x1, 0x2, 0x3)" + kRefused);
  CHECK(line_of("prctl", {22, 1, 1, 2, 3}, kInvalid) == "prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)" + kRefused);
  CHECK(line_of("prctl", {0x53564d41, 1, 2, 3, 4}, kInvalid) ==
        "prctl(PR_SET_VMA, 0x1 /* PR_SET_VMA_??? */, 0x2, 0x3, 0x4)" + kRefused);
  CHECK(line_of("prctl", {1, 0xffffffffffff}, kInvalid) == "prctl(PR_SET_PDEATHSIG, 281474976710655)" + kRefused);
  CHECK(line_of("prctl", {6, 3}, kInvalid) == "prctl(PR_SET_UNALIGN, PR_UNALIGN_NOPRINT|PR_UNALIGN_SIGBUS)" + kRefused);
}

TEST_CASE("arch_prctl names states of the processor", "[prctl]") {
  DecodedCall call("arch_prctl", {0x1022, kPrctlData});
  CHECK(call.enter().put(kPrctlData, std::uint64_t{0x600e7}).leave(0).line() ==
        "arch_prctl(ARCH_GET_XCOMP_PERM, "
        "[0x600e7 /* XFEATURE_MASK_FPSSE|XFEATURE_MASK_YMM|XFEATURE_MASK_AVX512|XFEATURE_MASK_XTILE */]) = 0");
  CHECK(line_of("arch_prctl", {0x1023, 18}, 0) ==
        "arch_prctl(ARCH_REQ_XCOMP_PERM, 0x12 /* XFEATURE_XTILE_DATA */) = 0");
  CHECK(line_of("arch_prctl", {0x1025, 11}, kInvalid) ==
        "arch_prctl(ARCH_REQ_XCOMP_GUEST_PERM, 0xb /* XFEATURE_??? */)" + kRefused);
  CHECK(line_of("arch_prctl", {0x1001, 0}) == "arch_prctl(ARCH_SET_GS, 0) = 0");
  CHECK(raw_line("arch_prctl", {0x1023, 18}, 0) == "arch_prctl(0x1023, 0x12) = 0");
}

TEST_CASE("a state of speculation is one of several", "[prctl]") {
  CHECK(line_of("prctl", {53, 0, 3}, -34) ==
        "prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0x3 /* PR_SPEC_??? */) = "
        "-1 ERANGE (Numerical result out of range)");
  CHECK(line_of("prctl", {52, 0}, 0) ==
        "prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS) = 0 (PR_SPEC_NOT_AFFECTED)");
  CHECK(line_of("prctl", {26, 0xdeadc0de'00000001}, 0) == "prctl(PR_SET_TSC, PR_TSC_ENABLE) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
