#include "model/syscalls/files/kinds.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <vector>

#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "model/syscalls/files/iovec.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kAccessModes{NAMED(O_RDONLY), NAMED(O_WRONLY), NAMED(O_RDWR), NAMED(O_ACCMODE)};
constexpr std::array kResolveBits{NAMED(RESOLVE_NO_XDEV), NAMED(RESOLVE_NO_MAGICLINKS), NAMED(RESOLVE_NO_SYMLINKS),
                                  NAMED(RESOLVE_BENEATH), NAMED(RESOLVE_IN_ROOT),       NAMED(RESOLVE_CACHED)};

/// How a directory entry lies: inode and offset, words each, its size in 16 bits, its type before its name or in its
/// last byte.
struct DirentLayout {
  std::size_t word;
  bool type_first;
  std::size_t size_at() const { return 2 * word; }
  std::size_t name_at() const { return size_at() + sizeof(std::uint16_t) + (type_first ? 1 : 0); }
};
constexpr std::array kEntryTypes{NamedValue{0, "DT_UNKNOWN"}, NamedValue{1, "DT_FIFO"},  NamedValue{2, "DT_CHR"},
                                 NamedValue{4, "DT_DIR"},     NamedValue{6, "DT_BLK"},   NamedValue{8, "DT_REG"},
                                 NamedValue{10, "DT_LNK"},    NamedValue{12, "DT_SOCK"}, NamedValue{14, "DT_WHT"}};
constexpr std::uint64_t kMostDirents = 1u << 20;

bool creates(std::uint64_t flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE & ~O_DIRECTORY) != 0; }

/// The front of `bytes` as a number.
std::uint64_t number_in(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, size);
  return number;
}

void print_entry_type(ArgContext& c, std::byte type) {
  c.put(", d_type=");
  print_choice(c, static_cast<std::uint64_t>(type), kEntryTypes, "DT_???");
}

/// `entry` is as long as it says.
void print_dirent(ArgContext& c, std::span<const std::byte> entry, const DirentLayout& layout) {
  c.print("{{d_ino={}, d_off={}, d_reclen={}", number_in(entry, 0, layout.word),
          number_in(entry, layout.word, layout.word), entry.size());
  if (layout.type_first) print_entry_type(c, entry[layout.name_at() - 1]);
  auto name = entry.subspan(layout.name_at());
  if (!layout.type_first) name = name.first(name.size() - 1);
  const auto end = std::find(name.begin(), name.end(), std::byte{0});
  c.put(", d_name=");
  print_quoted(c, name.first(static_cast<std::size_t>(end - name.begin())), name.size());
  if (!layout.type_first) print_entry_type(c, entry.back());
  c.put("}");
}

/// Hands each whole entry of `bytes` to `body(entry)`.
template <class Body>
void for_each_dirent(std::span<const std::byte> bytes, const DirentLayout& layout, Body&& body) {
  while (bytes.size() > layout.name_at()) {
    const auto size = static_cast<std::size_t>(number_in(bytes, layout.size_at(), sizeof(std::uint16_t)));
    if (size <= layout.name_at()) break;
    const auto entry = bytes.first(std::min(size, bytes.size()));
    body(entry);
    bytes = bytes.subspan(entry.size());
  }
}

void print_dirents(ArgContext& c, const DirentLayout& layout) {
  const auto filled = c.filled(std::min<std::uint64_t>(static_cast<std::uint32_t>(c.arg(2)), kMostDirents));
  std::vector<std::byte> bytes(static_cast<std::size_t>(filled));
  const bool wanted = &c.memory() == &c.text_memory();  // even where there are no entries to read
  const bool readable = wanted && !c.failed() && c.value() != 0 && c.memory().read(c.value(), bytes) == bytes.size();
  if (readable && !c.abbreviated()) {
    std::string_view before = "[";
    for_each_dirent(bytes, layout, [&](std::span<const std::byte> entry) {
      c.put(before);
      print_dirent(c, entry, layout);
      before = ", ";
    });
    c.put(before == "[" ? "[]" : "]");
    return;
  }
  print_address(c, c.value());
  if (!readable) return;
  unsigned entries = 0;
  for_each_dirent(bytes, layout, [&](std::span<const std::byte>) { ++entries; });
  c.print(" /* {} entries */", entries);
}

