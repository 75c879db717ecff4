#include "model/syscalls/files/quota_xfs.hpp"

#include <array>

#include <linux/dqblk_xfs.h>

namespace vdsotrace {
namespace {

constexpr std::array kStatusBits{NAMED(FS_QUOTA_UDQ_ACCT), NAMED(FS_QUOTA_UDQ_ENFD), NAMED(FS_QUOTA_GDQ_ACCT),
                                 NAMED(FS_QUOTA_GDQ_ENFD), NAMED(FS_QUOTA_PDQ_ACCT), NAMED(FS_QUOTA_PDQ_ENFD)};
constexpr std::array kQuotaTypes{NAMED(FS_USER_QUOTA), NAMED(FS_PROJ_QUOTA), NAMED(FS_GROUP_QUOTA)};

void print_flags_at(ArgContext& c, std::span<const NamedValue> names, std::string_view unknown) {
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t bits) {
    c.put("[");
    print_flags(c, bits, names, unknown);
    c.put("]");
  });
}

/// What is shown only in full.
void print_rest_of_quota(ArgContext& c, const fs_disk_quota& quota) {
  c.print(", d_itimer={}, d_btimer={}, d_iwarns={}, d_bwarns={}, d_rtb_hardlimit={}, d_rtb_softlimit={}",
          quota.d_itimer, quota.d_btimer, quota.d_iwarns, quota.d_bwarns, quota.d_rtb_hardlimit, quota.d_rtb_softlimit);
  c.print(", d_rtbcount={}, d_rtbtimer={}, d_rtbwarns={}", quota.d_rtbcount, quota.d_rtbtimer, quota.d_rtbwarns);
}

template <class Usage>
void print_usage(ArgContext& c, std::string_view name, const Usage& usage) {
  c.print(", {}={{qfs_ino={}, qfs_nblks={}, qfs_nextents={}}}", name, usage.qfs_ino, usage.qfs_nblks,
          usage.qfs_nextents);
}

void print_status_bits(ArgContext& c, std::uint16_t bits) {
  c.put(", qs_flags=");
  print_flags(c, bits, kStatusBits, "FS_QUOTA_???");
}

template <class Status>
void print_status_limits(ArgContext& c, const Status& status) {
  c.print(", qs_btimelimit={}, qs_itimelimit={}, qs_rtbtimelimit={}, qs_bwarnlimit={}, qs_iwarnlimit={}",
          status.qs_btimelimit, status.qs_itimelimit, status.qs_rtbtimelimit, status.qs_bwarnlimit,
          status.qs_iwarnlimit);
}

/// The version, and by `print_rest(status)` the rest where structures are shown in full.
template <class Status, class PrintRest>
void print_status(ArgContext& c, PrintRest&& print_rest) {
  if (c.wait_for_exit()) return;
  print_object_at<Status>(c, c.value(), [&](const Status& status) {
    c.print("{{qs_version={}", status.qs_version);
    if (c.abbreviated()) {
      c.put(", ...");
    } else {
      print_rest(status);
    }
    c.put("}");
  });
}

}  // namespace

void print_xfs_quota_flags(ArgContext& c) { print_flags_at(c, kStatusBits, "FS_QUOTA_???"); }
void print_xfs_quota_types(ArgContext& c) { print_flags_at(c, kQuotaTypes, "FS_???_QUOTA"); }

void print_xfs_quota(ArgContext& c) {
  print_object_at<fs_disk_quota>(c, c.value(), [&](const fs_disk_quota& quota) {
    c.print("{{d_version={}, d_flags=", quota.d_version);
    print_flags(c, static_cast<std::uint8_t>(quota.d_flags), kQuotaTypes, "FS_???_QUOTA");
    c.put(", d_fieldmask=");
    print_hex(c, quota.d_fieldmask);
    c.print(", d_id={}, d_blk_hardlimit={}, d_blk_softlimit={}, d_ino_hardlimit={}, d_ino_softlimit={}", quota.d_id,
            quota.d_blk_hardlimit, quota.d_blk_softlimit, quota.d_ino_hardlimit, quota.d_ino_softlimit);
    c.print(", d_bcount={}, d_icount={}", quota.d_bcount, quota.d_icount);
    if (c.abbreviated()) {
      c.put(", ...");
    } else {
      print_rest_of_quota(c, quota);
    }
    c.put("}");
  });
}

void print_xfs_quota_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_xfs_quota(c);
}

void print_xfs_status_out(ArgContext& c) {
  print_status<fs_quota_stat>(c, [&](const fs_quota_stat& status) {
    print_status_bits(c, status.qs_flags);
    print_usage(c, "qs_uquota", status.qs_uquota);
    print_usage(c, "qs_gquota", status.qs_gquota);
    c.print(", qs_incoredqs={}", status.qs_incoredqs);
    print_status_limits(c, status);
  });
}

void print_xfs_status_wide_out(ArgContext& c) {
  print_status<fs_quota_statv>(c, [&](const fs_quota_statv& status) {
    print_status_bits(c, status.qs_flags);
    c.print(", qs_incoredqs={}", status.qs_incoredqs);
    print_usage(c, "qs_uquota", status.qs_uquota);
    print_usage(c, "qs_gquota", status.qs_gquota);
    print_usage(c, "qs_pquota", status.qs_pquota);
    print_status_limits(c, status);
  });
}

}  // namespace vdsotrace
