#include "model/syscalls/dump.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <sys/socket.h>
#include <sys/uio.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

using namespace vdsotrace;
using namespace vdsotrace::testing;

namespace {

constexpr std::uint64_t kDumpedAt = 0x1000;
constexpr std::uint64_t kVector = 0x2000;
constexpr std::uint64_t kMessage = 0x3000;
const Dumps kAllDumps{{true, {}}, {true, {}}};

void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)); }

std::string dumped(DecodedCall& call, std::int64_t result, const Dumps& dumps = kAllDumps) {
  Call done = call.leave(result).call();
  capture_dump(done, call.memory(), dumps);
  std::string text;
  append_dump(text, done, dumps, 42);
  return text;
}

}  // namespace

TEST_CASE("bytes are dumped sixteen to a line") {
  DecodedCall call("read", {3, kDumpedAt, 100});
  call.enter().put(kDumpedAt, std::string("abcdefghijklmnopqrs\n\xff"));
  CHECK(dumped(call, 21) ==
        " | 00000  61 62 63 64 65 66 67 68  69 6a 6b 6c 6d 6e 6f 70  abcdefghijklmnop |\n"
        " | 00010  71 72 73 0a ff                                    qrs..            |\n");
}

TEST_CASE("offsets are as wide as the last byte's") {
  const std::vector<std::byte> bytes((1u << 20) + 1);
  std::string text;
  append_hex_lines(text, std::span(bytes).first(1u << 20));
  CHECK(text.starts_with(" | 00000  00 "));
  text.clear();
  append_hex_lines(text, bytes);
  CHECK(text.starts_with(" | 000000  00 "));
}

TEST_CASE("only what was moved is dumped, and only for descriptors that are asked for") {
  DecodedCall read("read", {3, kDumpedAt, 100});
  read.put(kDumpedAt, "abc").enter();
  CHECK(dumped(read, 1) == " | 00000  61                                                a                |\n");
  CHECK(dumped(read, 0).empty());
  CHECK(dumped(read, -5).empty());
  CHECK(dumped(read, 1, {{false, {4}}, {}}).empty());
  CHECK(dumped(read, 1, {{}, {true, {}}}).empty());
  CHECK_FALSE(dumped(read, 1, {{true, {4}}, {}}).empty());
  DecodedCall unread("read", {3, kDumpedAt, 2});
  unread.put(kDumpedAt, "abc").enter();
  // A result beyond the buffer, as MSG_TRUNC gives.
  CHECK(dumped(unread, 100) == " | 00000  61 62                                             ab               |\n");
  DecodedCall write("write", {3, kDumpedAt, 2});
  write.put(kDumpedAt, "abc").enter();
  CHECK(dumped(write, -9) == " | 00000  61 62                                             ab               |\n");
}

TEST_CASE("vectors are dumped buffer by buffer") {
  DecodedCall call("readv", {3, kVector, 2});
  call.put(kVector, std::array<iovec, 2>{iovec{pointer(kDumpedAt), 1}, iovec{pointer(kDumpedAt + 1), 9}})
      .enter()
      .put(kDumpedAt, "abcd");
  CHECK(dumped(call, 3) ==
        " * 1 bytes in buffer 0\n"
        " | 00000  61                                                a                |\n"
        " * 2 bytes in buffer 1\n"
        " | 00000  62 63                                             bc               |\n");
}

TEST_CASE("what cannot be read of a buffer is said to be missing, and a vector that cannot be read is not shown") {
  DecodedCall write("write", {3, kDumpedAt, 8});
  write.put(kDumpedAt, "ab").enter();
  CHECK(dumped(write, 8) ==
        " | 00000  61 62 00                                          ab.              |\n"
        " | <Cannot fetch 5 bytes from pid 42 @0x1003>\n");
  // As in strace the address says it where there is nothing to show.
  DecodedCall nowhere("write", {3, 0x10, 8});
  CHECK(dumped(nowhere.enter(), -14).empty());
  DecodedCall call("writev", {3, kVector, 2});
  call.put(kVector, iovec{pointer(kDumpedAt), 1}).put(kDumpedAt, "a").enter();
  CHECK(dumped(call, -14).empty());
}

TEST_CASE("messages are dumped too") {
  msghdr message{};
  message.msg_iov = static_cast<iovec*>(pointer(kVector));
  message.msg_iovlen = 1;
  DecodedCall call("sendmsg", {3, kMessage, 0});
  call.put(kMessage, message).put(kVector, iovec{pointer(kDumpedAt), 2}).put(kDumpedAt, "abcd").enter();
  CHECK(dumped(call, 2) ==
        " * 2 bytes in buffer 0\n | 00000  61 62                                             ab               |\n");
  DecodedCall several("recvmmsg", {3, kMessage, 4, 0, 0});
  several.enter().put(kMessage, mmsghdr{message, 1}).put(kVector, iovec{pointer(kDumpedAt), 2}).put(kDumpedAt, "abcd");
  CHECK(dumped(several, 1) ==
        " = 1 buffers in vector 0\n * 1 bytes in buffer 0\n"
        " | 00000  61                                                a                |\n");
}
