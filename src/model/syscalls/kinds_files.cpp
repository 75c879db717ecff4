#include "model/syscalls/kinds_files.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "model/syscalls/values_iovec.hpp"
#include "model/syscalls/values_time.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kAccessModes{NAMED(O_RDONLY), NAMED(O_WRONLY), NAMED(O_RDWR),
                                  NAMED(O_ACCMODE)};
constexpr std::array kResolveBits{NAMED(RESOLVE_NO_XDEV),     NAMED(RESOLVE_NO_MAGICLINKS),
                                  NAMED(RESOLVE_NO_SYMLINKS), NAMED(RESOLVE_BENEATH),
                                  NAMED(RESOLVE_IN_ROOT),     NAMED(RESOLVE_CACHED)};

/// Size of a directory entry is a 16-bit number at this offset, after inode and offset.
constexpr std::size_t kLongDirentSize = 16;
constexpr std::size_t kShortDirentSize = 8;
constexpr std::uint64_t kMostDirents = 1u << 20;

bool creates(std::uint64_t flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE & ~O_DIRECTORY) != 0;
}

void print_dirents(ArgContext& c, std::size_t size_at) {
  print_address(c, c.value());
  if (c.failed() || c.value() == 0) return;
  const auto filled = c.filled(std::min<std::uint64_t>(static_cast<std::uint32_t>(c.arg(2)), kMostDirents));
  std::vector<std::byte> bytes(static_cast<std::size_t>(filled));
  if (c.memory().read(c.value(), bytes) != bytes.size()) return;
  std::size_t at = 0;
  unsigned entries = 0;
  while (at + size_at + sizeof(std::uint16_t) <= bytes.size()) {
    std::uint16_t size = 0;
    std::memcpy(&size, bytes.data() + at + size_at, sizeof size);
    if (size <= size_at) break;
    at += size;
    ++entries;
  }
  c.print(" /* {} entries */", entries);
}

void print_timespec_with_date(ArgContext& c, const timespec& time) {
  if (time.tv_nsec == UTIME_NOW) {
    c.put("UTIME_NOW");
  } else if (time.tv_nsec == UTIME_OMIT) {
    c.put("UTIME_OMIT");
  } else {
    print_timespec(c, time);
    const auto fraction = static_cast<std::uint64_t>(time.tv_nsec);
    if (fraction < 1'000'000'000) print_date_comment(c, time.tv_sec, fraction, 9);
  }
}

void print_timeval_with_date(ArgContext& c, const timeval& time) {
  print_timeval(c, time);
  const auto fraction = static_cast<std::uint64_t>(time.tv_usec);
  if (fraction < 1'000'000) print_date_comment(c, time.tv_sec, fraction, 6);
}

/// The next argument is what there is room for.
std::uint64_t room_for_result(const ArgContext& c) { return c.arg(c.index() + 1); }

/// A value is shown without the NUL that often ends it.
void print_attribute(ArgContext& c, std::uint64_t size) {
  std::byte last{1};
  if (c.value() != 0 && size != 0 && size <= c.limits().string) {
    last = c.memory().object<std::byte>(c.value() + size - 1).value_or(last);
  }
  print_buffer_at(c, c.value(), last == std::byte{0} ? size - 1 : size);
}

}  // namespace

void print_open_flags(ArgContext& c, std::uint64_t flags) {
  print_meaning_of(c, flags, [&] {
    print_choice(c, flags & O_ACCMODE, kAccessModes, "");
    const std::uint64_t rest = flags & ~static_cast<std::uint64_t>(O_ACCMODE);
    if (rest == 0) return;
    c.put("|");
    print_flags(c, rest, kOpenBits, "");
  });
}

void print_open_flags_arg(ArgContext& c) { print_open_flags(c, c.as_uint()); }

void print_open_mode_arg(ArgContext& c) {
  if (creates(c.arg(c.index() - 1))) print_mode_arg(c);
}

