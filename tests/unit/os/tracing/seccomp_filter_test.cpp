#include "os/tracing/seccomp_filter.hpp"
#include "arch/constants.hpp"
#include "support/catch.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#include <cstring>

using namespace vdsotrace;
using When = FilterRule::When;

namespace {

constexpr std::uint32_t kStop = SECCOMP_RET_TRACE | kFilterCookie;
constexpr std::uint32_t kGoOn = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kX32 = 0x40000000;

/// What a program answers; 0 for one that the kernel would not take.
struct Answer {
  std::uint32_t value = 0;
  int steps = 0;
};

Answer execute(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t loaded = 0;
  Answer answer;
  for (std::size_t at = 0; at < program.size(); ++at) {
    ++answer.steps;
    const sock_filter& code = program[at];
    switch (code.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (code.k > sizeof data - sizeof loaded || code.k % sizeof loaded != 0) return {};
        std::memcpy(&loaded, reinterpret_cast<const char*>(&data) + code.k, sizeof loaded);
        break;
      case BPF_JMP | BPF_JA: at += code.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += loaded == code.k ? code.jt : code.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += loaded >= code.k ? code.jt : code.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: at += (loaded & code.k) != 0 ? code.jt : code.jf; break;
      case BPF_RET | BPF_K: answer.value = code.k; return answer;
      default: return {};
    }
  }
  return {};
}

seccomp_data call(std::uint32_t arch, std::uint32_t nr) {
  seccomp_data data{};
  data.arch = arch;
  data.nr = static_cast<int>(nr);
  data.instruction_pointer = 0x7f00'1234'5678;
  return data;
}

std::uint32_t answer(const std::vector<sock_filter>& program, std::uint32_t arch, std::uint32_t nr) {
  return execute(program, call(arch, nr)).value;
}

}  // namespace

TEST_CASE("an empty plan stops nothing") {
  const auto program = make_filter({}).value();
  for (const std::uint32_t arch : {std::uint32_t{AUDIT_ARCH_X86_64}, std::uint32_t{AUDIT_ARCH_I386}, 7u}) {
    for (const std::uint32_t nr : {0u, 1u, 500u, kX32, 0xffffffffu}) CHECK(answer(program, arch, nr) == kGoOn);
  }
}

TEST_CASE("exactly the numbers of the plan stop, each in its own ABI") {
  FilterPlan plan;
  for (const std::uint32_t nr : {0u, 1u, 2u, 5u, 257u, 435u}) plan.of(Abi::x86_64)[nr] = {};
  for (const std::uint32_t nr : {3u, 1023u}) plan.of(Abi::i386)[nr] = {};
  for (const std::uint32_t nr : {4u, 512u}) plan.of(Abi::x32)[nr | kX32] = {};
  const auto program = make_filter(plan).value();
  for (std::uint32_t nr = 0; nr < 1100; ++nr) {
    CHECK(answer(program, AUDIT_ARCH_X86_64, nr) == (plan.of(Abi::x86_64).contains(nr) ? kStop : kGoOn));
    CHECK(answer(program, AUDIT_ARCH_I386, nr) == (plan.of(Abi::i386).contains(nr) ? kStop : kGoOn));
    CHECK(answer(program, AUDIT_ARCH_X86_64, nr | kX32) == (plan.of(Abi::x32).contains(nr | kX32) ? kStop : kGoOn));
    CHECK(answer(program, AUDIT_ARCH_AARCH64, nr) == kGoOn);
  }
}

