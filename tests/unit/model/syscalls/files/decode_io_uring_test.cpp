// What io_uring_register takes; expected lines are strace 6.1's.
#include <array>

#include <linux/io_uring.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kRingData = 0x10000;
constexpr std::uint64_t kRingMore = 0x20000;
constexpr std::uint64_t kTags = 0x30000;

DecodedCall registering(std::uint32_t operation, std::uint64_t count) {
  return DecodedCall("io_uring_register", {3, operation, kRingData, count});
}

/// struct io_uring_buf_reg of Linux 6.1's headers.
struct BufferRing {
  std::uint64_t address;
  std::uint32_t entries;
  std::uint16_t group, pad;
  std::uint64_t reserved[3];
};

template <class T>
std::string shown(std::uint32_t operation, std::uint64_t count, const T& what) {
  DecodedCall call = registering(operation, count);
  call.put(kRingData, what)
      .put(kRingMore, std::array<std::int32_t, 2>{4, -2})
      .put(kTags, std::array<std::uint64_t, 2>{0, 9});
  return args_of(call.leave(-22).text()).at(2);
}

TEST_CASE("lists of buffers and descriptors", "[io_uring]") {
  CHECK(shown(IORING_REGISTER_BUFFERS, 1, std::array<std::uint64_t, 2>{7, 8}) == "[{iov_base=0x7, iov_len=8}]");
  CHECK(shown(IORING_REGISTER_FILES, 2, std::array<std::int32_t, 2>{5, -1}) == "[5, -1]");
  CHECK(shown(IORING_REGISTER_FILES, 3, std::array<std::int32_t, 2>{5, -1}) == "[5, -1, ... /* 0x10008 */]");
  CHECK(shown(IORING_UNREGISTER_FILES, 3, 5) == "0x10000");
  CHECK(shown(IORING_REGISTER_FILES_UPDATE, 2, io_uring_files_update{1, 2, kRingMore}) ==
        "{offset=1, resv=0x2, fds=[4, IORING_REGISTER_FILES_SKIP]}");
}

TEST_CASE("resources and their tags", "[io_uring]") {
  const io_uring_rsrc_register resources{2, 1, 0, kRingMore, kTags};
  CHECK(shown(IORING_REGISTER_FILES2, sizeof resources, resources) ==
        "{nr=2, flags=IORING_RSRC_REGISTER_SPARSE, data=[4, -2], tags=[0, 0x9]}");
  CHECK(shown(IORING_REGISTER_FILES2, sizeof resources - 1, resources) == "0x10000");
  CHECK(shown(IORING_REGISTER_FILES2, sizeof resources + 8, resources) ==
        "{nr=2, flags=IORING_RSRC_REGISTER_SPARSE, data=[4, -2], tags=[0, 0x9], ???}");
  const io_uring_rsrc_register huge{UINT32_MAX, 0, 5, kRingMore, 0};
  CHECK(shown(IORING_REGISTER_FILES2, sizeof huge, huge) ==
        "{nr=4294967295, flags=0, resv2=0x5, data=[4, -2, ... /* 0x20008 */], tags=NULL}");
  const io_uring_rsrc_update2 update{1, 0, kRingMore, 0, 2, 3};
  CHECK(shown(IORING_REGISTER_FILES_UPDATE2, sizeof update, update) ==
        "{offset=1, data=[4, IORING_REGISTER_FILES_SKIP], tags=NULL, nr=2, resv2=0x3}");
}

struct Probe {
  std::uint8_t last_op, ops_len;
  std::uint16_t resv;
  std::uint32_t resv2[3];
  io_uring_probe_op ops[2];
};

