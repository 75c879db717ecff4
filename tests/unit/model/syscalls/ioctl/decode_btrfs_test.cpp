// ioctl of btrfs; expected lines are strace 6.1's.
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kBtrfsAt = 0x7f0000001000;
constexpr std::uint64_t kBtrfsDataAt = 0x7f0000008000;

/// What the program asks with, and what lies there when the call has ended.
template <class T>
std::string answered_of_btrfs(std::uint64_t request, const T& before, const T& after, std::int64_t result = 0) {
  DecodedCall call("ioctl", {3, request, kBtrfsAt});
  call.put(kBtrfsAt, before).enter();
  return args_of(call.put(kBtrfsAt, after).leave(result).text()).at(2);
}
template <class T>
std::string shown_of_btrfs(std::uint64_t request, const T& value, std::int64_t result = 0) {
  return answered_of_btrfs(request, value, value, result);
}

TEST_CASE("volumes of btrfs", "[ioctl]") {
  btrfs_ioctl_vol_args volume{};
  volume.fd = 7;
  std::strcpy(volume.name, "/dev/sdb");
  CHECK(shown_of_btrfs(BTRFS_IOC_ADD_DEV, volume, -25) == "{fd=7, name=\"/dev/sdb\"}");
  CHECK(shown_of_btrfs(BTRFS_IOC_ADD_DEV, 5, -14) == "0x7f0000001000");

  btrfs_ioctl_vol_args_v2 subvolume{};
  subvolume.fd = 7;
  std::strcpy(subvolume.name, "snapshot");
  CHECK(shown_of_btrfs(BTRFS_IOC_SNAP_CREATE_V2, subvolume) == "{fd=7, flags=0, name=\"snapshot\"} => {transid=0}");
  subvolume.flags = BTRFS_SUBVOL_RDONLY | BTRFS_SUBVOL_QGROUP_INHERIT;
  subvolume.size = sizeof(btrfs_qgroup_inherit);
  subvolume.qgroup_inherit = reinterpret_cast<btrfs_qgroup_inherit*>(kBtrfsDataAt);
  const auto asked = [&](const ArgumentSets& sets) {
    btrfs_qgroup_inherit groups{};
    groups.num_qgroups = 1;
    DecodedCall call("ioctl", {3, BTRFS_IOC_SUBVOL_CREATE_V2, kBtrfsAt});
    call.put(kBtrfsAt, subvolume).put(kBtrfsDataAt, groups).put(kBtrfsDataAt + sizeof groups, std::uint64_t{257});
    return args_of(call.sets(sets).enter().leave(-25).text()).at(2);
  };
  const std::string begin =
      "{fd=7, flags=BTRFS_SUBVOL_RDONLY|BTRFS_SUBVOL_QGROUP_INHERIT, size=72, qgroup_inherit={flags=0, num_qgroups=1, "
      "num_ref_copies=0, num_excl_copies=0, lim={flags=0, max_rfer=0, max_excl=0, rsv_rfer=0, rsv_excl=0}, ";
  CHECK(asked(ArgumentSets()) == begin + "...}, name=\"snapshot\"}");
  CHECK(asked(in_full()) == begin + "qgroups=[257]}, name=\"snapshot\"}");
}

TEST_CASE("balancing btrfs", "[ioctl]") {
  btrfs_ioctl_balance_args balance{};
  balance.flags = BTRFS_BALANCE_METADATA | BTRFS_BALANCE_FORCE;
  balance.meta.profiles = BTRFS_BLOCK_GROUP_RAID1 | BTRFS_AVAIL_ALLOC_BIT_SINGLE;
  balance.meta.pend = UINT64_MAX;
  balance.meta.devid = 1;
  balance.meta.flags = BTRFS_BALANCE_ARGS_CONVERT;
  balance.state = BTRFS_BALANCE_STATE_RUNNING;
  const std::string meta =
      "meta={profiles=BTRFS_BLOCK_GROUP_RAID1|BTRFS_AVAIL_ALLOC_BIT_SINGLE, usage=0, devid=makedev(0, 0x1), pstart=0, "
      "pend=UINT64_MAX, vstart=0, vend=0, target=0, flags=BTRFS_BALANCE_ARGS_CONVERT}";
  const std::string begin = "{flags=BTRFS_BALANCE_METADATA|BTRFS_BALANCE_FORCE, ";
  CHECK(shown_of_btrfs(BTRFS_IOC_BALANCE_V2, balance, -25) == begin + meta + "}");
  CHECK(shown_of_btrfs(BTRFS_IOC_BALANCE_V2, balance) ==
        begin + meta + "} => " + begin + "state=BTRFS_BALANCE_STATE_RUNNING, " + meta + "}");
  CHECK(line_of("ioctl", {3, BTRFS_IOC_BALANCE_CTL, 2}) ==
        "ioctl(3, BTRFS_IOC_BALANCE_CTL, BTRFS_BALANCE_CTL_CANCEL) = 0");
}

