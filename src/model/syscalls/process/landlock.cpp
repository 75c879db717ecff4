#include "model/syscalls/process/landlock.hpp"

#include <array>

#include <linux/landlock.h>

namespace vdsotrace {

/// Packed, so that it has no end of its own in any ABI.
template <>
inline constexpr bool kSameLayout<landlock_path_beneath_attr> = true;

namespace {

constexpr std::array kAccesses{NAMED(LANDLOCK_ACCESS_FS_EXECUTE),    NAMED(LANDLOCK_ACCESS_FS_WRITE_FILE),
                               NAMED(LANDLOCK_ACCESS_FS_READ_FILE),  NAMED(LANDLOCK_ACCESS_FS_READ_DIR),
                               NAMED(LANDLOCK_ACCESS_FS_REMOVE_DIR), NAMED(LANDLOCK_ACCESS_FS_REMOVE_FILE),
                               NAMED(LANDLOCK_ACCESS_FS_MAKE_CHAR),  NAMED(LANDLOCK_ACCESS_FS_MAKE_DIR),
                               NAMED(LANDLOCK_ACCESS_FS_MAKE_REG),   NAMED(LANDLOCK_ACCESS_FS_MAKE_SOCK),
                               NAMED(LANDLOCK_ACCESS_FS_MAKE_FIFO),  NAMED(LANDLOCK_ACCESS_FS_MAKE_BLOCK),
                               NAMED(LANDLOCK_ACCESS_FS_MAKE_SYM),   NamedValue{1 << 13, "LANDLOCK_ACCESS_FS_REFER"}};

void print_accesses(ArgContext& c, std::uint64_t accesses) {
  print_flags(c, accesses, kAccesses, "LANDLOCK_ACCESS_FS_???");
}

bool asks_for_version(const ArgContext& c) { return (c.arg(2) & LANDLOCK_CREATE_RULESET_VERSION) != 0; }

}  // namespace

/// Of all that has been added to it since Linux 5.13 only the first member is shown.
void print_landlock_ruleset_arg(ArgContext& c) {
  const std::uint64_t size = c.arg(1);
  constexpr std::uint64_t kFirst = sizeof(std::uint64_t);
  const auto accesses = asks_for_version(c) || size < kFirst ? std::nullopt
                                                             : c.memory().object<std::uint64_t>(c.value());
  if (!accesses) {
    print_address(c, c.value());
    return;
  }
  c.put("{handled_access_fs=");
  print_accesses(c, *accesses);
  c.put(size > kFirst ? ", ...}" : "}");
}

void print_landlock_rule_arg(ArgContext& c) {
  if (static_cast<std::uint32_t>(c.arg(1)) != LANDLOCK_RULE_PATH_BENEATH) {
    print_address(c, c.value());
    return;
  }
  print_object_at<landlock_path_beneath_attr>(c, c.value(), [&](const landlock_path_beneath_attr& rule) {
    c.put("{allowed_access=");
    print_accesses(c, rule.allowed_access);
    c.put(", parent_fd=");
    print_fd(c, rule.parent_fd);
    c.put("}");
  });
}

void result_landlock_ruleset(ArgContext& c) {
  if (asks_for_version(c)) {
    c.put_number(c.call().result);
  } else {
    result_fd(c);
  }
}

}  // namespace vdsotrace
