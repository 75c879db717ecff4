// What ioctl requests of precision clocks take and fill (PTP, linux/ptp_clock.h). Those with a 2 in their name differ
// in that what is reserved has to be zero.
#include <algorithm>

#include <linux/ptp_clock.h>

#include "model/syscalls/ioctl/shapes.hpp"
#include "model/syscalls/time/values.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr Kind reserved_words(std::uint16_t count) {
  return {show_array_unless_zero, 0, nullptr, nullptr, nullptr, &kHexWord, count};
}

constexpr NamedValue kEdgeNames[] = {
    {1, "PTP_ENABLE_FEATURE"}, {2, "PTP_RISING_EDGE"}, {4, "PTP_FALLING_EDGE"}, {8, "PTP_STRICT_FLAGS"}};
const NameTable kEdges{kEdgeNames, "PTP_???"};
constexpr std::uint32_t kDutyCycle = 2;
constexpr std::uint32_t kPhase = 4;
constexpr NamedValue kOutputNames[] = {
    {1, "PTP_PEROUT_ONE_SHOT"}, {kDutyCycle, "PTP_PEROUT_DUTY_CYCLE"}, {kPhase, "PTP_PEROUT_PHASE"}};
const NameTable kOutputFlags{kOutputNames, "PTP_PEROUT_???"};
constexpr NamedValue kPinNames[] = {
    {0, "PTP_PF_NONE"}, {1, "PTP_PF_EXTTS"}, {2, "PTP_PF_PEROUT"}, {3, "PTP_PF_PHYSYNC"}};
const NameTable kPinFunctions{kPinNames, "PTP_PF_???"};

// Times and durations.

constexpr Field kClockTimeFields[] = {{"sec", 0, kSignedWide}, {"nsec", 8, kWord}, {"reserved", 12, reserved(4)}};
constexpr Structure kClockTime{16, 16, kClockTimeFields};
constexpr Kind kDuration = structure(kClockTime);

/// With its date, but not among bare numbers: as strace.
bool show_time(const Walk& walk, const Piece& piece, const Kind&) {
  if (!show_structure(walk, piece, kDuration)) return false;
  if (walk.c.constants() == ConstantStyle::raw) return true;
  const auto seconds = piece.object<std::int64_t>();
  const auto nanoseconds = piece.from(8).object<std::uint32_t>();
  if (seconds && nanoseconds && *nanoseconds < 1'000'000'000) print_date_comment(walk.c, *seconds, *nanoseconds, 9);
  return true;
}
constexpr Kind kTime{show_time, 16};

// Requests.

constexpr Field kCapabilityFields[] = {
    {"max_adj", 0, kSigned}, {"n_alarm", 4, kSigned}, {"n_ext_ts", 8, kSigned}, {"n_per_out", 12, kSigned},
    {"pps", 16, kSigned}, {"n_pins", 20, kSigned}, {"cross_timestamping", 24, kSigned}, {"adjust_phase", 28, kSigned},
    {"rsv", 32, reserved_words(12)}};
constexpr Structure kCapabilities{80, 80, kCapabilityFields};

constexpr Field kStampFields[] = {{"index", 0, kWord}, {"flags", 4, flags(4, kEdges)}, {"rsv", 8, reserved_words(2)}};
constexpr Structure kStamp2{16, 16, kStampFields};
constexpr Structure kStamp{16, 16, std::span(kStampFields).first(2)};

std::uint32_t output_flags(const Walk& walk) { return walk.within->from(36).object<std::uint32_t>().value_or(0); }

bool show_output_start(const Walk& walk, const Piece& piece, const Kind&) {
  const bool phase = (output_flags(walk) & kPhase) != 0;
  walk.c.put(phase ? "phase=" : "start=");
  return phase ? show_structure(walk, piece, kDuration) : show_time(walk, piece, kTime);
}
bool show_duty(const Walk& walk, const Piece& piece, const Kind&) {
  if ((output_flags(walk) & kDutyCycle) == 0) return false;
  walk.c.put("on=");
  return show_structure(walk, piece, kDuration);
}
bool show_output_reserved(const Walk& walk, const Piece& piece, const Kind&) {
  const std::size_t before = walk.c.out().size();
  if ((output_flags(walk) & kDutyCycle) != 0) return false;
  walk.c.put("rsv=");
  if (show_array_unless_zero(walk, piece, reserved_words(4))) return true;
  walk.c.out().resize(before);
  return false;
}
constexpr Field kOutputFields[] = {
    {"", 0, {show_output_start}}, {"period", 16, kDuration}, {"index", 32, kWord}, {"flags", 36, flags(4, kOutputFlags)},
    {"", 40, {show_duty}}, {"", 40, {show_output_reserved}}};
constexpr Structure kOutput2{56, 56, kOutputFields};
constexpr Structure kOutput{56, 56, std::span(kOutputFields).first(5)};

constexpr Field kPinIndex{"index", 64, kWord};
constexpr Field kPinReserved{"rsv", 76, reserved_words(5)};
constexpr Field kPinFunction{"func", 68, choice(4, kPinFunctions)};
constexpr Field kPinChannel{"chan", 72, kWord};
constexpr Field kPinAskedFields[] = {kPinIndex, kPinReserved};
constexpr Structure kPinAsked2{96, 96, kPinAskedFields};
constexpr Structure kPinAsked{96, 96, std::span(kPinAskedFields).first(1)};
constexpr Field kPinFoundFields[] = {{"name", 0, name(64)}, kPinFunction, kPinChannel};
constexpr Structure kPinFound{96, 96, kPinFoundFields};
constexpr Field kPinSetFields[] = {kPinIndex, kPinFunction, kPinChannel, kPinReserved};
constexpr Structure kPinSet2{96, 96, kPinSetFields};
constexpr Structure kPinSet{96, 96, std::span(kPinSetFields).first(3)};

constexpr Field kPreciseFields[] = {
    {"device", 0, kTime}, {"sys_realtime", 16, kTime}, {"sys_monoraw", 32, kDuration}, {"rsv", 48, reserved_words(4)}};
constexpr Structure kPrecise{64, 64, kPreciseFields};

// Samples: times of the system and of the device in turn, or three for each.

constexpr std::uint16_t kMostSamples = 25;
constexpr Kind kTriple = array(kTime, 3);

std::uint16_t samples(const Walk& walk) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(walk.within->object<std::uint32_t>().value_or(0), kMostSamples));
}
bool show_samples(const Walk& walk, const Piece& piece, const Kind&) {
  return show_array(walk, piece, array(kTime, static_cast<std::uint16_t>(2 * samples(walk) + 1)));
}
bool show_triples(const Walk& walk, const Piece& piece, const Kind&) {
  if (samples(walk) != 0) return show_array(walk, piece, array(kTriple, samples(walk)));
  walk.c.put("[]");
  return true;
}

