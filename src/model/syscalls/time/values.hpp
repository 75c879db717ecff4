// Times behind pointers, in strace's spelling. Layouts are the kernel's for 64-bit programs.
#pragma once

#include <ctime>

#include <sys/time.h>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// "{tv_sec=1, tv_nsec=2}"
void print_timespec(ArgContext& c, const timespec& value);
/// "{tv_sec=1, tv_usec=2}"
void print_timeval(ArgContext& c, const timeval& value);
/// The same for what lies at `address`; print_object_at's rules.
void print_timespec_at(ArgContext& c, std::uint64_t address);
void print_timeval_at(ArgContext& c, std::uint64_t address);
/// Appends " /* 2021-04-25T00:37:37.828106+0000 */" as strace does behind absolute times that
/// a file has or shall have: local time, nothing for a zero time. `fraction` has `digits` digits.
void print_date_comment(ArgContext& c, std::int64_t seconds, std::uint64_t fraction, int digits);

}  // namespace vdsotrace
