// Which bytes must be copied while a system call is made, so that its arguments can be printed later: for a recorder
// that runs in the program itself and knows no printers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/syscalls/context.hpp"
#include "vdsotrace/call.hpp"
#include "vdsotrace/memory.hpp"

namespace vdsotrace {

/// What an argument of a call points to.
struct Pointee {
  enum class When : std::uint8_t {
    entry,    ///< before the call is made
    success,  ///< after it, unless it failed
    exit,     ///< after it
  };
  enum class Extent : std::uint8_t {
    none,
    fixed,      ///< `unit` bytes
    path,       ///< up to a NUL and with it, at most `unit` bytes
    string,     ///< the same, no more than is shown (`-s`) and one
    counted,    ///< argument `of` says how many times `unit` bytes
    resulted,   ///< the result does, where argument `of` says how many there is room for
    structure,  ///< `unit` bytes: words, which stand for arguments in the rows behind it that are `within`
    bits,       ///< one for each descriptor below argument `of`, in words of 64
    vectors,   ///< argument `of` says how many addresses and lengths lie there (struct iovec); with what these lead to:
               ///< behind the call no more of it than the result says
    sized_at,  ///< the C int to which argument `of` points says how many bytes, at most `unit` unless that is 0
  };
  /// How much of what is counted is wanted.
  enum class Part : std::uint8_t {
    all,
    shown,    ///< as many as `-s` says: bytes of a buffer; elements, unless structures are shown in full (`-v`)
    address,  ///< all of a socket's address; that of a netlink socket says that data may be messages
    data,     ///< the same of a socket's data, which may be messages: the socket's protocol says so, not the call
  };

  std::uint8_t argument = 0;
  When when = When::entry;
  Extent extent = Extent::none;
  std::uint32_t unit = 0;
  std::uint8_t of = 0;
  bool narrow = false;  ///< what argument `of` says is 32 bits wide
  Part part = Part::all;
  bool within = false;  ///< `argument` and `of` are words of the structure before it
};

/// The bytes of one call.
struct PointeeBytes {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  bool to_nul = false;  ///< no more than up to the first NUL, and with it
};

/// Of calls whose arguments mean what another one says, or two: a plan is for some values of these alone, or for all
/// but some.
struct PointeeChoice {
  std::uint8_t argument = 0;
  std::uint32_t mask = 0;    ///< 0: for all calls
  std::uint8_t further = 0;  ///< the other argument, of which all 32 bits count; 0: there is none
  bool is_for_others = false;
  std::array<std::uint64_t, 8> values{};  ///< its value in the upper half
  std::uint8_t count = 0;
};

struct PointeePlan {
  constexpr PointeePlan(std::string_view call, std::initializer_list<Pointee> what = {}, PointeeChoice which = {})
      : name(call), choice(which) {
    std::copy(what.begin(), what.end(), pointees.begin());
  }

  std::string_view name;
  std::array<Pointee, 10> pointees{};
  PointeeChoice choice;
};

/// The plan for a call of a 64-bit program, by its number and arguments. Null: none will do, as what is pointed to has
/// pointers itself, or the call never returns as others do, or is too rare; such a call is for a stop.
///
/// A plan has all that capture_entry() and capture_exit() would read (render.hpp); more, in part. A null pointer has no
/// bytes. Bytes that cannot be read, up to the first of them, are those that decoders find unreadable. What descriptors
/// refer to (`-y`) and whole buffers (`-e read=`) are no part of a plan.
const PointeePlan* pointee_plan(std::int64_t number, const std::array<std::uint64_t, 6>& args);

/// All plans for calls of that number: one, or some that are each for other values of the same argument's bits.
std::span<const PointeePlan> pointee_plans(std::int64_t number);

/// How many elements of what is counted, or bytes of text, are wanted at most. Nothing: all.
std::optional<std::uint64_t> most_elements(const Pointee& pointee, const DecodeLimits& limits);

/// What of a pointee is to be copied. For those of an exit, call.result and call.error are set; `memory` is read where
/// a size is in the program's memory.
PointeeBytes bytes_of(const Pointee& pointee, const Call& call, const DecodeLimits& limits, Memory& memory);

/// The addresses and lengths that were copied of a pointee of Extent::vectors. One that is cut is none.
std::vector<PointeeBytes> vectors_in(std::span<const std::byte> copied);

/// A call whose arguments are the words that were copied of a pointee of Extent::structure. Nothing if it is cut.
std::optional<Call> call_within(const Call& call, const Pointee& structure, std::span<const std::byte> copied);

/// How many bytes are wanted at most of what each of them leads to.
std::uint64_t most_bytes_of_vector(const DecodeLimits& limits);

/// All rows of the plans, for tests.
std::span<const PointeePlan> all_pointee_plans();

}  // namespace vdsotrace
