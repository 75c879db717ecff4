// Numbers of system calls by the code in front of them, and which instructions of a file make some.
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "model/code/call_sites.hpp"
#include "support/catch.hpp"
#include "support/vdso_images.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kText = 0x401000;

CallSites sites_in(const std::string& hex, std::vector<AddressRange> functions = {}) {
  auto code = testing::from_hex(hex);
  if (functions.empty()) functions = {{kText, kText + code.size()}};
  auto sites = CallSites::open(std::move(code), kText, FunctionTable(std::move(functions)));
  if (!sites) throw std::runtime_error(sites.error().message);
  return std::move(*sites);
}

std::optional<std::int64_t> number_in(const std::string& hex, std::uint64_t offset) {
  CallSites sites = sites_in(hex);
  sites.at(kText + offset);
  return sites.number_at(kText + offset);
}

TEST_CASE("the number of a call is what the code before puts into its register", "[call_sites]") {
  CHECK(number_in("b8 6e 00 00 00 0f 05 c3", 5) == 110);                       // mov $110, %eax
  CHECK(number_in("48 c7 c0 e7 00 00 00 0f 05 c3", 7) == 231);                 // mov $231, %rax
  CHECK(number_in("31 c0 0f 05 c3", 2) == 0);                                  // xor %eax, %eax
  CHECK(number_in("b8 6e 00 00 00 89 fe 31 ff 0f 05 c3", 9) == 110);           // mov %edi, %esi; xor %edi, %edi
  CHECK(number_in("b8 6e 00 00 00 89 c6 0f 05 c3", 7) == 110);                 // mov %eax, %esi
  CHECK(number_in("b8 6e 00 00 00 b8 6f 00 00 00 0f 05 c3", 10) == 111);       // the last counts
  CHECK(number_in("85 ff 74 05 b8 6e 00 00 00 0f 05 c3", 9) == std::nullopt);  // je to the call itself
}

TEST_CASE("a call whose number is not a constant right before has none", "[call_sites]") {
  CHECK(number_in("89 f8 0f 05 c3", 2) == std::nullopt);                              // mov %edi, %eax
  CHECK(number_in("b8 6e 00 00 00 ff c0 0f 05 c3", 7) == std::nullopt);               // inc %eax
  CHECK(number_in("b8 6e 00 00 00 0c 01 0f 05 c3", 7) == std::nullopt);               // or $1, %al
  CHECK(number_in("b8 6e 00 00 00 0f a2 0f 05 c3", 7) == std::nullopt);               // cpuid
  CHECK(number_in("b8 6e 00 00 00 92 0f 05 c3", 6) == std::nullopt);                  // xchg %eax, %edx
  CHECK(number_in("b8 6e 00 00 00 e8 03 00 00 00 0f 05 c3 c3", 10) == std::nullopt);  // call
  CHECK(number_in("b8 6e 00 00 00 0f 05 0f 05 c3", 7) == std::nullopt);               // another call's result
  CHECK(number_in("0f 05 c3", 0) == std::nullopt);
}

TEST_CASE("system calls of a file are instructions of its functions", "[call_sites]") {
  // One in a function, the same bytes in an immediate, and behind all functions.
  const std::string code = "b8 6e 00 00 00 0f 05 b9 0f 05 00 00 c3 90 90 90 0f 05 c3";
  CHECK(sites_in(code, {{kText, kText + 13}}).instructions() == std::vector<std::uint64_t>{kText + 5});
  CHECK(sites_in(code, {{kText, kText + 13}, {kText + 16, kText + 19}}).instructions() ==
        std::vector<std::uint64_t>{kText + 5, kText + 16});
  CHECK(sites_in("c3", {{kText, kText + 1}}).instructions().empty());
}

}  // namespace
}  // namespace vdsotrace
