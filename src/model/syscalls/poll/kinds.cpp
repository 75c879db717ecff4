#include "model/syscalls/poll/kinds.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <poll.h>
#include <sys/epoll.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {

template <>
inline constexpr bool kSameLayout<pollfd> = true;

namespace {

constexpr NamedValue kPollEvents[] = {
    {0x1, "POLLIN"},    {0x2, "POLLPRI"},       {0x4, "POLLOUT"},      {0x8, "POLLERR"},          {0x10, "POLLHUP"},
    {0x20, "POLLNVAL"}, {0x40, "POLLRDNORM"},   {0x80, "POLLRDBAND"},  {0x100, "POLLWRNORM"},     {0x200, "POLLWRBAND"},
    {0x400, "POLLMSG"}, {0x1000, "POLLREMOVE"}, {0x2000, "POLLRDHUP"}, {0x8000, "POLL_BUSY_LOOP"}};

constexpr NamedValue kEpollBits[] = {{0x1, "EPOLLIN"},
                                     {0x2, "EPOLLPRI"},
                                     {0x4, "EPOLLOUT"},
                                     {0x8, "EPOLLERR"},
                                     {0x10, "EPOLLHUP"},
                                     {0x20, "EPOLLNVAL"},
                                     {0x40, "EPOLLRDNORM"},
                                     {0x80, "EPOLLRDBAND"},
                                     {0x100, "EPOLLWRNORM"},
                                     {0x200, "EPOLLWRBAND"},
                                     {0x400, "EPOLLMSG"},
                                     {0x2000, "EPOLLRDHUP"},
                                     {0x10000000, "EPOLLEXCLUSIVE"},
                                     {0x20000000, "EPOLLWAKEUP"},
                                     {0x40000000, "EPOLLONESHOT"},
                                     {0x80000000, "EPOLLET"}};

/// More file descriptors than any program selects from; a larger set is cut.
constexpr std::int64_t kMostFds = 64 * 1024;
/// More than any program polls at once.
constexpr std::size_t kMostPollfds = 64 * 1024;

/// Reads one set of `count` file descriptors; empty if it cannot be read.
std::vector<std::byte> read_fd_set(Memory& memory, std::uint64_t address, std::int64_t count) {
  const auto words = static_cast<std::size_t>((count + 63) / 64);
  std::vector<std::byte> bits(words * sizeof(std::uint64_t));
  if (memory.read(address, bits) != bits.size()) bits.clear();
  return bits;
}

std::int64_t fd_count(const ArgContext& c) {
  return std::min<std::int64_t>(static_cast<std::uint32_t>(c.arg(0)), kMostFds);
}

/// Calls body(fd) for each member of the set.
template <class Body>
void for_each_fd(std::span<const std::byte> bits, std::int64_t count, Body&& body) {
  const auto end = std::min(count, static_cast<std::int64_t>(bits.size()) * 8);
  for (std::int64_t fd = 0; fd < end; ++fd) {
    const auto byte = static_cast<unsigned>(bits[static_cast<std::size_t>(fd / 8)]);
    if ((byte >> (fd % 8) & 1) != 0) body(fd);
  }
}

void print_fd_set(ArgContext& c) {
  const std::int64_t count = fd_count(c);
  if (static_cast<std::int32_t>(c.arg(0)) < 0) {
    print_address(c, c.value());
    return;
  }
  const auto bits = c.value() != 0 ? read_fd_set(c.memory(), c.value(), count) : std::vector<std::byte>();
  if (c.value() == 0 || (bits.empty() && count != 0)) {
    print_address(c, c.value());
    return;
  }
  c.put("[");
  bool first = true;
  for_each_fd(bits, count, [&](std::int64_t fd) {
    if (!first) c.put(" ");
    print_fd(c, static_cast<std::int32_t>(fd));
    first = false;
  });
  c.put("]");
}

void print_pollfds(ArgContext& c) {
  print_array_at<pollfd>(c, c.value(), static_cast<std::uint32_t>(c.arg(1)), [&](const pollfd& one) {
    c.put("{fd=");
    print_fd(c, one.fd);
    if (one.fd >= 0) {
      c.put(", events=");
      print_flags(c, static_cast<std::uint16_t>(one.events), kPollEvents, "POLL???");
    }
    c.put("}");
  });
}

/// The array of poll as the call left it, as far as it can be read.
std::vector<pollfd> read_pollfds(ArgContext& c) {
  std::vector<pollfd> all(std::min<std::size_t>(static_cast<std::uint32_t>(c.arg(1)), kMostPollfds));
  const std::size_t got = c.memory().read(c.arg(0), std::as_writable_bytes(std::span(all)));
  all.resize(got / sizeof(pollfd));
  return all;
}

/// "([{fd=3, revents=POLLIN}]", without the closing bracket.
void print_ready(ArgContext& c) {
  std::size_t shown = 0;
  c.put("([");
  for (const pollfd& one : read_pollfds(c)) {
    if (one.revents == 0) continue;
    if (shown != 0) c.put(", ");
    if (shown++ == c.limits().string) {
      c.put("...");
      break;
    }
    c.print("{{fd={}, revents=", one.fd);
    print_flags(c, static_cast<std::uint16_t>(one.revents), kPollEvents, "POLL???");
    c.put("}");
  }
  c.put("]");
}

using PrintTimeAt = void (*)(ArgContext&, std::uint64_t);

void print_time_left(ArgContext& c, std::uint64_t address, PrintTimeAt print) {
  c.put("left ");
  print(c, address);
}

void comment_fd_sets(ArgContext& c, PrintTimeAt print_time) {
  static constexpr std::array<std::string_view, 3> kNames{"in", "out", "except"};
  if (c.call().result == 0) {
    c.put("(Timeout)");
    return;
  }
  const std::int64_t count = fd_count(c);
  std::string_view before;
  c.put("(");
  for (unsigned i = 0; i < kNames.size(); ++i) {
    if (c.arg(i + 1) == 0) continue;
    std::string_view between;
    // As strace, whether structures are wanted or not.
    for_each_fd(read_fd_set(c.text_memory(), c.arg(i + 1), count), count, [&](std::int64_t fd) {
      if (between.empty()) c.print("{}{} [", before, kNames[i]);
      c.print("{}{}", between, fd);
      between = " ";
      before = ", ";
    });
    if (!between.empty()) c.put("]");
  }
  if (c.arg(4) != 0) {
    c.put(before);
    print_time_left(c, c.arg(4), print_time);
  }
  c.put(")");
}

struct MaskAndSize {
  std::uint64_t mask;
  std::uint64_t size;
};

void print_mask_and_size(ArgContext& c) {
  print_object_at<MaskAndSize>(c, c.value(), [&](const MaskAndSize& value) {
    c.put("{sigmask=");
    print_sigset_at(c, value.mask, value.size);
    c.print(", sigsetsize={}}}", value.size);
  });
}

void print_epoll_event(ArgContext& c, const epoll_event& event) {
  const std::uint32_t events = event.events;
  const std::uint64_t data = event.data.u64;
  c.put("{events=");
  print_flags(c, events, kEpollBits, "EPOLL???");
  c.print(", data={{u32={}, u64={}}}}}", static_cast<std::uint32_t>(data), data);
}

void print_epoll_event_arg(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(1)) == EPOLL_CTL_DEL) {
    print_address(c, c.value());
    return;
  }
  print_object_at<epoll_event>(c, c.value(), [&](const epoll_event& event) { print_epoll_event(c, event); });
}

