#include "sinks/notice_sink.hpp"

#include <fmt/core.h>

#include "base/escape.hpp"

namespace vdsotrace {

void NoticeSink::write(const std::string& line) { output_->write(fmt::format("vdsotrace: {}\n", escaped(line))); }

void NoticeSink::consume(const Event& event) {
  const auto* notice = std::get_if<Notice>(&event.body);
  if (notice == nullptr || !notices_.add(event.pid, *notice) || !shown(*notice, quiet_)) return;
  write(line_of({*notice, event.pid}));
  output_->flush();
}

Result<void> NoticeSink::finish() {
  for (const Notices::Entry& entry : notices_.entries()) {
    if (entry.others > 0 && shown(entry.notice, quiet_)) write(line_of(entry));
  }
  return {};
}

}  // namespace vdsotrace
