// landlock; expected lines are strace 6.1's.
#include <linux/landlock.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kRuleset = 0x7f0000002000;

TEST_CASE("a ruleset says which accesses it handles", "[landlock]") {
  DecodedCall call("landlock_create_ruleset", {kRuleset, 8, 0});
  CHECK(
      call.put(kRuleset, std::uint64_t{5}).leave(3).line() ==
      "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE|LANDLOCK_ACCESS_FS_READ_FILE}, 8, 0) = 3");
  DecodedCall larger("landlock_create_ruleset", {kRuleset, 16, 0});
  CHECK(larger.put(kRuleset, std::uint64_t{1} << 40).leave(-14).line() ==
        "landlock_create_ruleset({handled_access_fs=0x10000000000 /* LANDLOCK_ACCESS_FS_??? */, ...}, 16, 0) = "
        "-1 EFAULT (Bad address)");
  CHECK(line_of("landlock_create_ruleset", {0, 0, 1}, 4) ==
        "landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) = 4");
}

TEST_CASE("a rule is of the folder that a descriptor refers to", "[landlock]") {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR;
  rule.parent_fd = 9;
  DecodedCall call("landlock_add_rule", {3, LANDLOCK_RULE_PATH_BENEATH, kRuleset, 0});
  CHECK(call.put(kRuleset, rule).leave(0).line() ==
        "landlock_add_rule(3, LANDLOCK_RULE_PATH_BENEATH, "
        "{allowed_access=LANDLOCK_ACCESS_FS_READ_DIR, parent_fd=9}, 0) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
