#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace vdsotrace {
namespace {

std::function<void()>& abort_hook() {
  static std::function<void()> hook;
  return hook;
}

}  // namespace

void set_abort_hook(std::function<void()> hook) { abort_hook() = std::move(hook); }

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "vdsotrace: internal error: %s:%d: %s\n", file, line, condition);
  // A hook that fails a CHECK itself must not come back here.
  if (auto hook = std::exchange(abort_hook(), {})) hook();
  std::abort();
}

}  // namespace vdsotrace
