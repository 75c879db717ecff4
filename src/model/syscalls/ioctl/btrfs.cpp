// What ioctl requests of btrfs take and fill (linux/btrfs.h). All of its numbers lie alike in every ABI, but for
// pointers.
#include <algorithm>
#include <array>

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>

#include "model/syscalls/ioctl/generated_value_names.hpp"
#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr NamedValue kGroupNames[] = {
    NAMED(BTRFS_BLOCK_GROUP_DATA), NAMED(BTRFS_BLOCK_GROUP_SYSTEM), NAMED(BTRFS_BLOCK_GROUP_METADATA),
    NAMED(BTRFS_BLOCK_GROUP_RAID0), NAMED(BTRFS_BLOCK_GROUP_RAID1), NAMED(BTRFS_BLOCK_GROUP_DUP),
    NAMED(BTRFS_BLOCK_GROUP_RAID10), NAMED(BTRFS_BLOCK_GROUP_RAID5), NAMED(BTRFS_BLOCK_GROUP_RAID6),
    NAMED(BTRFS_AVAIL_ALLOC_BIT_SINGLE), NAMED(BTRFS_SPACE_INFO_GLOBAL_RSV)};
constexpr NameTable kBlockGroups{kGroupNames, "BTRFS_BLOCK_GROUP_???"};
constexpr NameTable kSpaces{kGroupNames, "BTRFS_SPACE_INFO_???"};
constexpr NamedValue kObjectNames[] = {
    NAMED(BTRFS_ROOT_TREE_OBJECTID), NAMED(BTRFS_EXTENT_TREE_OBJECTID), NAMED(BTRFS_CHUNK_TREE_OBJECTID),
    NAMED(BTRFS_DEV_TREE_OBJECTID), NAMED(BTRFS_FS_TREE_OBJECTID), NAMED(BTRFS_ROOT_TREE_DIR_OBJECTID),
    NAMED(BTRFS_CSUM_TREE_OBJECTID), NAMED(BTRFS_QUOTA_TREE_OBJECTID), NAMED(BTRFS_UUID_TREE_OBJECTID),
    NAMED(BTRFS_FREE_SPACE_TREE_OBJECTID), {11, "BTRFS_BLOCK_GROUP_TREE_OBJECTID"},
    NAMED(BTRFS_FIRST_FREE_OBJECTID), NAMED(BTRFS_LAST_FREE_OBJECTID)};
constexpr NameTable kObjectIds{kObjectNames, ""};
constexpr NamedValue kCompressionNames[] = {
    {0, "BTRFS_COMPRESS_NONE"}, {1, "BTRFS_COMPRESS_ZLIB"}, {2, "BTRFS_COMPRESS_LZO"}, {3, "BTRFS_COMPRESS_ZSTD"}};
constexpr NameTable kCompressions{kCompressionNames, "BTRFS_COMPRESS_???"};
constexpr NameTable kCompatibleFeatures{{}, "BTRFS_FEATURE_COMPAT_???"};

constexpr Kind kObject = decimal_choice(8, &kObjectIds);
constexpr Kind kAllOr = decimal_choice(8);  ///< a number, or UINT64_MAX for everything
constexpr Kind kKeyType = decimal_choice(4, &kBtrfsKeys);
constexpr Kind kBtrfsDevice{show_device, 8};
constexpr Kind kBoxedWide = boxed(kWide);

std::uint64_t word_at(const Piece& piece, std::uint64_t offset) {
  return piece.from(offset).object<std::uint64_t>().value_or(0);
}

template <std::uint16_t offset, std::uint64_t bits>
bool has_bits(const Walk& walk) {
  return (word_at(*walk.within, offset) & bits) != 0;
}
template <std::uint16_t offset, std::uint64_t value>
bool is_equal(const Walk& walk) {
  return word_at(*walk.within, offset) == value;
}
template <std::uint16_t offset, std::uint16_t words>
bool has_any(const Walk& walk) {
  for (unsigned i = 0; i < words; ++i) {
    if (word_at(*walk.within, offset + 8 * i) != 0) return true;
  }
  return false;
}

