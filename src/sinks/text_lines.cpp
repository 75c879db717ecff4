#include "sinks/text_lines.hpp"

#include <fmt/core.h>

namespace vdsotrace {

void TextLines::hand_over() {
  column_.note_written(text_);
  output_->write(text_);
  text_.clear();
}

void TextLines::end_open() {
  if (open_ != 0) text_.append(kUnfinished).append("\n");
  open_ = 0;
}

void TextLines::begin(pid_t tid, std::int64_t time_ns) {
  end_open();
  start_.append(text_, tid, time_ns, tasks_ > 1);
}

void TextLines::add(const Event& event, std::string_view color, std::string_view text) {
  begin(event.tid, event.time_ns);
  append(color, text);
  text_.append("\n");
}

void TextLines::add_message(std::string_view text) {
  end_open();
  append(Palette::kMessage, fmt::format("vdsotrace: {}", text));
  text_.append("\n");
}

}  // namespace vdsotrace