void print_epoll_events(ArgContext& c) {
  const auto count = c.filled(static_cast<std::uint32_t>(c.arg(2)));
  print_array_at<epoll_event>(c, c.value(), count, [&](const epoll_event& event) { print_epoll_event(c, event); });
}

}  // namespace

void comment_poll(ArgContext& c) {
  if (c.call().result == 0) {
    c.put("(Timeout)");
  } else if (c.structures()) {
    print_ready(c);
    c.put(")");
  }
}

void comment_ppoll(ArgContext& c) {
  if (c.call().result == 0) {
    c.put("(Timeout)");
    return;
  }
  if (!c.structures()) return;
  print_ready(c);
  if (c.arg(2) != 0) {
    c.put(", ");
    print_time_left(c, c.arg(2), print_timespec_at);
  }
  c.put(")");
}

void comment_select(ArgContext& c) { comment_fd_sets(c, print_timeval_at); }
void comment_pselect(ArgContext& c) { comment_fd_sets(c, print_timespec_at); }

const ArgKind kPollfds{print_pollfds};
const ArgKind kFdSet{print_fd_set};
const ArgKind kMaskAndSize{print_mask_and_size};
const ArgKind kEpollEvent{print_epoll_event_arg};
const ArgKind kEpollEvents{print_epoll_events, When::exit};

}  // namespace vdsotrace