/// So many elements behind the structure as the number at `count` says, each `parts` of them.
template <std::uint16_t count, class Number, const Structure& element, unsigned parts = 1>
bool show_following(const Walk& walk, const Piece& piece, const Kind&) {
  const Number elements = walk.within->from(count).object<Number>().value_or(0);
  print_structures_at(walk.c, piece.address, elements / parts, kAnyCount, element);
  return true;
}

// Volumes.

constexpr Field kVolumeFields[] = {{"fd", 0, {show_descriptor, 8}}, {"name", 8, name(4088)}};
constexpr Structure kVolume{4096, 4096, kVolumeFields};

constexpr Field kLimitFields[] = {
    {"flags", 0, flags(8, kBtrfsGroupLimits)}, {"max_rfer", 8, kWide}, {"max_excl", 16, kWide},
    {"rsv_rfer", 24, kWide}, {"rsv_excl", 32, kWide}};
constexpr Structure kLimit{40, 40, kLimitFields};

bool show_groups(const Walk& walk, const Piece& piece, const Kind&) {
  print_plain_array_at<std::uint64_t>(walk.c, piece.address, word_at(*walk.within, 8),
                                      [&](std::uint64_t group) { walk.c.put_number(group); });
  return true;
}

constexpr Field kInheritanceFields[] = {
    {"flags", 0, flags(8, kBtrfsGroupInheritance)}, {"num_qgroups", 8, kWide}, {"num_ref_copies", 16, kWide},
    {"num_excl_copies", 24, kWide}, {"lim", 32, structure(kLimit)}, {"qgroups", 72, {show_groups}, Shown::in_full}};
constexpr Structure kInheritance{72, 72, kInheritanceFields};

constexpr auto kInherits = has_bits<16, BTRFS_SUBVOL_QGROUP_INHERIT>;
constexpr Field kSubvolumeFields[] = {
    {"fd", 0, {show_descriptor, 8}}, {"flags", 16, flags(8, kBtrfsSubvolumes)},
    {"size", 24, kWide, Shown::always, kInherits},
    {"qgroup_inherit", 32, target(kInheritance), Shown::always, kInherits}, {"name", 56, name(4040)}};
constexpr Structure kSubvolume{4096, 4096, kSubvolumeFields};
constexpr Field kMadeFields[] = {{"transid", 8, kWide}};
constexpr Structure kMade{16, 16, kMadeFields};

constexpr Field kTimeFields[] = {{"sec", 0, kWide}, {"nsec", 8, kWord}};
constexpr Structure kBtrfsTime{16, 16, kTimeFields};
bool show_btrfs_time(const Walk& walk, const Piece& piece, const Kind&) {
  print_structure(walk, piece, kBtrfsTime);
  print_date_comment(walk.c, static_cast<std::int64_t>(word_at(piece, 0)),
                     piece.from(8).object<std::uint32_t>().value_or(0), 9);
  return true;
}

constexpr Field kReceivedFields[] = {
    {"uuid", 0, kUuid}, {"stransid", 16, kWide}, {"stime", 32, {show_btrfs_time, 16}}, {"flags", 64, kWide}};
constexpr Structure kReceived{200, 200, kReceivedFields};
constexpr Field kReceivedFilled[] = {{"rtransid", 24, kWide}, {"rtime", 48, {show_btrfs_time, 16}}};
constexpr Structure kReceivedAnswer{200, 200, kReceivedFilled};

bool show_sources(const Walk& walk, const Piece& piece, const Kind&) {
  const std::uint64_t at = word_at(piece, 0);
  if (walk.c.abbreviated()) {
    print_address(walk.c, at);
    return true;
  }
  print_plain_array_at<std::uint64_t>(walk.c, at, word_at(*walk.within, 8), [&](std::uint64_t source) {
    kObject.show(walk, {0, sizeof source, std::as_bytes(std::span(&source, 1))}, kObject);
  });
  return true;
}