TEST_CASE("a probe of zeroes is worth no line until it is filled in", "[io_uring]") {
  DecodedCall call = registering(IORING_REGISTER_PROBE, 2);
  call.put(kRingData, Probe{}).enter();
  DecodedCall failed = call;
  Probe filled{46, 3, 0, {}, {{0, 0, 1, 0}, {46, 1, 0, 2}}};
  CHECK(call.put(kRingData, filled).leave(0).line() ==
        "io_uring_register(3, IORING_REGISTER_PROBE, {last_op=IORING_OP_URING_CMD, ops_len=3, "
        "ops=[{op=IORING_OP_NOP, flags=IO_URING_OP_SUPPORTED}, {op=IORING_OP_URING_CMD, resv=0x1, flags=0, "
        "resv2=0x2}, ...]}, 2) = 0");
  CHECK(failed.leave(-22).line() ==
        "io_uring_register(3, IORING_REGISTER_PROBE, 0x10000, 2) = -1 EINVAL (Invalid argument)");
  DecodedCall other = registering(IORING_REGISTER_PROBE, 0);
  CHECK(other.put(kRingData, Probe{1, 1, 0, {}, {}}).leave(0).line() ==
        "io_uring_register(3, IORING_REGISTER_PROBE, {last_op=IORING_OP_READV, ops_len=1, ops=[]} => "
        "{last_op=IORING_OP_READV, ops_len=1, ops=[...]}, 0) = 0");
  CHECK(shown(IORING_REGISTER_PROBE, 257, filled) == "0x10000");
}

TEST_CASE("restrictions", "[io_uring]") {
  std::array<io_uring_restriction, 4> all{};
  all[0].register_op = 1;
  all[1].opcode = IORING_RESTRICTION_SQE_OP;
  all[1].sqe_op = 2;
  all[2].opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED;
  all[2].sqe_flags = 3;
  all[2].resv2[1] = 4;
  all[3].opcode = 9;
  CHECK(shown(IORING_REGISTER_RESTRICTIONS, 4, all) ==
        "[{opcode=IORING_RESTRICTION_REGISTER_OP, register_op=IORING_UNREGISTER_BUFFERS}, "
        "{opcode=IORING_RESTRICTION_SQE_OP, sqe_op=IORING_OP_WRITEV}, "
        "{opcode=IORING_RESTRICTION_SQE_FLAGS_REQUIRED, sqe_flags=IOSQE_FIXED_FILE|IOSQE_IO_DRAIN, resv2=[0, 0x4, 0]}, "
        "{opcode=0x9 /* IORING_RESTRICTION_??? */ /* op: 0 */}]");
}

TEST_CASE("workers, processors and rings", "[io_uring]") {
  DecodedCall call = registering(IORING_REGISTER_IOWQ_MAX_WORKERS, 2);
  call.put(kRingData, std::array<std::uint32_t, 2>{1, 2}).enter();
  CHECK(call.put(kRingData, std::array<std::uint32_t, 2>{3, 4}).leave(0).line() ==
        "io_uring_register(3, IORING_REGISTER_IOWQ_MAX_WORKERS, [[IO_WQ_BOUND]=1, [IO_WQ_UNBOUND]=2] => "
        "[[IO_WQ_BOUND]=3, [IO_WQ_UNBOUND]=4], 2) = 0");
  CHECK(shown(IORING_REGISTER_IOWQ_AFF, 2, std::uint16_t{0x8003}) == "[0 1 15]");
  CHECK(shown(IORING_REGISTER_RING_FDS, 1, io_uring_rsrc_update{UINT32_MAX, 0, 5}) == "[{offset=-1, data=5}]");
  CHECK(shown(IORING_UNREGISTER_RING_FDS, 1, io_uring_rsrc_update{1, 2, 0}) == "[{offset=1, resv=0x2}]");
  CHECK(shown(IORING_REGISTER_PBUF_RING, 1, BufferRing{kRingMore, 2, 3, 0, {0, 0, 7}}) ==
        "{ring_addr=0x20000, ring_entries=2, bgid=3, resv=[0, 0, 0x7]}");
}

}  // namespace
}  // namespace vdsotrace::testing
