// Scatter/gather lists in strace's spelling.
#pragma once

#include <cstdint>

#include "model/syscalls/print.hpp"

namespace vdsotrace {

/// Prints the `count` iovecs at `address`:
/// [{iov_base="abc", iov_len=3}, {iov_base=0x7ffc..., iov_len=4096}].
/// `bytes` is how much of the buffers together holds data (the result of a read);
/// what lies behind is "" or an address, as strace prints it. Both 64-bit and 32-bit lists.
/// `print_data(c, address, size)` prints one buffer.
void print_iovecs_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::uint64_t bytes = UINT64_MAX,
                     void (*print_data)(ArgContext&, std::uint64_t, std::uint64_t) = print_buffer_at);
/// The same without the data: [{iov_base=0x7ffc..., iov_len=3}].
void print_iovec_addresses_at(ArgContext& c, std::uint64_t address, std::uint64_t count);

}  // namespace vdsotrace