constexpr Field kSendFields[] = {
    {"send_fd", 0, {show_descriptor, 8}}, {"clone_sources_count", 8, kWide}, {"clone_sources", 16, {show_sources, 8}},
    {"parent_root", 24, kObject}, {"flags", 32, flags(8, kBtrfsSending)}};
constexpr Structure kSend{72, 72, kSendFields};

// Groups of quotas.

constexpr Field kAssignFields[] = {{"assign", 0, kWide}, {"src", 8, kWide}, {"dst", 16, kWide}};
constexpr Structure kAssign{24, 24, kAssignFields};
constexpr Field kCreateFields[] = {{"create", 0, kWide}, {"qgroupid", 8, kWide}};
constexpr Structure kCreate{16, 16, kCreateFields};
constexpr Field kGroupLimitFields[] = {{"qgroupid", 0, kWide}, {"lim", 8, structure(kLimit)}};
constexpr Structure kGroupLimit{48, 48, kGroupLimitFields};
constexpr Field kQuotaFields[] = {{"cmd", 0, choice(8, kBtrfsQuotaCommands)}};
constexpr Structure kQuota{16, 16, kQuotaFields};
constexpr Field kRescanFields[] = {{"flags", 0, kWide}};
constexpr Structure kRescan{64, 64, kRescanFields};
constexpr Field kRescanStatusFields[] = {{"flags", 0, kWide}, {"progress", 8, kObject}};
constexpr Structure kRescanStatus{64, 64, kRescanStatusFields};

// Balancing and defragmenting.

constexpr Field kBalanceArgumentFields[] = {
    {"profiles", 0, flags(8, kBlockGroups)}, {"usage", 8, kAllOr}, {"devid", 16, kBtrfsDevice}, {"pstart", 24, kAllOr},
    {"pend", 32, kAllOr}, {"vstart", 40, kAllOr}, {"vend", 48, kAllOr}, {"target", 56, kAllOr},
    {"flags", 64, flags(8, kBtrfsBalanceArguments)}};
constexpr Structure kBalanceArgument{136, 136, kBalanceArgumentFields};

constexpr Field kBalanceFlags{"flags", 0, flags(8, kBtrfsBalance)};
constexpr Field kBalanceData{"data", 16, structure(kBalanceArgument), Shown::always, has_bits<0, BTRFS_BALANCE_DATA>};
constexpr Field kBalanceMeta{
    "meta", 152, structure(kBalanceArgument), Shown::always, has_bits<0, BTRFS_BALANCE_METADATA>};
constexpr Field kBalanceSystem{
    "sys", 288, structure(kBalanceArgument), Shown::always, has_bits<0, BTRFS_BALANCE_SYSTEM>};
constexpr Field kBalanceFields[] = {kBalanceFlags, kBalanceData, kBalanceMeta, kBalanceSystem};
constexpr Structure kBalance{1024, 1024, kBalanceFields};
constexpr Field kBalanceFilled[] = {
    kBalanceFlags, {"state", 8, flags(8, kBtrfsBalanceStates)}, kBalanceData, kBalanceMeta, kBalanceSystem};
constexpr Structure kBalanceAnswer{1024, 1024, kBalanceFilled};

constexpr Field kBtrfsRangeFields[] = {
    {"start", 0, kWide}, {"len", 8, kAllOr}, {"flags", 16, flags(8, kBtrfsDefragmentation)},
    {"extent_thresh", 24, kWord}, {"compress_type", 28, choice(4, kCompressions)}};
constexpr Structure kBtrfsRange{48, 48, kBtrfsRangeFields};

// Devices.

