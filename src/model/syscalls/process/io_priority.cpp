#include "model/syscalls/process/io_priority.hpp"

namespace vdsotrace {

void print_io_priority(ArgContext& c, std::uint32_t value) {
  static constexpr NamedValue kClasses[] = {
      {0, "IOPRIO_CLASS_NONE"}, {1, "IOPRIO_CLASS_RT"}, {2, "IOPRIO_CLASS_BE"}, {3, "IOPRIO_CLASS_IDLE"}};
  c.put("IOPRIO_PRIO_VALUE(");
  print_choice(c, value >> 13, kClasses, "IOPRIO_CLASS_???");
  c.print(", {})", value & 0x1fff);
}

}  // namespace vdsotrace
