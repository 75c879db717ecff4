// Records of system calls that take up several places of a ring, as stubs write them and as a hostile program may.
#include "engines/inline/region/system_call_record.hpp"

#include "support/own_stubs.hpp"

namespace vdsotrace {
namespace {

using namespace testing;

constexpr std::uint64_t kThread = 0x7f00'0000'0740;
constexpr std::uint64_t kHeadBytes = RECORD_POINTEES;

class Ring {
 public:
  explicit Ring(std::size_t overrun = RECORD_MOST_BYTES) : shared_(RecordSize::values, true, overrun) {
    shared_.region->blocks().bind(kThread, 18);
    block_ = shared_.block_of(kThread);
    room = shared_.room_of(block_);
  }
  /// At the head, which moves on by so many places.
  void write(std::uint64_t end, std::uint64_t places, std::byte content = std::byte{0}) {
    const auto head = shared_.at<std::uint64_t>(block_ + BLOCK_HEAD);
    const std::size_t at = block_ + BLOCK_BYTES + (head & (room - 1)) * kHeadBytes;
    if (end > kHeadBytes && end <= RECORD_MOST_BYTES)
      std::memset(&shared_.at<std::byte>(at + kHeadBytes), static_cast<int>(content), end - kHeadBytes);
    shared_.at<std::uint64_t>(at + RECORD_CALL_END) = end;
    shared_.at<std::uint64_t>(at + RECORD_COMMIT) = (head + 1) << 16 | RECORD_SYSTEM_CALL;
    shared_.at<std::uint64_t>(block_ + BLOCK_HEAD) = head + places;
  }
  bool takes_calls() const { return shared_.region->has_ring(kThread); }
  struct Drained {
    std::vector<StubRecord> records;
    std::uint64_t lost;
  };
  Drained drain() {
    Drained found{{}, 0};
    found.lost = shared_.region->rings().drain(
        false, [&](StubRecord& record, const StackWindow&) { found.records.push_back(std::move(record)); });
    return found;
  }

  std::uint64_t room = 0;

 private:
  Shared shared_;
  std::size_t block_ = 0;
};

TEST_CASE("records with what their pointers refer to are read one behind the other", "[system_call_record]") {
  Ring ring;
  std::uint64_t position = 0, number = 0;
  for (; position < 3 * ring.room; ++number) {
    const std::uint64_t end = kHeadBytes + number * 37 % (RECORD_MOST_BYTES - kHeadBytes);
    const std::uint64_t places = (end + kHeadBytes - 1) / kHeadBytes;
    ring.write(end, places, static_cast<std::byte>(number));
    position += places;
    const auto found = ring.drain();
    CHECK(found.lost == 0);
    REQUIRE(found.records.size() == 1);
    const auto& pointees = found.records[0].pointees;
    CHECK(pointees.size() == end - kHeadBytes);
    CHECK(std::ranges::all_of(pointees, [&](std::byte byte) { return byte == static_cast<std::byte>(number); }));
  }
  for (int i = 0; i < 10; ++i) ring.write(5 * kHeadBytes, 5, std::byte{7});
  CHECK(ring.drain().records.size() == 10);
}

TEST_CASE("sizes that cannot be are no records", "[system_call_record]") {
  Ring ring;
  for (const std::uint64_t end : {std::uint64_t{0}, kHeadBytes - 1, kHeadBytes + 1, 2 * kHeadBytes,
                                  std::uint64_t{RECORD_MOST_BYTES}, std::uint64_t{RECORD_MOST_BYTES} + 1, UINT64_MAX}) {
    ring.write(end, 1);
    const auto found = ring.drain();
    CHECK(found.records.empty());
    CHECK(found.lost == 1);
  }
  ring.write(kHeadBytes, 1);
  CHECK(ring.drain().records.size() == 1);
}

TEST_CASE("a ring in which something remains that is no record takes no calls any more", "[system_call_record]") {
  Ring ring;
  CHECK(ring.takes_calls());
  ring.write(kHeadBytes, 1);
  CHECK(ring.drain().records.size() == 1);
  CHECK(ring.takes_calls());
  ring.write(kHeadBytes, 2);
  CHECK(ring.drain().records.size() == 1);
  CHECK_FALSE(ring.takes_calls());
}

TEST_CASE("a ring without room behind it has no record beyond its end", "[system_call_record]") {
  Ring ring(0);
  for (std::uint64_t i = 1; i < ring.room; ++i) ring.write(kHeadBytes, 1);
  ring.drain();
  ring.write(2 * kHeadBytes, 1);
  const auto found = ring.drain();
  CHECK(found.records.empty());
  CHECK(found.lost == 1);
}

}  // namespace
}  // namespace vdsotrace