constexpr auto kHasUuid = has_any<8, 2>;
constexpr Field kBtrfsDeviceFields[] = {{"devid", 0, kBtrfsDevice}, {"uuid", 8, kUuid, Shown::always, kHasUuid}};
constexpr Structure kDeviceAsked{4096, 4096, kBtrfsDeviceFields};
constexpr Field kDeviceFilled[] = {
    {"uuid", 8, kUuid, Shown::always, kHasUuid}, {"bytes_used", 24, kWide}, {"total_bytes", 32, kWide},
    {"path", 3072, name(1024)}};
constexpr Structure kDeviceAnswer{4096, 4096, kDeviceFilled};

constexpr Field kReplaceStartFields[] = {
    {"srcdevid", 0, kBtrfsDevice}, {"cont_reading_from_srcdev_mode", 8, choice(8, kBtrfsReplaceModes)},
    {"srcdev_name", 16, name(1025)}, {"tgtdev_name", 1041, name(1025)}};
constexpr Structure kReplaceStart{2072, 2072, kReplaceStartFields};

/// In tenths of a percent.
bool show_progress(const Walk& walk, const Piece& piece, const Kind&) {
  const std::uint64_t progress = word_at(piece, 0);
  walk.c.put_number(progress);
  if (progress <= 1000) walk.c.print(" /* {}.{}% */", progress / 10, progress % 10);
  return true;
}
bool show_moment(const Walk& walk, const Piece& piece, const Kind&) {
  const std::uint64_t seconds = word_at(piece, 0);
  walk.c.put_number(seconds);
  print_date_comment(walk.c, static_cast<std::int64_t>(seconds), 0, 0);
  return true;
}

constexpr Field kReplaceStatusFields[] = {
    {"replace_state", 0, choice(8, kBtrfsReplaceStates)}, {"progress_1000", 8, {show_progress, 8}},
    {"time_started", 16, {show_moment, 8}}, {"time_stopped", 24, {show_moment, 8}}, {"num_write_errors", 32, kWide},
    {"num_uncorrectable_read_errors", 40, kWide}};
constexpr Structure kReplaceStatus{48, 48, kReplaceStatusFields};

constexpr Field kReplaceFields[] = {
    {"cmd", 0, choice(8, kBtrfsReplaceCommands)},
    {"start", 16, structure(kReplaceStart), Shown::always, is_equal<0, BTRFS_IOCTL_DEV_REPLACE_CMD_START>}};
constexpr Structure kReplace{2600, 2600, kReplaceFields};
constexpr Field kReplaceFilled[] = {
    {"result", 8, choice(8, kBtrfsReplaceResults)},
    {"status", 16, structure(kReplaceStatus), Shown::always, is_equal<0, BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS>}};
constexpr Structure kReplaceAnswer{2600, 2600, kReplaceFilled};

bool show_statistics(const Walk& walk, const Piece& piece, const Kind&) {
  ArgContext& c = walk.c;
  const std::uint64_t count = word_at(*walk.within, 8);
  c.put("[");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i != 0) c.put(", ");
    if (i >= kBtrfsStatistics.values.size()) {
      c.put("...");
      break;
    }
    c.put("[");
    print_constant(c, i, kBtrfsStatistics.values[i].name, Digits::decimal);
    c.print("]={}", word_at(piece, 8 * i));
  }
  c.put("]");
  return true;
}

constexpr Field kStatisticsCount{"nr_items", 8, kWide};
constexpr Field kStatisticsFlags{"flags", 16, flags(8, kBtrfsStatisticsFlags)};
constexpr Field kStatisticsFields[] = {{"devid", 0, kBtrfsDevice}, kStatisticsCount, kStatisticsFlags};
constexpr Structure kStatistics{64, 64, kStatisticsFields};
constexpr Field kStatisticsFilled[] = {kStatisticsCount, kStatisticsFlags, {"", 24, {show_statistics}}};
constexpr Structure kStatisticsAnswer{64, 64, kStatisticsFilled};

