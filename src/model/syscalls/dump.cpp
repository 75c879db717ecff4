#include "model/syscalls/dump.hpp"

#include <algorithm>
#include <bit>

#include "model/syscalls/network/msghdr.hpp"
#include "model/syscalls/print.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

enum class Shape : std::uint8_t {
  buffer,    ///< second argument, third its size
  vector,    ///< of iovecs
  message,   ///< struct msghdr
  messages,  ///< vector of struct mmsghdr
};

struct Mover {
  std::string_view name;
  bool reads;
  Shape shape;
};
constexpr Mover kMovers[] = {
    {"read", true, Shape::buffer},      {"pread64", true, Shape::buffer},   {"recv", true, Shape::buffer},
    {"recvfrom", true, Shape::buffer},  {"mq_timedreceive", true, Shape::buffer}, {"mq_timedreceive_time64", true, Shape::buffer},
    {"readv", true, Shape::vector},     {"preadv", true, Shape::vector},    {"preadv2", true, Shape::vector},
    {"recvmsg", true, Shape::message},  {"recvmmsg", true, Shape::messages}, {"recvmmsg_time64", true, Shape::messages},
    {"write", false, Shape::buffer},    {"pwrite64", false, Shape::buffer}, {"send", false, Shape::buffer},
    {"sendto", false, Shape::buffer},   {"mq_timedsend", false, Shape::buffer}, {"mq_timedsend_time64", false, Shape::buffer},
    {"writev", false, Shape::vector},   {"pwritev", false, Shape::vector},  {"pwritev2", false, Shape::vector},
    {"vmsplice", false, Shape::vector}, {"sendmsg", false, Shape::message}, {"sendmmsg", false, Shape::messages},
};

/// Of a vector; the kernel takes no longer one (UIO_MAXIOV).
constexpr std::uint64_t kMostElements = 1024;

const Mover* mover_of(const Call& call, const Dumps& dumps) {
  const auto fd = static_cast<std::int32_t>(call.args[0]);
  const auto found = std::ranges::find(kMovers, call.name, &Mover::name);
  if (found == std::end(kMovers) || fd < 0 || call.ending != Ending::returned) return nullptr;
  return (found->reads ? dumps.read : dumps.write).contains(fd) ? found : nullptr;
}

/// What shows memory of a thread.
struct Dumper {
  ArgContext& c;
  pid_t tid;
};

void dump_buffer(const Dumper& dumper, std::uint64_t address, std::uint64_t size) {
  std::vector<std::byte> bytes(std::min<std::uint64_t>(size, Recorder::kMost));
  const std::size_t got = dumper.c.memory().read(address, bytes);
  const std::size_t lacking = bytes.size() - got;
  bytes.resize(got);
  append_hex_lines(dumper.c.out(), bytes);
  if (lacking > 0 && got > 0)
    dumper.c.print(" | <Cannot fetch {} byte{} from pid {} @{:#x}>\n", lacking, lacking == 1 ? "" : "s", dumper.tid, address + got);
}

std::uint64_t word_at(ArgContext& c, std::uint64_t address) {
  if (c.word() == 8) return c.memory().object<std::uint64_t>(address).value_or(0);
  return c.memory().object<std::uint32_t>(address).value_or(0);
}

/// As strace, which shows nothing of a vector that it cannot read to its end, and ends at an empty buffer.
void dump_vector(const Dumper& dumper, std::uint64_t address, std::uint64_t asked, std::uint64_t most) {
  ArgContext& c = dumper.c;
  const std::uint64_t count = std::min(asked, kMostElements);
  std::vector<std::byte> whole(count * 2 * c.word());
  if (c.memory().read(address, whole) != whole.size()) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t element = address + i * 2 * c.word();
    const std::uint64_t size = std::min(word_at(c, element + c.word()), most);
    if (size == 0) return;
    c.print(" * {} bytes in buffer {}\n", size, i);
    dump_buffer(dumper, word_at(c, element), size);
    most -= size;
  }
}

void dump_message(const Dumper& dumper, const msghdr& message, std::uint64_t most) {
  dump_vector(dumper, reinterpret_cast<std::uintptr_t>(message.msg_iov), message.msg_iovlen, most);
}

void dump_messages(const Dumper& dumper) {
  ArgContext& c = dumper.c;
  const std::uint64_t count = std::min(c.filled(static_cast<std::uint32_t>(c.arg(2))), kMostElements);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto message = read_object<mmsghdr>(c, c.arg(1) + i * stride_of<mmsghdr>(c));
    if (!message) return;
    c.print(" = {} buffers in vector {}\n", message->msg_hdr.msg_iovlen, i);
    dump_message(dumper, message->msg_hdr, message->msg_len);
  }
}

void dump(const Dumper& dumper, const Mover& mover) {
  ArgContext& c = dumper.c;
  c.set_exiting(true);
  const std::uint64_t most = mover.reads ? c.filled(UINT64_MAX) : UINT64_MAX;
  switch (mover.shape) {
    case Shape::buffer: dump_buffer(dumper, c.arg(1), std::min(c.arg(2), most)); break;
    case Shape::vector: dump_vector(dumper, c.arg(1), c.arg(2), most); break;
    case Shape::messages: dump_messages(dumper); break;
    case Shape::message:
      if (const auto message = read_object<msghdr>(c, c.arg(1))) dump_message(dumper, *message, most);
  }
}

constexpr std::size_t kLine = 16;

void append_numbers(std::string& out, std::span<const std::byte> line) {
  for (std::size_t i = 0; i < kLine; ++i) {
    if (i % (kLine / 2) == 0) out.push_back(' ');
    if (i < line.size()) {
      append_format(out, "{:02x} ", static_cast<unsigned>(line[i]));
    } else {
      out.append("   ");
    }
  }
}

void append_characters(std::string& out, std::span<const std::byte> line) {
  for (std::size_t i = 0; i < kLine; ++i) {
    const auto byte = i < line.size() ? static_cast<unsigned char>(line[i]) : ' ';
    out.push_back(byte >= ' ' && byte < 0x7f ? static_cast<char>(byte) : '.');
  }
}

}  // namespace

void append_hex_lines(std::string& out, std::span<const std::byte> bytes) {
  constexpr int kLeastDigits = 5;
  const int digits = std::max(kLeastDigits, (static_cast<int>(std::bit_width(bytes.empty() ? 0 : bytes.size() - 1)) + 3) / 4);
  for (std::size_t at = 0; at < bytes.size(); at += kLine) {
    const auto line = bytes.subspan(at, std::min(kLine, bytes.size() - at));
    append_format(out, " | {:0{}x} ", at, digits);
    append_numbers(out, line);
    out.push_back(' ');
    append_characters(out, line);
    out.append(" |\n");
  }
}

void capture_dump(Call& call, Memory& live, const Dumps& dumps) {
  const Mover* mover = mover_of(call, dumps);
  if (mover == nullptr) return;
  Recorder recorder(live, call.at_exit);
  const DecodeLimits limits;
  std::string scratch;
  ArgContext c(call, call.at_entry, recorder, limits, scratch);
  dump({c, 0}, *mover);
}

void append_dump(std::string& out, const Call& call, const Dumps& dumps, pid_t tid) {
  const Mover* mover = mover_of(call, dumps);
  if (mover == nullptr) return;
  const DecodeLimits limits;
  // Reading a Capture changes nothing.
  ArgContext c(call, const_cast<Capture&>(call.at_entry), const_cast<Capture&>(call.at_exit), limits, out);
  dump({c, tid}, *mover);
}

}  // namespace vdsotrace
