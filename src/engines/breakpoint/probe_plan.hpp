// Where the breakpoint engine puts what: a pure function of the image, in offsets, the same for
// every process that has that image.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// A breakpoint that replaces the first byte of one instruction, and the copy of
/// that instruction out of line: a stopped thread is sent there, so the breakpoint
/// never has to be taken out and no other thread can slip through meanwhile.
struct ProbeSite {
  enum class Kind : std::uint8_t { entry, exit };
  Kind kind = Kind::entry;
  const VdsoFunction* function = nullptr;  ///< of the entry; null for an exit, which several may share
  const VdsoService* service = nullptr;
  std::uint8_t length = 0;      ///< of the displaced instruction
  std::uint32_t copy = 0;       ///< offset of its copy
  std::uint32_t copy_size = 0;  ///< all of it
  std::uint32_t copy_done = 0;  ///< from here on in the copy the instruction has been executed
};

/// Bytes to be written at an offset.
struct PlannedPatch {
  std::uint32_t offset;
  std::vector<std::byte> bytes;
};

/// A function that cannot be observed so, and why.
struct Unobservable {
  std::string_view function;
  std::string why;
};

struct ProbePlan {
  std::map<std::uint32_t, ProbeSite> sites;  ///< by offset of the instruction
  std::vector<PlannedPatch> patches;         ///< copies first, breakpoints last
  std::vector<Unobservable> unobservable;

  /// The site whose copy holds `offset`, and where in its own code that is.
  struct Origin {
    const ProbeSite* site;
    std::uint32_t offset;
    bool executed;  ///< the displaced instruction
  };
  std::optional<Origin> origin_of(std::uint32_t offset) const;
  /// A copy of an instruction that returns from any function; nothing if no function's `ret` is probed.
  std::optional<std::uint32_t> return_copy() const;
};

/// Breakpoints on the entry and on every `ret` of each function that the table of
/// services knows, that is wanted, and whose control flow could be followed to the end (unless no
/// `exits_needed`: then those that could not have one on the entry only). Copies go to the
/// image's unused end, from `unused_from` on. The fallback `syscall` sites bear none: with system call
/// stops on, the stop of the call itself proves the fallback, for free.
ProbePlan plan_probes(const VdsoImage& image, const std::function<bool(const VdsoService&)>& wanted, bool exits_needed,
                      std::uint32_t unused_from, std::span<const VdsoService> services = known_services());

}  // namespace vdsotrace