constexpr Field kScrubProgressFields[] = {
    {"data_extents_scrubbed", 0, kWide}, {"tree_extents_scrubbed", 8, kWide}, {"data_bytes_scrubbed", 16, kWide},
    {"tree_bytes_scrubbed", 24, kWide}, {"read_errors", 32, kWide}, {"csum_errors", 40, kWide},
    {"verify_errors", 48, kWide}, {"no_csum", 56, kWide}, {"csum_discards", 64, kWide}, {"super_errors", 72, kWide},
    {"malloc_errors", 80, kWide}, {"uncorrectable_errors", 88, kWide}, {"corrected_errors", 96, kWide},
    {"last_physical", 104, kWide}, {"unverified_errors", 112, kWide}};
constexpr Structure kScrubProgress{120, 120, kScrubProgressFields};
constexpr Field kScrubFields[] = {
    {"devid", 0, kBtrfsDevice}, {"start", 8, kWide}, {"end", 16, kAllOr}, {"flags", 24, flags(8, kBtrfsScrubbing)}};
constexpr Structure kScrub{1024, 1024, kScrubFields};
constexpr Structure kScrubAsked{1024, 1024, std::span(kScrubFields).first(1)};
constexpr Field kScrubFilled[] = {{"progress", 32, structure(kScrubProgress)}};
constexpr Structure kScrubAnswer{1024, 1024, kScrubFilled};

// File systems.

constexpr Field kFeatureFields[] = {
    {"compat_flags", 0, flags(8, kCompatibleFeatures)}, {"compat_ro_flags", 8, flags(8, kBtrfsReadOnlyFeatures)},
    {"incompat_flags", 16, flags(8, kBtrfsFeatures)}};
constexpr Structure kBtrfsFeatures{24, 24, kFeatureFields};
constexpr Kind kFeatureSet = structure(kBtrfsFeatures);

bool show_supported(const Walk& walk, const Piece& piece, const Kind&) {
  constexpr std::array<std::string_view, 3> kRemarks{"supported", "safe to set", "safe to clear"};
  for (std::size_t i = 0; i < kRemarks.size(); ++i) {
    walk.c.put(i == 0 ? "[" : ", ");
    print_structure(walk, piece.from(i * kBtrfsFeatures.size), kBtrfsFeatures);
    walk.c.print(" /* {} */", kRemarks[i]);
  }
  walk.c.put("]");
  return true;
}

constexpr auto kHasChecksum = has_bits<48, BTRFS_FS_INFO_FLAG_CSUM_INFO>;
constexpr Field kInformationFields[] = {
    {"max_id", 0, kWide}, {"num_devices", 8, kWide}, {"fsid", 16, kUuid}, {"nodesize", 32, kWord},
    {"sectorsize", 36, kWord}, {"clone_alignment", 40, kWord},
    {"csum_type", 44, choice(2, kBtrfsChecksums), Shown::always, kHasChecksum},
    {"csum_size", 46, kShort, Shown::always, kHasChecksum}, {"flags", 48, flags(8, kBtrfsInformation)},
    {"generation", 56, kWide, Shown::always, has_bits<48, BTRFS_FS_INFO_FLAG_GENERATION>},
    {"metadata_uuid", 64, kUuid, Shown::always, has_bits<48, BTRFS_FS_INFO_FLAG_METADATA_UUID>}};
constexpr Structure kInformation{1024, 1024, kInformationFields};

constexpr Field kSpaceFields[] = {{"flags", 0, flags(8, kSpaces)}, {"total_bytes", 8, kWide}, {"used_bytes", 16, kWide}};
constexpr Structure kSpace{24, 24, kSpaceFields};
bool has_spaces(const Walk& walk) { return word_at(*walk.within, 0) != 0 || word_at(*walk.within, 8) == 0; }
constexpr Field kSpacesFields[] = {{"space_slots", 0, kWide}};
constexpr Structure kSpacesAsked{16, 16, kSpacesFields};
constexpr Field kSpacesFilled[] = {
    {"total_spaces", 8, kWide},
    {"spaces", 16, {show_following<8, std::uint64_t, kSpace>}, Shown::in_full, has_spaces}};
constexpr Structure kSpacesAnswer{16, 16, kSpacesFilled};

