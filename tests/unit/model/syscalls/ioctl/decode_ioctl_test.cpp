// ioctl; expected lines are strace 6.1's.
#include <array>
#include <cstring>

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/ioctl/values.hpp"
#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kArg = 0x7f0000001000;
constexpr std::uint64_t kList = 0x7f0000002000;
constexpr std::uint64_t kNotATerminal = static_cast<std::uint64_t>(-25);

/// struct termios as the kernel has it.
struct Termios {
  std::uint32_t input, output, control, local;
  std::array<unsigned char, 20> rest;
};

TEST_CASE("requests that are found have their name", "[ioctl]") {
  CHECK(ioctl_request(TCGETS)->name == "TCGETS");
  CHECK(ioctl_request(0x40049409)->name == "BTRFS_IOC_CLONE or FICLONE");
  CHECK(ioctl_request(0xffffffff) == nullptr);
  CHECK(line_of("ioctl", {3, 0x80049999, 5}) == "ioctl(3, _IOC(_IOC_READ, 0x99, 0x99, 0x4), 0x5) = 0");
  CHECK(line_of("ioctl", {3, 0, 0}) == "ioctl(3, _IOC(_IOC_NONE, 0, 0, 0), 0) = 0");
  CHECK(line_of("ioctl", {3, 0xffffffff, 0}) == "ioctl(3, _IOC(_IOC_READ|_IOC_WRITE, 0xff, 0xff, 0x3fff), 0) = 0");
}

TEST_CASE("requests of which no more is known have the names of the kernel's headers", "[ioctl]") {
  CHECK(ioctl_request(0x3b6e) == nullptr);
  CHECK(line_of("ioctl", {3, 0x3b6e, 5}) == "ioctl(3, VFIO_DEVICE_SET_IRQS, 0x5) = 0");
  CHECK(line_of("ioctl", {3, 0x80204d01, 0}) == "ioctl(3, MEMGETINFO, 0) = 0");
  CHECK(line_of("ioctl", {3, 0x5501, 0}) == "ioctl(3, UI_DEV_CREATE or USB_RAW_IOCTL_RUN, 0) = 0");
  CHECK(line_of("ioctl", {3, 0xc0406400, 5}) == "ioctl(3, DRM_IOCTL_VERSION, 0x5) = 0");
  CHECK(line_of("ioctl", {3, 0x80200204, 5}) == "ioctl(3, FDGETPRM, 0x5) = 0");
  CHECK(generated_ioctl_name(0).empty());
  CHECK(generated_ioctl_name(0xffffffff).empty());
}

TEST_CASE("requests whose arguments are shown have names", "[ioctl]") {
  const auto has_name = [](std::uint32_t request) {
    INFO(std::hex << request);
    CHECK((ioctl_request(request) != nullptr || !generated_ioctl_name(request).empty()));
  };
  using namespace ioctl;
  for (const auto shapes : {btrfs_shapes(), clock_shapes(), console_shapes(), disk_shapes(), drive_shapes(),
                            font_shapes(), guest_shapes(), infrared_shapes(), input_shapes(), memory_shapes()}) {
    for (const IoctlShape& one : shapes) has_name(one.request);
  }
}

TEST_CASE("the third argument is what the request says", "[ioctl]") {
  CHECK(line_of("ioctl", {4, FIOCLEX, 7}) == "ioctl(4, FIOCLEX) = 0");
  CHECK(line_of("ioctl", {4, BLKRASET, 0xffffffffffffffff}) == "ioctl(4, BLKRASET, 18446744073709551615) = 0");
  DecodedCall watchdog("ioctl", {4, 0xc0045706, kArg});
  CHECK(watchdog.put(kArg, 30).leave(0).line() == "ioctl(4, WDIOC_SETTIMEOUT, [30]) = 0");
  CHECK(line_of("ioctl", {4, TIOCSCTTY, 1}) == "ioctl(4, TIOCSCTTY, 1) = 0");
  CHECK(line_of("ioctl", {4, FICLONE, 5}) == "ioctl(4, BTRFS_IOC_CLONE or FICLONE, 5) = 0");
  CHECK(line_of("ioctl", {4, 0xae01, 0}) == "ioctl(4, KVM_CREATE_VM, 0) = 0");
  CHECK(line_of("ioctl", {4, TCFLSH, 2}) == "ioctl(4, TCFLSH, TCIOFLUSH) = 0");
  CHECK(line_of("ioctl", {4, 0x2401, 1}) == "ioctl(4, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP) = 0");
}

