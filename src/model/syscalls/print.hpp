// Building blocks of printers, in strace's spelling.
#pragma once

#include <algorithm>
#include <span>

#include "base/escape.hpp"
#include "model/syscalls/layout.hpp"

namespace vdsotrace {

/// A constant of a kernel header and its name. Tables of them are data.
struct NamedValue {
  std::uint64_t value;
  std::string_view name;
};

/// A constant's bits: a C int is not sign-extended, as it is compared with 32-bit arguments.
template <class T>
constexpr std::uint64_t constant_bits(T constant) {
  if constexpr (sizeof(T) <= sizeof(std::uint32_t)) return static_cast<std::uint32_t>(constant);
  return static_cast<std::uint64_t>(constant);
}

/// A row of such a table: {NAMED(MAP_SHARED), NAMED(MAP_PRIVATE)}.
#define NAMED(constant) \
  ::vdsotrace::NamedValue { ::vdsotrace::constant_bits(constant), #constant }

/// Hexadecimal as C's %#x has it: 0x1f, but 0 for zero.
void print_hex(ArgContext& c, std::uint64_t value);
/// NULL or 0x7ffc...
void print_address(ArgContext& c, std::uint64_t address);

/// How the number of a constant is written where `-X` asks for it.
enum class Digits : std::uint8_t { hex, decimal };

/// What is a remark in any case: names only.
template <class Meaning>
void print_names_only(ArgContext& c, Meaning&& meaning) {
  const ConstantStyle style = c.constants();
  c.set_constants(ConstantStyle::abbrev);
  meaning();
  c.set_constants(style);
}
/// What `-X` wants of a value: `meaning()` prints names, `number()` the value itself. Within a meaning there are names
/// only.
template <class Number, class Meaning>
void print_meaning(ArgContext& c, Number&& number, Meaning&& meaning) {
  const ConstantStyle style = c.constants();
  if (style != ConstantStyle::abbrev) number();
  if (style == ConstantStyle::raw) return;
  if (style == ConstantStyle::verbose) c.put(" /* ");
  print_names_only(c, meaning);
  if (style == ConstantStyle::verbose) c.put(" */");
}
/// The same with the number in hexadecimal.
template <class Meaning>
void print_meaning_of(ArgContext& c, std::uint64_t value, Meaning&& meaning) {
  print_meaning(
      c, [&] { print_hex(c, value); }, meaning);
}
/// One constant whose name is known. A decimal one is a C int.
void print_constant(ArgContext& c, std::uint64_t value, std::string_view name, Digits digits = Digits::hex);
/// SIGINT
void print_signal(ArgContext& c, int signal);

/// Bits by name joined with '|', the rest in hexadecimal. `fallback` is strace's
/// remark on a value in which no bit is known: "0x8000 /* O_??? */". Zero prints
/// the table's name for 0, or "0".
void print_flags(ArgContext& c, std::uint64_t value, std::span<const NamedValue> table, std::string_view fallback);
/// One name, or "0x5 /* FUTEX_??? */".
void print_choice(ArgContext& c, std::uint64_t value, std::span<const NamedValue> table, std::string_view fallback,
                  Digits digits = Digits::hex);

/// Flags that hold the logarithm of a huge page's size in their top six bits:
/// "MAP_HUGETLB|21<<MAP_HUGE_SHIFT". `prefix` is "MAP", "MFD", "SHM".
void print_flags_with_huge_size(ArgContext& c, std::uint32_t value, std::span<const NamedValue> table,
                                std::string_view prefix);

/// append_quoted() for an argument: in hexadecimal if that is asked for (`-x`).
void print_quoted(ArgContext& c, std::span<const std::byte> bytes, std::size_t limit, bool more = false);
/// The NUL-terminated string at `address`, limited by `-s`; an address if unreadable. No more than `most` bytes are
/// read.
void print_string_at(ArgContext& c, std::uint64_t address, std::size_t most = SIZE_MAX);
/// The same for a file name, which strace never cuts (up to PATH_MAX).
void print_path_at(ArgContext& c, std::uint64_t address);
/// `size` bytes at `address` in quotes, limited by `-s`; an address if unreadable.
void print_buffer_at(ArgContext& c, std::uint64_t address, std::uint64_t size);
/// The same with every byte as \x1f, as strace prints what is never text.
void print_hex_buffer_at(ArgContext& c, std::uint64_t address, std::uint64_t size);
/// Appends `bytes` in double quotes, each as \x1f.
void append_quoted_hex(std::string& out, std::span<const std::byte> bytes, bool more = false);
/// "makedev(0x8, 0x1)"
void print_device(ArgContext& c, std::uint64_t device);
/// A file's mode: "S_IFREG|0644".
void print_file_mode(ArgContext& c, std::uint32_t mode);
/// What a program passed behind the end of the structure that we know, where it is not zero:
/// `, /* bytes 24..31 */ "\x05..."`. The structure lies at `address`, `known` of its `size` bytes are known.
void print_rest_of_struct(ArgContext& c, std::uint64_t address, std::uint64_t known, std::uint64_t size);
/// AT_FDCWD or a decimal number.
void print_dirfd(ArgContext& c, std::uint64_t value);

/// What ought to be zero is shown where it is not.
template <class T>
void print_reserved(ArgContext& c, std::string_view name, const T& value) {
  if (value != 0) c.print(", {}={:#x}", name, value);
}
template <class T, std::size_t kCount>
void print_reserved(ArgContext& c, std::string_view name, const T (&values)[kCount]) {
  if (std::ranges::all_of(values, [](T value) { return value == 0; })) return;
  c.print(", {}=", name);
  for (std::size_t i = 0; i < kCount; ++i) {
    c.put(i == 0 ? "[" : ", ");
    print_hex(c, values[i]);
  }
  c.put("]");
}

/// Reads a T at `address` and hands it to `body(const T&)`; prints the address if
/// it is NULL, unreadable, the call failed (when exiting) or the ABI's layout differs.
template <class T, class Body>
void print_object_at(ArgContext& c, std::uint64_t address, Body&& body) {
  if (address != 0 && !(c.exiting() && c.failed())) {
    if (const auto object = read_object<T>(c, address)) {
      body(*object);
      return;
    }
  }
  print_address(c, address);
}

/// Prints what stands for an array that has no elements to read: the address if it is NULL or the range wraps around,
/// [] if it is empty. False if there are some.
inline bool print_no_elements_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::size_t stride) {
  if (address == 0 || count > (UINT64_MAX - address) / stride) {
    print_address(c, address);
    return true;
  }
  if (count == 0) c.put("[]");
  return count == 0;
}

/// Prints what stands for the elements from `at` on that are not shown, behind `shown` others.
inline void print_rest(ArgContext& c, std::uint64_t at, std::uint64_t shown, bool readable) {
  if (readable) {
    c.put(shown == 0 ? "[..." : ", ...");
  } else {
    c.print(", ... /* {:#x} */", at);
  }
}

/// More elements than there is memory for.
inline constexpr std::uint64_t kAnyCount = UINT64_MAX;

/// Prints `count` elements from `address` on as [a, b, ...], at most the limit's and `most`, "..." behind, with the
/// address of the next if that cannot be read. They lie `stride` bytes
/// apart and come of `read(address)`, which may have nothing; `body(const T&)` prints one.
/// Prints the address if it is NULL or unreadable or the range wraps around.
template <class Read, class Body>
void print_elements_at(ArgContext& c, std::uint64_t address, std::uint64_t count, std::size_t stride, Read&& read,
                       Body&& body, std::uint64_t most = kAnyCount) {
  if (print_no_elements_at(c, address, count, stride)) return;
  for (std::uint64_t shown = 0; shown < count; ++shown) {
    const std::uint64_t at = address + shown * stride;
    const auto element = read(at);
    if (!element && shown == 0) {
      print_address(c, address);
      return;
    }
    if (!element || shown >= most || (c.abbreviated() && shown >= c.limits().string)) {
      print_rest(c, at, shown, element.has_value());
      break;
    }
    c.put(shown == 0 ? "[" : ", ");
    body(*element);
  }
  c.put("]");
}

/// The same for a T that is laid out alike in every ABI.
template <class T, class Body>
void print_plain_array_at(ArgContext& c, std::uint64_t address, std::uint64_t count, Body&& body) {
  const auto read = [&](std::uint64_t at) { return c.memory().object<T>(at); };
  print_elements_at(c, address, count, sizeof(T), read, body);
}

/// The same for a structure: prints the address as print_object_at does.
template <class T, class Body>
void print_array_at(ArgContext& c, std::uint64_t address, std::uint64_t count, Body&& body,
                    std::uint64_t most = kAnyCount) {
  if (layout_of<T>(c) == Layout::unknown || (c.exiting() && c.failed())) {
    print_address(c, address);
  } else {
    print_elements_at(
        c, address, count, stride_of<T>(c), [&](std::uint64_t at) { return read_object<T>(c, at); }, body, most);
  }
}

}  // namespace vdsotrace
