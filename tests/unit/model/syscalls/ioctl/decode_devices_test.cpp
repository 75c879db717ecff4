// ioctl of clocks, disks and userfaultfd; expected lines are strace 6.1's.
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/bsg.h>
#include <linux/fs.h>
#include <linux/lirc.h>
#include <linux/loop.h>
#include <linux/perf_event.h>
#include <linux/ptp_clock.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kAt = 0x7f0000001000;
constexpr std::uint64_t kTargetAt = 0x7f0000002000;

template <class T>
DecodedCall asked(std::uint64_t request, const T& value) {
  return DecodedCall("ioctl", {3, request, kAt}).put(kAt, value).enter();
}
template <class T>
std::string shown(std::uint64_t request, const T& value, std::int64_t result = 0) {
  return args_of(asked(request, value).leave(result).text()).at(2);
}

TEST_CASE("SCSI commands", "[ioctl]") {
  constexpr std::uint64_t kDataAt = 0x7f0000003000, kSenseAt = 0x7f0000004000;
  sg_io_hdr request{};
  request.interface_id = 'S';
  request.dxfer_direction = SG_DXFER_FROM_DEV;
  request.cmd_len = 2;
  request.cmdp = reinterpret_cast<unsigned char*>(kTargetAt);
  request.dxfer_len = 3;
  request.dxferp = reinterpret_cast<void*>(kDataAt);
  request.sbp = reinterpret_cast<unsigned char*>(kSenseAt);
  request.mx_sb_len = 8;
  request.timeout = 60000;
  const auto done = [&](const sg_io_hdr& answer, std::string_view data) {
    DecodedCall call("ioctl", {3, SG_IO, kAt});
    call.put(kAt, request).put(kTargetAt, "\x12\x01").put(kDataAt, "old").enter();
    call.put(kAt, answer).put(kDataAt, data).put(kSenseAt, "p");
    return args_of(call.leave(0).text()).at(2);
  };
  sg_io_hdr answer = request;
  answer.status = 2;
  answer.sb_len_wr = 1;
  answer.resid = 1;
  answer.info = SG_INFO_CHECK;
  const std::string asked =
      "cmd_len=2, cmdp=\"\\x12\\x01\", mx_sb_len=8, iovec_count=0, dxfer_len=3, timeout=60000, flags=0";
  const std::string answered =
      ", status=0x2, masked_status=0, msg_status=0, sb_len_wr=1, sbp=\"\\x70\", host_status=0, driver_status=0, "
      "resid=1, duration=0, info=SG_INFO_CHECK}";
  CHECK(done(answer, "new") ==
        "{interface_id='S', dxfer_direction=SG_DXFER_FROM_DEV, " + asked + ", dxferp=\"\\x6e\\x65\"" + answered);
  request.dxfer_direction = SG_DXFER_TO_FROM_DEV;
  CHECK(done(answer, "new") == "{interface_id='S', dxfer_direction=SG_DXFER_TO_FROM_DEV, " + asked +
                                   ", dxferp=\"\\x6f\\x6c\\x64\" => dxferp=\"\\x6e\\x65\"" + answered);
  request.dxfer_direction = SG_DXFER_TO_DEV;
  CHECK(done(answer, "new") ==
        "{interface_id='S', dxfer_direction=SG_DXFER_TO_DEV, " + asked + ", dxferp=\"\\x6f\\x6c\\x64\"" + answered);
}

TEST_CASE("SCSI commands of unknown form", "[ioctl]") {
  CHECK(shown(SG_IO, 5u, -9) == "[5]");
  CHECK(shown(SG_IO, std::uint32_t{'S'}, -9) == "{interface_id='S', 0x7f0000001004}");
  CHECK(shown(SG_IO, std::uint32_t{'Q'}, -9) == "{guard='Q', 0x7f0000001004}");
}