// Names of inodes.

/// A tree of 0 stands for the file's own: the kernel fills in which one that is.
bool asked_for_own_tree(const Walk& walk) {
  return walk.c.entry_memory().object<std::uint64_t>(walk.within->address).value_or(1) == 0;
}
constexpr Field kTree{"treeid", 0, kObject};
constexpr Field kLookupFields[] = {kTree, {"objectid", 8, kObject}};
constexpr Structure kLookup{4096, 4096, kLookupFields};
constexpr Field kLookupFilled[] = {
    {"treeid", 0, kObject, Shown::always, asked_for_own_tree}, {"name", 16, name(4080)}};
constexpr Structure kLookupAnswer{4096, 4096, kLookupFilled};

/// Offsets of paths, from the first offset on.
bool show_paths(const Walk& walk, const Piece& piece, const Kind&) {
  const auto count = walk.within->from(8).object<std::uint32_t>().value_or(0);
  print_plain_array_at<std::uint64_t>(walk.c, piece.address, count,
                                      [&](std::uint64_t offset) { print_path_at(walk.c, piece.address + offset); });
  return true;
}
constexpr Field kOwnerFields[] = {{"inum", 0, kWide}, {"offset", 8, kWide}, {"root", 16, kWide}};
constexpr Structure kOwner{24, 24, kOwnerFields};

constexpr Field kBytesLeft{"bytes_left", 0, kWord};
constexpr Field kBytesMissing{"bytes_missing", 4, kWord};
constexpr Field kElements{"elem_cnt", 8, kWord};
constexpr Field kElementsMissed{"elem_missed", 12, kWord};
constexpr Field kPathsFields[] = {
    kBytesLeft, kBytesMissing, kElements, kElementsMissed, {"val", 16, {show_paths}, Shown::in_full}};
constexpr Structure kPaths{16, 16, kPathsFields};
constexpr Field kOwnersFields[] = {
    kBytesLeft, kBytesMissing, kElements, kElementsMissed,
    {"val", 16, {show_following<8, std::uint32_t, kOwner, 3>}, Shown::in_full}};
constexpr Structure kOwners{16, 16, kOwnersFields};

constexpr Field kPathsAskedFields[] = {{"inum", 0, kWide}, {"size", 8, kWide}, {"fspath", 48, kPointerTo}};
constexpr Structure kPathsAsked{56, 56, kPathsAskedFields};
constexpr Field kPathsFilled[] = {{"fspath", 48, target(kPaths)}};
constexpr Structure kPathsAnswer{56, 56, kPathsFilled};
constexpr Field kOwnersAskedFields[] = {
    {"logical", 0, kWide}, {"size", 8, kWide},
    {"reserved", 16, array(kHexWide, 3), Shown::always, has_any<16, 3>},
    {"flags", 40, flags(8, kBtrfsLogicalInodes)}, {"inodes", 48, kPointerTo}};
constexpr Structure kOwnersAsked{56, 56, kOwnersAskedFields};
constexpr Field kOwnersFilled[] = {{"inodes", 48, target(kOwners)}};
constexpr Structure kOwnersAnswer{56, 56, kOwnersFilled};

// Searches in trees.

template <std::uint16_t offset, std::uint64_t usual>
bool is_worth_showing(const Walk& walk) {
  return !walk.c.abbreviated() || word_at(*walk.within, offset) != usual;
}
constexpr Field kFound{"nr_items", 64, kWord};
constexpr Field kKeyFields[] = {
    {"tree_id", 0, kObject},
    {"min_objectid", 8, kObject, Shown::always, is_worth_showing<8, BTRFS_FIRST_FREE_OBJECTID>},
    {"max_objectid", 16, kObject, Shown::always, is_worth_showing<16, BTRFS_LAST_FREE_OBJECTID>},
    {"min_offset", 24, kAllOr}, {"max_offset", 32, kAllOr}, {"min_transid", 40, kAllOr}, {"max_transid", 48, kAllOr},
    {"min_type", 56, kKeyType}, {"max_type", 60, kKeyType}, kFound};
