// What ioctl requests of ATA and SCSI drives take and fill (linux/hdreg.h, scsi/sg.h).
#include <algorithm>
#include <array>
#include <optional>

#include <linux/hdreg.h>
#include <scsi/sg.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr Field kGeometryFields[] = {
    {"heads", 0, kByte}, {"sectors", 1, kByte}, {"cylinders", 2, kShort}, {"start", 8, kWide}};
constexpr Structure kGeometry{16, 16, kGeometryFields};

constexpr NamedValue kBusNames[] = {
    NAMED(BUSSTATE_OFF), NAMED(BUSSTATE_ON), NAMED(BUSSTATE_TRISTATE)};
const NameTable kBusStates{kBusNames, "BUSSTATE_???"};

constexpr NamedValue kNiceNames[] = {
    {1 << IDE_NICE_DSC_OVERLAP, "1 << IDE_NICE_DSC_OVERLAP"}, {1 << IDE_NICE_ATAPI_OVERLAP, "1 << IDE_NICE_ATAPI_OVERLAP"},
    {1 << IDE_NICE_1, "1 << IDE_NICE_1"}, {1 << IDE_NICE_0, "1 << IDE_NICE_0"}, {1 << IDE_NICE_2, "1 << IDE_NICE_2"}};
const NameTable kNiceFlags{kNiceNames, "IDE_NICE_???"};

