#include "model/code/return_address.hpp"

#include <initializer_list>
#include <vector>

#include "support/catch.hpp"

namespace vdsotrace {
namespace {

TEST_CASE("a call is known by the bytes before its return address") {
  const auto is_call = [](std::initializer_list<unsigned> bytes) {
    std::vector<std::byte> code;
    for (const unsigned byte : bytes) code.push_back(static_cast<std::byte>(byte));
    return end_with_call(code);
  };
  CHECK(is_call({0xe8, 0, 0, 0, 0}));
  CHECK(is_call({0x90, 0x67, 0xe8, 1, 2, 3, 4}));
  CHECK(is_call({0xff, 0xd0}));                       // call *%rax
  CHECK(is_call({0x41, 0xff, 0xd3}));                 // call *%r11
  CHECK(is_call({0xff, 0x10}));                       // call *(%rax)
  CHECK(is_call({0xff, 0x14, 0x24}));                 // call *(%rsp)
  CHECK(is_call({0xff, 0x50, 8}));                    // call *8(%rax)
  CHECK(is_call({0xff, 0x54, 0x24, 8}));              // call *8(%rsp)
  CHECK(is_call({0xff, 0x15, 1, 2, 3, 4}));           // call *x(%rip)
  CHECK(is_call({0xff, 0x90, 0x28, 3, 0, 0}));        // call *0x328(%rax)
  CHECK(is_call({0xff, 0x94, 0x24, 0x28, 3, 0, 0}));  // call *0x328(%rsp)
  CHECK(is_call({0xff, 0x14, 0xc5, 0x28, 3, 0, 0}));  // call *0x328(,%rax,8)
  CHECK_FALSE(is_call({0xff, 0xe0}));                 // jmp *%rax
  CHECK_FALSE(is_call({0xff, 0x50}));                 // a displacement is missing
  CHECK_FALSE(is_call({0xe8, 0, 0, 0}));
  CHECK_FALSE(is_call({0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}));
  CHECK_FALSE(is_call({0x0f, 0x05}));  // syscall
  CHECK_FALSE(is_call({}));
}

}  // namespace
}  // namespace vdsotrace