TEST_CASE("devices and file systems of btrfs", "[ioctl]") {
  btrfs_ioctl_fs_info_args information{};
  information.num_devices = 2;
  information.fsid[0] = 0xab;
  information.csum_size = 4;
  const std::string begin =
      "{max_id=0, num_devices=2, fsid=ab000000-0000-0000-0000-000000000000, nodesize=0, sectorsize=0, "
      "clone_alignment=0, ";
  CHECK(shown_of_btrfs(BTRFS_IOC_FS_INFO, information) == begin + "flags=0}");
  information.flags = BTRFS_FS_INFO_FLAG_CSUM_INFO;
  CHECK(shown_of_btrfs(BTRFS_IOC_FS_INFO, information) ==
        begin + "csum_type=BTRFS_CSUM_TYPE_CRC32, csum_size=4, flags=BTRFS_FS_INFO_FLAG_CSUM_INFO}");

  btrfs_ioctl_get_dev_stats statistics{};
  statistics.devid = 1;
  statistics.nr_items = 6;
  statistics.values[1] = 9;
  CHECK(shown_of_btrfs(BTRFS_IOC_GET_DEV_STATS, statistics) ==
        "{devid=makedev(0, 0x1), nr_items=6, flags=0} => {nr_items=6, flags=0, [[BTRFS_DEV_STAT_WRITE_ERRS]=0, "
        "[BTRFS_DEV_STAT_READ_ERRS]=9, [BTRFS_DEV_STAT_FLUSH_ERRS]=0, [BTRFS_DEV_STAT_CORRUPTION_ERRS]=0, "
        "[BTRFS_DEV_STAT_GENERATION_ERRS]=0, ...]}");

  btrfs_ioctl_dev_replace_args replacement{};
  replacement.cmd = BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS;
  replacement.status.progress_1000 = 505;
  CHECK(shown_of_btrfs(BTRFS_IOC_DEV_REPLACE, replacement) ==
        "{cmd=BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS} => {result=BTRFS_IOCTL_DEV_REPLACE_RESULT_NO_ERROR, "
        "status={replace_state=BTRFS_IOCTL_DEV_REPLACE_STATE_NEVER_STARTED, progress_1000=505 /* 50.5% */, "
        "time_started=0, time_stopped=0, num_write_errors=0, num_uncorrectable_read_errors=0}}");
}

TEST_CASE("searches in btrfs", "[ioctl]") {
  btrfs_ioctl_search_args search{}, found{};
  search.key.tree_id = BTRFS_ROOT_TREE_OBJECTID;
  search.key.min_objectid = BTRFS_FIRST_FREE_OBJECTID;
  search.key.max_objectid = 300;
  search.key.max_offset = UINT64_MAX;
  search.key.min_type = BTRFS_ROOT_ITEM_KEY;
  search.key.max_type = UINT32_MAX;
  search.key.nr_items = 4096;
  found.key.nr_items = 1;
  const btrfs_ioctl_search_header item{1, 256, 0, BTRFS_ROOT_ITEM_KEY, 8};
  std::memcpy(found.buf, &item, sizeof item);
  const std::string begin = "{key={tree_id=BTRFS_ROOT_TREE_OBJECTID, ";
  const std::string end =
      "max_objectid=300, min_offset=0, max_offset=UINT64_MAX, min_transid=0, max_transid=0, "
      "min_type=BTRFS_ROOT_ITEM_KEY, max_type=UINT32_MAX, nr_items=4096}} => {key={nr_items=1}, ";
  CHECK(answered_of_btrfs(BTRFS_IOC_TREE_SEARCH, search, found) == begin + end + "...}");
  DecodedCall call("ioctl", {3, BTRFS_IOC_TREE_SEARCH, kBtrfsAt});
  call.put(kBtrfsAt, search).sets(in_full()).enter();
  CHECK(args_of(call.put(kBtrfsAt, found).leave(0).text()).at(2) ==
        begin + "min_objectid=BTRFS_FIRST_FREE_OBJECTID, " + end +
            "buf=[{transid=1, objectid=BTRFS_FIRST_FREE_OBJECTID, offset=0, type=BTRFS_ROOT_ITEM_KEY, len=8}]}");
}

TEST_CASE("names of inodes of btrfs", "[ioctl]") {
  btrfs_ioctl_ino_lookup_args lookup{}, name{};
  lookup.objectid = BTRFS_FIRST_FREE_OBJECTID;
  name.treeid = BTRFS_FS_TREE_OBJECTID;
  std::strcpy(name.name, "a/");
  CHECK(answered_of_btrfs(BTRFS_IOC_INO_LOOKUP, lookup, name) ==
        "{treeid=0, objectid=BTRFS_FIRST_FREE_OBJECTID} => {treeid=BTRFS_FS_TREE_OBJECTID, name=\"a/\"}");
  lookup.treeid = BTRFS_FS_TREE_OBJECTID;
  CHECK(answered_of_btrfs(BTRFS_IOC_INO_LOOKUP, lookup, name) ==
        "{treeid=BTRFS_FS_TREE_OBJECTID, objectid=BTRFS_FIRST_FREE_OBJECTID} => {name=\"a/\"}");

  btrfs_ioctl_ino_path_args paths{};
  paths.inum = 257;
  paths.size = 4096;
  paths.fspath = kBtrfsDataAt;
  struct {
    std::uint32_t left = 0, missing = 0, count = 1, missed = 0;
    std::uint64_t offset = 8;
    char path[4] = "a/b";
  } found;
  const auto text = [&](const ArgumentSets& sets) {
    DecodedCall call("ioctl", {3, BTRFS_IOC_INO_PATHS, kBtrfsAt});
    call.put(kBtrfsAt, paths).sets(sets).enter();
    return args_of(call.put(kBtrfsDataAt, found).leave(0).text()).at(2);
  };
  const std::string begin =
      "{inum=257, size=4096, fspath=0x7f0000008000} => {fspath={bytes_left=0, bytes_missing=0, elem_cnt=1, "
      "elem_missed=0, ";
  CHECK(text(ArgumentSets()) == begin + "...}}");
  CHECK(text(in_full()) == begin + "val=[\"a/b\"]}}");
}

}  // namespace
}  // namespace vdsotrace::testing
