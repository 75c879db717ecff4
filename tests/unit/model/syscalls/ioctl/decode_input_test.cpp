// ioctl of input devices and drives; expected lines are strace 6.1's.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <linux/hdreg.h>
#include <linux/input.h>
#include <sys/ioctl.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"
#include "vdsotrace/argument_sets.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kInputAt = 0x7f0000001000;

template <class T>
DecodedCall filled(std::uint64_t request, const T& value) {
  return DecodedCall("ioctl", {3, request, kInputAt}).put(kInputAt, value);
}

/// A bit for each of those numbers.
std::array<std::uint64_t, 12> bits_of(std::vector<unsigned> numbers) {
  std::array<std::uint64_t, 12> words{};
  for (const unsigned number : numbers) words[number / 64] |= 1ull << number % 64;
  return words;
}

TEST_CASE("requests with a size in their number are named with it", "[ioctl]") {
  CHECK(line_of("ioctl", {3, EVIOCGNAME(256), 0}, -19) ==
        "ioctl(3, EVIOCGNAME(256), NULL) = -1 ENODEV (No such device)");
  CHECK(line_of("ioctl", {3, EVIOCGBIT(0, 4), 0}) == "ioctl(3, EVIOCGBIT(0, 4), NULL) = 0");
  CHECK(line_of("ioctl", {3, EVIOCGBIT(EV_REL, 4), 0}) == "ioctl(3, EVIOCGBIT(EV_REL, 4), NULL) = 0");
  CHECK(line_of("ioctl", {3, EVIOCGABS(ABS_RX), 0}) == "ioctl(3, EVIOCGABS(ABS_RX), NULL) = 0");
  CHECK(line_of("ioctl", {3, EVIOCSABS(0xe), 0}) == "ioctl(3, EVIOCSABS(0xe /* ABS_??? */), NULL) = 0");
  CHECK(args_of(DecodedCall("ioctl", {3, EVIOCGABS(0xe), 0}).constants(ConstantStyle::verbose).leave(0).text()).at(1) ==
        "0x8018454e /* EVIOCGABS(0xe) */");
  CHECK(line_of("ioctl", {3, 0x80084812, 5}) == "ioctl(3, HIDIOCGPHYS(8), 0x5) = 0");
}

TEST_CASE("an input device's name is as long as the result says, within its buffer", "[ioctl]") {
  DecodedCall name = filled(EVIOCGNAME(8), std::array<char, 16>{"a mouse"});
  DecodedCall longer = name;
  CHECK(args_of(name.leave(5).text()).at(2) == "\"a mou\"");
  CHECK(args_of(longer.leave(500).text()).at(2) == "\"a mouse\\0\"");
}

TEST_CASE("bits that are set, as many as have a meaning", "[ioctl]") {
  const auto few = bits_of({1, 2});
  const auto many = bits_of({0, 1, 2, 3, 64});
  CHECK(args_of(filled(EVIOCGKEY(96), few).leave(96).text()).at(2) == "[KEY_ESC KEY_1]");
  CHECK(args_of(filled(EVIOCGKEY(96), many).leave(96).text()).at(2) == "[KEY_RESERVED KEY_ESC KEY_1 KEY_2 ...]");
  CHECK(args_of(filled(EVIOCGKEY(96), many).sets(in_full()).leave(96).text()).at(2) ==
        "[KEY_RESERVED KEY_ESC KEY_1 KEY_2 KEY_F6]");
  CHECK(args_of(filled(EVIOCGKEY(96), many).sets(in_full()).leave(8).text()).at(2) ==
        "[KEY_RESERVED KEY_ESC KEY_1 KEY_2]");
  CHECK(args_of(filled(EVIOCGSND(96), bits_of({9})).leave(INT64_MAX).text()).at(2) == "[]");
  CHECK(args_of(filled(EVIOCGKEY(96), few).leave(0).text()).at(2) == "0x7f0000001000");
  CHECK(args_of(filled(EVIOCGKEY(96), few).constants(ConstantStyle::raw).leave(8).text()).at(2) == "[0x6]");
  CHECK(args_of(filled(EVIOCGKEY(96), few).constants(ConstantStyle::verbose).leave(8).text()).at(2) ==
        "[0x1 /* KEY_ESC */ 0x2 /* KEY_1 */] /* [0x6] */");
}

