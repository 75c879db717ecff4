#include "model/syscalls/ipc/futex.hpp"

#include <algorithm>
#include <iterator>

#include <linux/futex.h>

#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kFutexOperationsNames[] = {
    {0, "FUTEX_WAIT"}, {1, "FUTEX_WAKE"}, {2, "FUTEX_FD"}, {3, "FUTEX_REQUEUE"},
    {4, "FUTEX_CMP_REQUEUE"}, {5, "FUTEX_WAKE_OP"}, {6, "FUTEX_LOCK_PI"}, {7, "FUTEX_UNLOCK_PI"},
    {8, "FUTEX_TRYLOCK_PI"}, {9, "FUTEX_WAIT_BITSET"}, {0xa, "FUTEX_WAKE_BITSET"},
    {0xb, "FUTEX_WAIT_REQUEUE_PI"}, {0xc, "FUTEX_CMP_REQUEUE_PI"}, {0xd, "FUTEX_LOCK_PI2"},
    {0x80, "FUTEX_WAIT_PRIVATE"}, {0x81, "FUTEX_WAKE_PRIVATE"},
    {0x82, "FUTEX_FD|FUTEX_PRIVATE_FLAG"}, {0x83, "FUTEX_REQUEUE_PRIVATE"},
    {0x84, "FUTEX_CMP_REQUEUE_PRIVATE"}, {0x85, "FUTEX_WAKE_OP_PRIVATE"},
    {0x86, "FUTEX_LOCK_PI_PRIVATE"}, {0x87, "FUTEX_UNLOCK_PI_PRIVATE"},
    {0x88, "FUTEX_TRYLOCK_PI_PRIVATE"}, {0x89, "FUTEX_WAIT_BITSET_PRIVATE"},
    {0x8a, "FUTEX_WAKE_BITSET_PRIVATE"}, {0x8b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE"},
    {0x8c, "FUTEX_CMP_REQUEUE_PI_PRIVATE"}, {0x8d, "FUTEX_LOCK_PI2_PRIVATE"},
    {0x100, "FUTEX_WAIT|FUTEX_CLOCK_REALTIME"}, {0x109, "FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME"},
    {0x10b, "FUTEX_WAIT_REQUEUE_PI|FUTEX_CLOCK_REALTIME"},
    {0x180, "FUTEX_WAIT_PRIVATE|FUTEX_CLOCK_REALTIME"},
    {0x189, "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"},
    {0x18b, "FUTEX_WAIT_REQUEUE_PI_PRIVATE|FUTEX_CLOCK_REALTIME"}};
constexpr NameTable kFutexOperations{kFutexOperationsNames, "FUTEX_???"};

constexpr NamedValue kWakeOperations[] = {{0, "FUTEX_OP_SET"},
                                          {1, "FUTEX_OP_ADD"},
                                          {2, "FUTEX_OP_OR"},
                                          {3, "FUTEX_OP_ANDN"},
                                          {4, "FUTEX_OP_XOR"}};

constexpr NamedValue kWakeComparisons[] = {{0, "FUTEX_OP_CMP_EQ"}, {1, "FUTEX_OP_CMP_NE"},
                                           {2, "FUTEX_OP_CMP_LT"}, {3, "FUTEX_OP_CMP_LE"},
                                           {4, "FUTEX_OP_CMP_GT"}, {5, "FUTEX_OP_CMP_GE"}};

constexpr NamedValue kWaiterFlags[] = {{2, "FUTEX_32"}, {128, "FUTEX_PRIVATE_FLAG"}};

/// What the fourth argument is.
enum class Fourth : std::uint8_t { none, timeout, number, address };
/// What the last argument is.
enum class Last : std::uint8_t { none, bits, number, wake, hex };

/// The arguments of one operation (futex(2)).
struct Shape {
  std::uint32_t operation;
  bool value;
  Fourth fourth;
  bool other;
  Last last;
};

