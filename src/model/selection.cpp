#include "vdsotrace/selection.hpp"
#include "base/number.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>
#include <vector>

#include "model/nearest.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/spec.hpp"
#include "model/words.hpp"

namespace vdsotrace {
namespace {

struct ClassName {
  std::string_view name;  ///< behind the first '%'
  std::uint32_t bits;
  bool bare = false;  ///< strace knows it without the '%' too
};
constexpr ClassName kClasses[] = {
    {"desc", kDesc, true},       {"file", kFile, true},     {"memory", kMemory, true},
    {"process", kProcess, true}, {"signal", kSignal, true}, {"ipc", kIpc, true},
    {"network", kNetwork, true}, {"net", kNetwork},         {"clock", kClock},
    {"creds", kCreds},           {"stat", kStat},           {"lstat", kLstat},
    {"fstat", kFstat},           {"%stat", kStatLike},      {"statfs", kStatfs},
    {"fstatfs", kFstatfs},       {"%statfs", kStatfsLike},  {"pure", kPure},
};

std::uint32_t class_named(std::string_view word) {
  const bool marked = word.starts_with('%');
  if (marked) word.remove_prefix(1);
  for (const ClassName& known : kClasses) {
    if (known.name == word && (marked || known.bare)) return known.bits;
  }
  return 0;
}

/// Takes "@64" and the like off the end of a word; without one every ABI is meant.
Result<std::vector<Abi>> take_abis(std::string_view& word) {
  const auto at = word.rfind('@');
  if (at == std::string_view::npos) return std::vector<Abi>(kAbis.begin(), kAbis.end());
  for (const AbiRow& known : kAbiRows) {
    if (known.suffix != word.substr(at + 1)) continue;
    word = word.substr(0, at);
    return std::vector<Abi>{known.abi};
  }
  return fail(fmt::format("-e trace={}: unknown ABI", word), "one of @64, @32, @x32");
}

std::optional<int> number_from(std::string_view word) {
  const auto number = parse_number<int>(word);
  return number && *number >= 0 ? number : std::nullopt;
}

std::int64_t number_in(Abi abi, int number) {
  return static_cast<std::int64_t>(static_cast<unsigned>(number) | number_bit(abi));
}

std::uint64_t index_of(Abi abi, std::int64_t nr) { return static_cast<std::uint64_t>(nr) & ~number_bit(abi); }

/// The rows that a /REGEX, a class or a name stands for; none for an unknown word.
Result<std::vector<const CallSpec*>> rows_meant(std::string_view word) {
  std::vector<const CallSpec*> rows;
  const auto keep = [&rows](const auto& meant) {
    for (const CallSpec& spec : all_specs()) {
      if (meant(spec)) rows.push_back(&spec);
    }
  };
  if (word.starts_with('/')) {
    try {
      const std::regex pattern(word.begin() + 1, word.end(), std::regex::extended);
      keep([&](const CallSpec& spec) { return std::regex_search(spec.name.begin(), spec.name.end(), pattern); });
    } catch (const std::regex_error&) {
      return fail(fmt::format("-e trace={}: not a regular expression", word));
    }
  } else if (const auto bits = class_named(word); bits != 0) {
    keep([&](const CallSpec& spec) { return (spec.classes & bits) != 0; });
  } else if (const CallSpec* spec = spec_named(word)) {
    rows.push_back(spec);
  }
  return rows;
}

tl::unexpected<Error> unknown_call(std::string_view word) {
  if (word.starts_with('/')) return fail(fmt::format("-e trace={}: no system call matches", word));
  std::vector<std::string> spelled;
  if (word.starts_with('%')) {
    spelled.push_back("%vdso");
    for (const ClassName& known : kClasses) spelled.push_back(fmt::format("%{}", known.name));
  } else {
    for (const CallSpec& spec : all_specs()) spelled.emplace_back(spec.name);
  }
  const std::vector<std::string_view> known(spelled.begin(), spelled.end());
  const std::string_view kind = word.starts_with('%') ? "class of calls" : "system call";
  return fail(fmt::format("-e trace={}: unknown {}", word, kind), did_you_mean(word, known));
}

}  // namespace

Status status_of(const Call& call) {
  if (call.ending == Ending::unfinished) return Status::unfinished;
  if (call.ending != Ending::returned) return Status::unavailable;
  return call.error != 0 ? Status::failed : Status::successful;
}

Selection::Selection() {
  signals_.set();
  statuses_.set();
}

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
  if (key == "status") return set_statuses(set);
  constexpr std::string_view kKeys[] = {"trace", "signal", "status", "route"};
  if (key == "kvm") return fail("-e kvm=: only strace has it", "perf kvm stat shows why virtual processors exit");
  const auto hint = did_you_mean(key, kKeys);
  return fail(fmt::format("-e {}: unknown expression", expression),
              hint.empty() ? "one of trace=SET, signal=SET, status=SET, route=SET" : hint);
}

