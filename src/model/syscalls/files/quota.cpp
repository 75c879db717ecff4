#include "model/syscalls/files/quota.hpp"

#include <array>

#include <linux/quota.h>

#include "model/syscalls/files/quota_xfs.hpp"

namespace vdsotrace {
namespace {

constexpr std::array kTypes{NAMED(USRQUOTA), NAMED(GRPQUOTA), NAMED(PRJQUOTA)};
constexpr std::array kFormats{NAMED(QFMT_VFS_OLD), NAMED(QFMT_VFS_V0), NAMED(QFMT_OCFS2), NAMED(QFMT_VFS_V1)};
constexpr std::array kBlockBits{NAMED(QIF_BLIMITS), NAMED(QIF_SPACE), NAMED(QIF_ILIMITS),
                                NAMED(QIF_INODES),  NAMED(QIF_BTIME), NAMED(QIF_ITIME)};
constexpr std::array kInfoFlags{NAMED(DQF_ROOT_SQUASH), NAMED(DQF_SYS_FILE)};
constexpr std::array kInfoBits{NAMED(IIF_BGRACE), NAMED(IIF_IGRACE), NAMED(IIF_FLAGS)};

void print_format(ArgContext& c, std::uint32_t format) { print_choice(c, format, kFormats, "QFMT_VFS_???"); }

void format_at(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t format) {
    c.put("[");
    print_format(c, format);
    c.put("]");
  });
}

void info(ArgContext& c) {
  print_object_at<if_dqinfo>(c, c.value(), [&](const if_dqinfo& value) {
    c.print("{{dqi_bgrace={}, dqi_igrace={}, dqi_flags=", value.dqi_bgrace, value.dqi_igrace);
    print_flags(c, value.dqi_flags, kInfoFlags, "DQF_???");
    c.put(", dqi_valid=");
    print_flags(c, value.dqi_valid, kInfoBits, "IIF_???");
    c.put("}");
  });
}
void info_out(ArgContext& c) {
  if (!c.wait_for_exit()) info(c);
}

/// What if_dqblk and if_nextdqblk begin with.
template <class Block>
void print_limits(ArgContext& c, const Block& block) {
  c.print("{{dqb_bhardlimit={}, dqb_bsoftlimit={}, dqb_curspace={}, dqb_ihardlimit={}", block.dqb_bhardlimit,
          block.dqb_bsoftlimit, block.dqb_curspace, block.dqb_ihardlimit);
  c.print(", dqb_isoftlimit={}, dqb_curinodes={}", block.dqb_isoftlimit, block.dqb_curinodes);
  if (c.abbreviated()) return;
  c.print(", dqb_btime={}, dqb_itime={}, dqb_valid=", block.dqb_btime, block.dqb_itime);
  print_flags(c, block.dqb_valid, kBlockBits, "QIF_???");
}

void limits(ArgContext& c) {
  print_object_at<if_dqblk>(c, c.value(), [&](const if_dqblk& block) {
    print_limits(c, block);
    c.put(c.abbreviated() ? ", ...}" : "}");
  });
}
void limits_out(ArgContext& c) {
  if (!c.wait_for_exit()) limits(c);
}
void next_limits_out(ArgContext& c) {
  if (c.wait_for_exit()) return;
  print_object_at<if_nextdqblk>(c, c.value(), [&](const if_nextdqblk& block) {
    print_limits(c, block);
    c.print(", dqb_id={}", block.dqb_id);
    c.put(c.abbreviated() ? ", ...}" : "}");
  });
}

/// What the last two arguments of a command are.
enum class Id : std::uint8_t { none, user, format };
struct QuotaCommand {
  std::uint32_t value;
  std::string_view name;
  Id id = Id::user;
  Printer argument = print_address_arg;  ///< null: there is none
};
#define COMMAND(constant) static_cast<std::uint32_t>(constant), #constant

/// The last are XFS's (linux/dqblk_xfs.h).
constexpr std::array kQuotaCommands{
    QuotaCommand{COMMAND(Q_SYNC), Id::none, nullptr},
    QuotaCommand{COMMAND(Q_QUOTAON), Id::format, print_path_arg},
    QuotaCommand{COMMAND(Q_QUOTAOFF), Id::none, nullptr},
    QuotaCommand{COMMAND(Q_GETFMT), Id::none, format_at},
    QuotaCommand{COMMAND(Q_GETINFO), Id::none, info_out},
    QuotaCommand{COMMAND(Q_SETINFO), Id::none, info},
    QuotaCommand{COMMAND(Q_GETQUOTA), Id::user, limits_out},
    QuotaCommand{COMMAND(Q_SETQUOTA), Id::user, limits},
    QuotaCommand{COMMAND(Q_GETNEXTQUOTA), Id::user, next_limits_out},
    QuotaCommand{0x5801, "Q_XQUOTAON", Id::none, print_xfs_quota_flags},
    QuotaCommand{0x5802, "Q_XQUOTAOFF", Id::none, print_xfs_quota_flags},
    QuotaCommand{0x5803, "Q_XGETQUOTA", Id::user, print_xfs_quota_out},
    QuotaCommand{0x5804, "Q_XSETQLIM", Id::user, print_xfs_quota},
    QuotaCommand{0x5805, "Q_XGETQSTAT", Id::none, print_xfs_status_out},
    QuotaCommand{0x5806, "Q_XQUOTARM", Id::none, print_xfs_quota_types},
    QuotaCommand{0x5807, "Q_XQUOTASYNC", Id::none, nullptr},
    QuotaCommand{0x5808, "Q_XGETQSTATV", Id::none, print_xfs_status_wide_out},
    QuotaCommand{0x5809, "Q_XGETNEXTQUOTA", Id::user, print_xfs_quota_out},
};
#undef COMMAND
constexpr QuotaCommand kUnknown{0, "", Id::user, print_address_arg};

const QuotaCommand* known(std::uint32_t value) {
  const auto* found = std::ranges::find(kQuotaCommands, value, &QuotaCommand::value);
  return found != kQuotaCommands.end() ? found : nullptr;
}

/// quotactl_fd has it behind its descriptor.
const QuotaCommand& quota_command_of(const ArgContext& c) {
  const std::uint64_t argument = c.arg(c.call().name == "quotactl_fd" ? 1 : 0);
  const QuotaCommand* found = known(static_cast<std::uint32_t>(argument) >> SUBCMDSHIFT);
  return found != nullptr ? *found : kUnknown;
}

}  // namespace

void print_quota_command_arg(ArgContext& c) {
  const auto number = [&] { c.put_number(c.as_uint()); };
  print_meaning(c, number, [&] {
    const std::uint32_t value = c.as_uint() >> SUBCMDSHIFT;
    c.put("QCMD(");
    if (const QuotaCommand* command = known(value)) {
      c.put(command->name);
    } else {
      print_choice(c, value, {}, "Q_???");
    }
    c.put(", ");
    print_choice(c, c.as_uint() & SUBCMDMASK, kTypes, "???QUOTA");
    c.put(")");
  });
}

void print_quota_id_arg(ArgContext& c) {
  switch (quota_command_of(c).id) {
    case Id::none: break;
    case Id::user: print_id_arg(c); break;
    case Id::format: print_format(c, c.as_uint()); break;
  }
}

void print_quota_value_arg(ArgContext& c) {
  if (const Printer print = quota_command_of(c).argument) print(c);
}

}  // namespace vdsotrace