constexpr Field kSampleFields[] = {{"n_samples", 0, kWord}, {"rsv", 4, reserved_words(3)}};
constexpr Structure kSamples{832, 832, kSampleFields};
constexpr Field kSampleFilled[] = {{"ts", 16, {show_samples}}};
constexpr Structure kSamplesAnswer{832, 832, kSampleFilled};
constexpr Structure kExtended{1216, 1216, kSampleFields};
constexpr Field kExtendedFilled[] = {{"ts", 16, {show_triples}}};
constexpr Structure kExtendedAnswer{1216, 1216, kExtendedFilled};

static_assert(sizeof(ptp_sys_offset) == 832 && sizeof(ptp_sys_offset_extended) == 1216 && sizeof(ptp_pin_desc) == 96);

/// The number of a request with that 2, which headers before Linux 5.4 lack.
constexpr std::uint32_t second(std::uint32_t request) { return request + 9; }

constexpr IoctlShape kPrecisionClockShapes[] = {
    {PTP_CLOCK_GETCAPS, Way::out, structure(kCapabilities)},
    {second(PTP_CLOCK_GETCAPS), Way::out, structure(kCapabilities)},
    {PTP_EXTTS_REQUEST, Way::in, structure(kStamp)},
    {second(PTP_EXTTS_REQUEST), Way::in, structure(kStamp2)},
    {PTP_PEROUT_REQUEST, Way::in, structure(kOutput)},
    {second(PTP_PEROUT_REQUEST), Way::in, structure(kOutput2)},
    {PTP_SYS_OFFSET, Way::in_out, structure(kSamples), &kSamplesAnswer},
    {second(PTP_SYS_OFFSET), Way::in_out, structure(kSamples), &kSamplesAnswer},
    {PTP_PIN_GETFUNC, Way::in_out, structure(kPinAsked), &kPinFound},
    {second(PTP_PIN_GETFUNC), Way::in_out, structure(kPinAsked2), &kPinFound},
    {PTP_PIN_SETFUNC, Way::in, structure(kPinSet)},
    {second(PTP_PIN_SETFUNC), Way::in, structure(kPinSet2)},
    {PTP_SYS_OFFSET_PRECISE, Way::out, structure(kPrecise)},
    {second(PTP_SYS_OFFSET_PRECISE), Way::out, structure(kPrecise)},
    {PTP_SYS_OFFSET_EXTENDED, Way::in_out, structure(kExtended), &kExtendedAnswer},
    {second(PTP_SYS_OFFSET_EXTENDED), Way::in_out, structure(kExtended), &kExtendedAnswer},
};

}  // namespace

std::span<const IoctlShape> precision_clock_shapes() { return kPrecisionClockShapes; }

}  // namespace vdsotrace::ioctl