Result<void> Selection::set_calls(std::string_view set) {
  // As strace has it, a later trace= replaces an earlier one.
  forget_calls();
  inverted_ = take_negation(set);
  if (set.find_first_not_of(',') == std::string_view::npos)
    return fail("-e trace=: no call is named", "a name, a class such as %vdso, all or none");
  bool all = false;
  while (!set.empty()) {
    const auto word = take_word(set);
    if (word.empty() || word == "none") continue;
    if (word == "all") {
      all = true;
    } else if (auto added = add_calls(word); !added) {
      return added;
    }
  }
  if (all) {
    forget_calls();
    inverted_ = !inverted_;
  }
  return {};
}

void Selection::forget_calls() {
  for (auto& numbers : numbers_) numbers.reset();
  vdso_capable_ = false;
}

Result<void> Selection::add_calls(std::string_view word) {
  const bool optional = take_mark(word, '?');
  if (word == "%vdso") {
    vdso_capable_ = true;
    return {};
  }
  const auto abis = take_abis(word);
  if (!abis) return tl::unexpected(abis.error());
  const auto rows = rows_meant(word);
  if (!rows) return tl::unexpected(rows.error());
  bool known = optional || !rows->empty();
  const auto number = number_from(word);
  for (const Abi abi : *abis) {
    for (const CallSpec* spec : *rows) add_number(abi, number_of(abi, spec->name));
    if (!number || spec_of(abi, number_in(abi, *number)) == nullptr) continue;
    add_number(abi, number_in(abi, *number));
    known = true;
  }
  if (known) return {};
  return unknown_call(word);
}

void Selection::add_number(Abi abi, std::int64_t nr) {
  const auto index = index_of(abi, nr);
  if (nr >= 0 && index < kCallNumbers) numbers_[static_cast<std::size_t>(abi)].set(index);
}

Result<void> Selection::set_routes(std::string_view set) {
  const bool inverted = take_negation(set);
  std::uint32_t routes = 0;
  do {
    const auto word = take_word(set);
    if (word == "all") {
      routes = kEveryRoute;
    } else if (const auto route = route_named(word)) {
      routes |= bit(*route);
    } else if (word != "none") {
      constexpr std::string_view kNames[] = {"vdso", "fallback", "syscall", "vsyscall", "unknown"};
      const auto hint = did_you_mean(word, kNames);
      return fail(fmt::format("-e route={}: unknown route", word),
                  hint.empty() ? "one of vdso, fallback, syscall, vsyscall, unknown" : hint);
    }
  } while (!set.empty());
  routes_ = inverted ? ~routes & kEveryRoute : routes;
  routes_given_ = true;
  return {};
}

Result<void> Selection::set_signals(std::string_view set) {
  const bool inverted = take_negation(set);
  signals_.reset();
  do {
    const auto word = take_word(set);
    if (word == "all") {
      signals_.set();
    } else if (const int signal = signal_named(word); signal != 0) {
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

Result<void> Selection::set_statuses(std::string_view set) {
  // In the order of Status.
  constexpr std::string_view kNames[kStatuses] = {"successful", "failed", "unfinished", "unavailable", "detached"};
  const bool inverted = take_negation(set);
  statuses_.reset();
  do {
    const auto word = take_word(set);
    const auto known = std::ranges::find(kNames, word);
    if (word == "all") {
      statuses_.set();
    } else if (known != std::end(kNames)) {
      statuses_.set(static_cast<std::size_t>(known - std::begin(kNames)));
    } else if (word != "none") {
      const auto hint = did_you_mean(word, kNames);
      return fail(fmt::format("-e status={}: unknown status", word),
                  hint.empty() ? "one of successful, failed, unfinished, unavailable, detached" : hint);
    }
  } while (!set.empty());
  if (inverted) statuses_.flip();
  return {};
}

bool Selection::wants_number(Abi abi, std::int64_t nr, bool vdso_capable) const {
  if (vdso_capable && leaves_out_vdso_capable_) return false;
  const auto index = index_of(abi, nr);
  const bool named = index < kCallNumbers && numbers_[static_cast<std::size_t>(abi)].test(index);
  return (named || (vdso_capable && vdso_capable_)) != inverted_;
}

bool Selection::wants(const Call& call) const {
  if (!wants_number(call.abi, call.nr, call.route.has_value())) return false;
  return call.route ? wants_route(*call.route) : wants_ordinary_calls();
}

bool Selection::wants_ordinary_calls() const { return (routes_ & kKnownRoutes) == kKnownRoutes; }

bool Selection::wants_signal(int signal) const {
  return signal < 1 || signal > static_cast<int>(kSignals) || signals_.test(static_cast<std::size_t>(signal));
}

}  // namespace vdsotrace
