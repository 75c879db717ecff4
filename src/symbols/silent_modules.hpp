// Modules in which callers cannot be found.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace vdsotrace {

/// Says once of each file why.
class SilentModules {
 public:
  /// Callers in that file are not known. Code without a file is made by what calls it, and nothing is said.
  void note(const std::string& file, std::string_view why) {
    if (file.empty() || !noted_.insert(file).second) return;
    notices_.push_back(fmt::format("callers in {} are not known: {}", file, why));
  }
  /// What has not been said yet.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  std::set<std::string> noted_;
  std::vector<std::string> notices_;
};

}  // namespace vdsotrace