// As the kernel calls them (include/linux/ata.h).
constexpr NamedValue kCommandNames[] = {
    {0x00, "ATA_CMD_NOP"}, {0x03, "ATA_CMD_CFA_REQ_EXT_ERR"}, {0x06, "ATA_CMD_DSM"}, {0x08, "ATA_CMD_DEV_RESET"},
    {0x0b, "ATA_CMD_REQ_SENSE_DATA"}, {0x10, "ATA_CMD_RESTORE"}, {0x20, "ATA_CMD_PIO_READ"}, {0x22, "ATA_CMD_READ_LONG"}, {0x23, "ATA_CMD_READ_LONG_ONCE"},
    {0x24, "ATA_CMD_PIO_READ_EXT"},
    {0x25, "ATA_CMD_READ_EXT"}, {0x26, "ATA_CMD_READ_QUEUED"}, {0x27, "ATA_CMD_READ_NATIVE_MAX_EXT"},
    {0x29, "ATA_CMD_READ_MULTI_EXT"}, {0x2a, "ATA_CMD_READ_STREAM_DMA_EXT"}, {0x2b, "ATA_CMD_READ_STREAM_EXT"},
    {0x2f, "ATA_CMD_READ_LOG_EXT"}, {0x30, "ATA_CMD_PIO_WRITE"}, {0x32, "ATA_CMD_WRITE_LONG"}, {0x33, "ATA_CMD_WRITE_LONG_ONCE"},
    {0x34, "ATA_CMD_PIO_WRITE_EXT"}, {0x35, "ATA_CMD_WRITE_EXT"},
    {0x36, "ATA_CMD_WRITE_QUEUED"}, {0x37, "ATA_CMD_SET_MAX_EXT"}, {0x38, "ATA_CMD_CFA_WRITE_NE"},
    {0x39, "ATA_CMD_WRITE_MULTI_EXT"}, {0x3a, "ATA_CMD_WRITE_STREAM_DMA_EXT"}, {0x3b, "ATA_CMD_WRITE_STREAM_EXT"},
    {0x3d, "ATA_CMD_WRITE_FUA_EXT"}, {0x3e, "ATA_CMD_WRITE_QUEUED_FUA_EXT"}, {0x3f, "ATA_CMD_WRITE_LOG_EXT"},
    {0x40, "ATA_CMD_VERIFY"}, {0x42, "ATA_CMD_VERIFY_EXT"}, {0x45, "ATA_CMD_WRITE_UNCORR_EXT"},
    {0x47, "ATA_CMD_READ_LOG_DMA_EXT"}, {0x4a, "ATA_CMD_ZAC_MGMT_IN"}, {0x51, "ATA_CMD_CONFIG_STREAM"},
    {0x57, "ATA_CMD_WRITE_LOG_DMA_EXT"},
    {0x5b, "ATA_CMD_TRUSTED_NONDATA"}, {0x5c, "ATA_CMD_TRUSTED_RCV"}, {0x5d, "ATA_CMD_TRUSTED_RCV_DMA"},
    {0x5e, "ATA_CMD_TRUSTED_SND"}, {0x5f, "ATA_CMD_TRUSTED_SND_DMA"}, {0x60, "ATA_CMD_FPDMA_READ"},
    {0x61, "ATA_CMD_FPDMA_WRITE"}, {0x63, "ATA_CMD_NCQ_NON_DATA"}, {0x64, "ATA_CMD_FPDMA_SEND"}, {0x65, "ATA_CMD_FPDMA_RECV"},
    {0x87, "ATA_CMD_CFA_TRANS_SECT"}, {0x90, "ATA_CMD_EDD"}, {0x91, "ATA_CMD_INIT_DEV_PARAMS"},
    {0x92, "ATA_CMD_DOWNLOAD_MICRO"}, {0x93, "ATA_CMD_DOWNLOAD_MICRO_DMA"}, {0x9f, "ATA_CMD_ZAC_MGMT_OUT"},
    {0xa0, "ATA_CMD_PACKET"}, {0xa1, "ATA_CMD_ID_ATAPI"}, {0xa2, "ATA_CMD_SERVICE"}, {0xb0, "ATA_CMD_SMART"},
    {0xb1, "ATA_CMD_CONF_OVERLAY"}, {0xb4, "ATA_CMD_SANITIZE_DEVICE"}, {0xc0, "ATA_CMD_CFA_ERASE"},
    {0xc4, "ATA_CMD_READ_MULTI"}, {0xc5, "ATA_CMD_WRITE_MULTI"}, {0xc6, "ATA_CMD_SET_MULTI"}, {0xc8, "ATA_CMD_READ"},
    {0xca, "ATA_CMD_WRITE"}, {0xcd, "ATA_CMD_CFA_WRITE_MULT_NE"}, {0xce, "ATA_CMD_WRITE_MULTI_FUA_EXT"},
    {0xd1, "ATA_CMD_CHK_MED_CRD_TYP"}, {0xde, "ATA_CMD_MEDIA_LOCK"}, {0xdf, "ATA_CMD_MEDIA_UNLOCK"}, {0xe0, "ATA_CMD_STANDBYNOW1"},
    {0xe1, "ATA_CMD_IDLEIMMEDIATE"}, {0xe2, "ATA_CMD_STANDBY"}, {0xe3, "ATA_CMD_IDLE"}, {0xe4, "ATA_CMD_PMP_READ"},
    {0xe5, "ATA_CMD_CHK_POWER"}, {0xe6, "ATA_CMD_SLEEP"}, {0xe7, "ATA_CMD_FLUSH"}, {0xe8, "ATA_CMD_PMP_WRITE"},
    {0xe9, "ATA_CMD_PMP_READ_DMA"}, {0xea, "ATA_CMD_FLUSH_EXT"}, {0xeb, "ATA_CMD_PMP_WRITE_DMA"}, {0xec, "ATA_CMD_ID_ATA"},
    {0xef, "ATA_CMD_SET_FEATURES"}, {0xf1, "ATA_CMD_SEC_SET_PASS"}, {0xf2, "ATA_CMD_SEC_UNLOCK"},
    {0xf3, "ATA_CMD_SEC_ERASE_PREP"}, {0xf4, "ATA_CMD_SEC_ERASE_UNIT"}, {0xf5, "ATA_CMD_SEC_FREEZE_LOCK"},
    {0xf6, "ATA_CMD_SEC_DISABLE_PASS"}, {0xf8, "ATA_CMD_READ_NATIVE_MAX"}, {0xf9, "ATA_CMD_SET_MAX"}};
const NameTable kCommands{kCommandNames, "ATA_CMD_???"};

/// A command's registers, and in their place its outcome; sectors of data follow that.
using Registers = std::array<std::uint8_t, 4>;

