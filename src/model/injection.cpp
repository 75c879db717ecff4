#include "vdsotrace/injection.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/number.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/spec.hpp"
#include "model/time_span.hpp"
#include "model/words.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kInject = "inject=";
constexpr std::string_view kFault = "fault=";
constexpr std::uint32_t kMostInvocations = 0xffff;

/// Cuts `text` at the first `mark`: what stands in front of it, which is taken off with the mark.
std::string_view take_until(std::string_view& text, char mark) {
  const auto at = std::min(text.find(mark), text.size());
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return front;
}

std::optional<std::uint32_t> take_invocation(std::string_view& text) {
  const auto number = take_number<std::uint32_t>(text);
  return number && *number >= 1 && *number <= kMostInvocations ? number : std::nullopt;
}

bool set_when(Injection& rule, std::string_view text) {
  Invocations when;
  const auto first = take_invocation(text);
  if (!first) return false;
  when.first = *first;
  const bool bounded = text.starts_with("..");
  if (bounded) {
    text.remove_prefix(2);
    const auto last = take_invocation(text);
    if (!last || *last < when.first || *last == kMostInvocations) return false;
    when.last = *last;
  }
  when.step = bounded ? 1 : 0;
  if (take_mark(text, '+')) {
    const auto step = text.empty() ? std::optional(1u) : take_invocation(text);
    if (!step) return false;
    when.step = *step;
  }
  rule.when = when;
  return text.empty();
}

bool set_error(Injection& rule, std::string_view text) {
  if (rule.replaces()) return false;
  const auto number = parse_number<int>(text);
  rule.error = number ? *number : errno_named(text);
  return rule.error >= 1 && error_of(-rule.error) != 0;
}

/// As strtoull(3) reads it: a C constant.
bool set_result(Injection& rule, std::string_view text) {
  if (rule.replaces()) return false;
  const bool negative = take_mark(text, '-');
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const int base = hexadecimal ? 16 : text.starts_with('0') ? 8 : 10;
  const auto number = parse_number<std::uint64_t>(text.substr(hexadecimal ? 2 : 0), base);
  if (number) rule.result = static_cast<std::int64_t>(negative ? -*number : *number);
  return number.has_value();
}

bool set_signal(Injection& rule, std::string_view text) {
  if (rule.signal != 0) return false;
  rule.signal = signal_named(text);
  return rule.signal != 0;
}

/// Only one that changes nothing, whatever its arguments are.
bool set_instead(Injection& rule, std::string_view text) {
  const CallSpec* spec = spec_named(text);
  if (!rule.instead.empty() || spec == nullptr || (spec->classes & kPure) == 0) return false;
  rule.instead = text;
  return true;
}

bool set_delay(std::int64_t& delay, std::string_view text) {
  const auto named = time_span_named(text);
  if (!named || delay != 0) return false;
  delay = *named;
  return true;
}

std::optional<std::vector<std::byte>> bytes_named(std::string_view digits) {
  std::vector<std::byte> bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    const auto byte = parse_number<std::uint8_t>(digits.substr(0, 2), 16);
    if (!byte) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(*byte));
  }
  return digits.empty() && !bytes.empty() ? std::optional(std::move(bytes)) : std::nullopt;
}

/// "@arg1=00ff,@arg2=12"
bool add_pokes(std::vector<Poke>& pokes, std::string_view list) {
  constexpr std::string_view kArgument = "@arg";
  constexpr std::size_t kMostArguments = 6;
  if (!pokes.empty()) return false;
  while (!list.empty()) {
    std::string_view word = take_word(list);
    if (!word.starts_with(kArgument)) return false;
    word.remove_prefix(kArgument.size());
    const auto number = take_number<std::size_t>(word);
    if (!number || *number < 1 || *number > kMostArguments || !take_mark(word, '=')) return false;
    auto bytes = bytes_named(word);
    const bool known = std::ranges::find(pokes, *number - 1, &Poke::argument) != pokes.end();
    if (!bytes || known) return false;
    pokes.push_back({*number - 1, std::move(*bytes)});
  }
  return !pokes.empty();
}

