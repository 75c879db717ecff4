#include "vdsotrace/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <vector>

#include "model/nearest.hpp"
#include "model/syscalls/signals.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr Abi kEveryAbi[] = {Abi::x86_64, Abi::i386, Abi::x32};
constexpr std::uint64_t kX32Bit = 0x40000000;

struct ClassName {
  std::string_view name;  ///< behind the first '%'
  std::uint32_t bits;
  bool bare = false;      ///< strace knows it without the '%' too
};
constexpr ClassName kClasses[] = {
    {"desc", kDesc, true},     {"file", kFile, true},       {"memory", kMemory, true},
    {"process", kProcess, true}, {"signal", kSignal, true}, {"ipc", kIpc, true},
    {"network", kNetwork, true}, {"net", kNetwork},         {"clock", kClock},
    {"creds", kCreds},         {"stat", kStat},             {"lstat", kLstat},
    {"fstat", kFstat},         {"%stat", kStatLike},        {"statfs", kStatfs},
    {"fstatfs", kFstatfs},     {"%statfs", kStatfsLike},    {"pure", kPure},
};

std::uint32_t class_named(std::string_view word) {
  const bool marked = word.starts_with('%');
  if (marked) word.remove_prefix(1);
  for (const ClassName& known : kClasses) {
    if (known.name == word && (marked || known.bare)) return known.bits;
  }
  return 0;
}

std::vector<std::string_view> known_words() {
  std::vector<std::string_view> words;
  for (const CallSpec& spec : all_specs()) words.push_back(spec.name);
  return words;
}

std::string_view take_word(std::string_view& rest) {
  const auto comma = rest.find(',');
  const auto word = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return word;
}

bool take_mark(std::string_view& text, char mark) {
  if (!text.starts_with(mark)) return false;
  text.remove_prefix(1);
  return true;
}

/// A signal by name, with or without SIG, or by number; 0 if there is none.
int signal_from(std::string_view word) {
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && end == word.data() + word.size()) return number >= 1 && number <= 64 ? number : 0;
  std::string upper(word);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!upper.starts_with("SIG")) upper = fmt::format("SIG{}", upper);
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal_name(signal) == upper) return signal;
  }
  return 0;
}

}  // namespace

Selection::Selection() { signals_.set(); }

Result<Selection> Selection::parse(std::span<const std::string> expressions) {
  Selection selection;
  for (const std::string& expression : expressions) {
    if (auto applied = selection.apply(expression); !applied) return tl::unexpected(applied.error());
  }
  return selection;
}

Result<void> Selection::apply(std::string_view expression) {
  const auto equals = expression.find('=');
  if (equals == std::string_view::npos) return set_calls(expression);
  const auto key = expression.substr(0, equals);
  const auto set = expression.substr(equals + 1);
  if (key == "trace" || key == "t") return set_calls(set);
  if (key == "signal" || key == "signals" || key == "s") return set_signals(set);
  if (key == "route" || key == "routes") return set_routes(set);
  constexpr std::string_view kKeys[] = {"trace", "signal", "route"};
  const auto hint = did_you_mean(key, kKeys);
  return fail(fmt::format("-e {}: unknown expression", expression),
              hint.empty() ? "one of trace=SET, signal=SET, route=SET" : hint);
}

Result<void> Selection::set_calls(std::string_view set) {
  // As strace has it, a later trace= replaces an earlier one.
  for (auto& numbers : numbers_) numbers.reset();
  vdso_capable_ = false;
  inverted_ = take_mark(set, '!');
  if (set.empty()) return fail("-e trace=: no call is named", "a name, a class such as %vdso, all or none");
  while (!set.empty()) {
    const auto word = take_word(set);
    if (word == "none") continue;
    if (word == "all") {
      for (auto& numbers : numbers_) numbers.reset();
      vdso_capable_ = false;
      inverted_ = !inverted_;
      continue;
    }
    if (auto added = add_calls(word); !added) return added;
  }
  return {};
}

void Selection::add_call_named(std::string_view name) {
  for (const Abi abi : kEveryAbi) {
    const auto nr = number_of(abi, name);
    if (nr < 0) continue;
    const auto index = static_cast<std::uint64_t>(nr) & ~kX32Bit;
    if (index < kNumbers) numbers_[static_cast<std::size_t>(abi)].set(index);
  }
}

