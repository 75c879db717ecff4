#include "symbols/unwinder.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "symbols/paged_memory.hpp"

namespace vdsotrace {
namespace {

/// libdwfl wants a number of a process and of a thread, and does nothing with them.
constexpr pid_t kAnyThread = 1;

}  // namespace

struct Unwinder::Walk {
  PagedMemory memory;
  const UnwindStart& start;
  const Steps& steps;
  bool first = true;
};

struct UnwinderCallbacks {
  static Unwinder::Walk& walk_of(void* unwinder) { return *static_cast<Unwinder*>(unwinder)->walk_; }

  static pid_t next_thread(Dwfl*, void*, void**) { return 0; }

  static bool get_thread(Dwfl*, pid_t, void* unwinder, void** thread) {
    *thread = unwinder;
    return true;
  }

  static bool read_memory(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void* unwinder) {
    Unwinder::Walk& walk = walk_of(unwinder);
    std::uint64_t word = 0;
    const std::size_t size = walk.start.is_64_bit ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
    if (!walk.memory.read(address, std::as_writable_bytes(std::span(&word, 1)).first(size))) return false;
    *result = word;
    return true;
  }

  static bool set_registers(Dwfl_Thread* thread, void* unwinder) {
    const UnwindStart& start = walk_of(unwinder).start;
    std::array<Dwarf_Word, kDwarfRegisters> words{};
    std::ranges::copy(start.registers, words.begin());
    const std::size_t count = start.is_64_bit ? kDwarfRegisters : kDwarfRegisters32;
    return dwfl_thread_state_registers(thread, 0, static_cast<unsigned>(count), words.data());
  }

  static int on_frame(Dwfl_Frame* frame, void* argument) {
    auto& walk = *static_cast<Unwinder::Walk*>(argument);
    Dwarf_Addr address = 0;
    bool interrupted = false;
    if (!dwfl_frame_pc(frame, &address, nullptr)) return DWARF_CB_ABORT;
    walk.steps.open(address - 1);
    if (!dwfl_frame_pc(frame, &address, &interrupted)) return DWARF_CB_ABORT;
    // Where a signal interrupted, nothing returns to behind a call. The first place only looks so to libdwfl.
    const bool exact = interrupted && !std::exchange(walk.first, false);
    return walk.steps.visit(address, exact ? address : address - 1) ? DWARF_CB_OK : DWARF_CB_ABORT;
  }
};

namespace {

constexpr Dwfl_Thread_Callbacks kThreadCallbacks = {UnwinderCallbacks::next_thread,
                                                    UnwinderCallbacks::get_thread,
                                                    UnwinderCallbacks::read_memory,
                                                    UnwinderCallbacks::set_registers,
                                                    nullptr,
                                                    nullptr};

}  // namespace

void Unwinder::walk(Dwfl* dwfl, Memory& memory, const UnwindStart& start, const Steps& steps) {
  if (dwfl == nullptr) return;
  if (attached_ != dwfl && !dwfl_attach_state(dwfl, nullptr, kAnyThread, &kThreadCallbacks, this)) return;
  attached_ = dwfl;
  Walk walk{PagedMemory(memory), start, steps};
  walk_ = &walk;
  dwfl_getthread_frames(dwfl, kAnyThread, UnwinderCallbacks::on_frame, &walk);
  walk_ = nullptr;
}

}  // namespace vdsotrace
