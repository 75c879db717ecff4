// How structures behind pointers lie in the memory of programs whose words are narrower than ours.
#pragma once

#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <type_traits>

#include "model/syscalls/context.hpp"

namespace vdsotrace {

/// Whether a T is laid out alike in every ABI. To be specialised beside the T.
template <class T>
inline constexpr bool kSameLayout = std::is_integral_v<T> && sizeof(T) <= sizeof(std::uint32_t);

/// What i386 has in place of a T: specialised with a type `Bytes`, `static T widen(const Bytes&)`, and `kTime` if newer
/// calls have the T itself, as all of x32's have. Without it an i386 program's is unknown.
template <class T>
struct NarrowLayout;

template <class T>
concept HasNarrowLayout = requires {
  typename NarrowLayout<T>::Bytes;
};

template <class T>
struct NarrowPair {
  static constexpr bool kTime = true;
  struct Bytes {
    std::int32_t seconds;
    std::int32_t fraction;
  };
  static T widen(const Bytes& bytes) { return {bytes.seconds, bytes.fraction}; }
};
template <>
struct NarrowLayout<timespec> : NarrowPair<timespec> {};
template <>
struct NarrowLayout<timeval> : NarrowPair<timeval> {};

template <class T, class Part>
struct NarrowTimer {
  static constexpr bool kTime = true;
  struct Bytes {
    typename NarrowLayout<Part>::Bytes interval;
    typename NarrowLayout<Part>::Bytes value;
  };
  static T widen(const Bytes& bytes) {
    return {NarrowLayout<Part>::widen(bytes.interval), NarrowLayout<Part>::widen(bytes.value)};
  }
};
template <>
struct NarrowLayout<itimerspec> : NarrowTimer<itimerspec, timespec> {};
template <>
struct NarrowLayout<itimerval> : NarrowTimer<itimerval, timeval> {};

template <>
inline constexpr bool kSameLayout<struct timezone> = true;

/// From clock_gettime64 on all of i386's calls have 64-bit seconds, those with a name of their own for that and those
/// that came later (epoll_pwait2, futex_waitv): arch/x86/entry/syscalls/syscall_32.tbl.
inline constexpr std::int64_t kFirstWideTime = 403;

/// The form that a T has where the call's pointers lead.
enum class Layout : std::uint8_t { ours, narrow, unknown };

template <class T>
Layout layout_of(const ArgContext& c) {
  if (c.native_layout() || kSameLayout<T>) return Layout::ours;
  if constexpr (HasNarrowLayout<T>) {
    const bool times = requires { NarrowLayout<T>::kTime; };
    if (times && (c.call().abi == Abi::x32 || c.call().nr >= kFirstWideTime)) return Layout::ours;
    if (c.call().abi == Abi::i386) return Layout::narrow;
  }
  return Layout::unknown;
}

/// The T at `address`; nothing if it cannot be read or the ABI's layout is not known.
template <class T>
std::optional<T> read_object(ArgContext& c, std::uint64_t address) {
  const Layout layout = layout_of<T>(c);
  if (layout == Layout::ours) return c.memory().object<T>(address);
  if constexpr (HasNarrowLayout<T>) {
    using Bytes = typename NarrowLayout<T>::Bytes;
    const auto found = layout == Layout::narrow ? c.memory().object<Bytes>(address) : std::nullopt;
    if (found) return NarrowLayout<T>::widen(*found);
  }
  return std::nullopt;
}

/// Bytes from one T of an array to the next.
template <class T>
std::size_t stride_of(const ArgContext& c) {
  if constexpr (HasNarrowLayout<T>) {
    if (layout_of<T>(c) == Layout::narrow) return sizeof(typename NarrowLayout<T>::Bytes);
  }
  return sizeof(T);
}

}  // namespace vdsotrace