TEST_CASE("terminal modes", "[ioctl]") {
  const Termios cooked{0x500, 0x5, 0xbf, 0x8a3b, {}};
  const std::string modes =
      "{c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, "
      "c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}";
  DecodedCall get("ioctl", {0, TCGETS, kArg});
  CHECK(args_of(get.enter().beginning()) == std::vector<std::string>{"0", "TCGETS"});
  CHECK(get.put(kArg, cooked).leave(0).line() == "ioctl(0, TCGETS, " + modes + ") = 0");
  CHECK(line_of("ioctl", {1, TCGETS, kArg}, -25) ==
        "ioctl(1, TCGETS, 0x7f0000001000) = -1 ENOTTY (Inappropriate ioctl for device)");
  DecodedCall set("ioctl", {0, TCSETSW, kArg});
  CHECK(args_of(set.put(kArg, cooked).enter().beginning()).at(2) == modes);
  CHECK(set.leave(0).line() == "ioctl(0, SNDCTL_TMR_STOP or TCSETSW, " + modes + ") = 0");
  const auto styled = [&](ConstantStyle style) {
    return args_of(DecodedCall("ioctl", {0, TCSETS, kArg}).put(kArg, cooked).constants(style).enter().text()).at(2);
  };
  CHECK(styled(ConstantStyle::raw) ==
        "{c_iflag=0x500, c_oflag=0|0|0|0|0|0|0x5, c_cflag=0xf|0x30|0x80, c_lflag=0x8a3b, ...}");
  CHECK(styled(ConstantStyle::verbose).find("c_oflag=0 /* NL0 */|0 /* CR0 */|") != std::string::npos);
}

TEST_CASE("terminal modes without a bit, with two speeds, with unknown bits", "[ioctl]") {
  const auto modes = [](const Termios& termios) {
    return args_of(DecodedCall("ioctl", {0, TCSETS, kArg}).put(kArg, termios).enter().text()).at(2);
  };
  CHECK(modes({0, 0, 0, 0, {}}) == "{c_iflag=, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|, c_cflag=B0|CS5|, c_lflag=, ...}");
  CHECK(modes({0x8000, 0x11f00, 0x100d | 0xd0000 | 0x20, 0x80000000, {}}) ==
        "{c_iflag=0x8000, c_oflag=NL1|CR3|XTABS|BS0|VT0|FF0|0x10000, "
        "c_cflag=B3000000|B9600<<IBSHIFT|CS7|, c_lflag=0x80000000, ...}");
}

TEST_CASE("window sizes and small integers", "[ioctl]") {
  const std::array<std::uint16_t, 4> size{24, 80, 1, 2};
  CHECK(DecodedCall("ioctl", {0, TIOCGWINSZ, kArg}).put(kArg, size).leave(0).line() ==
        "ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=1, ws_ypixel=2}) = 0");
  CHECK(DecodedCall("ioctl", {0, FIONREAD, kArg}).put(kArg, 7).leave(0).line() == "ioctl(0, FIONREAD, [7]) = 0");
  DecodedCall set("ioctl", {0, FIONBIO, kArg});
  CHECK(set.put(kArg, 1).leave(static_cast<std::int64_t>(kNotATerminal)).line() ==
        "ioctl(0, FIONBIO, [1]) = -1 ENOTTY (Inappropriate ioctl for device)");
}

