#include "cli/options/expressions.hpp"

#include <fmt/core.h>

#include <functional>
#include <initializer_list>
#include <string_view>

#include "base/number.hpp"
#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/processes.hpp"
#include "model/words.hpp"

namespace vdsotrace::cli {
namespace {

using Names = std::initializer_list<std::string_view>;
using Apply = std::function<Result<void>(std::string_view word)>;

/// Hands each expression `NAME=SET` with one of these names to `apply`, and takes it out.
Result<void> take(std::vector<std::string>& expressions, Names names, const Apply& apply) {
  for (auto expression = expressions.begin(); expression != expressions.end();) {
    const std::string_view text = *expression;
    const auto equals = text.find('=');
    const auto named = std::find(names.begin(), names.end(), text.substr(0, equals));
    if (equals == std::string_view::npos || named == names.end()) {
      ++expression;
      continue;
    }
    if (auto applied = apply(text.substr(equals + 1)); !applied) return applied;
    expression = expressions.erase(expression);
  }
  return {};
}

/// Calls `add` for each word of a set. Whether '!' stood in front of it.
Result<bool> for_each_word(std::string_view set, const Apply& add) {
  const bool inverted = take_negation(set);
  do {
    if (auto added = add(take_word(set)); !added) return tl::unexpected(added.error());
  } while (!set.empty());
  return inverted;
}

/// What `named` makes of a set is written into `value`.
template <class Named, class Value>
Apply into(Named named, Value& value) {
  return [named, &value](std::string_view set) -> Result<void> {
    auto made = named(set);
    if (!made) return tl::unexpected(made.error());
    value = std::move(*made);
    return {};
  };
}

struct QuietName {
  std::string_view name;
  bool Quiet::*meant;
};
constexpr QuietName kQuietNames[] = {{"attach", &Quiet::attach},
                                     {"exit", &Quiet::exit},
                                     {"exits", &Quiet::exit},
                                     {"path-resolution", &Quiet::path_resolution},
                                     {"personality", &Quiet::personality},
                                     {"thread-execve", &Quiet::thread_execve},
                                     {"superseded", &Quiet::thread_execve}};

void invert(Quiet& quiet) {
  for (bool Quiet::*one :
       {&Quiet::attach, &Quiet::exit, &Quiet::path_resolution, &Quiet::personality, &Quiet::thread_execve})
    quiet.*one = !(quiet.*one);
}

Result<Quiet> quiet_named(std::string_view set) {
  Quiet quiet;
  const auto add = [&](std::string_view word) -> Result<void> {
    if (word == "none") return {};
    if (word == "all") {
      quiet = quiet_of(3);
      return {};
    }
    for (const QuietName& known : kQuietNames) {
      if (known.name != word) continue;
      quiet.*known.meant = true;
      return {};
    }
    return fail(fmt::format("-e quiet={}: unknown message", word),
                "some of attach, exit, path-resolution, personality, thread-execve; all or none");
  };
  const auto inverted = for_each_word(set, add);
  if (!inverted) return tl::unexpected(inverted.error());
  if (*inverted) invert(quiet);
  return quiet;
}

Result<DescriptorSet> descriptors_named(std::string_view option, std::string_view set) {
  DescriptorSet descriptors;
  const auto add = [&](std::string_view word) -> Result<void> {
    if (word == "none") return {};
    if (word == "all") {
      descriptors = {true, {}};
      return {};
    }
    const auto fd = parse_number<std::int32_t>(word);
    if (!fd || *fd < 0)
      return fail(fmt::format("-e {}={}: not a descriptor", option, word), "numbers with commas between, all or none");
    // After "all" it is among them already.
    if (!descriptors.inverted) descriptors.numbers.push_back(*fd);
    return {};
  };
  const auto inverted = for_each_word(set, add);
  if (!inverted) return tl::unexpected(inverted.error());
  if (*inverted) descriptors.inverted = !descriptors.inverted;
  return descriptors;
}

}  // namespace

Quiet quiet_of(int level) { return {level > 0, level > 1, level > 2, level > 0, level > 2}; }

Result<void> take_quiet(std::vector<std::string>& expressions, Quiet& quiet) {
  return take(expressions, {"quiet", "silent", "silence", "q"}, into(quiet_named, quiet));
}

Result<void> take_descriptor_details(std::vector<std::string>& expressions, DescriptorDetails& details) {
  return take(expressions, {"decode-fds", "decode-fd"}, into(descriptor_details_named, details));
}

Result<void> take_process_details(std::vector<std::string>& expressions, ProcessDetails& details) {
  return take(expressions, {"decode-pids", "decode-pid"}, into(process_details_named, details));
}

Result<void> take_dumps(std::vector<std::string>& expressions, Dumps& dumps) {
  const auto of = [](std::string_view option) {
    return [option](std::string_view set) { return descriptors_named(option, set); };
  };
  if (auto taken = take(expressions, {"read", "reads", "r"}, into(of("read"), dumps.read)); !taken) return taken;
  return take(expressions, {"write", "writes", "w"}, into(of("write"), dumps.write));
}

}  // namespace vdsotrace::cli
