#include "engines/open_calls.hpp"

#include <algorithm>
#include <utility>

namespace vdsotrace {
namespace {

/// Handlers that interrupt handlers that interrupt calls: more than this is a program
/// that leaves its handlers by longjmp, and the oldest frames are stale.
constexpr std::size_t kMostFrames = 64;

}  // namespace

void OpenCalls::drop_from(std::size_t first, const OnAbandoned& left) {
  std::vector<Frame> dropped(std::make_move_iterator(frames_.begin() + static_cast<std::ptrdiff_t>(first)),
                             std::make_move_iterator(frames_.end()));
  frames_.resize(first);
  for (Frame& frame : dropped) {
    if (frame.kind == Frame::Kind::call) left(std::move(frame.call));
  }
}

void OpenCalls::saw_code_outside_vdso(std::uint64_t stack_pointer, const OnAbandoned& left) {
  // A vDSO function calls nothing but itself. Whatever runs while one is open is
  // either a handler on top of it, or proof that the call was left.
  std::size_t alive = frames_.size();
  while (alive > 0) {
    const Frame& top = frames_[alive - 1];
    const bool handler_runs = top.kind == Frame::Kind::handler &&
                              (top.alternate_stack || stack_pointer < top.stack_pointer);
    if (handler_runs) break;
    --alive;
  }
  drop_from(alive, left);
}

bool OpenCalls::enter(Call&& call, std::uint64_t stack_pointer, const OnAbandoned& left, std::uint64_t stamp) {
  if (!frames_.empty() && frames_.back().begins_again && frames_.back().stack_pointer == stack_pointer) {
    frames_.back().begins_again = false;
    return false;
  }
  const auto same = [&](const Frame& frame) {
    return frame.kind == Frame::Kind::call && frame.stack_pointer == stack_pointer && frame.stamp == stamp;
  };
  if (stamp != 0 && std::ranges::any_of(frames_, same)) return false;
  // Two calls cannot have their return addresses in one place.
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (frames_[i].kind == Frame::Kind::call && frames_[i].stack_pointer == stack_pointer) {
      drop_from(i, left);
      break;
    }
  }
  saw_code_outside_vdso(stack_pointer, left);
  if (frames_.size() >= kMostFrames) drop_from(0, left);
  frames_.push_back({Frame::Kind::call, stack_pointer, false, false, std::move(call), stamp});
  return true;
}

std::optional<Call> OpenCalls::leave(std::uint64_t stack_pointer, const OnAbandoned& left, std::uint64_t stamp) {
  for (std::size_t i = frames_.size(); i-- > 0;) {
    if (frames_[i].kind != Frame::Kind::call || frames_[i].stack_pointer != stack_pointer) continue;
    if (frames_[i].stamp != stamp) {
      drop_from(i, left);
      return std::nullopt;
    }
    drop_from(i + 1, left);
    Call call = std::move(frames_.back().call);
    frames_.pop_back();
    return call;
  }
  return std::nullopt;
}

Call* OpenCalls::innermost() {
  if (frames_.empty() || frames_.back().kind != Frame::Kind::call) return nullptr;
  return &frames_.back().call;
}

void OpenCalls::begin_again() {
  if (!frames_.empty() && frames_.back().kind == Frame::Kind::call) frames_.back().begins_again = true;
}

void OpenCalls::enter_handler(std::uint64_t stack_pointer, bool alternate_stack) {
  // Handlers matter only where they interrupted a call.
  if (frames_.empty()) return;
  if (frames_.size() >= kMostFrames) return;
  frames_.push_back({Frame::Kind::handler, stack_pointer, alternate_stack, false, {}, 0});
}

void OpenCalls::leave_handler(std::uint64_t stack_pointer, const OnAbandoned& left) {
  for (std::size_t i = frames_.size(); i-- > 0;) {
    if (frames_[i].kind != Frame::Kind::handler || frames_[i].stack_pointer != stack_pointer) continue;
    drop_from(i, left);
    return;
  }
}

void OpenCalls::end(const OnAbandoned& left) { drop_from(0, left); }

}  // namespace vdsotrace
