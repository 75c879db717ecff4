// Walks the frames of a stopped thread by the unwind information of its modules (libdwfl).
#pragma once

#include <elfutils/libdwfl.h>

#include <functional>

#include "symbols/symbols.hpp"

namespace vdsotrace {

/// Stays where it is: libdwfl keeps its address.
class Unwinder {
 public:
  Unwinder() = default;
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;

  struct Steps {
    /// Opens the module that has an address. libdwfl looks one frame ahead, and guesses in a module that it does not
    /// know.
    std::function<bool(std::uint64_t lookup)> open;
    /// A place, and the address of the instruction to look up for it. False: no further. libdwfl guesses where there is
    /// no unwind information for an address; so a visitor that wants none of that says false there.
    std::function<bool(std::uint64_t address, std::uint64_t lookup)> visit;
  };
  void walk(Dwfl* dwfl, Memory& memory, const UnwindStart& start, const Steps& steps);
  /// The Dwfl is no more.
  void forget() { attached_ = nullptr; }

  /// One walk; for the callbacks.
  struct Walk;

 private:
  friend struct UnwinderCallbacks;
  Dwfl* attached_ = nullptr;
  Walk* walk_ = nullptr;
};

}  // namespace vdsotrace
