#include "os/perf/perf_ring.hpp"
#include "support/catch.hpp"

#include <linux/perf_event.h>

#include <cstring>
#include <random>
#include <string>

using namespace vdsotrace;

namespace {

constexpr std::size_t kSize = 256;

/// A ring as the kernel fills it.
class FakeRing {
 public:
  void write(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) data_[head_++ % kSize] = byte;
  }
  void write(const perf_event_header& header) { write(std::as_bytes(std::span(&header, 1))); }

  /// A record of that many bytes, all but its header being `fill`.
  void write_record(std::uint16_t size, std::byte fill) {
    write(perf_event_header{PERF_RECORD_SAMPLE, 0, size});
    for (std::size_t i = sizeof(perf_event_header); i < size; ++i) write({&fill, 1});
  }

  std::span<const std::byte> data() const { return data_; }
  std::uint64_t head() const { return head_; }

 private:
  std::vector<std::byte> data_ = std::vector<std::byte>(kSize);
  std::uint64_t head_ = 0;
};

struct Seen {
  std::size_t size;
  std::byte last;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> read_all(PerfRingReader& reader, std::uint64_t head, bool sound = true) {
  std::vector<Seen> seen;
  CHECK(reader.read(head, [&](auto record) { seen.push_back({record.size(), record.back()}); }) == sound);
  CHECK(reader.tail() == head);
  return seen;
}

/// RingBytes put together value by value.
class RingBytes {
 public:
  template <class Value>
  RingBytes& add(Value value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// As a record with a header of its own.
  std::vector<std::byte> record(std::uint32_t type, std::uint16_t misc = 0) const {
    RingBytes whole;
    whole.add(perf_event_header{type, misc, static_cast<std::uint16_t>(sizeof(perf_event_header) + bytes_.size())});
    whole.bytes_.insert(whole.bytes_.end(), bytes_.begin(), bytes_.end());
    return whole.bytes_;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

using U32 = std::uint32_t;
using U64 = std::uint64_t;

/// pid 10, tid 11, time 12, identifier 13.
RingBytes& add_trailer(RingBytes& bytes) { return bytes.add(U32{10}).add(U32{11}).add(U64{12}).add(U64{13}); }

RingBytes sample_start() {
  RingBytes bytes;
  return bytes.add(U64{7}).add(U32{20}).add(U32{21}).add(U64{99});
}

/// Of each its place in order, from 1: bx, cx, dx, si, di, bp, sp, ip, r8 to r10, r12 to r15.
RingBytes& add_registers(RingBytes& bytes) {
  for (U64 value = 1; value <= arch::kSampledRegisterCount; ++value) bytes.add(value);
  return bytes;
}

/// With `asked` bytes of stack, of which `read` could be read.
RingBytes sample_with_stack(U64 asked, U64 read) {
  RingBytes bytes = sample_start();
  add_registers(bytes.add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_64})).add(asked);
  for (U64 i = 0; i < asked / sizeof i; ++i) bytes.add(i);
  return asked > 0 ? bytes.add(read) : bytes;
}

}  // namespace

TEST_CASE("a perf ring is read record by record, also where it wraps around") {
  FakeRing ring;
  PerfRingReader reader(ring.data());
  CHECK(read_all(reader, ring.head()).empty());
  for (unsigned round = 0; round < 50; ++round) {
    const std::byte fill{static_cast<unsigned char>(round)};
    ring.write_record(72, fill);
    ring.write_record(40, fill);
    ring.write_record(120, fill);
    CHECK(read_all(reader, ring.head()) == std::vector<Seen>{{72, fill}, {40, fill}, {120, fill}});
  }
}

TEST_CASE("a header that wraps around is read whole") {
  FakeRing ring;
  PerfRingReader reader(ring.data());
  ring.write_record(kSize - 4, std::byte{1});
  read_all(reader, ring.head());
  ring.write_record(16, std::byte{2});
  CHECK(read_all(reader, ring.head()) == std::vector<Seen>{{16, std::byte{2}}});
}

TEST_CASE("sizes that cannot be end the reading, and what follows is read again") {
  const auto bad_size = GENERATE(0, 1, 7, 17, 255, 65535);
  FakeRing ring;
  PerfRingReader reader(ring.data());
  ring.write_record(24, std::byte{1});
  ring.write(perf_event_header{PERF_RECORD_SAMPLE, 0, static_cast<std::uint16_t>(bad_size)});
  ring.write(RingBytes().add(U64{0}).bytes());
  CHECK(read_all(reader, ring.head(), false) == std::vector<Seen>{{24, std::byte{1}}});
  ring.write_record(32, std::byte{3});
  CHECK(read_all(reader, ring.head()) == std::vector<Seen>{{32, std::byte{3}}});
}

TEST_CASE("a head beyond the ring, behind what was read or in a header is not believed") {
  FakeRing ring;
  PerfRingReader reader(ring.data());
  CHECK(read_all(reader, kSize + 8, false).empty());
  CHECK(read_all(reader, 8, false).empty());
  CHECK(read_all(reader, 12, false).empty());
  CHECK(read_all(reader, ~U64{0} - 3, false).empty());
}

TEST_CASE("a ring of random bytes is read without harm") {
  std::mt19937 random(GENERATE(range(0u, 50u)));
  std::vector<std::byte> data(kSize);
  for (std::byte& byte : data) byte = std::byte(random() % 40);
  PerfRingReader reader(data);
  std::size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const U64 head = reader.tail() + random() % (kSize + 16);
    reader.read(head, [&](auto record) {
      bytes += record.size();
      static_cast<void>(parse_perf_record(record));
    });
    CHECK(reader.tail() == head);
  }
  CHECK(bytes <= 100 * kSize);
}