Result<void> Selection::add_calls(std::string_view word) {
  const std::string_view whole = word;
  const bool optional = take_mark(word, '?');
  if (word == "%vdso") {
    vdso_capable_ = true;
    return {};
  }
  if (take_mark(word, '/')) {
    try {
      const std::regex pattern(word.begin(), word.end(), std::regex::extended);
      for (const CallSpec& spec : all_specs()) {
        if (std::regex_search(spec.name.begin(), spec.name.end(), pattern)) add_call_named(spec.name);
      }
    } catch (const std::regex_error&) {
      return fail(fmt::format("-e trace={}: not a regular expression", whole));
    }
    return {};
  }
  if (const auto bits = class_named(word); bits != 0) {
    for (const CallSpec& spec : all_specs()) {
      if ((spec.classes & bits) != 0) add_call_named(spec.name);
    }
    return {};
  }
  if (spec_named(word) != nullptr) {
    add_call_named(word);
    return {};
  }
  if (optional) return {};
  if (word.starts_with('%')) {
    std::vector<std::string> spelled = {"%vdso"};
    for (const ClassName& known : kClasses) spelled.push_back(fmt::format("%{}", known.name));
    const std::vector<std::string_view> known(spelled.begin(), spelled.end());
    return fail(fmt::format("-e trace={}: unknown class of calls", word), did_you_mean(word, known));
  }
  return fail(fmt::format("-e trace={}: unknown system call", word), did_you_mean(word, known_words()));
}

Result<void> Selection::set_routes(std::string_view set) {
  const bool inverted = take_mark(set, '!');
  std::uint32_t routes = 0;
  do {
    const auto word = take_word(set);
    if (word == "all") {
      routes = (1u << kRoutes) - 1;
    } else if (const auto route = route_named(word)) {
      routes |= 1u << static_cast<unsigned>(*route);
    } else if (word != "none") {
      constexpr std::string_view kNames[] = {"vdso", "fallback", "syscall", "vsyscall"};
      const auto hint = did_you_mean(word, kNames);
      return fail(fmt::format("-e route={}: unknown route", word),
                  hint.empty() ? "one of vdso, fallback, syscall, vsyscall" : hint);
    }
  } while (!set.empty());
  routes_ = inverted ? ~routes & ((1u << kRoutes) - 1) : routes;
  routes_given_ = true;
  return {};
}

Result<void> Selection::set_signals(std::string_view set) {
  const bool inverted = take_mark(set, '!');
  signals_.reset();
  do {
    const auto word = take_word(set);
    if (word == "all") {
      signals_.set();
    } else if (const int signal = signal_from(word); signal != 0) {
      signals_.set(static_cast<std::size_t>(signal));
    } else if (word != "none") {
      std::vector<std::string> names;
      for (int s = 1; s <= 64; ++s) names.push_back(signal_name(s));
      const std::vector<std::string_view> known(names.begin(), names.end());
      return fail(fmt::format("-e signal={}: unknown signal", word), did_you_mean(word, known));
    }
  } while (!set.empty());
  if (inverted) signals_.flip();
  return {};
}

bool Selection::wants_number(Abi abi, std::int64_t nr, bool vdso_capable) const {
  const auto index = static_cast<std::uint64_t>(nr) & ~(abi == Abi::x32 ? kX32Bit : 0);
  const bool named = index < kNumbers && numbers_[static_cast<std::size_t>(abi)].test(index);
  return (named || (vdso_capable && vdso_capable_)) != inverted_;
}

bool Selection::wants(const Call& call) const {
  if (!wants_number(call.abi, call.nr, call.route.has_value())) return false;
  return call.route ? wants_route(*call.route) : wants_ordinary_calls();
}

bool Selection::wants_ordinary_calls() const { return !routes_given_; }

bool Selection::wants_signal(int signal) const {
  return signal < 1 || signal > static_cast<int>(kSignals) || signals_.test(static_cast<std::size_t>(signal));
}

}  // namespace vdsotrace