ifreq request_for(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

TEST_CASE("interfaces by name", "[ioctl]") {
  ifreq request = request_for("lo");
  DecodedCall call("ioctl", {6, 0x8913, kArg});
  call.put(kArg, request).enter();
  DecodedCall failed = call;
  request.ifr_flags = IFF_UP | IFF_LOOPBACK;
  CHECK(call.put(kArg, request).leave(0).line() ==
        "ioctl(6, SIOCGIFFLAGS, {ifr_name=\"lo\", ifr_flags=IFF_UP|IFF_LOOPBACK}) = 0");
  CHECK(failed.leave(-19).line() == "ioctl(6, SIOCGIFFLAGS, {ifr_name=\"lo\"}) = -1 ENODEV (No such device)");

  ifreq hardware = request_for("eth0");
  hardware.ifr_hwaddr.sa_family = 1;
  std::memcpy(hardware.ifr_hwaddr.sa_data, "\2\0\xff\1\2\3", 6);
  CHECK(DecodedCall("ioctl", {6, 0x8927, kArg}).put(kArg, hardware).leave(0).line() ==
        "ioctl(6, SIOCGIFHWADDR, {ifr_name=\"eth0\", ifr_hwaddr={sa_family=ARPHRD_ETHER, "
        "sa_data=02:00:ff:01:02:03}}) = 0");
}

TEST_CASE("what is to be deduplicated, and what was", "[ioctl]") {
  struct {
    std::uint64_t offset, length;
    std::uint16_t count, reserved[3];
    file_dedupe_range_info info[2];
  } range{4096, 8192, 2, {}, {{5, 1, 0, 0, 0}, {6, 2, 0, 0, 0}}};
  DecodedCall call("ioctl", {3, FIDEDUPERANGE, kArg});
  call.put(kArg, range).enter();
  DecodedCall failed = call;
  const std::string head = "ioctl(3, BTRFS_IOC_FILE_EXTENT_SAME or FIDEDUPERANGE, {src_offset=4096, src_length=8192, ";
  const std::string asked = head + "dest_count=2, info=[{dest_fd=5, dest_offset=1}, {dest_fd=6, dest_offset=2}]}";
  range.info[0].bytes_deduped = 8192;
  range.info[1].status = -22;
  CHECK(call.put(kArg, range).leave(0).line() ==
        asked + " => {info=[{bytes_deduped=8192, status=0}, {bytes_deduped=0, status=-22}]}) = 0");
  CHECK(failed.leave(-22).line() == asked + ") = -1 EINVAL (Invalid argument)");
  range.count = 0xffff;
  DecodedCall hostile("ioctl", {3, FIDEDUPERANGE, kArg});
  CHECK(hostile.put(kArg, range).leave(-22).line().find("dest_offset=2}, ... /* 0x7f0000001058 */]}") !=
        std::string::npos);
  DecodedCall long_list("ioctl", {3, FIDEDUPERANGE, kArg});
  long_list.put(kArg, range).put(kArg + sizeof range, range.info[0]);
  CHECK(long_list.leave(-22).line().find("dest_offset=2}, ...]}") != std::string::npos);
}

TEST_CASE("names of interfaces that do not end are cut", "[ioctl]") {
  ifreq request{};
  std::memset(request.ifr_name, 'x', IFNAMSIZ);
  request.ifr_mtu = 9;
  CHECK(DecodedCall("ioctl", {6, 0x8922, kArg}).put(kArg, request).leave(0).line() ==
        "ioctl(6, SIOCSIFMTU, {ifr_name=\"xxxxxxxxxxxxxxx\"..., ifr_mtu=9}) = 0");
}

TEST_CASE("bridges and their ports", "[ioctl]") {
  const auto bridge = [](auto text) { return DecodedCall("ioctl", {6, 0x89a0, kArg}).put(kArg, text).leave(0).line(); };
  CHECK(bridge("br0") == "ioctl(6, SIOCBRADDBR, \"br0\") = 0");
  CHECK(bridge("0123456789abcdefgh") == "ioctl(6, SIOCBRADDBR, \"0123456789abcdef\"...) = 0");
  CHECK(bridge(std::array<char, 3>{'b', 'r', '0'}) == "ioctl(6, SIOCBRADDBR, 0x7f0000001000) = 0");
  ifreq port{};
  port.ifr_ifindex = 0x7fffffff;
  CHECK(DecodedCall("ioctl", {6, 0x89a2, kArg}).put(kArg, port).leave(0).line() ==
        "ioctl(6, SIOCBRADDIF, {ifr_ifindex=2147483647}) = 0");
}

TEST_CASE("the list of interfaces", "[ioctl]") {
  ifconf list{};
  list.ifc_len = 2 * sizeof(ifreq);
  list.ifc_buf = reinterpret_cast<char*>(kList);
  ifreq entry = request_for("lo");
  entry.ifr_addr.sa_family = AF_INET;
  DecodedCall call("ioctl", {6, 0x8912, kArg});
  call.put(kArg, list).enter();
  list.ifc_len = sizeof(ifreq);
  CHECK(call.put(kArg, list).put(kList, entry).leave(0).line() ==
        "ioctl(6, SIOCGIFCONF, {ifc_len=80 /* 2 * sizeof(struct ifreq) */ => "
        "40 /* 1 * sizeof(struct ifreq) */, ifc_buf=[{ifr_name=\"lo\", "
        "ifr_addr={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr(\"0.0.0.0\")}}]}) = 0");
}

TEST_CASE("files and block devices", "[ioctl]") {
  CHECK(DecodedCall("ioctl", {7, FS_IOC_GETFLAGS, kArg}).put(kArg, 0x80010u).leave(0).line() ==
        "ioctl(7, FS_IOC_GETFLAGS, [FS_IMMUTABLE_FL|FS_EXTENT_FL]) = 0");
  CHECK(DecodedCall("ioctl", {7, FS_IOC32_SETFLAGS, kArg}).put(kArg, 0x10u).leave(0).line() ==
        "ioctl(7, FS_IOC32_SETFLAGS, [FS_IMMUTABLE_FL]) = 0");
  CHECK(DecodedCall("ioctl", {7, BLKGETSIZE64, kArg}).put(kArg, std::uint64_t{1} << 40).leave(0).line() ==
        "ioctl(7, BLKGETSIZE64, [1099511627776]) = 0");
  const std::array<std::uint64_t, 4> range{3, 1, 2, 4};
  CHECK(DecodedCall("ioctl", {7, FICLONERANGE, kArg}).put(kArg, range).leave(0).line() ==
        "ioctl(7, BTRFS_IOC_CLONE_RANGE or FICLONERANGE, {src_fd=3, src_offset=1, src_length=2, "
        "dest_offset=4}) = 0");
}

TEST_CASE("the map of a file's extents shows what was asked for and what was found", "[ioctl]") {
  // As struct fiemap has it.
  struct {
    std::uint64_t start, length;
    std::uint32_t flags, mapped, room, reserved;
    fiemap_extent extent;
  } memory{};
  memory.length = 4096;
  memory.flags = FIEMAP_FLAG_SYNC;
  memory.room = 1;
  const auto found = [&](const ArgumentSets& sets) {
    DecodedCall call("ioctl", {3, FS_IOC_FIEMAP, kArg});
    call.sets(sets).put(kArg, memory).enter();
    auto filled = memory;
    filled.mapped = 1;
    filled.extent.fe_physical = 512;
    filled.extent.fe_length = 1024;
    filled.extent.fe_flags = FIEMAP_EXTENT_LAST;
    return call.put(kArg, filled).leave(0).line();
  };
  const std::string asked =
      "ioctl(3, FS_IOC_FIEMAP, {fm_start=0, fm_length=4096, fm_flags=FIEMAP_FLAG_SYNC, fm_extent_count=1}";
  CHECK(found({}) == asked + " => {fm_flags=FIEMAP_FLAG_SYNC, fm_mapped_extents=1, ...}) = 0");
  std::vector<std::string> whole{"abbrev=none"};
  CHECK(found(*ArgumentSets::take(whole)) ==
        asked +
            " => {fm_flags=FIEMAP_FLAG_SYNC, fm_mapped_extents=1, fm_extents=[{fe_logical=0, fe_physical=512, "
            "fe_length=1024, fe_flags=FIEMAP_EXTENT_LAST}]}) = 0");
  DecodedCall failed("ioctl", {3, FS_IOC_FIEMAP, kArg});
  CHECK(failed.put(kArg, memory).leave(-95).line() == asked + ") = -1 EOPNOTSUPP (Operation not supported)");
}

}  // namespace
}  // namespace vdsotrace::testing