void print_command(ArgContext& c) {
  const auto given = c.value() != 0 ? c.entry_memory().object<Registers>(c.value()) : std::nullopt;
  if (!given) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  const auto [command, sector, feature, count] = *given;
  c.put("{command=");
  print_choice(c, command, kCommands.values, kCommands.unknown);
  c.print(", sector_number={}, feature={}, sector_count={}}}", sector, feature, count);
  const auto found = c.failed() ? std::nullopt : c.memory().object<Registers>(c.value());
  if (!found) return;
  c.put(" => {status=");
  print_hex(c, (*found)[0]);
  c.print(", error={}, nsector={}", (*found)[1], (*found)[2]);
  if (count != 0) {
    constexpr std::uint64_t kSector = 512;
    c.put(", buf=");
    print_hex_buffer_at(c, c.value() + sizeof(Registers), count * kSector);
  }
  c.put("}");
}

void print_nice(ArgContext& c) { print_flags(c, c.value(), kNiceFlags.values, kNiceFlags.unknown); }
void print_bus_state(ArgContext& c) { print_choice(c, c.value(), kBusStates.values, kBusStates.unknown); }

template <std::uint64_t kSize>
void print_identity_of_drive(ArgContext& c) {
  if (c.wait_for_exit()) return;
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), kSize);
  }
}

constexpr NamedValue kResetNames[] = {
    {0, "SG_SCSI_RESET_NOTHING"}, {1, "SG_SCSI_RESET_DEVICE"},
    {2, "SG_SCSI_RESET_BUS"}, {3, "SG_SCSI_RESET_HOST"}, {4, "SG_SCSI_RESET_TARGET"}};
constexpr std::uint32_t kNoEscalation = 0x100;

/// What is to be reset, and whether more may be if that fails.
bool show_reset(const Walk& walk, const Piece& piece, const Kind&) {
  const auto value = piece.object<std::uint32_t>();
  if (!value) return false;
  const auto known = std::ranges::find(kResetNames, *value & ~kNoEscalation, &NamedValue::value);
  if (known == std::end(kResetNames)) {
    print_choice(walk.c, *value, {}, "SG_SCSI_RESET_???");
    return true;
  }
  print_meaning_of(walk.c, *value, [&] {
    if ((*value & kNoEscalation) != 0) walk.c.put("SG_SCSI_RESET_NO_ESCALATE|");
    walk.c.put(known->name);
  });
  return true;
}
constexpr Kind kReset{show_reset, 4};

constexpr Kind kNice = flags(8, kNiceFlags);
constexpr Kind kBusState = choice(8, kBusStates);
constexpr Kind kSetting = boxed(kWide);

constexpr IoctlShape kDriveShapes[] = {
    {HDIO_GETGEO, Way::out, structure(kGeometry)},
    {HDIO_GET_UNMASKINTR, Way::out, kSetting}, {HDIO_GET_MULTCOUNT, Way::out, kSetting},
    {HDIO_GET_KEEPSETTINGS, Way::out, kSetting}, {HDIO_GET_32BIT, Way::out, kSetting},
    {HDIO_GET_NOWERR, Way::out, kSetting}, {HDIO_GET_DMA, Way::out, kSetting},
    {HDIO_GET_WCACHE, Way::out, kSetting}, {HDIO_GET_ACOUSTIC, Way::out, kSetting},
    {HDIO_GET_ADDRESS, Way::out, kSetting},
    {HDIO_GET_NICE, Way::out, boxed(kNice)},
    {HDIO_GET_BUSSTATE, Way::out, boxed(kBusState)},
    {HDIO_DRIVE_RESET, Way::in, array(kHexWord, 3)},
    {HDIO_SCAN_HWIF, Way::in, array(kHexWord, 3)},
    {SG_SCSI_RESET, Way::in, boxed(kReset)},
};

constexpr IoctlPrinter kDrivePrinters[] = {
    {HDIO_DRIVE_CMD, print_command},
    {HDIO_SET_NICE, print_nice},
    {HDIO_SET_BUSSTATE, print_bus_state},
    {HDIO_GET_IDENTITY, print_identity_of_drive<512>},
    {HDIO_OBSOLETE_IDENTITY, print_identity_of_drive<142>},
};

}  // namespace

std::span<const IoctlShape> drive_shapes() { return kDriveShapes; }
std::span<const IoctlPrinter> drive_ioctls() { return kDrivePrinters; }

}  // namespace vdsotrace::ioctl
