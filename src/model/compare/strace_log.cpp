#include "model/compare/strace_log.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/escape.hpp"
#include "base/number.hpp"

namespace vdsotrace {
namespace {

/// linux/threads.h: PID_MAX_LIMIT. A larger number in front of a line is seconds since 1970.
constexpr std::int64_t kMostPids = 4'194'304;
constexpr std::size_t kLongestName = 64;
/// Distinct names, and threads in a call, that a log can make us remember.
constexpr std::size_t kMostNames = 4096;
constexpr std::size_t kMostUnfinished = 1 << 15;
constexpr std::string_view kUnfinished = "<unfinished ...>";
constexpr std::string_view kResumed = " resumed>";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool in_name(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

std::optional<std::int64_t> number(std::string_view word, int base = 10) {
  return parse_number<std::int64_t>(word, base);
}

/// Takes "[pid 123] " or "123 " away. 0 if there is neither.
pid_t take_pid(std::string_view& line) {
  std::string_view word = first_word(line);
  std::string_view rest = line.substr(word.size());
  if (line.starts_with("[pid ")) {
    const auto close = line.find(']');
    if (close == line.npos) return 0;
    word = trimmed(line.substr(4, close - 4));
    rest = line.substr(close + 1);
  }
  const auto pid = number(word);
  if (!pid || *pid <= 0 || *pid > kMostPids) return 0;
  line = trimmed(rest);
  return static_cast<pid_t>(*pid);
}

bool is_stamp(std::string_view word) {
  const bool digits = std::ranges::any_of(word, is_digit);
  return word == "(+" || (digits && word.find_first_not_of("0123456789:.-+T()") == word.npos);
}

void skip_stamps(std::string_view& line) {
  while (is_stamp(first_word(line))) line = trimmed(line.substr(first_word(line).size()));
}

std::string_view name_in(std::string_view text) {
  const std::size_t end = std::ranges::find_if_not(text, in_name) - text.begin();
  const std::string_view name = text.substr(0, end);
  return name.empty() || name.size() > kLongestName || is_digit(name.front()) ? std::string_view() : name;
}

/// Where the bracket is closed that is opened at `open`; brackets in strings do not count.
std::size_t closing(std::string_view text, std::size_t open) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && c == ')' && --depth == 0) {
      return i;
    }
  }
  return text.npos;
}

struct Halves {
  std::string_view call;    ///< "name(args)"
  std::string_view result;  ///< what stands behind "= ", without the time that -T adds
};

/// Nothing if the call has no end.
std::optional<Halves> halves_of(std::string_view text, std::size_t open) {
  std::size_t close = closing(text, open);
  // A line that was cut in a string: the last bracket must do.
  if (close == text.npos) close = text.rfind(") =");
  if (close == text.npos || close < open) return std::nullopt;
  std::string_view rest = trimmed(text.substr(close + 1));
  if (!rest.starts_with('=')) return std::nullopt;
  rest = trimmed(rest.substr(1));
  const auto time = rest.rfind(" <");
  if (rest.ends_with('>') && time != rest.npos && rest.find_first_not_of("0123456789.", time + 2) == rest.size() - 1)
    rest = trimmed(rest.substr(0, time));
  return Halves{text.substr(0, close + 1), rest};
}

std::string error_in(std::string_view result) {
  if (!result.starts_with("-1 ") && !result.starts_with("? ")) return {};
  const std::string_view name = name_in(trimmed(first_word(result.substr(result.find(' ') + 1))));
  return std::string(name);
}

std::optional<std::int64_t> value_of(std::string_view result) {
  std::string_view word = first_word(result);
  // With -y: "3</dev/null>".
  word = word.substr(0, word.find('<'));
  return word.starts_with("0x") ? number(word.substr(2), 16) : number(word);
}

}  // namespace

void StraceLog::take(std::string_view line) {
  line = trimmed(line.substr(0, kLongestLine));
  if (line.starts_with("% time") || line.starts_with("------ ------")) has_summary_ = true;
  const pid_t tid = take_pid(line);
  skip_stamps(line);
  if (!line.empty()) take_body(tid, line);
}

void StraceLog::take_body(pid_t tid, std::string_view body) {
  if (body.starts_with("<... ")) {
    resume(tid, body);
  } else if (body.ends_with(kUnfinished)) {
    const std::string_view name = name_in(body);
    if (name.empty() || !body.substr(name.size()).starts_with('(')) return;
    body.remove_suffix(kUnfinished.size());
    // One that was never taken up again.
    if (const auto before = unfinished_.extract(tid)) add_unfinished(tid, before.mapped());
    if (unfinished_.size() < kMostUnfinished) unfinished_[tid] = trimmed(body);
  } else {
    add(tid, body);
  }
}

void StraceLog::resume(pid_t tid, std::string_view body) {
  const auto end = body.find(kResumed);
  if (end == body.npos) return;
  const std::string_view name = trimmed(body.substr(5, end - 5));
  std::string_view rest = trimmed(body.substr(end + kResumed.size()));
  const auto begun = unfinished_.extract(tid);
  std::string text = begun && name_in(begun.mapped()) == name ? begun.mapped() : std::string(name) + "(...";
  if (text.ends_with(',')) text += ' ';
  // strace before 4.21 wrote a comma on either side, or on neither.
  if (rest.starts_with(", ") && (text.ends_with('(') || text.ends_with(", "))) rest.remove_prefix(2);
  text += rest;
  if (rest.ends_with(kUnfinished)) {
    text.resize(text.size() - kUnfinished.size());
    text.resize(std::min(text.size(), kLongestLine));
    unfinished_[tid] = std::move(text);
    return;
  }
  add(tid, text);
}

bool StraceLog::may_count(std::string_view name) const {
  return run_.counts().size() < kMostNames || run_.counts().contains(std::string(name));
}

void StraceLog::add(pid_t tid, std::string_view text) {
  const std::string_view name = name_in(text);
  if (name.empty() || !text.substr(name.size()).starts_with('(') || !may_count(name)) return;
  const auto halves = halves_of(text, name.size());
  if (!halves) return;
  SeenCall call;
  call.tid = tid;
  call.name = name;
  call.error = error_in(halves->result);
  call.result = value_of(halves->result);
  call.text = escaped_unless_printable(halves->call) + " = " + escaped_unless_printable(halves->result);
  run_.add(std::move(call));
}

void StraceLog::add_unfinished(pid_t tid, std::string_view text) {
  const std::string_view name = name_in(text);
  if (!may_count(name)) return;
  SeenCall call;
  call.tid = tid;
  call.name = name;
  call.text = escaped_unless_printable(text) + " " + std::string(kUnfinished);
  run_.add(std::move(call));
}

SeenRun StraceLog::finish() {
  for (const auto& [tid, text] : std::exchange(unfinished_, {})) add_unfinished(tid, text);
  return std::move(run_);
}

}  // namespace vdsotrace