TEST_CASE("axes and slots", "[ioctl]") {
  const std::array<std::uint32_t, 6> axis{1, 2, 3, 4, 5, 6};
  CHECK(args_of(filled(EVIOCGABS(0), axis).leave(0).text()).at(2) == "{value=1, minimum=2, ...}");
  const std::string old = "{value=1, minimum=2, maximum=3, fuzz=4, flat=5";
  CHECK(args_of(filled(EVIOCGABS(0), axis).sets(in_full()).leave(0).text()).at(2) == old + ", resolution=6}");
  const auto of_size = [&](std::uint64_t size) {
    return args_of(filled(_IOC(_IOC_READ, 'E', 0x40, size), axis).sets(in_full()).leave(0).text()).at(2);
  };
  CHECK(of_size(19) == "0x7f0000001000");
  CHECK(of_size(20) == old + "}");
  CHECK(of_size(21) == old + ", ...}");
  CHECK(of_size(32) == old + ", resolution=6, ...}");
  CHECK(args_of(filled(EVIOCGMTSLOTS(12), std::array<std::int32_t, 3>{ABS_MT_SLOT, -1, 2}).leave(0).text()).at(2) ==
        "{code=ABS_MT_SLOT, values=[-1, 2]}");
  CHECK(args_of(filled(EVIOCGMTSLOTS(3), axis).leave(0).text()).at(2) == "0x7f0000001000");
}

TEST_CASE("an effect is what its type says", "[ioctl]") {
  ff_effect effect{};
  effect.type = FF_RUMBLE;
  effect.id = -1;
  effect.u.rumble = {0x8000, 1};
  const std::string head = "{type=FF_RUMBLE, id=-1, direction=0, ";
  CHECK(args_of(filled(EVIOCSFF, effect).leave(0).text()).at(2) == head + "...}");
  CHECK(args_of(filled(EVIOCSFF, effect).sets(in_full()).leave(0).text()).at(2) ==
        head +
            "trigger={button=0, interval=0}, replay={length=0, delay=0}, "
            "rumble={strong_magnitude=32768, weak_magnitude=1}}");
}

TEST_CASE("a drive's command and its outcome", "[ioctl]") {
  using Command = std::array<unsigned char, 6>;
  DecodedCall call = filled(HDIO_DRIVE_CMD, Command{0xec, 0, 0, 1, 7, 8}).enter();
  DecodedCall failed = call;
  DecodedCall short_of = call;
  const std::string asked = "{command=ATA_CMD_ID_ATA, sector_number=0, feature=0, sector_count=1}";
  CHECK(args_of(failed.leave(-5).text()).at(2) == asked);
  CHECK(args_of(short_of.put(kInputAt, Command{0x50, 0, 2, 1, 7, 8}).leave(0).text()).at(2) ==
        asked + " => {status=0x50, error=0, nsector=2, buf=0x7f0000001004}");
  CHECK(args_of(call.put(kInputAt, std::array<unsigned char, 516>{0x50, 0, 2, 1, 7, 8}).strings(2).leave(0).text())
            .at(2) == asked + " => {status=0x50, error=0, nsector=2, buf=\"\\x07\\x08\"...}");
}

TEST_CASE("what of a SCSI device is to be reset", "[ioctl]") {
  const auto reset = [](std::uint32_t what) { return args_of(filled(0x2284, what).leave(0).text()).at(2); };
  CHECK(reset(1) == "[SG_SCSI_RESET_DEVICE]");
  CHECK(reset(0x100) == "[SG_SCSI_RESET_NO_ESCALATE|SG_SCSI_RESET_NOTHING]");
  CHECK(reset(0x105) == "[0x105 /* SG_SCSI_RESET_??? */]");
  CHECK(reset(0xfacefeed) == "[0xfacefeed /* SG_SCSI_RESET_??? */]");
}

TEST_CASE("a drive's settings", "[ioctl]") {
  CHECK(args_of(filled(HDIO_GET_DMA, std::uint64_t{1}).leave(0).text()).at(2) == "[1]");
  CHECK(line_of("ioctl", {3, HDIO_SET_NICE, 0x3}) ==
        "ioctl(3, HDIO_SET_NICE, 1 << IDE_NICE_DSC_OVERLAP|1 << IDE_NICE_ATAPI_OVERLAP) = 0");
  CHECK(line_of("ioctl", {3, HDIO_SET_BUSSTATE, 1}) == "ioctl(3, HDIO_SET_BUSSTATE, BUSSTATE_ON) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
