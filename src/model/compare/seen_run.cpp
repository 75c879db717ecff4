#include "model/compare/seen_run.hpp"

#include <utility>

namespace vdsotrace {

void SeenRun::add(SeenCall&& call) {
  ++counts_[call.name][call.route ? static_cast<std::size_t>(*call.route) : kRoutes];
  if (calls_.size() < kMostKept) {
    calls_.push_back(std::move(call));
  } else {
    ++left_out_;
  }
}

}  // namespace vdsotrace