TEST_CASE("SCSI commands by way of bsg", "[ioctl]") {
  sg_io_v4 asked{};
  asked.guard = 'Q';
  asked.subprotocol = BSG_SUB_PROTOCOL_SCSI_TMF;
  asked.request_len = 2;
  asked.request = kAt + 0x200;
  asked.din_xfer_len = 3;
  asked.din_xferp = kAt + 0x300;
  asked.flags = BSG_FLAG_Q_AT_HEAD;
  asked.timeout = 30;
  sg_io_v4 answer = asked;
  answer.din_resid = 1;
  answer.response = kAt + 0x400;
  answer.response_len = 1;
  answer.info = 1;
  answer.generated_tag = 6;
  DecodedCall call("ioctl", {3, SG_IO, kAt});
  call.put(kAt, asked).put(kAt + 0x200, "\x12\x01").enter();
  call.put(kAt, answer).put(kAt + 0x300, "abc").put(kAt + 0x400, "r").leave(0);
  CHECK(args_of(call.text()).at(2) ==
        "{guard='Q', protocol=BSG_PROTOCOL_SCSI, subprotocol=BSG_SUB_PROTOCOL_SCSI_TMF, request_len=2, "
        "request=\"\\x12\\x01\", request_tag=0, request_attr=0, request_priority=0, request_extra=0, "
        "max_response_len=0, dout_iovec_count=0, dout_xfer_len=0, din_iovec_count=0, din_xfer_len=3, dout_xferp=NULL, "
        "timeout=30, flags=BSG_FLAG_Q_AT_HEAD, usr_ptr=0, response_len=1, response=\"\\x72\", "
        "din_xferp=\"\\x61\\x62\", driver_status=0, transport_status=0, device_status=0, retry_delay=0, "
        "info=SG_INFO_CHECK, duration=0, response_len=1, din_resid=1, dout_resid=0, generated_tag=0x6}");
}

TEST_CASE("infrared receivers", "[ioctl]") {
  CHECK(shown(LIRC_SET_REC_MODE, LIRC_MODE_MODE2, -9) == "[LIRC_MODE_MODE2]");
  CHECK(shown(LIRC_GET_REC_MODE, 3u) == "[0x3 /* LIRC_MODE_??? */]");
  CHECK(shown(LIRC_GET_REC_MODE, 3u, -9) == "0x7f0000001000");
  CHECK(shown(LIRC_SET_TRANSMITTER_MASK, 0x1fu) == "[0x1f]");
  CHECK(shown(LIRC_SET_SEND_CARRIER, 38000u) == "[38000]");
  CHECK(shown(LIRC_GET_FEATURES, LIRC_CAN_USE_WIDEBAND_RECEIVER | LIRC_CAN_SEND_PULSE) ==
        "[LIRC_CAN_SEND_PULSE|LIRC_CAN_USE_WIDEBAND_RECEIVER]");
}

TEST_CASE("a clock's time", "[ioctl]") {
  const rtc_time time{1, 2, 3, 4, 5, 126, 6, 7, -1};
  CHECK(shown(RTC_RD_TIME, time) == "{tm_sec=1, tm_min=2, tm_hour=3, tm_mday=4, tm_mon=5, tm_year=126, ...}");
  CHECK(shown(RTC_RD_TIME, time, -5) == "0x7f0000001000");
  CHECK(shown(RTC_SET_TIME, time, -5) == "{tm_sec=1, tm_min=2, tm_hour=3, tm_mday=4, tm_mon=5, tm_year=126, ...}");
  rtc_wkalrm alarm{};
  alarm.enabled = 1;
  alarm.time = time;
  CHECK(shown(RTC_WKALM_SET, alarm) ==
        "{enabled=1, pending=0, time={tm_sec=1, tm_min=2, tm_hour=3, tm_mday=4, tm_mon=5, tm_year=126, ...}}");
  CHECK(shown(RTC_VL_READ, 0x12u) == "[RTC_VL_BACKUP_LOW|RTC_VL_BACKUP_SWITCH]");
  CHECK(shown(RTC_IRQP_READ, std::uint64_t{64}) == "[64]");
}

TEST_CASE("a structure of which a part cannot be read is an address", "[ioctl]") {
  CHECK(shown(RTC_SET_TIME, std::array<std::byte, sizeof(rtc_time) - 1>{}) == "0x7f0000001000");
  CHECK(line_of("ioctl", {3, RTC_SET_TIME, 0}) == "ioctl(3, RTC_SET_TIME, NULL) = 0");
  CHECK(args_of(DecodedCall("ioctl", {3, RTC_SET_TIME, kAt}, Abi::i386).put(kAt, rtc_time{}).leave(0).text()).at(2) ==
        "0x7f0000001000");
}

/// struct rtc_param, which headers before Linux 5.16 lack.
struct Parameter {
  std::uint64_t parameter, value;
  std::uint32_t index, padding;
};

TEST_CASE("a clock's parameter says what its value is", "[ioctl]") {
  constexpr std::uint64_t kSet = 0x40187014;
  CHECK(shown(kSet, Parameter{0, 3, 0, 0}) ==
        "{param=RTC_PARAM_FEATURES, uvalue=1<<RTC_FEATURE_ALARM|1<<RTC_FEATURE_ALARM_RES_MINUTE, index=0}");
  CHECK(shown(kSet, Parameter{1, static_cast<std::uint64_t>(-7), 1, 2}) ==
        "{param=RTC_PARAM_CORRECTION, svalue=-7, index=1, __pad=0x2}");
  CHECK(shown(kSet, Parameter{2, 9, 0, 0}) ==
        "{param=RTC_PARAM_BACKUP_SWITCH_MODE, uvalue=0x9 /* RTC_BSM_??? */, index=0}");
  DecodedCall get = asked(0x40187013, Parameter{2, 0, 0, 0});
  DecodedCall failed = get;
  CHECK(args_of(get.put(kAt, Parameter{2, 1, 0, 0}).leave(0).text()).at(2) ==
        "{param=RTC_PARAM_BACKUP_SWITCH_MODE, index=0} => {uvalue=RTC_BSM_DIRECT}");
  CHECK(args_of(failed.leave(-22).text()).at(2) == "{param=RTC_PARAM_BACKUP_SWITCH_MODE, index=0} => 0x7f0000001000");
}