TEST_CASE("a breakpoint's sample has its registers") {
  RingBytes bytes = sample_start();
  bytes.add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_64});
  add_registers(bytes);
  const auto record = parse_perf_record(bytes.record(PERF_RECORD_SAMPLE));
  REQUIRE(record);
  const auto& sample = std::get<PerfSample>(*record);
  CHECK(sample.event == 7);
  CHECK(sample.pid == 20);
  CHECK(thread_of(*record) == 21);
  CHECK(time_of(*record) == 99);
  CHECK(sample.is_64_bit);
  // di, si, dx, cx or r10, r8, r9
  CHECK(arch::function_arguments(sample.registers) == std::array<U64, 6>{5, 4, 3, 2, 9, 10});
  CHECK(arch::system_call_arguments(sample.registers, Abi::x86_64) == std::array<U64, 6>{5, 4, 3, 11, 9, 10});
  CHECK(arch::system_call_arguments(sample.registers, Abi::i386) == std::array<U64, 6>{1, 2, 3, 4, 5, 6});
  CHECK(arch::stack_pointer(sample.registers) == 7);
  CHECK(arch::program_counter(sample.registers) == 8);
  CHECK(sample.stack.empty());
}

TEST_CASE("where an unwinding begins is in a sample's registers") {
  const auto record = parse_perf_record(sample_with_stack(0, 0).record(PERF_RECORD_SAMPLE));
  REQUIRE(record);
  const FrameRegisters frame = arch::frame_registers(std::get<PerfSample>(*record).registers);
  CHECK(frame[kDwarfFramePointer] == 6);
  CHECK(frame[kDwarfStackPointer] == 7);
  CHECK(frame[kDwarfReturnAddress] == 8);
  for (unsigned i = 12; i < 16; ++i) CHECK(frame[i] == i);
  for (unsigned i = 0; i < 6; ++i) CHECK_FALSE(frame[i]);
}

TEST_CASE("a sample has as much of the stack as could be read") {
  const auto stack_of = [](const RingBytes& bytes) {
    const auto record = parse_perf_record(bytes.record(PERF_RECORD_SAMPLE));
    REQUIRE(record);
    return std::get<PerfSample>(*record).stack;
  };
  CHECK(stack_of(sample_with_stack(0, 0)).empty());
  CHECK(stack_of(sample_with_stack(64, 0)).empty());
  const auto part = stack_of(sample_with_stack(64, 24));
  REQUIRE(part.size() == 24);
  CHECK(part[8] == std::byte{1});
  CHECK(stack_of(sample_with_stack(64, 64)).size() == 64);
  // No more is believed than there is.
  CHECK(stack_of(sample_with_stack(64, ~U64{0})).size() == 64);
}

TEST_CASE("a stack that is longer than its record is none") {
  for (const U64 claimed : {U64{1}, U64{65}, U64{65528}, ~U64{0}}) {
    RingBytes bytes = sample_start();
    add_registers(bytes.add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_64})).add(claimed);
    CHECK_FALSE(parse_perf_record(bytes.record(PERF_RECORD_SAMPLE)));
  }
  const auto whole = sample_with_stack(64, 64).record(PERF_RECORD_SAMPLE);
  const std::size_t without_stack = whole.size() - 64 - 2 * sizeof(U64);
  for (std::size_t size = without_stack + 1; size < whole.size(); ++size)
    CHECK_FALSE(parse_perf_record(std::span(whole).first(size)));
}

