// Branches of 32 bits in code, found wherever they begin.
#include "model/code/wide_branches.hpp"

#include <cstring>
#include <initializer_list>
#include <vector>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

constexpr std::uint64_t kAddress = 0x40'0000;
constexpr std::size_t kBranchCode = 200, kTarget = 100;

/// Nothing but zeros and a branch to kTarget, as far as it fits.
std::vector<std::byte> code_with(std::initializer_list<unsigned> opcode, std::size_t at) {
  std::vector<std::byte> code(kBranchCode + 8);
  std::size_t end = at;
  for (const unsigned byte : opcode) code[end++] = static_cast<std::byte>(byte);
  const auto displacement = static_cast<std::int32_t>(kTarget) - static_cast<std::int32_t>(end + 4);
  std::memcpy(&code[end], &displacement, std::min<std::size_t>(4, code.size() - end));
  code.resize(kBranchCode);
  return code;
}

bool is_found(const std::vector<std::byte>& code) {
  return WideBranches(code, kAddress).lead_into({kAddress + kTarget, kAddress + kTarget + 1});
}

TEST_CASE("branches of 32 bits are found at every place of the code", "[wide_branches]") {
  const std::initializer_list<unsigned> opcodes[] = {{0xe8}, {0xe9}, {0x0f, 0x80}, {0x0f, 0x8f}, {0xc7, 0xf8}};
  for (const auto& opcode : opcodes) {
    for (std::size_t at = 0; at + opcode.size() + 4 <= kBranchCode; ++at) {
      INFO(at);
      // Over the target there is the branch itself.
      CHECK(is_found(code_with(opcode, at)));
    }
    CHECK_FALSE(is_found(code_with(opcode, kBranchCode - opcode.size() - 3)));
  }
}

TEST_CASE("what is no branch of 32 bits leads nowhere", "[wide_branches]") {
  const std::initializer_list<unsigned> others[] = {{0xea},       {0xeb},       {0x0f, 0x90},
                                                    {0x0f, 0x7f}, {0xc7, 0xf9}, {0xc6, 0xf8}};
  for (const auto& opcode : others) {
    for (const std::size_t at : {0u, 1u, 62u, 63u, 64u, 65u, 130u, 190u}) {
      INFO(at);
      CHECK_FALSE(is_found(code_with(opcode, at)));
    }
  }
  CHECK_FALSE(is_found({}));
}

}  // namespace
}  // namespace vdsotrace