TEST_CASE("any number of ranges: the search stays short and no jump misses") {
  FilterPlan plan;
  for (std::uint32_t nr = 0; nr < 600; nr += 2) {
    plan.of(Abi::x86_64)[nr] = {};
    if (nr < 300) plan.of(Abi::i386)[nr] = {When::first_is, nr};
    if (nr < 100) plan.of(Abi::x32)[nr | kX32] = {When::unless_marked, 9};
  }
  const auto program = make_filter(plan).value();
  REQUIRE(program.size() > 1000);
  for (std::uint32_t nr = 0; nr < 620; ++nr) {
    const bool listed = nr < 600 && nr % 2 == 0;
    const Answer wide = execute(program, call(AUDIT_ARCH_X86_64, nr));
    CHECK(wide.value == (listed ? kStop : kGoOn));
    CHECK(wide.steps < 40);
    seccomp_data narrow = call(AUDIT_ARCH_I386, nr);
    narrow.args[0] = nr;
    CHECK(execute(program, narrow).value == (listed && nr < 300 ? kStop : kGoOn));
    narrow.args[0] = nr + 1;
    CHECK(execute(program, narrow).value == kGoOn);
  }
}

TEST_CASE("a program longer than the kernel takes is refused") {
  FilterPlan plan;
  for (std::uint32_t nr = 0; nr < 4000; nr += 2) plan.of(Abi::x86_64)[nr] = {};
  CHECK_FALSE(make_filter(plan).has_value());
}

TEST_CASE("rules look at what they name") {
  constexpr std::uint64_t kMark = 0x1122'3344'5566'7788;
  FilterPlan plan;
  plan.of(Abi::x86_64)[10] = {When::unless_marked, kMark};
  plan.of(Abi::x86_64)[11] = {When::first_has_bits, 0x00800000};
  plan.of(Abi::x86_64)[12] = {When::first_is, 22};
  plan.of(Abi::x86_64)[13] = {When::first_is_above, 0x7ffc};
  plan.of(Abi::x86_64)[14] = {When::in_page};
  plan.of(Abi::x86_64)[15] = {When::may_map_code, 0x7ffc};
  const auto program = make_filter(plan).value();
  const auto with = [&](std::uint32_t nr, std::size_t argument, std::uint64_t value) {
    seccomp_data data = call(AUDIT_ARCH_X86_64, nr);
    data.args[argument] = value;
    return execute(program, data).value;
  };
  CHECK(with(10, 5, kMark) == kGoOn);
  CHECK(with(10, 5, kMark ^ 1) == kStop);
  CHECK(with(10, 5, kMark ^ (std::uint64_t{1} << 40)) == kStop);
  CHECK(with(10, 4, kMark) == kStop);
  CHECK(with(11, 0, 0x00800011) == kStop);
  CHECK(with(11, 0, 0xff7fffff) == kGoOn);
  CHECK(with(12, 0, 22) == kStop);
  CHECK(with(12, 0, 0x1'0000'0016) == kStop);  // the kernel looks at an int
  CHECK(with(12, 0, 23) == kGoOn);
  CHECK(with(13, 0, 0x7ffc'0000'0000) == kStop);
  CHECK(with(13, 0, 0x7ffb'ffff'ffff) == kGoOn);
  CHECK(with(15, 0, 0x7ffc'0000'0000) == kStop);
  CHECK(with(15, 0, 0x7ffb'ffff'ffff) == kGoOn);
  CHECK(with(15, 2, PROT_READ | PROT_EXEC) == kStop);
  CHECK(with(15, 2, PROT_READ | PROT_WRITE) == kGoOn);
  CHECK(with(15, 3, PROT_EXEC) == kGoOn);

  const auto from = [&](std::uint64_t pointer) {
    seccomp_data data = call(AUDIT_ARCH_X86_64, 14);
    data.instruction_pointer = pointer;
    return execute(program, data).value;
  };
  CHECK(from(arch::kVsyscallPage) == kStop);
  CHECK(from(arch::kVsyscallPage + 0x800) == kStop);
  CHECK(from(arch::kVsyscallPageEnd - 1) == kStop);
  CHECK(from(arch::kVsyscallPageEnd) == kGoOn);
  CHECK(from(arch::kVsyscallPage - 1) == kGoOn);
  CHECK(from(arch::kVsyscallPage & 0xffff'ffff) == kGoOn);
}
