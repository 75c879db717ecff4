// The io_submit family; expected lines are strace 6.1's.
#include <array>

#include <linux/aio_abi.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kList = 0x10000;
constexpr std::uint64_t kRequest = 0x20000;
constexpr std::uint64_t kRequestData = 0x30000;

std::string submitted(const iocb& request) {
  DecodedCall call("io_submit", {1, 1, kList});
  call.put(kList, kRequest).put(kRequest, request).put(kRequestData, "abcdefghijklmnopqrst");
  return args_of(call.leave(1).text()).at(2);
}

TEST_CASE("a request has the form of its command", "[aio]") {
  iocb request{};
  request.aio_data = 0xfeed;
  request.aio_lio_opcode = IOCB_CMD_PREAD;
  request.aio_reqprio = 11;
  request.aio_buf = kRequestData;
  request.aio_nbytes = 4;
  request.aio_offset = -1;
  const std::string front = "[{aio_data=0xfeed, aio_lio_opcode=IOCB_CMD_PREAD, aio_reqprio=11, aio_fildes=0";
  CHECK(submitted(request) == front + ", aio_buf=0x30000, aio_nbytes=4, aio_offset=-1}]");
  request.aio_lio_opcode = IOCB_CMD_PWRITE;
  request.aio_reqprio = 2 << 13 | 4;
  request.aio_flags = IOCB_FLAG_RESFD | IOCB_FLAG_IOPRIO;
  request.aio_resfd = 9;
  CHECK(submitted(request) ==
        "[{aio_data=0xfeed, aio_lio_opcode=IOCB_CMD_PWRITE, aio_reqprio=IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4), "
        "aio_fildes=0, aio_buf=\"abcd\", aio_nbytes=4, aio_offset=-1, aio_flags=IOCB_FLAG_RESFD|IOCB_FLAG_IOPRIO, "
        "aio_resfd=9}]");
  iocb unknown{};
  unknown.aio_lio_opcode = 99;
  unknown.aio_key = 5;
  CHECK(submitted(unknown) == "[{aio_data=0, aio_key=5, aio_lio_opcode=99 /* IOCB_CMD_??? */, aio_fildes=0}]");
}

TEST_CASE("lists of places are shown unless their number is no number", "[aio]") {
  iocb request{};
  request.aio_lio_opcode = IOCB_CMD_PREADV;
  request.aio_buf = kRequestData;
  request.aio_nbytes = 1;
  DecodedCall call("io_submit", {1, 1, kList});
  call.put(kList, kRequest).put(kRequest, request).put(kRequestData, std::array<std::uint64_t, 2>{7, 8});
  CHECK(call.leave(1).line() ==
        "io_submit(0x1, 1, [{aio_data=0, aio_lio_opcode=IOCB_CMD_PREADV, aio_fildes=0, aio_buf=[{iov_base=0x7, "
        "iov_len=8}], aio_offset=0}]) = 1");
  request.aio_nbytes = UINT64_MAX;
  CHECK(submitted(request) ==
        "[{aio_data=0, aio_lio_opcode=IOCB_CMD_PREADV, aio_fildes=0, aio_buf=0x30000, "
        "aio_nbytes=18446744073709551615, aio_offset=0}]");
}

TEST_CASE("requests that are not there", "[aio]") {
  DecodedCall call("io_submit", {1, 3, kList});
  call.put(kList, std::array<std::uint64_t, 2>{0, kRequest});
  CHECK(call.leave(-14).line() == "io_submit(0x1, 3, [NULL, 0x20000, ... /* 0x10010 */]) = -1 EFAULT (Bad address)");
  CHECK(line_of("io_submit", {1, UINT64_MAX, kList}, -22) ==
        "io_submit(0x1, -1, 0x10000) = -1 EINVAL (Invalid argument)");
  DecodedCall cancel("io_cancel", {1, kRequest, kRequestData});
  CHECK(cancel.put(kRequest, iocb{}).leave(-22).line() ==
        "io_cancel(0x1, {aio_data=0, aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=0}, 0x30000) = "
        "-1 EINVAL (Invalid argument)");
}

}  // namespace
}  // namespace vdsotrace::testing
