#include "model/syscalls/print.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/signals/signals.hpp"

namespace vdsotrace {
namespace {

/// What a file name is read in, so that a short one costs one small read.
constexpr std::size_t kPathChunk = 128;
constexpr std::size_t kLaterPathChunk = 1024;

/// However large `-s` is.
constexpr std::size_t kMostShown = 1u << 20;

/// What `-x` leaves as it is: printable ASCII and white space.
bool is_text(std::byte b) {
  const auto c = static_cast<unsigned char>(b);
  return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

void print_number(ArgContext& c, std::uint64_t value, Digits digits) {
  if (digits == Digits::hex) {
    print_hex(c, value);
  } else {
    c.put_number(static_cast<std::int32_t>(value));
  }
}

std::size_t length_of_string(std::span<const std::byte> bytes) {
  const auto nul = std::find(bytes.begin(), bytes.end(), std::byte{0});
  return static_cast<std::size_t>(nul - bytes.begin());
}

}  // namespace

void print_hex(ArgContext& c, std::uint64_t value) {
  if (value == 0) {
    c.put("0");
  } else {
    c.print("{:#x}", value);
  }
}

void print_address(ArgContext& c, std::uint64_t address) {
  if (address == 0) {
    c.put("NULL");
  } else {
    c.print("{:#x}", address);
  }
}

void print_constant(ArgContext& c, std::uint64_t value, std::string_view name, Digits digits) {
  print_meaning(
      c, [&] { print_number(c, value, digits); }, [&] { c.put(name); });
}

void print_signal(ArgContext& c, int signal) {
  if (is_signal(signal)) {
    print_constant(c, static_cast<std::uint32_t>(signal), signal_name(signal), Digits::decimal);
  } else {
    c.put_number(signal);
  }
}

void print_flags(ArgContext& c, std::uint64_t value, std::span<const NamedValue> table, std::string_view fallback) {
  const ConstantStyle style = c.constants();
  if (style == ConstantStyle::raw || value == 0) {
    print_choice(c, value, table, "");
    return;
  }
  std::uint64_t rest = value;
  bool any = false;
  for (const NamedValue& known : table) {
    if (known.value == 0 || (rest & known.value) != known.value) continue;
    if (!any && style == ConstantStyle::verbose) c.print("{:#x} /* ", value);
    if (any) c.put("|");
    c.put(known.name);
    rest &= ~known.value;
    any = true;
  }
  if (!any) {
    print_choice(c, rest, {}, fallback);
    return;
  }
  if (rest != 0) c.print("|{:#x}", rest);
  if (style == ConstantStyle::verbose) c.put(" */");
}

void print_choice(ArgContext& c, std::uint64_t value, std::span<const NamedValue> table, std::string_view fallback,
                  Digits digits) {
  if (c.constants() == ConstantStyle::raw) {
    print_number(c, value, digits);
    return;
  }
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const NamedValue& known) { return known.value == value; });
  if (found != table.end()) {
    print_constant(c, value, found->name, digits);
    return;
  }
  print_number(c, value, digits);
  if (!fallback.empty()) c.print(" /* {} */", fallback);
}

void print_flags_with_huge_size(ArgContext& c, std::uint32_t value, std::span<const NamedValue> table,
                                std::string_view prefix) {
  constexpr unsigned kShift = 26;
  const std::uint32_t huge = value >> kShift;
  const std::uint32_t bits = value & ((1u << kShift) - 1);
  if (bits != 0 || huge == 0) print_flags(c, bits, table, fmt::format("{}_???", prefix));
  if (huge == 0) return;
  c.print("{}{}<<{}_HUGE_SHIFT", bits != 0 ? "|" : "", huge, prefix);
}

void print_quoted(ArgContext& c, std::span<const std::byte> bytes, std::size_t limit, bool more) {
  const HexStrings wanted = c.limits().hex;
  const auto shown = bytes.first(std::min(bytes.size(), limit));
  if (wanted == HexStrings::all || (wanted == HexStrings::non_ascii && !std::ranges::all_of(shown, is_text))) {
    append_quoted_hex(c.out(), shown, more || shown.size() < bytes.size());
  } else {
    append_quoted(c.out(), bytes, limit, more,
                  wanted == HexStrings::non_ascii_characters ? EscapeDigits::hex : EscapeDigits::octal);
  }
}

void print_string_at(ArgContext& c, std::uint64_t address, std::size_t most) {
  std::array<std::byte, 256> small;
  std::vector<std::byte> large;
  std::span<std::byte> bytes(small);
  const std::size_t limit = std::min({c.limits().string, most, kMostShown});
  const std::size_t wanted = std::min(limit + 1, most);
  if (wanted > small.size()) {
    large.resize(wanted);
    bytes = large;
  }
  bytes = bytes.first(wanted);
  bytes = bytes.first(address == 0 ? 0 : c.text_memory().read(address, bytes));
  const std::size_t length = length_of_string(bytes);
  if (length == bytes.size() && length < wanted) {  // it runs into unmapped memory
    print_address(c, address);
    return;
  }
  print_quoted(c, bytes.first(length), limit, length == wanted);
}

