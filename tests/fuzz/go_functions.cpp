// Reads hostile bytes as Go's table of functions, and the same bytes as the code of one.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "model/code/frame_flow.hpp"
#include "model/go_functions.hpp"

namespace {

using namespace vdsotrace;

void require(bool promise) {
  if (!promise) std::abort();
}

void check_at(const GoFunctions& functions, std::uint64_t address) {
  const auto function = functions.find(address);
  if (!function) return;
  require(function->entry <= address && address < function->end);
  for (const char c : function->name) require(c != '\0');
  functions.frame_size(*function, address);
  functions.frame_size(*function, function->end - 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto functions = GoFunctions::read(bytes)) {
    for (std::uint64_t address = 0x401000; address < 0x401100; address += 7) check_at(*functions, address);
    for (unsigned bit = 0; bit < 64; ++bit) check_at(*functions, std::uint64_t{1} << bit);
  }
  for (std::size_t place = 1; place < size && place < 64; place += 9) {
    const auto rule = frame_rule_of_code(bytes, place, (place & 1) != 0);
    require(!rule || (rule->frame_address >= 8 && rule->base < kDwarfReturnAddress));
  }
  return 0;
}
