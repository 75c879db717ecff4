#include "sinks/attachments.hpp"

#include <fmt/core.h>

namespace vdsotrace {

std::string attachment(const Event& event) {
  if (std::holds_alternative<Detached>(event.body)) return fmt::format("Process {} detached", event.tid);
  const auto* started = std::get_if<Started>(&event.body);
  if (started == nullptr || started->how == Started::How::spawn) return {};
  if (started->how == Started::How::attach && !started->begins_process()) return {};
  const std::string inside = started->pid_inside != 0 ? fmt::format(" ({} in its PID namespace)", started->pid_inside)
                                                      : "";
  if (started->threads > 1)
    return fmt::format("Process {} attached with {} threads{}", event.pid, started->threads, inside);
  return fmt::format("Process {} attached{}", event.tid, inside);
}

void AttachmentSink::consume(const Event& event) {
  if (const std::string line = attachment(event); !line.empty()) output_->write(fmt::format("vdsotrace: {}\n", line));
}

}  // namespace vdsotrace
