// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace vdsotrace {

/// A measured duration, "1.25 ms": three digits that matter, with a unit.
std::string duration_text(double ns);
/// One that is known exactly, in the largest unit of which it is a whole number: "4 ms", "1500 us".
std::string exact_duration_text(std::int64_t ns);
/// "1,204,332".
std::string grouped(std::uint64_t number);

}  // namespace vdsotrace
