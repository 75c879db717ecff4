#include "model/compare/seen_run.hpp"

#include <utility>

namespace vdsotrace {

void SeenRun::add(SeenCall&& call) {
  ++counts_[call.name][call.route ? static_cast<std::size_t>(*call.route) : kRoutes];
  const bool room = call.stayed() ? stayed_ < kMostStayed : calls_.size() - stayed_ < kMostKept;
  if (!room) {
    ++left_out_;
    return;
  }
  stayed_ += call.stayed();
  calls_.push_back(std::move(call));
}

}  // namespace vdsotrace