void print_path_at(ArgContext& c, std::uint64_t address) {
  std::array<std::byte, PATH_MAX> path;
  std::size_t done = 0;
  std::size_t length = 0;
  while (address != 0 && done < path.size()) {
    const std::size_t size = std::min(done == 0 ? kPathChunk : kLaterPathChunk, path.size() - done);
    const auto chunk = std::span(path).subspan(done, size);
    const std::size_t got = c.text_memory().read(address + done, chunk);
    length = done + length_of_string(chunk.first(got));
    done += got;
    if (length < done) break;
    if (got < chunk.size()) {
      done = 0;
      break;
    }
  }
  if (done == 0) {
    print_address(c, address);
    return;
  }
  print_quoted(c, std::span(path).first(length), PATH_MAX - 1);
}

void append_quoted_hex(std::string& out, std::span<const std::byte> bytes, bool more) {
  out.push_back('"');
  for (const std::byte b : bytes) {
    append_format(out, "\\x{:02x}", static_cast<unsigned>(b));
  }
  out.push_back('"');
  if (more) out.append("...");
}

namespace {

/// Hands the first bytes of a buffer, as many as shall be shown, to `body(bytes, more)`. As with strace, the byte
/// behind those must be readable too if the buffer has one.
template <class Body>
void with_buffer_at(ArgContext& c, std::uint64_t address, std::uint64_t size, Body&& body) {
  if (address == 0) {
    print_address(c, address);
    return;
  }
  std::array<std::byte, 256> small;
  std::vector<std::byte> large;
  std::span<std::byte> bytes(small);
  const auto limit = std::min<std::uint64_t>(c.limits().string, kMostShown);
  const auto wanted = static_cast<std::size_t>(std::min(size, limit + 1));
  if (wanted > small.size()) {
    large.resize(wanted);
    bytes = large;
  }
  bytes = bytes.first(wanted);
  if (wanted != 0 && c.text_memory().read(address, bytes) != wanted) {
    print_address(c, address);
    return;
  }
  body(bytes.first(std::min(bytes.size(), static_cast<std::size_t>(limit))), size > limit);
}

}  // namespace

void print_buffer_at(ArgContext& c, std::uint64_t address, std::uint64_t size) {
  with_buffer_at(c, address, size,
                 [&](std::span<const std::byte> bytes, bool more) { print_quoted(c, bytes, bytes.size(), more); });
}

void print_hex_buffer_at(ArgContext& c, std::uint64_t address, std::uint64_t size) {
  with_buffer_at(c, address, size,
                 [&](std::span<const std::byte> bytes, bool more) { append_quoted_hex(c.out(), bytes, more); });
}

void print_rest_of_struct(ArgContext& c, std::uint64_t address, std::uint64_t known, std::uint64_t size) {
  constexpr std::uint64_t kMost = 4096;  // the kernel's own limit is a page
  if (size <= known || size > kMost) return;
  std::vector<std::byte> rest(static_cast<std::size_t>(size - known));
  if (c.memory().read(address + known, rest) != rest.size()) {
    c.put(", ???");
    return;
  }
  const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
  if (std::all_of(rest.begin(), rest.end(), is_zero)) return;
  c.print(", /* bytes {}..{} */ ", known, size - 1);
  const std::size_t shown = std::min(rest.size(), c.limits().string);
  append_quoted_hex(c.out(), std::span(rest).first(shown), shown < rest.size());
}

void print_device(ArgContext& c, std::uint64_t device) {
  print_meaning_of(c, device, [&] {
    c.put("makedev(");
    print_hex(c, gnu_dev_major(device));
    c.put(", ");
    print_hex(c, gnu_dev_minor(device));
    c.put(")");
  });
}

void print_file_mode(ArgContext& c, std::uint32_t mode) {
  static constexpr std::array kTypes{NAMED(S_IFREG), NAMED(S_IFSOCK), NAMED(S_IFIFO), NAMED(S_IFLNK),
                                     NAMED(S_IFDIR), NAMED(S_IFBLK),  NAMED(S_IFCHR)};
  static constexpr std::array kBits{NAMED(S_ISUID), NAMED(S_ISGID), NAMED(S_ISVTX)};
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](const NamedValue& known) { return known.value == (mode & S_IFMT); });
  if (type == kTypes.end()) {
    c.print("{:#03o}", mode);
    return;
  }
  const auto names = [&] {
    c.put(type->name);
    for (const NamedValue& bit : kBits) {
      if ((mode & bit.value) != 0) c.print("|{}", bit.name);
    }
    c.print("|{:#03o}", mode & 0777u);
  };
  print_meaning(
      c, [&] { c.print("{:#03o}", mode); }, names);
}

void print_dirfd(ArgContext& c, std::uint64_t value) {
  const auto fd = static_cast<std::int32_t>(value);
  if (fd == AT_FDCWD) {
    print_constant(c, value, "AT_FDCWD", Digits::decimal);
    print_descriptor(c, fd);
  } else {
    print_fd(c, fd);
  }
}

}  // namespace vdsotrace