constexpr Structure kKey{104, 104, kKeyFields};
constexpr Structure kKeyAnswer{104, 104, std::span(&kFound, 1)};

constexpr Field kItemFields[] = {
    {"transid", 0, kWide}, {"objectid", 8, kObject}, {"offset", 16, kWide}, {"type", 24, kKeyType}, {"len", 28, kWord}};
constexpr Structure kItem{32, 32, kItemFields};

/// Headers of items, each with its data behind it.
void print_items(const Walk& walk, std::uint64_t address, std::uint64_t room, std::uint32_t count) {
  ArgContext& c = walk.c;
  std::uint64_t offset = 0;
  c.put("[");
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i != 0) c.put(", ");
    if (offset + kItem.size > room || i > c.limits().string) {
      c.put("...");
      break;
    }
    const auto item = c.memory().object<btrfs_ioctl_search_header>(address + offset);
    if (!item) {
      c.print("... /* {:#x} */", address + offset);
      break;
    }
    print_structure(walk, {0, sizeof *item, std::as_bytes(std::span(&*item, 1))}, kItem);
    offset += std::uint64_t{kItem.size} + item->len;
  }
  c.put("]");
}

std::uint32_t items_found(const Walk& walk) { return walk.within->from(64).object<std::uint32_t>().value_or(0); }
bool show_items(const Walk& walk, const Piece& piece, const Kind&) {
  print_items(walk, piece.address, BTRFS_SEARCH_ARGS_BUFSIZE, items_found(walk));
  return true;
}
bool show_sized_items(const Walk& walk, const Piece& piece, const Kind&) {
  print_items(walk, piece.address, word_at(*walk.within, 104), items_found(walk));
  return true;
}

constexpr Field kSearchFields[] = {{"key", 0, structure(kKey)}};
constexpr Structure kSearch{104, 104, kSearchFields};
constexpr Field kSearchFilled[] = {{"key", 0, structure(kKeyAnswer)}, {"buf", 104, {show_items}, Shown::in_full}};
constexpr Structure kSearchAnswer{104, 104, kSearchFilled};
constexpr Field kBtrfsRoom{"buf_size", 104, kWide};
constexpr Field kSizedSearchFields[] = {{"key", 0, structure(kKey)}, kBtrfsRoom};
constexpr Structure kSizedSearch{112, 112, kSizedSearchFields};
constexpr Field kSizedSearchFilled[] = {
    {"key", 0, structure(kKeyAnswer)}, kBtrfsRoom, {"buf", 112, {show_sized_items}, Shown::in_full}};
constexpr Structure kSizedSearchAnswer{112, 112, kSizedSearchFilled};

