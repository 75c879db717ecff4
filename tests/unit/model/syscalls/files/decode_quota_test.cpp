// quotactl; expected lines are strace 6.1's.
#include <linux/dqblk_xfs.h>
#include <linux/quota.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kDevicePath = 0x10000;
constexpr std::uint64_t kQuotaAt = 0x20000;

constexpr std::uint64_t command(std::uint32_t command, std::uint32_t type) { return command << SUBCMDSHIFT | type; }

std::string line(std::vector<std::uint64_t> args, std::int64_t result) {
  DecodedCall call("quotactl", std::move(args));
  return call.put(kDevicePath, "/dev/sda1").leave(result).line();
}

TEST_CASE("a quota command has as many arguments as it uses", "[quota]") {
  CHECK(line({command(Q_SYNC, USRQUOTA), 0, 7, 8}, 0) == "quotactl(QCMD(Q_SYNC, USRQUOTA), NULL) = 0");
  CHECK(line({command(Q_QUOTAON, GRPQUOTA), kDevicePath, 2, kDevicePath}, 0) ==
        R"(quotactl(QCMD(Q_QUOTAON, GRPQUOTA), "/dev/sda1", QFMT_VFS_V0, "/dev/sda1") = 0)");
  CHECK(line({command(0x123456, 9), 0, 0xffffff00, 0x7000}, 0) ==
        "quotactl(QCMD(0x123456 /* Q_??? */, 0x9 /* ???QUOTA */), NULL, 4294967040, 0x7000) = 0");
}

TEST_CASE("what a quota command fills is shown when it returns", "[quota]") {
  DecodedCall format("quotactl_fd", {3, command(Q_GETFMT, USRQUOTA), 0, kQuotaAt});
  CHECK(format.enter().put(kQuotaAt, std::uint32_t{4}).leave(0).line() ==
        "quotactl_fd(3, QCMD(Q_GETFMT, USRQUOTA), [QFMT_VFS_V1]) = 0");
  if_dqblk block{};
  block.dqb_bhardlimit = 5;
  block.dqb_valid = QIF_SPACE;
  DecodedCall get("quotactl", {command(Q_GETQUOTA, USRQUOTA), 0, 1000, kQuotaAt});
  CHECK(get.enter().put(kQuotaAt, block).leave(0).line() ==
        "quotactl(QCMD(Q_GETQUOTA, USRQUOTA), NULL, 1000, {dqb_bhardlimit=5, dqb_bsoftlimit=0, dqb_curspace=0, "
        "dqb_ihardlimit=0, dqb_isoftlimit=0, dqb_curinodes=0, ...}) = 0");
  std::vector<std::string> whole{"abbrev=none"};
  const auto sets = *ArgumentSets::take(whole);
  DecodedCall set("quotactl", {command(Q_SETQUOTA, USRQUOTA), 0, 1000, kQuotaAt});
  CHECK(set.sets(sets).put(kQuotaAt, block).leave(0).line() ==
        "quotactl(QCMD(Q_SETQUOTA, USRQUOTA), NULL, 1000, {dqb_bhardlimit=5, dqb_bsoftlimit=0, dqb_curspace=0, "
        "dqb_ihardlimit=0, dqb_isoftlimit=0, dqb_curinodes=0, dqb_btime=0, dqb_itime=0, dqb_valid=QIF_SPACE}) = 0");
  if_dqinfo info{};
  info.dqi_flags = DQF_ROOT_SQUASH;
  info.dqi_valid = IIF_BGRACE;
  DecodedCall told("quotactl", {command(Q_SETINFO, PRJQUOTA), 0, 9, kQuotaAt});
  CHECK(told.put(kQuotaAt, info).leave(-2).line() ==
        "quotactl(QCMD(Q_SETINFO, PRJQUOTA), NULL, {dqi_bgrace=0, dqi_igrace=0, dqi_flags=DQF_ROOT_SQUASH, "
        "dqi_valid=IIF_BGRACE}) = -1 ENOENT (No such file or directory)");
}

TEST_CASE("XFS's commands have structures of their own", "[quota]") {
  fs_disk_quota quota{};
  quota.d_version = -1;
  quota.d_flags = FS_USER_QUOTA;
  quota.d_fieldmask = 0x10;
  quota.d_bcount = UINT64_MAX;
  const auto asked = [&](std::uint32_t what, const auto& value) {
    DecodedCall call("quotactl", {command(what, USRQUOTA), 0, 7, kQuotaAt});
    return call.enter().put(kQuotaAt, value);
  };
  CHECK(
      asked(Q_XGETQUOTA, quota).leave(0).line() ==
      "quotactl(QCMD(Q_XGETQUOTA, USRQUOTA), NULL, 7, {d_version=-1, d_flags=FS_USER_QUOTA, d_fieldmask=0x10, d_id=0, "
      "d_blk_hardlimit=0, d_blk_softlimit=0, d_ino_hardlimit=0, d_ino_softlimit=0, d_bcount=18446744073709551615, "
      "d_icount=0, ...}) = 0");
  CHECK(asked(Q_XGETQUOTA, quota).leave(-3).line() ==
        "quotactl(QCMD(Q_XGETQUOTA, USRQUOTA), NULL, 7, 0x20000) = -1 ESRCH (No such process)");
  CHECK(asked(Q_XGETQSTAT, fs_quota_stat{}).leave(0).line() ==
        "quotactl(QCMD(Q_XGETQSTAT, USRQUOTA), NULL, {qs_version=0, ...}) = 0");
  CHECK(asked(Q_XGETQSTATV, std::uint8_t{1}).leave(0).line() ==
        "quotactl(QCMD(Q_XGETQSTATV, USRQUOTA), NULL, 0x20000) = 0");
  DecodedCall on("quotactl", {command(Q_XQUOTAON, USRQUOTA), 0, 7, kQuotaAt});
  CHECK(on.put(kQuotaAt, 0x103).leave(0).line() ==
        "quotactl(QCMD(Q_XQUOTAON, USRQUOTA), NULL, [FS_QUOTA_UDQ_ACCT|FS_QUOTA_UDQ_ENFD|0x100]) = 0");
}

}  // namespace
}  // namespace vdsotrace::testing