TEST_CASE("a sample of 32-bit code or of none says so") {
  RingBytes narrow = sample_start();
  narrow.add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_32});
  add_registers(narrow);
  CHECK_FALSE(std::get<PerfSample>(*parse_perf_record(narrow.record(PERF_RECORD_SAMPLE))).is_64_bit);
  const RingBytes none = sample_start().add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_NONE});
  CHECK_FALSE(std::get<PerfSample>(*parse_perf_record(none.record(PERF_RECORD_SAMPLE))).is_64_bit);
}

TEST_CASE("a sample of a time that nobody asked for is passed over") {
  const auto record = sample_start().add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_NONE}).record(PERF_RECORD_SAMPLE);
  CHECK(parse_perf_record(record, {99, 99}));
  CHECK_FALSE(parse_perf_record(record, {100, 200}));
  CHECK_FALSE(parse_perf_record(record, {0, 98}));
  // A loss counts at any time.
  RingBytes lost;
  add_trailer(lost.add(U64{1}).add(U64{5}));
  CHECK(parse_perf_record(lost.record(PERF_RECORD_LOST), {100, 200}));
}

TEST_CASE("a record that is cut off is none") {
  RingBytes bytes = sample_start();
  bytes.add(U32{4}).add(U32{0}).add(U64{PERF_SAMPLE_REGS_ABI_64});
  add_registers(bytes);
  const auto whole = bytes.record(PERF_RECORD_SAMPLE);
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse_perf_record(std::span(whole).first(size)));
  // A raw part that claims to be longer than the record.
  CHECK_FALSE(parse_perf_record(sample_start().add(U32{0xffffffff}).add(U32{0}).record(PERF_RECORD_SAMPLE)));
}

TEST_CASE("births, ends, executions and losses are told apart") {
  RingBytes task;
  add_trailer(task.add(U32{30}).add(U32{31}).add(U32{32}).add(U32{33}).add(U64{34}));
  const auto born = std::get<PerfFork>(*parse_perf_record(task.record(PERF_RECORD_FORK)));
  CHECK(born.pid == 30);
  CHECK(born.parent_pid == 31);
  CHECK(born.tid == 32);
  CHECK(born.time_ns == 34);
  const auto ended = std::get<PerfEnd>(*parse_perf_record(task.record(PERF_RECORD_EXIT)));
  CHECK(ended.pid == 30);
  CHECK(ended.tid == 32);

  RingBytes name;
  add_trailer(name.add(U32{30}).add(U32{32}).add(U64{0}));
  CHECK(std::get<PerfExec>(*parse_perf_record(name.record(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC))).pid == 30);
  CHECK_FALSE(parse_perf_record(name.record(PERF_RECORD_COMM)));

  RingBytes lost;
  add_trailer(lost.add(U64{13}).add(U64{1234}));
  CHECK(std::get<PerfLost>(*parse_perf_record(lost.record(PERF_RECORD_LOST))).count == 1234);
  CHECK_FALSE(parse_perf_record(RingBytes().add(U64{0}).record(PERF_RECORD_MMAP)));
}

TEST_CASE("trace points of system calls say which call, and what it returned") {
  RingBytes entered;
  entered.add(U64{0}).add(U64{228});
  for (U64 arg : {1, 2, 3, 4, 5, 6}) entered.add(arg);
  entered.add(U32{0});
  const auto begun = parse_system_call_entered(entered.bytes());
  REQUIRE(begun);
  CHECK(begun->nr == 228);
  CHECK(begun->args == std::array<U64, 6>{1, 2, 3, 4, 5, 6});
  const auto returned =
      parse_system_call_returned(RingBytes().add(U64{0}).add(U64{228}).add(std::int64_t{-22}).bytes());
  REQUIRE(returned);
  CHECK(returned->result == -22);
  // What a breakpoint's sample has in that place.
  CHECK_FALSE(parse_system_call_entered(RingBytes().add(U32{0}).bytes()));
  CHECK_FALSE(parse_system_call_returned({}));
}

TEST_CASE("trace points of one system call say its number and its result") {
  // The four bytes behind the number are not written.
  const RingBytes returned =
      RingBytes().add(U64{0}).add(U32{228}).add(U32{0xdeadbeef}).add(std::int64_t{-22}).add(U32{0});
  CHECK(parse_system_call_number(returned.bytes()) == 228);
  CHECK(parse_system_call_result(returned.bytes()) == -22);
  for (std::size_t size = 0; size < 24; ++size) {
    const auto cut = std::span(returned.bytes()).first(size);
    CHECK(parse_system_call_number(cut).has_value() == (size >= 12));
    CHECK_FALSE(parse_system_call_result(cut));
  }
}
