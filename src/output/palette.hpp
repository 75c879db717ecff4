// Colours of the text output: few, and only on what distinguishes lines.
#pragma once

#include <string>
#include <string_view>

#include "vdsotrace/call.hpp"

namespace vdsotrace {

class Palette {
 public:
  explicit Palette(bool on) : on_(on) {}

  static constexpr std::string_view kName = "1";      // bold
  static constexpr std::string_view kError = "31";    // red
  static constexpr std::string_view kSignal = "35";   // magenta
  static constexpr std::string_view kExit = "2";      // dim
  static constexpr std::string_view kMessage = "36";  // cyan
  static constexpr std::string_view kFine = "32";     // green
  static constexpr std::string_view kNotFine = "33";  // yellow

  /// Green stayed in user space; yellow should have and did not; blue never tried. A bright blue: the other cannot be
  /// read on black.
  static std::string_view of(Route route) {
    switch (route) {
      case Route::vdso: return "32";
      case Route::fallback: return "33";
      case Route::syscall: return "94";
      case Route::vsyscall: return "35";
      case Route::unknown: return "36";
    }
    return "0";
  }

  /// An empty colour is none.
  void append(std::string& out, std::string_view color, std::string_view text) const {
    if (!on_ || color.empty()) {
      out.append(text);
      return;
    }
    out.append("\x1b[").append(color).append("m").append(text).append("\x1b[0m");
  }

 private:
  bool on_;
};

}  // namespace vdsotrace
