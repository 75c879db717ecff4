// Every system call that libseccomp knows has a row, on every ABI.
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include <seccomp.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

struct Table {
  Abi abi;
  std::uint32_t seccomp;
  std::int64_t first;
};

constexpr std::int64_t kX32Bit = 0x40000000;
constexpr Table kTables[] = {
    {Abi::x86_64, SCMP_ARCH_X86_64, 0}, {Abi::i386, SCMP_ARCH_X86, 0}, {Abi::x32, SCMP_ARCH_X32, kX32Bit}};
/// Beyond the largest number in use, x32's own included.
constexpr std::int64_t kNumbers = 600;

std::string name_in_seccomp(const Table& table, std::int64_t nr) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(table.seccomp, static_cast<int>(nr)), &std::free);
  return name == nullptr ? std::string() : std::string(name.get());
}

TEST_CASE("every number with a name has a row of that name", "[complete]") {
  for (const Table& table : kTables) {
    int known = 0;
    for (std::int64_t nr = table.first; nr < table.first + kNumbers; ++nr) {
      const std::string name = name_in_seccomp(table, nr);
      if (name.empty()) continue;
      ++known;
      INFO(name_of(table.abi) << " " << nr << " " << name);
      const CallSpec* spec = spec_of(table.abi, nr);
      REQUIRE(spec != nullptr);
      CHECK(spec->name == name);
    }
    CHECK(known > 330);
  }
}

TEST_CASE("arguments are described, those of calls that are gone apart", "[complete]") {
  const std::set<std::string_view> gone{
      "afs_syscall", "bdflush", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms", "getpmsg",
      "gtty",        "ipc",     "nfsservctl",    "profil",        "putpmsg",        "query_module",    "security",
      "stty",        "tuxcall", "ulimit",        "vm86",          "vm86old",        "vserver"};
  for (const CallSpec& spec : all_specs()) {
    if (gone.contains(spec.name)) continue;
    for (unsigned i = 0; i < spec.arguments; ++i) {
      INFO(spec.name << " argument " << i);
      CHECK(spec.kinds[i] != nullptr);
    }
  }
}

}  // namespace
}  // namespace vdsotrace::testing
