// CHECK is for our own bugs. What the kernel, the traced program or the user can
// cause is a Result.
#pragma once

#include <functional>

namespace vdsotrace {

/// Runs before a failed CHECK aborts, so that no process keeps our patches.
/// One hook for the whole program; an empty function removes it.
void set_abort_hook(std::function<void()> hook);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace vdsotrace

#define CHECK(condition) ((condition) ? void() : ::vdsotrace::check_failed(#condition, __FILE__, __LINE__))
