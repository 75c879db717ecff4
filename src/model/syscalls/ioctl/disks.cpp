// What ioctl requests of block devices take and fill: partitions, traces, loop devices, network block devices.
#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/fs.h>
#include <linux/loop.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

// Partitions.

constexpr NamedValue kPartitionNames[] = {
    NAMED(BLKPG_ADD_PARTITION), NAMED(BLKPG_DEL_PARTITION), NAMED(BLKPG_RESIZE_PARTITION)};
const NameTable kPartitionChanges{kPartitionNames, "BLKPG_???"};

constexpr Field kPartitionFields[] = {
    {"start", 0, kSignedWide}, {"length", 8, kSignedWide}, {"pno", 16, kSigned},
    {"devname", 20, name(64)}, {"volname", 84, name(64)}};
constexpr Structure kPartition{152, 152, kPartitionFields};

constexpr Field kChangeFields[] = {
    {"op", 0, choice(4, kPartitionChanges)}, {"flags", 4, kSigned},
    {"datalen", 8, kSigned}, {"data", 16, target(kPartition)}};
constexpr Structure kChange{24, 24, kChangeFields};

// Traces.

constexpr Field kTraceFields[] = {
    {"act_mask", 32, kShort}, {"buf_size", 36, kWord}, {"buf_nr", 40, kWord},
    {"start_lba", 48, kWide}, {"end_lba", 56, kWide}, {"pid", 64, kProcessId}};
constexpr Structure kTrace{72, 72, kTraceFields};
constexpr Field kTraceFilled[] = {{"name", 0, name(32)}};
constexpr Structure kTraceAnswer{72, 72, kTraceFilled};

// Loop devices.

constexpr NamedValue kCipherNames[] = {
    {0, "LO_CRYPT_NONE"}, {1, "LO_CRYPT_XOR"}, {2, "LO_CRYPT_DES"}, {3, "LO_CRYPT_FISH2"}, {4, "LO_CRYPT_BLOW"},
    {5, "LO_CRYPT_CAST128"}, {6, "LO_CRYPT_IDEA"}, {9, "LO_CRYPT_DUMMY"}, {10, "LO_CRYPT_SKIPJACK"},
    {18, "LO_CRYPT_CRYPTOAPI"}};
const NameTable kCiphers{kCipherNames, "LO_CRYPT_???"};
constexpr NamedValue kLoopNames[] = {
    {1, "LO_FLAGS_READ_ONLY"}, {4, "LO_FLAGS_AUTOCLEAR"}, {8, "LO_FLAGS_PARTSCAN"}, {16, "LO_FLAGS_DIRECT_IO"}};
const NameTable kLoopFlags{kLoopNames, "LO_FLAGS_???"};

/// What encryption needs is shown where there is some. `kCipherType`: where its type lies in the structure.
template <std::uint16_t kCipherType>
bool shows_cipher(const Walk& walk) {
  return !walk.c.abbreviated() || walk.within->from(kCipherType).object<std::uint32_t>().value_or(0) != 0;
}
template <std::uint16_t kCipherType>
bool show_cipher(const Walk& walk, const Piece& piece, const Kind& kind) {
  return shows_cipher<kCipherType>(walk) && show_choice(walk, piece, kind);
}
template <std::uint16_t kCipherType>
bool show_key_size(const Walk& walk, const Piece& piece, const Kind& kind) {
  return shows_cipher<kCipherType>(walk) && show_unsigned(walk, piece, kind);
}
template <std::uint16_t kCipherType>
bool show_cipher_name(const Walk& walk, const Piece& piece, const Kind& kind) {
  return shows_cipher<kCipherType>(walk) && show_name(walk, piece, kind);
}
/// As many bytes as the member behind the type says.
template <std::uint16_t kCipherType>
bool show_key(const Walk& walk, const Piece& piece, const Kind& kind) {
  if (!shows_cipher<kCipherType>(walk)) return false;
  const auto wanted = walk.within->from(kCipherType + 4).object<std::uint32_t>().value_or(0);
  const Piece key = piece.first(std::min<std::uint64_t>(wanted, kind.size));
  print_quoted(walk.c, key.bytes, key.bytes.size());
  return true;
}