TEST_CASE("a precision clock's requests", "[ioctl]") {
  setenv("TZ", "UTC0", 1);
  tzset();
  struct {
    ptp_clock_time start, period;
    std::uint32_t index, flags;
    ptp_clock_time on;
  } output{{1, 5, 0}, {2, 0, 3}, 4, 2, {0, 6, 0}};
  CHECK(shown(PTP_PEROUT_REQUEST, output) ==
        "{start={sec=1, nsec=5} /* 1970-01-01T00:00:01.000000005+0000 */, period={sec=2, nsec=0, reserved=0x3}, "
        "index=4, flags=PTP_PEROUT_DUTY_CYCLE, on={sec=0, nsec=6}}");
  CHECK(args_of(asked(PTP_PEROUT_REQUEST, output).constants(ConstantStyle::raw).leave(0).text()).at(2) ==
        "{start={sec=1, nsec=5}, period={sec=2, nsec=0, reserved=0x3}, index=4, flags=0x2, on={sec=0, nsec=6}}");
  output.flags = 4;
  CHECK(shown(PTP_PEROUT_REQUEST, output) ==
        "{phase={sec=1, nsec=5}, period={sec=2, nsec=0, reserved=0x3}, index=4, flags=PTP_PEROUT_PHASE}");
  constexpr std::uint64_t kSecond = PTP_PEROUT_REQUEST + 9;
  CHECK(shown(kSecond, output).ends_with("flags=PTP_PEROUT_PHASE, rsv=[0, 0, 0x6, 0]}"));

  ptp_pin_desc pin{};
  pin.index = 1;
  DecodedCall get = asked(PTP_PIN_GETFUNC, pin);
  DecodedCall failed = get;
  std::strcpy(pin.name, "SDP0");
  CHECK(args_of(get.put(kAt, pin).leave(0).text()).at(2) == "{index=1, name=\"SDP0\", func=PTP_PF_NONE, chan=0}");
  CHECK(args_of(failed.leave(-22).text()).at(2) == "{index=1}");
}

TEST_CASE("samples of a precision clock are no more than fit", "[ioctl]") {
  setenv("TZ", "UTC0", 1);
  tzset();
  ptp_sys_offset offset{};
  offset.n_samples = 1;
  for (ptp_clock_time& time : offset.ts) time.nsec = 2'000'000'000;
  const std::string time = "{sec=0, nsec=2000000000}";
  CHECK(shown(PTP_SYS_OFFSET, offset) == "{n_samples=1, ts=[" + time + ", " + time + ", " + time + "]}");
  offset.n_samples = UINT32_MAX;
  const std::string all = args_of(asked(PTP_SYS_OFFSET, offset).strings(1).leave(0).text()).at(2);
  CHECK(all == "{n_samples=4294967295, ts=[" + time + ", ...]}");
  CHECK(shown(PTP_SYS_OFFSET_EXTENDED, ptp_sys_offset_extended{}) == "{n_samples=0, ts=[]}");
}

TEST_CASE("userfaultfd shows what was asked for and what came", "[ioctl]") {
  constexpr std::uint64_t kApi = 0xc018aa3f;
  using Api = std::array<std::uint64_t, 3>;
  DecodedCall api = asked(kApi, Api{0xaa, 0, 0});
  DecodedCall failed = api;
  CHECK(args_of(api.put(kAt, Api{0xaa, 3, 1ull << 62 | 3}).leave(0).text()).at(2) ==
        "{api=0xaa, features=0 => features=UFFD_FEATURE_PAGEFAULT_FLAG_WP|UFFD_FEATURE_EVENT_FORK, "
        "ioctls=1<<_UFFDIO_REGISTER|1<<_UFFDIO_UNREGISTER|0x4000000000000000}");
  CHECK(args_of(failed.leave(-22).text()).at(2) == "{api=0xaa, features=0}");
  CHECK(shown(0xc028aa03, std::array<std::uint64_t, 5>{0x1000, 0x2000, 0x1000, 1, 0x1000}) ==
        "{dst=0x1000, src=0x2000, len=0x1000, mode=UFFDIO_COPY_MODE_DONTWAKE, copy=0x1000}");
  CHECK(shown(0x8010aa01, std::array<std::uint64_t, 2>{0x1000, 0x2000}) == "{start=0x1000, len=0x2000}");
}

