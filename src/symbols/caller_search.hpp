// Looks among the frames of a call for who made it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "model/c_library.hpp"

namespace vdsotrace {

/// Deeper in themselves C libraries and runtimes hardly are when they ask for the time.
inline constexpr std::size_t kMostFramesToCaller = 64;

/// Whose code is at a place.
enum class CodeOwner : std::uint8_t {
  unknown,    ///< of a program that contains its C library, and no symbol says whether it is that
  c_library,  ///< or the vDSO
  runtime,
  interpreter,  ///< of a program that is on no stack
  program,
};

struct CodePart {
  CodeOwner owner = CodeOwner::unknown;
  /// Of the C library's functions; of those that a program contains, as far as their names show.
  MadeFor made_for = MadeFor::unknown;
};

/// Looks for the first place outside the C library, and the first one that is no runtime's either. Visits places from
/// the innermost outwards.
class CallerSearch {
 public:
  struct Found {
    std::uint64_t address = 0;
    std::uint64_t lookup = 0;
  };

  explicit CallerSearch(std::function<CodePart(std::uint64_t lookup)> part) : part_(std::move(part)) {}

  /// Whether another place is wanted.
  bool visit(std::uint64_t address, std::uint64_t lookup) {
    lookup_ = lookup;
    const CodePart part = part_(lookup);
    last_ = part.owner;
    if (last_ == CodeOwner::unknown) return false;
    if (!outside_ && part.made_for != MadeFor::unknown) made_for_ = part.made_for;
    if (last_ != CodeOwner::c_library && !outside_) outside_ = {address, lookup};
    if (last_ == CodeOwner::program) beyond_ = {address, lookup};
    const bool more = last_ == CodeOwner::c_library || last_ == CodeOwner::runtime;
    return more && ++frames_ < kMostFramesToCaller;
  }
  const std::optional<Found>& outside() const { return outside_; }
  const std::optional<Found>& beyond() const { return beyond_; }
  /// For whom the C library made the call: by the function that was entered from outside, or where that has no name, by
  /// the next one within it that has.
  MadeFor made_for() const { return made_for_; }
  /// Of the last place that was visited.
  std::uint64_t lookup() const { return lookup_; }
  bool met_unknown() const { return last_ == CodeOwner::unknown; }

 private:
  std::function<CodePart(std::uint64_t)> part_;
  std::size_t frames_ = 0;
  std::optional<Found> outside_;
  std::optional<Found> beyond_;
  std::uint64_t lookup_ = 0;
  CodeOwner last_ = CodeOwner::program;
  MadeFor made_for_ = MadeFor::unknown;
};

}  // namespace vdsotrace
