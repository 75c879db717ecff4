#include "symbols/runtimes.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "base/path.hpp"
#include "symbols/demangle.hpp"

namespace vdsotrace {
namespace {

/// By the names of files, without their folders.
constexpr const char* kLibraries[] = {
    "libstdc++.so*",   "libc++.so*",          "libc++abi.so*",
    "libgcc_s.so*",    "libjvm.so",           "libjava.so",
    "libjli.so",       "libnio.so",           "libnet.so",
    "libuv.so*",       "libnode.so*",         "node",
    "nodejs",          "libpython*.so*",      "libcoreclr.so",
    "libclrjit.so",    "libSystem.Native.so", "libmono*.so*",
    "libglib-2.0.so*", "libruby*.so*",        "libperl.so*",
    "libgo.so*",       "libphobos2*.so*",     "libstd-*.so",
    "libQt*Core.so*",  "libboost_chrono.so*", "libabsl_time*.so*",
    "libapr-1.so*",    "libevent*.so*",       "libnspr4.so*",
    "libtcl*.so*",     "libphp*.so*",         "libgfortran.so*",
};
/// Programs that carry out one that is not machine code.
constexpr const char* kInterpreters[] = {"python[23]*", "pypy*",     "perl",  "perl5*", "ruby",
                                         "ruby[23]*",   "php[0-9]*", "php-*", "lua5*",  "luajit*"};
/// By the names of functions, where the runtime is a part of the program.
constexpr const char* kFunctions[] = {
    "std::*",  "<std::*",   "__gnu_cxx::*",                              // C++, Rust
    "core::*", "<core::*",  "alloc::*",     "<alloc::*",                 // Rust
    "time.*",  "runtime.*", "runtime/*",    "internal/*",  "syscall.*",  // Go
    "uv_*",    "uv__*",     "_PyTime_*",    "g_get_*time",               // linked statically
    "Ljava/*", "Ljdk/*",    "Interpreter",  "java.lang.*",               // Java, as perf maps have it
};

std::vector<std::string>& more() {
  static std::vector<std::string> patterns;
  return patterns;
}

bool matches(const char* pattern, const std::string& text) {
  return !text.empty() && ::fnmatch(pattern, text.c_str(), 0) == 0;
}

template <class Patterns>
bool any_matches(const Patterns& patterns, const std::string& text) {
  return std::any_of(std::begin(patterns), std::end(patterns),
                     [&](const char* pattern) { return matches(pattern, text); });
}

/// By a name that is not demangled.
bool is_rust_library(std::string_view symbol) {
  constexpr std::string_view kCrates[] = {"std", "core", "alloc"};
  const auto crate = rust_crate(symbol);
  return std::find(std::begin(kCrates), std::end(kCrates), crate) != std::end(kCrates);
}

}  // namespace

RuntimePart runtime_part(std::string_view file, std::string_view symbol) {
  const std::string name(base_name(file));
  const std::string function(symbol);
  for (const std::string& pattern : more()) {
    if (matches(pattern.c_str(), name) || matches(pattern.c_str(), function)) return RuntimePart::library;
  }
  if (any_matches(kLibraries, name) || any_matches(kFunctions, function) || is_rust_library(symbol))
    return RuntimePart::library;
  return any_matches(kInterpreters, name) ? RuntimePart::interpreter : RuntimePart::none;
}

void add_runtimes(std::vector<std::string> patterns) { more() = std::move(patterns); }

}  // namespace vdsotrace
