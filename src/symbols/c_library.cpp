#include "symbols/c_library.hpp"

#include <algorithm>
#include <iterator>

namespace vdsotrace {
namespace {

/// Files NAME.so, NAME.so.VERSION or NAME-VERSION.so.
constexpr std::string_view kLibraries[] = {"libc", "libpthread", "librt", "ld", "ld64"};
constexpr std::string_view kPrefixes[] = {"ld-linux", "ld-musl-", "libc.musl-", "ld-uClibc", "libuClibc"};

/// Of glibc and of musl, as their static archives spell them.
constexpr std::string_view kWrappers[] = {
    "__arc4random_buf", "__clock_getres", "__clock_getres64", "__clock_gettime", "__clock_gettime64", "__getcpu",
    "__getrandom", "__getrandom_nocancel", "__getrandom_vdso", "__gettimeofday", "__gettimeofday64",
    "__gettimeofday_clock_gettime64", "__gettimeofday_syscall", "__libc_getrandom", "__sched_getcpu", "__time",
    "__time64", "__time_clock_gettime64", "__time_syscall", "__timespec_get", "__timespec_get64",
    "__timespec_getres", "_dl_discover_osversion", "arc4random", "arc4random_buf", "arc4random_uniform", "clock",
    "clock_getres", "clock_gettime", "ftime", "getcpu", "getentropy", "getrandom", "gettimeofday", "gettimeofday_syscall",
    "sched_getcpu", "syscall", "time", "time_syscall", "timespec_get", "timespec_getres",
};
static_assert(std::ranges::is_sorted(kWrappers));

bool is_version(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

/// What may follow the library's name.
bool is_ending(std::string_view rest) {
  constexpr std::string_view kSo = ".so";
  if (rest.starts_with(kSo)) return rest.size() == kSo.size() || (rest[kSo.size()] == '.' && is_version(rest.substr(kSo.size() + 1)));
  return rest.starts_with('-') && rest.ends_with(kSo) && is_version(rest.substr(1, rest.size() - 1 - kSo.size()));
}

}  // namespace

bool is_c_library(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (name.find(".so") == std::string_view::npos) return false;
  return std::ranges::any_of(kPrefixes, begins) || std::ranges::any_of(kLibraries, [&](std::string_view library) {
           return begins(library) && is_ending(name.substr(library.size()));
         });
}

bool is_time_wrapper(std::string_view symbol) {
  return std::ranges::binary_search(kWrappers, symbol.substr(0, symbol.find('@')));
}

}  // namespace vdsotrace
