// keyctl(); expected lines are strace 6.1's.
#include <array>

#include <linux/keyctl.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kKeyData = 0x10000;
constexpr std::uint64_t kKeyText = 0x20000;

TEST_CASE("a key's payload", "[keys]") {
  DecodedCall call("keyctl", {KEYCTL_UPDATE, 5, kKeyText, 4});
  CHECK(call.put(kKeyText, "abcd").leave(0).line() == R"(keyctl(KEYCTL_UPDATE, 5, "abcd", 4) = 0)");
  CHECK(line_of("keyctl", {KEYCTL_UPDATE, 5, kKeyText, 4}, -14) ==
        "keyctl(KEYCTL_UPDATE, 5, 0x20000, 4) = -1 EFAULT (Bad address)");
  DecodedCall parts("keyctl", {KEYCTL_INSTANTIATE_IOV, 5, kKeyData, 1, 0});
  parts.put(kKeyData, std::array<std::uint64_t, 2>{kKeyText, 2}).put(kKeyText, "ab");
  CHECK(parts.leave(0).line() == R"(keyctl(KEYCTL_INSTANTIATE_IOV, 5, [{iov_base="ab", iov_len=2}], 1, 0) = 0)");
}

TEST_CASE("what keyctl gives back is there when it has", "[keys]") {
  DecodedCall read("keyctl", {KEYCTL_READ, 5, kKeyText, 8});
  CHECK(args_of(read.enter().beginning()) == std::vector<std::string>{"KEYCTL_READ", "5"});
  CHECK(read.put(kKeyText, "abc").leave(3).line() == R"(keyctl(KEYCTL_READ, 5, "abc", 8) = 3)");
  DecodedCall text("keyctl", {KEYCTL_DESCRIBE, 5, kKeyText, 8});
  CHECK(text.enter().put(kKeyText, "abc").leave(4).line() == R"(keyctl(KEYCTL_DESCRIBE, 5, "abc", 8) = 4)");
  DecodedCall longer("keyctl", {KEYCTL_DESCRIBE, 5, kKeyText, 2});
  CHECK(longer.enter().put(kKeyText, "abc").leave(400).line() == R"(keyctl(KEYCTL_DESCRIBE, 5, "ab", 2) = 400)");
  DecodedCall able("keyctl", {KEYCTL_CAPABILITIES, kKeyData, 2});
  CHECK(able.enter().put(kKeyData, std::array<std::uint8_t, 2>{0x81, 0}).leave(9).line() ==
        "keyctl(KEYCTL_CAPABILITIES, [KEYCTL_CAPS0_CAPABILITIES|KEYCTL_CAPS0_MOVE, 0], 2) = 9");
  CHECK(line_of("keyctl", {KEYCTL_CAPABILITIES, kKeyData, 2}, -14) ==
        "keyctl(KEYCTL_CAPABILITIES, 0x10000, 2) = -1 EFAULT (Bad address)");
}

TEST_CASE("names of keyctl's numbers", "[keys]") {
  CHECK(line_of("keyctl", {KEYCTL_SETPERM, 5, 0x3f010000}) ==
        "keyctl(KEYCTL_SETPERM, 5, KEY_POS_VIEW|KEY_POS_READ|KEY_POS_WRITE|KEY_POS_SEARCH|KEY_POS_LINK|"
        "KEY_POS_SETATTR|KEY_USR_VIEW) = 0");
  CHECK(line_of("keyctl", {KEYCTL_SET_REQKEY_KEYRING, 0xffffffff}) ==
        "keyctl(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE) = 0");
  CHECK(line_of("keyctl", {KEYCTL_REJECT, 5, 6, 19, 7}) == "keyctl(KEYCTL_REJECT, 5, 6, ENODEV, 7) = 0");
  CHECK(line_of("keyctl", {KEYCTL_REJECT, 5, 6, 0xffffffff, 7}) == "keyctl(KEYCTL_REJECT, 5, 6, 4294967295, 7) = 0");
  CHECK(line_of("keyctl", {KEYCTL_MOVE, 5, 6, 7, 1}) == "keyctl(KEYCTL_MOVE, 5, 6, 7, KEYCTL_MOVE_EXCL) = 0");
  DecodedCall raw("keyctl", {KEYCTL_REJECT, 5, 6, 19, 7});
  CHECK(raw.constants(ConstantStyle::verbose).leave(0).line() ==
        "keyctl(0x13 /* KEYCTL_REJECT */, 5, 6, 19 /* ENODEV */, 7) = 0");
}

TEST_CASE("operations on public keys", "[keys]") {
  keyctl_pkey_params given{};
  given.key_id = 5;
  given.in_len = 2;
  given.out_len = 3;
  given.__spare[6] = 9;
  DecodedCall call("keyctl", {KEYCTL_PKEY_SIGN, kKeyData, kKeyText, kKeyText, kKeyText + 8});
  call.put(kKeyData, given).put(kKeyText, "ab").enter();
  const std::string front =
      "keyctl(KEYCTL_PKEY_SIGN, {key_id=5, in_len=2, out_len=3, __spare=[0, 0, 0, 0, 0, 0, 0x9]}, \"ab\", \"ab\", ";
  DecodedCall failed = call;
  CHECK(call.put(kKeyText + 8, "sign").leave(1000).line() == front + "\"sig\") = 1000");
  CHECK(failed.leave(-22).line() == front + "0x20008) = -1 EINVAL (Invalid argument)");
  CHECK(line_of("keyctl", {KEYCTL_PKEY_VERIFY, kKeyData, 0, kKeyText, kKeyText}, -14) ==
        "keyctl(KEYCTL_PKEY_VERIFY, 0x10000, NULL, 0x20000, 0x20000) = -1 EFAULT (Bad address)");
}

TEST_CASE("an exchange of keys", "[keys]") {
  keyctl_dh_params keys{};
  keys.priv = -1;
  keys.prime = 2;
  keys.base = 3;
  keyctl_kdf_params derivation{};
  derivation.otherinfo = reinterpret_cast<char*>(kKeyText);
  derivation.otherinfolen = 2;
  DecodedCall call("keyctl", {KEYCTL_DH_COMPUTE, kKeyData, kKeyText, 4, kKeyData + 64});
  call.put(kKeyData, keys).put(kKeyData + 64, derivation).put(kKeyText, "ab").enter();
  CHECK(call.leave(2).line() ==
        "keyctl(KEYCTL_DH_COMPUTE, {private=KEY_SPEC_THREAD_KEYRING, prime=2, base=3}, \"ab\", 4, {hashname=NULL, "
        "otherinfo=\"ab\", otherinfolen=2}) = 2");
}

}  // namespace
}  // namespace vdsotrace::testing
