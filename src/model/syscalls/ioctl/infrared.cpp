// What ioctl requests of infrared receivers and transmitters take and fill (include/uapi/linux/lirc.h).
#include <linux/ioctl.h>
#include <linux/lirc.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr NamedValue kFeatureBits[] = {
    NAMED(LIRC_CAN_SEND_RAW), NAMED(LIRC_CAN_SEND_PULSE), NAMED(LIRC_CAN_SEND_MODE2), NAMED(LIRC_CAN_SEND_LIRCCODE),
    NAMED(LIRC_CAN_SET_SEND_CARRIER), NAMED(LIRC_CAN_SET_SEND_DUTY_CYCLE), NAMED(LIRC_CAN_SET_TRANSMITTER_MASK),
    NAMED(LIRC_CAN_REC_RAW), NAMED(LIRC_CAN_REC_PULSE), NAMED(LIRC_CAN_REC_MODE2), NAMED(LIRC_CAN_REC_SCANCODE),
    NAMED(LIRC_CAN_REC_LIRCCODE), NAMED(LIRC_CAN_SET_REC_CARRIER), NAMED(LIRC_CAN_SET_REC_CARRIER_RANGE),
    NAMED(LIRC_CAN_USE_WIDEBAND_RECEIVER), NAMED(LIRC_CAN_GET_REC_RESOLUTION), NAMED(LIRC_CAN_SET_REC_TIMEOUT),
    NAMED(LIRC_CAN_MEASURE_CARRIER)};
const NameTable kInfraredFeatures{kFeatureBits, "LIRC_CAN_???"};

constexpr NamedValue kModeNames[] = {NAMED(LIRC_MODE_RAW), NAMED(LIRC_MODE_PULSE), NAMED(LIRC_MODE_MODE2),
                                     NAMED(LIRC_MODE_SCANCODE), NAMED(LIRC_MODE_LIRCCODE)};
const NameTable kInfraredModes{kModeNames, "LIRC_MODE_???"};

constexpr Kind kMode = choice(4, kInfraredModes);
constexpr Kind kReceiverFeatures = flags(4, kInfraredFeatures);

constexpr IoctlShape kInfraredShapes[] = {
    {LIRC_GET_FEATURES, Way::out, boxed(kReceiverFeatures)},
    {LIRC_GET_SEND_MODE, Way::out, boxed(kMode)},
    {LIRC_GET_REC_MODE, Way::out, boxed(kMode)},
    {LIRC_GET_REC_RESOLUTION, Way::out, boxed(kWord)},
    {LIRC_GET_MIN_TIMEOUT, Way::out, boxed(kWord)},
    {LIRC_GET_MAX_TIMEOUT, Way::out, boxed(kWord)},
    {LIRC_GET_LENGTH, Way::out, boxed(kWord)},
    {LIRC_GET_REC_TIMEOUT, Way::out, boxed(kWord)},
    {LIRC_SET_SEND_MODE, Way::in, boxed(kMode)},
    {LIRC_SET_REC_MODE, Way::in, boxed(kMode)},
    {LIRC_SET_SEND_CARRIER, Way::in, boxed(kWord)},
    {LIRC_SET_REC_CARRIER, Way::in, boxed(kWord)},
    {LIRC_SET_SEND_DUTY_CYCLE, Way::in, boxed(kWord)},
    {LIRC_SET_TRANSMITTER_MASK, Way::in, boxed(kHexWord)},
    {LIRC_SET_REC_TIMEOUT, Way::in, boxed(kWord)},
    {LIRC_SET_REC_TIMEOUT_REPORTS, Way::in, boxed(kWord)},
    {LIRC_SET_MEASURE_CARRIER_MODE, Way::in, boxed(kWord)},
    {LIRC_SET_REC_CARRIER_RANGE, Way::in, boxed(kWord)},
    {LIRC_SET_WIDEBAND_RECEIVER, Way::in, boxed(kWord)},
};

}  // namespace

std::span<const IoctlShape> infrared_shapes() { return kInfraredShapes; }

}  // namespace vdsotrace::ioctl