constexpr std::uint16_t kOldCipherType = 36;
constexpr Field kOldLoopFields[] = {
    {"lo_number", 0, kSigned},
    {"lo_device", 8, {show_device, 8}, Shown::in_full},
    {"lo_inode", 16, kWide, Shown::in_full},
    {"lo_rdevice", 24, {show_device, 8}, Shown::in_full},
    {"lo_offset", 32, kHexWord},
    {"lo_encrypt_type", kOldCipherType, {show_cipher<kOldCipherType>, 4, &kCiphers}},
    {"lo_encrypt_key_size", 40, {show_key_size<kOldCipherType>, 4}},
    {"lo_flags", 44, flags(4, kLoopFlags)},
    {"lo_name", 48, name(64)},
    {"lo_encrypt_key", 112, {show_key<kOldCipherType>, 32}},
    {"lo_init", 144, array(kHexWide, 2), Shown::in_full},
    {"reserved", 160, array(kHexByte, 4), Shown::in_full}};
constexpr Structure kOldLoop{168, 168, kOldLoopFields};

constexpr std::uint16_t kCipherType = 44;
constexpr Field kLoopFields[] = {
    {"lo_device", 0, {show_device, 8}, Shown::in_full},
    {"lo_inode", 8, kWide, Shown::in_full},
    {"lo_rdevice", 16, {show_device, 8}, Shown::in_full},
    {"lo_offset", 24, kHexWide},
    {"lo_sizelimit", 32, kWide, Shown::in_full},
    {"lo_number", 40, kWord},
    {"lo_encrypt_type", kCipherType, {show_cipher<kCipherType>, 4, &kCiphers}},
    {"lo_encrypt_key_size", 48, {show_key_size<kCipherType>, 4}},
    {"lo_flags", 52, flags(4, kLoopFlags)},
    {"lo_file_name", 56, name(64)},
    {"lo_crypt_name", 120, {show_cipher_name<kCipherType>, 64}},
    {"lo_encrypt_key", 184, {show_key<kCipherType>, 32}},
    {"lo_init", 216, array(kHexWide, 2), Shown::in_full}};
constexpr Structure kLoopInfo{232, 232, kLoopFields};

constexpr Field kConfigurationFields[] = {
    {"fd", 0, kDescriptor}, {"block_size", 4, kWord}, {"info", 8, structure(kLoopInfo)},
    {"__reserved", 240, {show_array_unless_zero, 0, nullptr, nullptr, nullptr, &kHexWide, 8}}};
constexpr Structure kConfiguration{304, 304, kConfigurationFields};
constexpr std::uint32_t kConfigure = 0x4c0a;  // LOOP_CONFIGURE, since Linux 5.8

constexpr IoctlShape kDiskShapes[] = {
    {BLKPG, Way::in, structure(kChange)},
    {BLKTRACESETUP, Way::in_out, structure(kTrace), &kTraceAnswer},
    {LOOP_SET_STATUS, Way::in, structure(kOldLoop)},
    {LOOP_GET_STATUS, Way::out, structure(kOldLoop)},
    {LOOP_SET_STATUS64, Way::in, structure(kLoopInfo)},
    {LOOP_GET_STATUS64, Way::out, structure(kLoopInfo)},
    {kConfigure, Way::in, structure(kConfiguration)},
};

constexpr NamedValue kServerNames[] = {
    {1 << 0, "NBD_FLAG_HAS_FLAGS"}, {1 << 1, "NBD_FLAG_READ_ONLY"}, {1 << 2, "NBD_FLAG_SEND_FLUSH"},
    {1 << 3, "NBD_FLAG_SEND_FUA"}, {1 << 4, "NBD_FLAG_ROTATIONAL"}, {1 << 5, "NBD_FLAG_SEND_TRIM"},
    {1 << 6, "NBD_FLAG_SEND_WRITE_ZEROES"}, {1 << 7, "NBD_FLAG_SEND_DF"}, {1 << 8, "NBD_FLAG_CAN_MULTI_CONN"},
    {1 << 9, "NBD_FLAG_SEND_RESIZE"}, {1 << 10, "NBD_FLAG_SEND_CACHE"}};

void print_server_flags(ArgContext& c) { print_flags(c, c.value(), kServerNames, "NBD_FLAG_???"); }

constexpr std::uint32_t kSetSocket = 0xab00;      // NBD_SET_SOCK: _IO(0xab, 0)
constexpr std::uint32_t kSetServerFlags = 0xab0a; // NBD_SET_FLAGS

constexpr IoctlPrinter kDiskPrinters[] = {
    {kSetSocket, print_fd_arg}, {kSetServerFlags, print_server_flags},
    {LOOP_SET_FD, print_fd_arg}, {LOOP_CHANGE_FD, print_fd_arg},
};

}  // namespace

std::span<const IoctlShape> disk_shapes() { return kDiskShapes; }
std::span<const IoctlPrinter> disk_ioctls() { return kDiskPrinters; }

}  // namespace vdsotrace::ioctl