constexpr Shape kShapes[] = {
    {FUTEX_WAIT, true, Fourth::timeout, false, Last::none},
    {FUTEX_WAKE, true, Fourth::none, false, Last::none},
    {FUTEX_FD, true, Fourth::none, false, Last::none},
    {FUTEX_REQUEUE, true, Fourth::number, true, Last::none},
    {FUTEX_CMP_REQUEUE, true, Fourth::number, true, Last::number},
    {FUTEX_WAKE_OP, true, Fourth::number, true, Last::wake},
    {FUTEX_LOCK_PI, false, Fourth::timeout, false, Last::none},
    {FUTEX_UNLOCK_PI, false, Fourth::none, false, Last::none},
    {FUTEX_TRYLOCK_PI, false, Fourth::none, false, Last::none},
    {FUTEX_WAIT_BITSET, true, Fourth::timeout, false, Last::bits},
    {FUTEX_WAKE_BITSET, true, Fourth::none, false, Last::bits},
    {FUTEX_WAIT_REQUEUE_PI, true, Fourth::timeout, true, Last::none},
    {FUTEX_CMP_REQUEUE_PI, true, Fourth::number, true, Last::number},
    {FUTEX_LOCK_PI2, false, Fourth::timeout, false, Last::none},
};

constexpr Shape kUnknownShape{0, true, Fourth::address, true, Last::hex};

const Shape& shape_of(const ArgContext& c) {
  const std::uint32_t operation = static_cast<std::uint32_t>(c.arg(1)) & 127;
  const auto* found =
      std::find_if(std::begin(kShapes), std::end(kShapes),
                   [&](const Shape& shape) { return shape.operation == operation; });
  return found != std::end(kShapes) ? *found : kUnknownShape;
}

void print_value(ArgContext& c) {
  if (shape_of(c).value) c.print("{}", c.as_uint());
}

void print_fourth(ArgContext& c) {
  switch (shape_of(c).fourth) {
    case Fourth::none: break;
    case Fourth::timeout: print_timespec_at(c, c.value()); break;
    case Fourth::number: c.print("{}", c.as_uint()); break;
    case Fourth::address: print_address(c, c.value()); break;
  }
}

void print_other(ArgContext& c) {
  if (shape_of(c).other) print_address(c, c.value());
}

/// One field of FUTEX_WAKE_OP's word: NAME<<shift, and behind an unknown one strace's remark.
void print_wake_field(ArgContext& c, std::uint32_t value, unsigned shift,
                      std::span<const NamedValue> names, std::string_view unknown) {
  const auto known = std::find_if(names.begin(), names.end(),
                                  [&](const NamedValue& one) { return one.value == value; });
  if (known != names.end() && c.constants() != ConstantStyle::raw) {
    print_constant(c, value, known->name);
    c.print("<<{}", shift);
  } else {
    print_hex(c, value);
    c.print("<<{} /* {} */", shift, unknown);
  }
}

void print_wake(ArgContext& c) {
  const std::uint32_t word = c.as_uint();
  if ((word >> 28 & 8) != 0) {
    print_constant(c, 8, "FUTEX_OP_OPARG_SHIFT");
    c.put("<<28|");
  }
  print_wake_field(c, word >> 28 & 7, 28, kWakeOperations, "FUTEX_OP_???");
  c.put("|");
  print_hex(c, word >> 12 & 0xfff);
  c.put("<<12|");
  print_wake_field(c, word >> 24 & 0xf, 24, kWakeComparisons, "FUTEX_OP_CMP_???");
  c.put("|");
  print_hex(c, word & 0xfff);
}

void print_last(ArgContext& c) {
  switch (shape_of(c).last) {
    case Last::none: break;
    case Last::bits:
      if (c.as_uint() == FUTEX_BITSET_MATCH_ANY) {
        print_constant(c, c.as_uint(), "FUTEX_BITSET_MATCH_ANY");
      } else {
        print_hex(c, c.as_uint());
      }
      break;
    case Last::number: c.print("{}", c.as_uint()); break;
    case Last::wake: print_wake(c); break;
    case Last::hex: print_hex(c, c.as_uint()); break;
  }
}

void print_waiters(ArgContext& c) {
  print_array_at<futex_waitv>(c, c.value(), static_cast<std::uint32_t>(c.arg(1)),
                              [&](const futex_waitv& one) {
                                c.put("{val=");
                                print_hex(c, one.val);
                                c.put(", uaddr=");
                                print_address(c, one.uaddr);
                                c.put(", flags=");
                                print_flags(c, one.flags, kWaiterFlags, "FUTEX_???");
                                if (one.__reserved != 0) c.print(", __reserved={:#x}", one.__reserved);
                                c.put("}");
                              },
                              FUTEX_WAITV_MAX);
}

}  // namespace

const ArgKind kFutexOperation{print_choice_arg<kFutexOperations>};
const ArgKind kFutexValue{print_value};
const ArgKind kFutexTimeout{print_fourth};
const ArgKind kFutexOther{print_other};
const ArgKind kFutexLast{print_last};
const ArgKind kFutexWaiters{print_waiters};

}  // namespace vdsotrace
