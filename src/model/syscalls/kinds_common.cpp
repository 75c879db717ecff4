#include "model/syscalls/kinds_common.hpp"

#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/time/values.hpp"

namespace vdsotrace {
namespace {

/// An integer behind a pointer looks the same in every ABI, so it is read in all of them.
template <class T>
void print_number_at(ArgContext& c) {
  const bool filled = !(c.exiting() && c.failed());
  const auto number = c.value() != 0 && filled ? c.memory().object<T>(c.value()) : std::nullopt;
  if (number) {
    c.print("[{}]", *number);
  } else {
    print_address(c, c.value());
  }
}

}  // namespace

void print_int_arg(ArgContext& c) { c.print("{}", c.as_int()); }
void print_uint_arg(ArgContext& c) { c.print("{}", c.as_uint()); }

void print_long_arg(ArgContext& c) {
  if (c.word() == 8) {
    c.print("{}", static_cast<std::int64_t>(c.value()));
  } else {
    c.print("{}", c.as_int());
  }
}

void print_wide_offset_arg(ArgContext& c) {
  const bool split = c.call().abi == Abi::i386;
  c.print("{}", static_cast<std::int64_t>(split ? c.value() | c.arg(c.index() + 1) << 32 : c.value()));
}

void print_ulong_arg(ArgContext& c) { c.print("{}", c.value()); }
void print_hex_arg(ArgContext& c) { print_hex(c, c.value()); }
void print_hex32_arg(ArgContext& c) { print_hex(c, c.as_uint()); }
void print_address_arg(ArgContext& c) { print_address(c, c.value()); }
void print_dirfd_arg(ArgContext& c) { print_dirfd(c, c.value()); }

void print_path_arg(ArgContext& c) {
  if (c.exiting() && c.failed()) {
    print_address(c, c.value());
  } else {
    print_path_at(c, c.value());
  }
}

void print_string_arg(ArgContext& c) {
  if (c.exiting() && c.failed()) {
    print_address(c, c.value());
  } else {
    print_string_at(c, c.value());
  }
}

void print_mode_arg(ArgContext& c) { c.print("{:#03o}", static_cast<std::uint16_t>(c.value())); }

void print_id(ArgContext& c, std::uint32_t id) {
  if (id == UINT32_MAX) {
    c.put("-1");
  } else {
    c.print("{}", id);
  }
}

void print_id_arg(ArgContext& c) { print_id(c, c.as_uint()); }

void print_signal_arg(ArgContext& c) { print_signal(c, c.as_int()); }

void print_sized_buffer_arg(ArgContext& c) { print_buffer_at(c, c.value(), c.arg(c.index() + 1)); }

void print_result_buffer_arg(ArgContext& c) {
  if (c.failed() || c.call().result < 0) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), c.filled(c.arg(c.index() + 1)));
  }
}

void print_int_at_arg(ArgContext& c) { print_number_at<std::int32_t>(c); }
void print_uint_at_arg(ArgContext& c) { print_number_at<std::uint32_t>(c); }

void print_word_at_arg(ArgContext& c) {
  if (c.word() == 8) {
    print_number_at<std::int64_t>(c);
  } else {
    print_number_at<std::int32_t>(c);
  }
}

void print_timespec_arg(ArgContext& c) { print_timespec_at(c, c.value()); }
void print_timeval_arg(ArgContext& c) { print_timeval_at(c, c.value()); }
void print_sigset_arg(ArgContext& c) { print_sigset_at(c, c.value(), c.arg(c.index() + 1)); }

void result_number(ArgContext& c) {
  const std::int64_t result = c.call().result;
  c.put_number(c.call().abi == Abi::i386 ? static_cast<std::int32_t>(result) : result);
}

void result_hex(ArgContext& c) {
  const auto result = static_cast<std::uint64_t>(c.call().result);
  print_hex(c, c.call().abi == Abi::i386 ? result & UINT32_MAX : result);
}

void result_octal(ArgContext& c) { c.print("{:#03o}", static_cast<std::uint64_t>(c.call().result)); }

void result_unsigned(ArgContext& c) {
  const auto result = static_cast<std::uint64_t>(c.call().result);
  c.put_number(c.call().abi == Abi::i386 ? static_cast<std::uint32_t>(result) : result);
}

}  // namespace vdsotrace
