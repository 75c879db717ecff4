#include "vdsotrace/argument_sets.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace vdsotrace {
namespace {

constexpr std::string_view kTrace = "trace=";

struct SetKey {
  std::string_view name;
  Selection ArgumentSets::*set;
};
constexpr std::array kSetKeys{SetKey{"abbrev=", &ArgumentSets::abbreviated},
                              SetKey{"a=", &ArgumentSets::abbreviated},
                              SetKey{"verbose=", &ArgumentSets::structures},
                              SetKey{"v=", &ArgumentSets::structures},
                              SetKey{"raw=", &ArgumentSets::raw},
                              SetKey{"x=", &ArgumentSets::raw}};

/// The calls that `set` names; an error speaks of the option given, not of trace=.
Result<Selection> calls_of(std::string_view key, std::string_view set) {
  const std::array expression{std::string(kTrace).append(set)};
  auto calls = Selection::parse(expression);
  if (calls) return calls;
  Error error = calls.error();
  const auto at = error.message.find(kTrace);
  if (at != std::string::npos) error.message.replace(at, kTrace.size(), key);
  return tl::unexpected(std::move(error));
}

}  // namespace

ArgumentSets::ArgumentSets() : raw(*calls_of("raw=", "none")) {}

Result<ArgumentSets> ArgumentSets::take(std::vector<std::string>& expressions) {
  ArgumentSets sets;
  std::vector<std::string> others;
  for (std::string& expression : expressions) {
    const auto* key =
        std::ranges::find_if(kSetKeys, [&](const SetKey& known) { return expression.starts_with(known.name); });
    if (key == kSetKeys.end()) {
      others.push_back(std::move(expression));
      continue;
    }
    auto calls = calls_of(key->name, std::string_view(expression).substr(key->name.size()));
    if (!calls) return tl::unexpected(calls.error());
    sets.*(key->set) = *calls;
  }
  expressions = std::move(others);
  return sets;
}

}  // namespace vdsotrace
