// How calls are shown: how much of what their pointers refer to, and in which form.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vdsotrace/argument_sets.hpp"
#include "vdsotrace/descriptor.hpp"
#include "vdsotrace/process.hpp"

namespace vdsotrace {

/// Which strings are shown as \x1f for each byte; `non_ascii_characters`: no string, but bytes that need an escape.
enum class HexStrings : std::uint8_t { none, non_ascii_characters, non_ascii, all };

/// What is shown of a constant or of flags: the number, the names, or the number with the names in a comment.
enum class ConstantStyle : std::uint8_t { raw, abbrev, verbose };

/// The same while a call is made, when it says what of it is captured, and when it is printed.
struct DecodeLimits {
  std::size_t string = 32;                          ///< `-s`: bytes of a string or buffer, elements of an array
  HexStrings hex = HexStrings::none;                ///< `-x`, `-xx`
  ConstantStyle constants = ConstantStyle::abbrev;  ///< `-X`
  DescriptorDetails descriptors{};                  ///< `-y`, `-yy`
  ProcessDetails processes{};                       ///< `-Y`, `--pidns-translation`; also of threads, by themselves
  const ArgumentSets* sets = nullptr;               ///< `-v`, `-e abbrev=` and the like; null: as by default
};

}  // namespace vdsotrace