void print_open_how_arg(ArgContext& c) {
  const std::uint64_t size = c.arg(c.index() + 1);
  if (size < sizeof(open_how)) {
    print_address(c, c.value());
    return;
  }
  print_object_at<open_how>(c, c.value(), [&](const open_how& how) {
    c.put("{flags=");
    print_open_flags(c, how.flags);
    if (how.mode != 0 || creates(how.flags))
      c.print(", mode={:#03o}", static_cast<std::uint16_t>(how.mode));
    c.put(", resolve=");
    print_flags(c, how.resolve, kResolveBits, "RESOLVE_???");
    print_rest_of_struct(c, c.value(), sizeof how, size);
    c.put("}");
  });
}

void print_dirents_arg(ArgContext& c) { print_dirents(c, kLongDirentSize); }

void print_old_dirents_arg(ArgContext& c) {
  print_dirents(c, c.word() == 8 ? kLongDirentSize : kShortDirentSize);
}

void print_mknod_mode_arg(ArgContext& c) {
  print_file_mode(c, static_cast<std::uint16_t>(c.value()));
}

void print_mknod_device_arg(ArgContext& c) {
  const auto mode = static_cast<std::uint32_t>(c.arg(c.index() - 1));
  if (S_ISCHR(mode) || S_ISBLK(mode)) print_device(c, c.as_uint());
}

void print_device_arg(ArgContext& c) { print_device(c, c.as_uint()); }

void print_moving_offset_arg(ArgContext& c) {
  if (!c.exiting()) {
    print_word_at_arg(c);
    return;
  }
  if (c.failed() || c.call().result == 0 || c.value() == 0) return;
  if (const auto after = c.memory().object<std::int64_t>(c.value())) c.print(" => [{}]", *after);
}

void print_utimensat_times_arg(ArgContext& c) {
  print_array_at<timespec>(c, c.value(), 2,
                           [&](const timespec& time) { print_timespec_with_date(c, time); });
}

void print_utimes_arg(ArgContext& c) {
  print_array_at<timeval>(c, c.value(), 2,
                          [&](const timeval& time) { print_timeval_with_date(c, time); });
}

void print_utimbuf_arg(ArgContext& c) {
  using Times = std::array<std::int64_t, 2>;
  print_object_at<Times>(c, c.value(), [&](const Times& times) {
    c.print("{{actime={}", times[0]);
    print_date_comment(c, times[0], 0, 0);
    c.print(", modtime={}", times[1]);
    print_date_comment(c, times[1], 0, 0);
    c.put("}");
  });
}

void print_attribute_value_arg(ArgContext& c) { print_attribute(c, c.arg(c.index() + 1)); }

void print_attribute_out_arg(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_attribute(c, c.filled(room_for_result(c)));
  }
}

void print_attribute_names_arg(ArgContext& c) {
  const bool asked_for_size = room_for_result(c) == 0;
  if (c.failed() || asked_for_size) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), c.filled(room_for_result(c)));
  }
}

void print_path_by_result_arg(ArgContext& c) {
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), c.filled(room_for_result(c)));
  }
}

void print_memfd_flags_arg(ArgContext& c) {
  static constexpr std::array kBits{NAMED(MFD_CLOEXEC), NAMED(MFD_ALLOW_SEALING),
                                    NAMED(MFD_HUGETLB)};
  print_meaning_of(c, c.as_uint(), [&] { print_flags_with_huge_size(c, c.as_uint(), kBits, "MFD"); });
}

void print_iovec_arg(ArgContext& c) { print_iovecs_at(c, c.value(), c.arg(c.index() + 1)); }

void print_iovec_out_arg(ArgContext& c) {
  const std::uint64_t count = c.arg(c.index() + 1);
  if (c.failed()) {
    print_iovec_addresses_at(c, c.value(), count);
  } else {
    print_iovecs_at(c, c.value(), count, c.filled(UINT64_MAX));
  }
}

}  // namespace vdsotrace
