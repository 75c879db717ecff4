// Which system calls an instruction makes, by the code in front of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "model/code/function_sweep.hpp"

namespace vdsotrace {

/// A function's bytes, where they lie, and where it is entered; sorted.
struct FunctionCode {
  std::span<const std::byte> bytes;
  std::uint64_t address;
  std::span<const std::uint64_t> entries;
};

/// The number that the instructions in front of `site` put into its register, if those are the only way to it that
/// `sweep`, which is of that function, knows. 64-bit code.
std::optional<std::int64_t> call_number(const FunctionCode& function, const FunctionSweep& sweep, std::uint64_t site);

}  // namespace vdsotrace