constexpr IoctlShape kBtrfsShapes[] = {
    {BTRFS_IOC_SNAP_CREATE, Way::in, structure(kVolume)},
    {BTRFS_IOC_RESIZE, Way::in, structure(kVolume)},
    {BTRFS_IOC_SCAN_DEV, Way::in, structure(kVolume)},
    {BTRFS_IOC_FORGET_DEV, Way::in, structure(kVolume)},
    {BTRFS_IOC_ADD_DEV, Way::in, structure(kVolume)},
    {BTRFS_IOC_RM_DEV, Way::in, structure(kVolume)},
    {BTRFS_IOC_SUBVOL_CREATE, Way::in, structure(kVolume)},
    {BTRFS_IOC_SNAP_DESTROY, Way::in, structure(kVolume)},
    {BTRFS_IOC_DEVICES_READY, Way::in, structure(kVolume)},
    {BTRFS_IOC_SNAP_CREATE_V2, Way::changed, structure(kSubvolume), &kMade},
    {BTRFS_IOC_SUBVOL_CREATE_V2, Way::changed, structure(kSubvolume), &kMade},
    {BTRFS_IOC_SUBVOL_GETFLAGS, Way::out, flags(8, kBtrfsSubvolumes)},
    {BTRFS_IOC_SUBVOL_SETFLAGS, Way::in, flags(8, kBtrfsSubvolumes)},
    {BTRFS_IOC_SET_RECEIVED_SUBVOL, Way::changed, structure(kReceived), &kReceivedAnswer},
    {BTRFS_IOC_SEND, Way::in, structure(kSend)},
    {BTRFS_IOC_DEFAULT_SUBVOL, Way::in, kBoxedWide},
    {BTRFS_IOC_WAIT_SYNC, Way::in, kBoxedWide},
    {BTRFS_IOC_START_SYNC, Way::out, kBoxedWide},
    {BTRFS_IOC_QGROUP_ASSIGN, Way::in, structure(kAssign)},
    {BTRFS_IOC_QGROUP_CREATE, Way::in, structure(kCreate)},
    {BTRFS_IOC_QGROUP_LIMIT, Way::out, structure(kGroupLimit)},
    {BTRFS_IOC_QUOTA_CTL, Way::in, structure(kQuota)},
    {BTRFS_IOC_QUOTA_RESCAN, Way::in, structure(kRescan)},
    {BTRFS_IOC_QUOTA_RESCAN_STATUS, Way::out, structure(kRescanStatus)},
    {BTRFS_IOC_BALANCE_V2, Way::changed, structure(kBalance), &kBalanceAnswer},
    {BTRFS_IOC_BALANCE_PROGRESS, Way::out, structure(kBalanceAnswer)},
    {BTRFS_IOC_DEFRAG_RANGE, Way::in, structure(kBtrfsRange)},
    {BTRFS_IOC_DEV_INFO, Way::changed, structure(kDeviceAsked), &kDeviceAnswer},
    {BTRFS_IOC_DEV_REPLACE, Way::changed, structure(kReplace), &kReplaceAnswer},
    {BTRFS_IOC_GET_DEV_STATS, Way::changed, structure(kStatistics), &kStatisticsAnswer},
    {BTRFS_IOC_SCRUB, Way::changed, structure(kScrub), &kScrubAnswer},
    {BTRFS_IOC_SCRUB_PROGRESS, Way::changed, structure(kScrubAsked), &kScrubAnswer},
    {BTRFS_IOC_GET_FEATURES, Way::out, kFeatureSet},
    {BTRFS_IOC_SET_FEATURES, Way::in, array(kFeatureSet, 2)},
    {BTRFS_IOC_GET_SUPPORTED_FEATURES, Way::out, {show_supported, 72}},
    {BTRFS_IOC_FS_INFO, Way::out, structure(kInformation)},
    {BTRFS_IOC_SPACE_INFO, Way::changed, structure(kSpacesAsked), &kSpacesAnswer},
    {BTRFS_IOC_INO_LOOKUP, Way::changed, structure(kLookup), &kLookupAnswer},
    {BTRFS_IOC_INO_PATHS, Way::changed, structure(kPathsAsked), &kPathsAnswer},
    {BTRFS_IOC_LOGICAL_INO, Way::changed, structure(kOwnersAsked), &kOwnersAnswer},
    {BTRFS_IOC_TREE_SEARCH, Way::changed, structure(kSearch), &kSearchAnswer},
    {BTRFS_IOC_TREE_SEARCH_V2, Way::changed, structure(kSizedSearch), &kSizedSearchAnswer},
};

void print_balance_command(ArgContext& c) {
  print_choice(c, c.value(), kBtrfsBalanceCommands.values, kBtrfsBalanceCommands.unknown);
}
constexpr IoctlPrinter kBtrfsPrinters[] = {{BTRFS_IOC_BALANCE_CTL, print_balance_command}};

}  // namespace

std::span<const IoctlShape> btrfs_shapes() { return kBtrfsShapes; }
std::span<const IoctlPrinter> btrfs_ioctls() { return kBtrfsPrinters; }

}  // namespace vdsotrace::ioctl