void print_timespec_with_date(ArgContext& c, const timespec& time) {
  if (time.tv_nsec == UTIME_NOW || time.tv_nsec == UTIME_OMIT) {
    print_meaning(
        c, [&] { print_timespec(c, time); }, [&] { c.put(time.tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT"); });
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
    last = c.text_memory().object<std::byte>(c.value() + size - 1).value_or(last);
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
    if (how.mode != 0 || creates(how.flags)) c.print(", mode={:#03o}", how.mode);
    c.put(", resolve=");
    print_flags(c, how.resolve, kResolveBits, "RESOLVE_???");
    print_rest_of_struct(c, c.value(), sizeof how, size);
    c.put("}");
  });
}

/// Shown as far as the kernel may take it (memfd_create(2)), even if -s says more.
void print_memfd_name_arg(ArgContext& c) {
  std::array<std::byte, NAME_MAX - 5> name;
  if (c.limits().string < name.size()) {
    print_string_arg(c);
    return;
  }
  const std::size_t got = c.value() != 0 ? c.text_memory().read(c.value(), name) : 0;
  const auto some = std::span(name).first(got);
  const auto length = static_cast<std::size_t>(std::ranges::find(some, std::byte{0}) - some.begin());
  if (length == got && got < name.size()) {
    print_address(c, c.value());
  } else {
    print_quoted(c, some.first(length), name.size(), length == name.size());
  }
}

void print_dirents_arg(ArgContext& c) { print_dirents(c, {sizeof(std::uint64_t), true}); }

void print_old_dirents_arg(ArgContext& c) { print_dirents(c, {c.word(), false}); }

void print_mknod_mode_arg(ArgContext& c) { print_file_mode(c, static_cast<std::uint16_t>(c.value())); }

void print_mknod_device_arg(ArgContext& c) {
  const auto mode = static_cast<std::uint32_t>(c.arg(c.index() - 1));
  if (S_ISCHR(mode) || S_ISBLK(mode)) print_device(c, c.as_uint());
}

void print_device_arg(ArgContext& c) { print_device(c, c.as_uint()); }

void print_moving_offset_arg(ArgContext& c) {
  const auto offset = c.value() == 0  ? std::nullopt
                      : c.word() == 8 ? c.memory().object<std::uint64_t>(c.value())
                                      : std::optional<std::uint64_t>(c.memory().object<std::uint32_t>(c.value()));
  if (!c.exiting()) {
    if (offset) {
      c.print("[{}]", *offset);
    } else {
      print_address(c, c.value());
    }
  } else if (!c.failed() && c.call().result != 0 && offset) {
    c.print(" => [{}]", *offset);
  }
}

namespace {

/// Times of access and modification: both or, if one of them cannot be read, the address.
template <class T, class Print>
void print_pair_of_times(ArgContext& c, Print&& print) {
  if (c.value() != 0 && !read_object<T>(c, c.value() + stride_of<T>(c))) {
    print_address(c, c.value());
  } else {
    print_array_at<T>(c, c.value(), 2, print);
  }
}

}  // namespace

void print_utimensat_times_arg(ArgContext& c) {
  print_pair_of_times<timespec>(c, [&](const timespec& time) { print_timespec_with_date(c, time); });
}

void print_utimes_arg(ArgContext& c) {
  print_pair_of_times<timeval>(c, [&](const timeval& time) { print_timeval_with_date(c, time); });
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

void print_attribute_value_arg(ArgContext& c) {
  const std::uint64_t size = c.arg(c.index() + 1);
  if (size > XATTR_SIZE_MAX) {
    print_address(c, c.value());
  } else {
    print_attribute(c, size);
  }
}

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
  static constexpr std::array kBits{NAMED(MFD_CLOEXEC), NAMED(MFD_ALLOW_SEALING), NAMED(MFD_HUGETLB)};
  if (c.value() == 0) {
    print_hex(c, 0);
  } else {
    print_meaning_of(c, c.as_uint(), [&] { print_flags_with_huge_size(c, c.as_uint(), kBits, "MFD"); });
  }
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
