// Reads hostile text as a log of strace and compares it with itself.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/compare/comparison.hpp"
#include "model/compare/strace_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vdsotrace;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  StraceLog log;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    log.take(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  const SeenRun run = log.finish();
  const Comparison comparison = compare(run, run);
  if (comparison.counts_differ()) std::abort();
  for (const SeenCall& call : run.calls()) {
    for (const char c : call.text) {
      if (c < ' ' || c > '~') std::abort();
    }
  }
  return 0;
}
