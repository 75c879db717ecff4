// What ioctl requests of real-time clocks take and fill (rtc(4)).
#include <array>

#include <linux/rtc.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr Field kCalendarFields[] = {
    {"tm_sec", 0, kSigned}, {"tm_min", 4, kSigned}, {"tm_hour", 8, kSigned},
    {"tm_mday", 12, kSigned}, {"tm_mon", 16, kSigned}, {"tm_year", 20, kSigned},
    {"tm_wday", 24, kSigned, Shown::in_full}, {"tm_yday", 28, kSigned, Shown::in_full},
    {"tm_isdst", 32, kSigned, Shown::in_full}};
constexpr Structure kCalendar{36, 36, kCalendarFields};
constexpr Kind kCalendarKind = structure(kCalendar);

constexpr Field kAlarmFields[] = {{"enabled", 0, kByte}, {"pending", 1, kByte}, {"time", 4, kCalendarKind}};
constexpr Structure kWakeAlarm{40, 40, kAlarmFields};

constexpr Field kFrequencyFields[] = {
    {"pll_ctrl", 0, kSigned}, {"pll_value", 4, kSigned}, {"pll_max", 8, kSigned},
    {"pll_min", 12, kSigned}, {"pll_posmult", 16, kSigned}, {"pll_negmult", 20, kSigned},
    {"pll_clock", 24, kSignedWide}};
constexpr Structure kFrequency{32, 32, kFrequencyFields};

constexpr NamedValue kVoltageNames[] = {
    {0x1, "RTC_VL_DATA_INVALID"}, {0x2, "RTC_VL_BACKUP_LOW"}, {0x4, "RTC_VL_BACKUP_EMPTY"},
    {0x8, "RTC_VL_ACCURACY_LOW"}, {0x10, "RTC_VL_BACKUP_SWITCH"}};
const NameTable kVoltage{kVoltageNames, "RTC_VL_???"};
constexpr Kind kVoltageFlags = flags(4, kVoltage);

// struct rtc_param, since Linux 5.16.

constexpr std::uint64_t kFeaturesParameter = 0;
constexpr std::uint64_t kCorrectionParameter = 1;
constexpr std::uint64_t kSwitchParameter = 2;
constexpr NamedValue kParameterNames[] = {
    {kFeaturesParameter, "RTC_PARAM_FEATURES"}, {kCorrectionParameter, "RTC_PARAM_CORRECTION"},
    {kSwitchParameter, "RTC_PARAM_BACKUP_SWITCH_MODE"}};
const NameTable kParameters{kParameterNames, "RTC_PARAM_???"};

constexpr NamedValue kClockFeatureNames[] = {
    {0, "RTC_FEATURE_ALARM"}, {1, "RTC_FEATURE_ALARM_RES_MINUTE"}, {2, "RTC_FEATURE_NEED_WEEK_DAY"},
    {3, "RTC_FEATURE_ALARM_RES_2S"}, {4, "RTC_FEATURE_UPDATE_INTERRUPT"}, {5, "RTC_FEATURE_CORRECTION"},
    {6, "RTC_FEATURE_BACKUP_SWITCH_MODE"}, {7, "RTC_FEATURE_ALARM_WAKEUP_ONLY"}};
const NameTable kClockFeatures{kClockFeatureNames, "RTC_FEATURE_???"};

constexpr NamedValue kSwitchNames[] = {
    {0, "RTC_BSM_DISABLED"}, {1, "RTC_BSM_DIRECT"}, {2, "RTC_BSM_LEVEL"}, {3, "RTC_BSM_STANDBY"}};
const NameTable kSwitchModes{kSwitchNames, "RTC_BSM_???"};

/// What the value is depends on the parameter, which stands in front of it.
bool show_parameter_value(const Walk& walk, const Piece& piece, const Kind&) {
  const std::uint64_t parameter = walk.within->object<std::uint64_t>().value_or(UINT64_MAX);
  walk.c.put(parameter == kCorrectionParameter ? "svalue=" : "uvalue=");
  switch (parameter) {
    case kFeaturesParameter: return show_shifted(walk, piece, shifted(8, kClockFeatures));
    case kCorrectionParameter: return show_signed(walk, piece, kSignedWide);
    case kSwitchParameter: return show_choice(walk, piece, choice(8, kSwitchModes));
    default: return show_hex(walk, piece, kHexWide);
  }
}

constexpr Field kParameter{"param", 0, choice(8, kParameters)};
constexpr Field kParameterValue{"", 8, {show_parameter_value, 8}};
constexpr Field kParameterIndex{"index", 16, kWord};
constexpr Field kParameterPadding{"__pad", 20, reserved(4)};
constexpr std::array kSetFields{kParameter, kParameterValue, kParameterIndex, kParameterPadding};
constexpr Structure kSetParameter{24, 24, kSetFields};
constexpr std::array kAskedFields{kParameter, kParameterIndex, kParameterPadding};
constexpr Structure kAskedParameter{24, 24, kAskedFields};
constexpr std::array kFoundFields{kParameterValue, kParameterPadding};
constexpr Structure kFoundParameter{24, 24, kFoundFields};

constexpr std::uint32_t kParameterGet = 0x40187013;  // RTC_PARAM_GET
constexpr std::uint32_t kParameterSet = 0x40187014;  // RTC_PARAM_SET
constexpr Kind kWordBox = boxed(kWide);

constexpr IoctlShape kClockShapes[] = {
    {RTC_IRQP_READ, Way::out, kWordBox},
    {RTC_EPOCH_READ, Way::out, kWordBox},
    {RTC_ALM_SET, Way::in, kCalendarKind},
    {RTC_ALM_READ, Way::out, kCalendarKind},
    {RTC_SET_TIME, Way::in, kCalendarKind},
    {RTC_RD_TIME, Way::out, kCalendarKind},
    {RTC_WKALM_SET, Way::in, structure(kWakeAlarm)},
    {RTC_WKALM_RD, Way::out, structure(kWakeAlarm)},
    {RTC_PLL_SET, Way::in, structure(kFrequency)},
    {RTC_PLL_GET, Way::out, structure(kFrequency)},
    {RTC_VL_READ, Way::out, boxed(kVoltageFlags)},
    {kParameterGet, Way::answered, structure(kAskedParameter), &kFoundParameter},
    {kParameterSet, Way::in, structure(kSetParameter)},
};

}  // namespace

std::span<const IoctlShape> clock_shapes() { return kClockShapes; }

}  // namespace vdsotrace::ioctl
