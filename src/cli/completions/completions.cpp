#include "cli/completions/completions.hpp"

#include <algorithm>
#include <iterator>

namespace vdsotrace::cli {
namespace {

struct ValueWords {
  std::string_view kind;
  std::string_view words;
};
constexpr ValueWords kValueWords[] = {
    {"ENGINE", "auto inline breakpoint perf step"},
    {"EXPR", "trace= route= signal="},
    {"HOW", "auto tracepoints stops off"},
    {"KEY", "calls errors name route time"},
    {"RULES", "vdso fallback syscall vsyscall unknown all-fallback all-syscall"},
    {"STYLE", "raw abbrev verbose"},
    {"WAY", "stops inline"},
    {"WHEN", "auto always never"},
};

}  // namespace

std::string_view words_of_value(std::string_view kind) {
  const auto* found = std::ranges::find(kValueWords, kind, &ValueWords::kind);
  return found == std::end(kValueWords) ? std::string_view() : found->words;
}

std::string shell_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + '\'';
}

}  // namespace vdsotrace::cli
