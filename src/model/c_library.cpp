#include "model/c_library.hpp"

#include <algorithm>
#include <iterator>

#include "base/path.hpp"
#include "vdsotrace/vdso_service.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

/// Files NAME.so, NAME.so.VERSION or NAME-VERSION.so.
constexpr std::string_view kLibraries[] = {"libc", "libpthread", "librt", "ld", "ld64"};
constexpr std::string_view kPrefixes[] = {"ld-linux", "ld-musl-", "libc.musl-", "ld-uClibc", "libuClibc"};

/// Of glibc and of musl, as their static archives spell them, beside those that are named as the system call of a service.
constexpr std::string_view kWrappers[] = {
    "__arc4random", "__arc4random_buf", "__arc4random_uniform", "__clock_getres", "__clock_getres64", "__clock_gettime", "__clock_gettime64", "__getcpu",
    "__getrandom", "__getrandom_nocancel", "__getrandom_vdso", "__gettimeofday", "__gettimeofday64",
    "__gettimeofday_clock_gettime64", "__gettimeofday_syscall", "__internal_syscall_cancel", "__libc_getrandom",
    "__sched_getcpu", "__syscall_cancel", "__syscall_cancel_arch", "__syscall_cp", "__syscall_cp_asm", "__syscall_cp_c",
    "__time", "__time64", "__time_clock_gettime64", "__time_syscall", "__timespec_get", "__timespec_get64",
    "__timespec_getres", "_dl_discover_osversion", "arc4random", "arc4random_buf", "arc4random_uniform", "clock",
    "ftime", "getentropy", "gettimeofday_syscall", "sched_getcpu", "syscall", "time_syscall", "timespec_get", "timespec_getres",
};
static_assert(std::ranges::is_sorted(kWrappers));

/// Likewise: those of its functions that ask for the time or for random bytes and are there for something else.
constexpr std::string_view kOwnUsers[] = {
    "___aio_suspend_time64", "___gai_suspend_time64", "__check_native", "__check_pf", "__deadline_current_time",
    "__gen_tempname", "__getdate_r", "__getrandom_early_init", "__libc_early_init", "__logwtmp", "__netlink_request",
    "__nscd_get_map_ref", "__nscd_get_mapping", "__nscd_get_nl_timestamp", "__randname", "__res_context_mkquery",
    "__res_context_send", "__res_mkquery", "__res_msend_rc", "__res_randomid", "__timedwait", "__timedwait_cp",
    "__vsyslog_internal", "_vsyslog", "ptmalloc_init", "tcache_key_initialize",
};
static_assert(std::ranges::is_sorted(kOwnUsers));

/// Of a function that gcc has split or specialized: that of the whole.
std::string_view whole_function(std::string_view symbol) {
  constexpr std::string_view kParts[] = {".part.", ".constprop.", ".isra.", ".cold"};
  for (const std::string_view part : kParts) symbol = symbol.substr(0, symbol.find(part));
  return symbol.substr(0, symbol.find('@'));
}

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
  const std::string_view name = base_name(path);
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (name.find(".so") == std::string_view::npos) return false;
  return std::ranges::any_of(kPrefixes, begins) || std::ranges::any_of(kLibraries, [&](std::string_view library) {
           return begins(library) && is_ending(name.substr(library.size()));
         });
}

bool is_time_wrapper(std::string_view symbol) {
  const std::string_view function = whole_function(symbol);
  return service_of_syscall(function) != nullptr || std::ranges::binary_search(kWrappers, function);
}

MadeFor made_for(std::string_view symbol) {
  if (symbol.empty()) return MadeFor::unknown;
  return is_time_wrapper(symbol) ? MadeFor::caller : MadeFor::itself;
}

bool is_own_user(std::string_view symbol) { return std::ranges::binary_search(kOwnUsers, whole_function(symbol)); }

}  // namespace vdsotrace
