// Kinds of arguments that many calls share. A row of a table names them by address:
// {"read", 3, kDesc, {&kFd, &kBufferOut, &kSize}}.
#pragma once

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/processes.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {

// Printers behind the kinds; usable in kinds of your own.
void print_int_arg(ArgContext& c);
void print_uint_arg(ArgContext& c);
void print_long_arg(ArgContext& c);
void print_ulong_arg(ArgContext& c);
void print_hex_arg(ArgContext& c);
void print_hex32_arg(ArgContext& c);
void print_address_arg(ArgContext& c);
void print_dirfd_arg(ArgContext& c);
void print_path_arg(ArgContext& c);
void print_wide_offset_arg(ArgContext& c);
void print_string_arg(ArgContext& c);
void print_mode_arg(ArgContext& c);
void print_id(ArgContext& c, std::uint32_t id);  ///< of a user or group: unsigned, but -1 for none
void print_id_arg(ArgContext& c);
void print_signal_arg(ArgContext& c);
void print_sized_buffer_arg(ArgContext& c);
void print_result_buffer_arg(ArgContext& c);
void print_int_at_arg(ArgContext& c);
void print_uint_at_arg(ArgContext& c);
void print_word_at_arg(ArgContext& c);
void print_timespec_arg(ArgContext& c);
void print_timeval_arg(ArgContext& c);
void print_sigset_arg(ArgContext& c);

// Numbers.
inline constexpr ArgKind kInt{print_int_arg};             ///< C int, decimal
inline constexpr ArgKind kUnsigned{print_uint_arg};       ///< C unsigned, decimal
inline constexpr ArgKind kLong{print_long_arg};           ///< C long, decimal
inline constexpr ArgKind kUnsignedLong{print_ulong_arg};  ///< C unsigned long, decimal
inline constexpr ArgKind kSize{print_ulong_arg};          ///< size_t
inline constexpr ArgKind kOffset{print_long_arg};         ///< off_t, decimal
/// 64-bit offset: in one register, or in this and the next, low half first.
inline constexpr ArgKind kWideOffset{print_wide_offset_arg};
inline constexpr ArgKind kHex{print_hex_arg};              ///< unsigned long, hexadecimal ("0" for zero)
inline constexpr ArgKind kHex32{print_hex32_arg};          ///< unsigned int, hexadecimal
inline constexpr ArgKind kMode{print_mode_arg};            ///< permission bits: 0644, 000
inline constexpr ArgKind kFd{print_fd_arg};                ///< file descriptor
inline constexpr ArgKind kDirFd{print_dirfd_arg};          ///< file descriptor or AT_FDCWD
inline constexpr ArgKind kId{print_id_arg};                ///< uid or gid: unsigned, but -1 for none
inline constexpr ArgKind kSignalNumber{print_signal_arg};  ///< SIGINT

/// A register that strace does not print: the high half of a 64-bit offset on a 64-bit machine.
inline constexpr ArgKind kOmitted{[](ArgContext&) {}};

// Pointers that are not followed.
inline constexpr ArgKind kPointer{print_address_arg};  ///< NULL or 0x7ffc...
/// The same for a place that the call fills and whose contents we don't print; as
/// strace waits for the end of the call before it prints one.
inline constexpr ArgKind kPointerOut{print_address_arg, When::exit};

// Strings and buffers.
inline constexpr ArgKind kPath{print_path_arg};      ///< file name, never cut
inline constexpr ArgKind kString{print_string_arg};  ///< NUL-terminated, cut by -s
inline constexpr ArgKind kPathOut{print_path_arg, When::exit};
inline constexpr ArgKind kStringOut{print_string_arg, When::exit};
inline constexpr ArgKind kBuffer{print_sized_buffer_arg};  ///< write-like: the next argument is its size
/// Read-like: the result is its size, the next argument what there is room for.
inline constexpr ArgKind kBufferOut{print_result_buffer_arg, When::exit};

// Small objects behind pointers.
inline constexpr ArgKind kIntAt{print_int_at_arg};  ///< [5]
inline constexpr ArgKind kIntAtOut{print_int_at_arg, When::exit};
inline constexpr ArgKind kUnsignedAtOut{print_uint_at_arg, When::exit};
/// C long behind a pointer, decimal: [5].
inline constexpr ArgKind kWordAt{print_word_at_arg};
inline constexpr ArgKind kWordAtOut{print_word_at_arg, When::exit};
inline constexpr ArgKind kTimespecAt{print_timespec_arg};
inline constexpr ArgKind kTimespecAtOut{print_timespec_arg, When::exit};
inline constexpr ArgKind kTimevalAt{print_timeval_arg};
inline constexpr ArgKind kTimevalAtOut{print_timeval_arg, When::exit};
/// Signal set; the next argument is its size in bytes.
inline constexpr ArgKind kSigset{print_sigset_arg};
inline constexpr ArgKind kSigsetOut{print_sigset_arg, When::exit};

/// A set of named constants and strace's remark on a value that is not among
/// them ("O_???"). Define it `constexpr` at namespace scope and name it in a kind:
/// {"open", ..., {&kPath, &kFlags<kOpenFlags>, &kMode}}.
struct NameTable {
  std::span<const NamedValue> values;
  std::string_view unknown;
};

template <const NameTable& kTable>
void print_flags_arg(ArgContext& c) {
  print_flags(c, c.as_uint(), kTable.values, kTable.unknown);
}
template <const NameTable& kTable>
void print_long_flags_arg(ArgContext& c) {
  print_flags(c, c.value(), kTable.values, kTable.unknown);
}
template <const NameTable& kTable>
void print_choice_arg(ArgContext& c) {
  print_choice(c, c.as_uint(), kTable.values, kTable.unknown);
}
template <const NameTable& kTable>
void print_long_choice_arg(ArgContext& c) {
  print_choice(c, c.value(), kTable.values, kTable.unknown);
}

template <const NameTable& kTable>
inline constexpr ArgKind kFlags{print_flags_arg<kTable>};  ///< bits in a C int
template <const NameTable& kTable>
inline constexpr ArgKind kLongFlags{print_long_flags_arg<kTable>};  ///< bits in a C long
template <const NameTable& kTable>
inline constexpr ArgKind kChoice{print_choice_arg<kTable>};  ///< one of several, a C int
template <const NameTable& kTable>
inline constexpr ArgKind kLongChoice{print_long_choice_arg<kTable>};

// What a successful result is, where it is not a decimal number.
void result_number(ArgContext& c);    ///< what it is where nothing else is said: C long, decimal
void result_hex(ArgContext& c);       ///< address: mmap, brk, shmat
void result_octal(ArgContext& c);     ///< umask
void result_unsigned(ArgContext& c);  ///< C unsigned long, decimal

}  // namespace vdsotrace
