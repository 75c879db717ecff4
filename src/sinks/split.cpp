#include "sinks/split.hpp"

#include <fmt/core.h>

namespace vdsotrace {

SplitSink::Part* SplitSink::part_of(pid_t pid) {
  if (const auto found = parts_.find(pid); found != parts_.end()) return &found->second;
  // A number that comes again must not cost what was written under it.
  const bool again = !written_.insert(pid).second;
  auto output = Output::file(fmt::format("{}.{}", prefix_, pid), append_ || again);
  if (!output) {
    if (result_) result_ = tl::unexpected(output.error());
    return nullptr;
  }
  auto text = std::make_unique<TextSink>(*output, options_);
  return &parts_.emplace(pid, Part{std::move(*output), std::move(text)}).first->second;
}

void SplitSink::consume(const Event& event) {
  if (event.pid == 0) {
    for (auto& [pid, part] : parts_) part.text->consume(event);
    return;
  }
  Part* part = part_of(event.pid);
  if (part == nullptr) return;
  part->text->consume(event);
  // The leader's end is the last event of a process; its descriptor is closed at once,
  // as a fork storm has more processes than descriptors.
  if (std::holds_alternative<Exited>(event.body) && event.tid == event.pid) {
    close(*part);
    parts_.erase(event.pid);
  }
}

void SplitSink::close(Part& part) {
  static_cast<void>(part.text->finish());
  if (auto closed = part.output->close(); !closed && result_) result_ = closed;
}

void SplitSink::flush() {
  for (auto& [pid, part] : parts_) part.text->flush();
}

Result<void> SplitSink::finish() {
  for (auto& [pid, part] : parts_) close(part);
  parts_.clear();
  return result_;
}

}  // namespace vdsotrace
