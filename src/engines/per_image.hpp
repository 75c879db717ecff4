// What an engine works out of a vDSO's image, once for all processes that have it.
#pragma once

#include <map>
#include <utility>

#include "vdsotrace/vdso_image.hpp"

namespace vdsotrace {

/// Values by image. Images live as long as the session's cache.
template <class Value>
class PerImage {
 public:
  /// The image's value, which `make` makes if it is not there.
  template <class Make>
  const Value& get(const VdsoImage& image, const Make& make) {
    if (const Value* known = find(image)) return *known;
    return values_.emplace(&image, make()).first->second;
  }
  /// Null if it has not been made.
  const Value* find(const VdsoImage& image) const {
    const auto found = values_.find(&image);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  std::map<const VdsoImage*, Value> values_;
};

}  // namespace vdsotrace
