#include "model/syscalls/files/iovec.hpp"

#include <algorithm>

#include "model/syscalls/print.hpp"

namespace vdsotrace {
namespace {

template <class Word>
struct Iovec {
  Word base;
  Word length;
};

/// `print_base(base, length)` prints what stands behind iov_base=.
template <class Word, class PrintBase>
void print_list(ArgContext& c, std::uint64_t address, std::uint64_t count, PrintBase&& print_base) {
  print_plain_array_at<Iovec<Word>>(c, address, count, [&](const Iovec<Word>& iovec) {
    c.put("{iov_base=");
    print_base(iovec.base, iovec.length);
    c.print(", iov_len={}}}", iovec.length);
  });
}

template <class PrintBase>
void print_list_of_abi(ArgContext& c, std::uint64_t address, std::uint64_t count, PrintBase&& print_base) {
  if (c.word() == 8) {
    print_list<std::uint64_t>(c, address, count, print_base);
  } else {
    print_list<std::uint32_t>(c, address, count, print_base);
  }
}

}  // namespace

void print_iovecs_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::uint64_t bytes,
                     void (*print_data)(ArgContext&, std::uint64_t, std::uint64_t)) {
  std::uint64_t left = bytes;
  print_list_of_abi(c, address, count, [&](std::uint64_t base, std::uint64_t length) {
    const std::uint64_t filled = std::min(left, length);
    if (bytes != UINT64_MAX) left -= filled;
    print_data(c, base, filled);
  });
}

void print_iovec_addresses_at(ArgContext& c, std::uint64_t address, std::uint64_t count) {
  print_list_of_abi(c, address, count, [&](std::uint64_t base, std::uint64_t) { print_address(c, base); });
}

}  // namespace vdsotrace
