// What a thread will go back to when its signal handlers return.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "trace/thread/thread.hpp"

namespace vdsotrace {

/// Calls `visit` with each program counter that the frames of signal handlers have saved on the stack of a stopped
/// 64-bit thread with that stack pointer, and with the address where it is, the innermost first. Frames are found by
/// what they look like, 64 KiB up from the stack pointer, and from the stack pointers that they have saved; what shows
/// of an older one within a whole one is none.
void visit_saved_counters(std::uint64_t stack_pointer, Memory& memory,
                          const std::function<void(std::uint64_t counter, std::uint64_t at)>& visit);

/// Calls `visit` with each program counter that the frames of signal handlers have saved on the stopped 64-bit thread's
/// stack, the innermost first; what it answers is put there instead.
void visit_saved_counters(StoppedThread& stopped,
                          const std::function<std::optional<std::uint64_t>(std::uint64_t)>& visit);

}  // namespace vdsotrace