struct InjectionKey {
  std::string_view name;
  bool of_fault;  ///< `fault=` has it too
  bool (*set)(Injection&, std::string_view);
  std::string_view wants;  ///< what may stand behind it
};
constexpr std::array kInjectionKeys{
    InjectionKey{"error", true, set_error, "the name of an error, or 1 to 4095; once, without retval="},
    InjectionKey{"when", true, set_when, "FIRST[..LAST][+[STEP]], numbers from 1 to 65535"},
    InjectionKey{"syscall", true, set_instead, "a call of %pure, once"},
    InjectionKey{"retval", false, set_result, "a number; once, without error="},
    InjectionKey{"signal", false, set_signal, "a signal, once"},
    InjectionKey{"delay_enter", false,
                 [](Injection& rule, std::string_view text) { return set_delay(rule.enter_delay_ns, text); },
                 "microseconds, or a number with ns, us, ms or s; once"},
    InjectionKey{"delay_exit", false,
                 [](Injection& rule, std::string_view text) { return set_delay(rule.exit_delay_ns, text); },
                 "microseconds, or a number with ns, us, ms or s; once"},
    InjectionKey{"poke_enter", false,
                 [](Injection& rule, std::string_view text) { return add_pokes(rule.enter_pokes, text); },
                 "@argN=HEX[,@argM=HEX...], arguments 1 to 6, pairs of hexadecimal digits"},
    InjectionKey{"poke_exit", false,
                 [](Injection& rule, std::string_view text) { return add_pokes(rule.exit_pokes, text); },
                 "@argN=HEX[,@argM=HEX...], arguments 1 to 6, pairs of hexadecimal digits"},
};

Result<void> apply(Injection& rule, std::string_view word, bool fault, std::string_view expression) {
  const std::string_view name = take_until(word, '=');
  const auto* key = std::ranges::find(kInjectionKeys, name, &InjectionKey::name);
  if (key == kInjectionKeys.end() || (fault && !key->of_fault))
    return fail(fmt::format("-e {}: {}= is unknown here", expression, name),
                fault
                    ? "error=, syscall= and when=; see -e inject="
                    : "error=, retval=, signal=, syscall=, delay_enter=, delay_exit=, poke_enter=, poke_exit=, when=");
  if (!key->set(rule, word))
    return fail(fmt::format("-e {}: {}={} makes no sense", expression, name, word), std::string(key->wants));
  return {};
}

bool does_something(const Injection& rule) {
  return rule.replaces() || rule.signal != 0 || rule.enter_delay_ns != 0 || rule.exit_delay_ns != 0 ||
         !rule.enter_pokes.empty() || !rule.exit_pokes.empty();
}

Result<Injection> parse(std::string_view expression) {
  const bool fault = expression.starts_with(kFault);
  std::string_view rest = expression.substr(fault ? kFault.size() : kInject.size());
  Injection rule;
  const std::array set{fmt::format("trace={}", take_until(rest, ':'))};
  auto calls = Selection::parse(set);
  if (!calls) {
    Error error = calls.error();
    const auto at = error.message.find("trace=");
    if (at != std::string::npos) error.message.replace(at, std::string_view("trace=").size(), fault ? kFault : kInject);
    return tl::unexpected(std::move(error));
  }
  rule.calls = *calls;
  while (!rest.empty()) {
    if (auto applied = apply(rule, take_until(rest, ':'), fault, expression); !applied)
      return tl::unexpected(applied.error());
  }
  if (fault && rule.error == 0) rule.error = ENOSYS;
  if (!does_something(rule))
    return fail(
        fmt::format("-e {}: nothing to inject", expression),
        "SET:error=ERRNO, :retval=N, :signal=SIG, :delay_enter=TIME, :delay_exit=TIME or :poke_enter=@argN=HEX");
  return rule;
}

}  // namespace

bool Invocations::contains(std::uint32_t invocation) const {
  if (invocation < first || invocation > last) return false;
  return step == 0 ? invocation == first : (invocation - first) % step == 0;
}

Result<Injections> Injections::take(std::vector<std::string>& expressions) {
  Injections injections;
  std::vector<std::string> others;
  for (std::string& expression : expressions) {
    if (!expression.starts_with(kInject) && !expression.starts_with(kFault)) {
      others.push_back(std::move(expression));
      continue;
    }
    auto rule = parse(expression);
    if (!rule) return tl::unexpected(rule.error());
    injections.rules_.push_back(std::move(*rule));
  }
  expressions = std::move(others);
  return injections;
}

const Injection* Injections::of(Abi abi, std::int64_t nr, bool vdso_capable) const {
  const auto named = [&](const Injection& rule) { return rule.calls.wants_number(abi, nr, vdso_capable); };
  const auto found = std::find_if(rules_.rbegin(), rules_.rend(), named);
  return found == rules_.rend() ? nullptr : &*found;
}

bool Injections::send_signals() const {
  return std::ranges::any_of(rules_, [](const Injection& rule) { return rule.signal != 0; });
}

}  // namespace vdsotrace
