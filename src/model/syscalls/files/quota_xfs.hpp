// What commands of quotactl(2) take that XFS has brought (linux/dqblk_xfs.h).
#pragma once

#include "model/syscalls/kinds_common.hpp"

namespace vdsotrace {

// For arguments of When::either; those with "out" are filled by the call.
void print_xfs_quota_flags(ArgContext& c);  ///< [FS_QUOTA_UDQ_ACCT|FS_QUOTA_UDQ_ENFD]
void print_xfs_quota_types(ArgContext& c);  ///< [FS_USER_QUOTA|FS_GROUP_QUOTA]
void print_xfs_quota(ArgContext& c);        ///< struct fs_disk_quota
void print_xfs_quota_out(ArgContext& c);
void print_xfs_status_out(ArgContext& c);       ///< struct fs_quota_stat
void print_xfs_status_wide_out(ArgContext& c);  ///< struct fs_quota_statv

}  // namespace vdsotrace