TEST_CASE("loop devices", "[ioctl]") {
  loop_info64 info{};
  info.lo_offset = 512;
  info.lo_number = 7;
  info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
  std::strcpy(reinterpret_cast<char*>(info.lo_file_name), "/tmp/disk");
  CHECK(shown(LOOP_GET_STATUS64, info) ==
        "{lo_offset=0x200, lo_number=7, lo_flags=LO_FLAGS_READ_ONLY|LO_FLAGS_AUTOCLEAR, "
        "lo_file_name=\"/tmp/disk\", ...}");
  info.lo_encrypt_type = 1;
  info.lo_encrypt_key_size = 2;
  std::memset(info.lo_file_name, 'f', sizeof info.lo_file_name);
  const std::string name(63, 'f');
  CHECK(shown(LOOP_SET_STATUS64, info) ==
        "{lo_offset=0x200, lo_number=7, lo_encrypt_type=LO_CRYPT_XOR, lo_encrypt_key_size=2, "
        "lo_flags=LO_FLAGS_READ_ONLY|LO_FLAGS_AUTOCLEAR, lo_file_name=\"" +
            name + "\"..., lo_crypt_name=\"\", lo_encrypt_key=\"\\0\\0\", ...}");
  info.lo_encrypt_key_size = UINT32_MAX;
  CHECK(shown(LOOP_SET_STATUS64, info).find("lo_encrypt_key=\"" + [] {
    std::string zeros;
    for (int i = 0; i < LO_KEY_SIZE; ++i) zeros += "\\0";
    return zeros;
  }() + "\", ...}") != std::string::npos);
}

TEST_CASE("a partition behind a pointer", "[ioctl]") {
  blkpg_ioctl_arg change{BLKPG_ADD_PARTITION, 0, sizeof(blkpg_partition), reinterpret_cast<void*>(kTargetAt)};
  CHECK(shown(BLKPG, change) == "{op=BLKPG_ADD_PARTITION, flags=0, datalen=152, data=0x7f0000002000}");
  blkpg_partition partition{};
  partition.start = 1024;
  partition.length = -1;
  partition.pno = 2;
  std::strcpy(partition.devname, "sda2");
  DecodedCall add("ioctl", {3, BLKPG, kAt});
  CHECK(args_of(add.put(kAt, change).put(kTargetAt, partition).leave(0).text()).at(2) ==
        "{op=BLKPG_ADD_PARTITION, flags=0, datalen=152, data={start=1024, length=-1, pno=2, devname=\"sda2\", "
        "volname=\"\"}}");
}

TEST_CASE("random bytes are as many as they are said to be", "[ioctl]") {
  struct {
    std::int32_t entropy, size;
    char bytes[4];
  } pool{8, 4, {'a', 'b', 'c', 'd'}};
  CHECK(shown(RNDADDENTROPY, pool) == "{entropy_count=8, buf_size=4, buf=\"abcd\"}");
  pool.size = -1;
  CHECK(shown(RNDADDENTROPY, pool) == "{entropy_count=8, buf_size=-1, buf=\"\"}");
  pool.size = INT32_MAX;
  CHECK(shown(RNDADDENTROPY, pool) == "{entropy_count=8, buf_size=2147483647, buf=0x7f0000001008}");
}

TEST_CASE("programs of a performance event are bounded by the room for them", "[ioctl]") {
  using Query = std::array<std::uint32_t, 4>;
  CHECK(args_of(asked(PERF_EVENT_IOC_QUERY_BPF, Query{2, 0, 0, 0}).put(kAt, Query{2, 9, 5, 6}).leave(0).text()).at(2) ==
        "{ids_len=2, prog_cnt=9, ids=[5, 6]}");
  CHECK(shown(PERF_EVENT_IOC_QUERY_BPF, Query{2, 9, 5, 6}, -28) == "{ids_len=2, ...}");
  CHECK(
      args_of(DecodedCall("ioctl", {3, PERF_EVENT_IOC_SET_FILTER, kAt}).put(kAt, "comm == a").leave(0).text()).at(2) ==
      "\"comm == a\"");
}

TEST_CASE("a namespace's type stands behind the result", "[ioctl]") {
  CHECK(line_of("ioctl", {3, 0xb703, 0}, 0x10000000) == "ioctl(3, NS_GET_NSTYPE) = 268435456 (CLONE_NEWUSER)");
  CHECK(shown(0xb704, 1000u) == "[1000]");
}

}  // namespace
}  // namespace vdsotrace::testing
