// Which address spaces have stubs.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "engines/inline/space/stub_space.hpp"

namespace vdsotrace {

/// The stubs of each space, as pairs of both when walked through.
class StubSpaces {
 public:
  /// Null if it has none.
  StubSpace* find(const AddressSpace* space) const {
    const auto found = spaces_.find(space);
    return found == spaces_.end() ? nullptr : found->second.get();
  }
  /// Those of a stopped thread, or of one that has ended.
  StubSpace* of(const Thread& thread) const { return find(thread.space.get()); }
  StubSpace& set(const AddressSpace& space, std::unique_ptr<StubSpace> stubs) {
    return *(spaces_[&space] = std::move(stubs));
  }
  /// Before the space is no more.
  void erase(const AddressSpace& space) { spaces_.erase(&space); }
  /// Whether the last look at the rings has left complete records in some.
  bool left_records() const {
    return std::ranges::any_of(spaces_, [](const auto& entry) {
      const StubRegion* region = entry.second->region();
      return region != nullptr && region->rings().leaves_records();
    });
  }

  auto begin() const { return spaces_.begin(); }
  auto end() const { return spaces_.end(); }

 private:
  std::map<const AddressSpace*, std::unique_ptr<StubSpace>> spaces_;
};

}  // namespace vdsotrace
