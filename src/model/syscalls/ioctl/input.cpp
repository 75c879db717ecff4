// What ioctl requests of input devices (evdev) take and fill. Many of them have the size of the buffer in their number,
// or the type of an event.
#include <algorithm>
#include <array>
#include <optional>

#include <linux/input.h>
#include <sys/ioctl.h>

#include "model/syscalls/ioctl/generated_value_names.hpp"
#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

// Requests of one size.

constexpr Field kDeviceFields[] = {{"bustype", 0, kShort}, {"vendor", 2, kShort}, {"product", 4, kShort}, {"version", 6, kShort}};
constexpr Structure kDevice{8, 8, kDeviceFields};

constexpr Field kKeymapFields[] = {
    {"flags", 0, kByte}, {"len", 1, kByte}, {"index", 2, kShort, Shown::in_full},
    {"keycode", 4, choice(4, kKeys), Shown::in_full}, {"scancode", 8, array(kHexByte, 32), Shown::in_full}};
constexpr Structure kKeymap{40, 40, kKeymapFields};

/// A number and the code of a key.
bool show_key_code(const Walk& walk, const Piece& piece, const Kind&) {
  walk.c.put("[");
  show_unsigned(walk, piece, kWord);
  walk.c.put(", ");
  show_choice(walk, piece.from(4), choice(4, kKeys));
  walk.c.put("]");
  return true;
}

constexpr Field kEnvelopeFields[] = {
    {"attack_length", 0, kShort}, {"attack_level", 2, kShort}, {"fade_length", 4, kShort}, {"fade_level", 6, kHexShort}};
constexpr Structure kEnvelope{8, 8, kEnvelopeFields};
constexpr Kind kSignedShort{show_signed, 2};

constexpr Field kConstantFields[] = {{"level", 0, kSignedShort}, {"envelope", 2, structure(kEnvelope)}};
constexpr Structure kConstantForce{10, 10, kConstantFields};
constexpr Field kRampFields[] = {{"start_level", 0, kSignedShort}, {"end_level", 2, kSignedShort}, {"envelope", 4, structure(kEnvelope)}};
constexpr Structure kRampForce{12, 12, kRampFields};
constexpr Field kPeriodicFields[] = {
    {"waveform", 0, kShort}, {"period", 2, kShort}, {"magnitude", 4, kSignedShort}, {"offset", 6, kSignedShort},
    {"phase", 8, kShort}, {"envelope", 10, structure(kEnvelope)}, {"custom_len", 20, kWord}, {"custom_data", 24, kPointerTo}};
constexpr Structure kPeriodicForce{32, 32, kPeriodicFields};
constexpr Field kRumbleFields[] = {{"strong_magnitude", 0, kShort}, {"weak_magnitude", 2, kShort}};
constexpr Structure kRumbleForce{4, 4, kRumbleFields};

/// What an effect consists of depends on its type, with which the structure begins.
bool show_force(const Walk& walk, const Piece& piece, const Kind&) {
  const auto named = [&](std::string_view name, const Structure& force) {
    walk.c.put(name);
    return show_structure(walk, piece, structure(force));
  };
  switch (walk.within->object<std::uint16_t>().value_or(0)) {
    case FF_CONSTANT: return named("constant=", kConstantForce);
    case FF_RAMP: return named("ramp=", kRampForce);
    case FF_PERIODIC: return named("periodic=", kPeriodicForce);
    case FF_RUMBLE: return named("rumble=", kRumbleForce);
    default: return false;
  }
}

constexpr Field kTriggerFields[] = {{"button", 0, kShort}, {"interval", 2, kShort}};
constexpr Structure kTrigger{4, 4, kTriggerFields};
constexpr Field kReplayFields[] = {{"length", 0, kShort}, {"delay", 2, kShort}};
constexpr Structure kReplay{4, 4, kReplayFields};
constexpr Field kEffectFields[] = {
    {"type", 0, choice(2, kForces)}, {"id", 2, kSignedShort}, {"direction", 4, kShort},
    {"trigger", 6, structure(kTrigger), Shown::in_full}, {"replay", 10, structure(kReplay), Shown::in_full},
    {"", 16, {show_force}, Shown::in_full}};
constexpr Structure kEffect{48, 48, kEffectFields};

constexpr IoctlShape kInputShapes[] = {
    {EVIOCGVERSION, Way::out, boxed(kHexWord)},
    {EVIOCGEFFECTS, Way::out, boxed(kWord)},
    {EVIOCGID, Way::out, structure(kDevice)},
    {EVIOCGREP, Way::out, array(kWord, 2)},
    {EVIOCSREP, Way::in, array(kWord, 2)},
    {EVIOCGKEYCODE, Way::out, {show_key_code, 8}},
    {EVIOCSKEYCODE, Way::in, {show_key_code, 8}},
    {EVIOCGKEYCODE_V2, Way::out, structure(kKeymap)},
    {EVIOCSKEYCODE_V2, Way::in, structure(kKeymap)},
    {EVIOCSFF, Way::in, structure(kEffect)},
    {EVIOCSCLOCKID, Way::in, boxed(kWord)},
};

constexpr IoctlPrinter kInputPrinters[] = {
    {EVIOCRMFF, print_int_arg}, {EVIOCGRAB, print_ulong_arg}, {EVIOCREVOKE, print_ulong_arg}};

// Requests whose number has a size or a type in it.

using Words = std::array<std::uint64_t, KEY_MAX / 64 + 1>;

/// The names of the bits that are set; the first few of them, if that is enough.
void print_bit_names(ArgContext& c, const Words& words, std::uint64_t count, const NameTable& names) {
  constexpr unsigned kBriefly = 4;
  unsigned shown = 0;
  c.put("[");
  for (std::uint64_t bit = 0; bit < count; ++bit) {
    if ((words[bit / 64] >> bit % 64 & 1) == 0) continue;
    if (shown != 0) c.put(" ");
    if (shown++ == kBriefly && c.abbreviated()) {
      c.put("...");
      break;
    }
    print_choice(c, bit, names.values, names.unknown);
  }
  c.put("]");
}

void print_words(ArgContext& c, std::span<const std::uint64_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    c.put(i == 0 ? "[" : ", ");
    print_hex(c, words[i]);
  }
  c.put("]");
}

/// As many bits as the call has returned bytes for, of those that have a meaning. The kernel writes words of them.
void print_set_bits(ArgContext& c, const NameTable& names, std::uint64_t most) {
  if (c.wait_for_exit()) return;
  Words words{};
  const std::uint64_t count = std::min(most, c.filled(sizeof words) * 8);
  const auto wanted = std::span(words).first((count + 63) / 64);
  const auto bytes = std::as_writable_bytes(wanted);
  if (count == 0 || c.value() == 0 || c.memory().read(c.value(), bytes) != bytes.size()) {
    print_address(c, c.value());
    return;
  }
  if (c.constants() != ConstantStyle::raw) print_bit_names(c, words, count, names);
  if (c.constants() == ConstantStyle::abbrev) return;
  if (c.constants() == ConstantStyle::verbose) c.put(" /* ");
  print_words(c, wanted);
  if (c.constants() == ConstantStyle::verbose) c.put(" */");
}

template <const NameTable& kNames, std::uint64_t kMost>
void print_bits_of(ArgContext& c, std::uint32_t) {
  print_set_bits(c, kNames, kMost);
}

/// The bits of an event's type.
struct EventBits {
  std::uint32_t type;
  const NameTable& names;
  std::uint64_t most;
};
const EventBits kEventBits[] = {
    {EV_SYN, kEventTypes, EV_MAX}, {EV_KEY, kKeys, KEY_MAX}, {EV_REL, kRelativeAxes, REL_MAX},
    {EV_ABS, kAbsoluteAxes, ABS_MAX}, {EV_MSC, kMiscEvents, MSC_MAX}, {EV_SW, kSwitches, SW_MAX},
    {EV_LED, kLeds, LED_MAX}, {EV_SND, kSounds, SND_MAX}, {EV_REP, kRepeats, REP_MAX}, {EV_FF, kForces, FF_MAX},
    {EV_FF_STATUS, kForceStates, FF_STATUS_MAX}};

constexpr std::uint32_t kFirstBits = 0x20;

void print_event_bits(ArgContext& c, std::uint32_t request) {
  const auto known = std::ranges::find(kEventBits, _IOC_NR(request) - kFirstBits, &EventBits::type);
  if (known != std::end(kEventBits)) {
    print_set_bits(c, known->names, known->most);
  } else if (_IOC_NR(request) == kFirstBits + EV_PWR) {
    print_ioctl_int_out(c);  // no bits are defined
  } else if (!c.wait_for_exit()) {
    print_address(c, c.value());
  }
}

/// A part of a request's name. What has no name is remarked upon, unless that would be a comment within one.
void print_part(ArgContext& c, std::uint32_t part, const NameTable& names, bool commented) {
  if (commented && std::ranges::find(names.values, part, &NamedValue::value) == names.values.end()) {
    print_hex(c, part);
  } else {
    print_choice(c, part, names.values, names.unknown);
  }
}

void print_event_type(ArgContext& c, std::uint32_t request, bool commented) {
  const std::uint32_t type = _IOC_NR(request) - kFirstBits;
  if (type == 0) {
    c.put("0");
  } else {
    print_part(c, type, kEventTypes, commented);
  }
  c.print(", {}", _IOC_SIZE(request));
}

void print_size(ArgContext& c, std::uint32_t request, bool) { c.print("{}", _IOC_SIZE(request)); }

void print_device_text(ArgContext& c, std::uint32_t request) {
  if (c.wait_for_exit()) return;
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_buffer_at(c, c.value(), c.filled(_IOC_SIZE(request)));
  }
}

/// struct input_mt_request_layout: an axis, and its value for each slot.
void print_slots(ArgContext& c, std::uint32_t request) {
  if (c.wait_for_exit()) return;
  constexpr std::uint64_t kWordSize = sizeof(std::uint32_t);
  const bool any = _IOC_SIZE(request) >= kWordSize && c.value() != 0 && !c.failed();
  const auto axis = any ? c.memory().object<std::uint32_t>(c.value()) : std::nullopt;
  if (!axis) {
    print_address(c, c.value());
    return;
  }
  c.put("{code=");
  print_choice(c, *axis, kSlotAxes.values, kSlotAxes.unknown);
  c.put(", values=");
  print_plain_array_at<std::int32_t>(c, c.value() + kWordSize, _IOC_SIZE(request) / kWordSize - 1,
                                     [&](std::int32_t value) { c.put_number(value); });
  c.put("}");
}

constexpr Field kAxisFields[] = {
    {"value", 0, kWord}, {"minimum", 4, kWord}, {"maximum", 8, kWord, Shown::in_full}, {"fuzz", 12, kWord, Shown::in_full},
    {"flat", 16, kWord, Shown::in_full}, {"resolution", 20, kWord, Shown::in_full}};

/// struct input_absinfo, with a last member since Linux 2.6.33. What lies behind it is not known.
void print_axis(ArgContext& c, std::uint32_t request) {
  constexpr std::uint32_t kOldSize = 20;
  const std::uint32_t size = _IOC_SIZE(request);
  const bool has_resolution = size >= sizeof(input_absinfo);
  std::array<std::byte, sizeof(input_absinfo)> bytes{};
  const auto wanted = std::span(bytes).first(has_resolution ? bytes.size() : kOldSize);
  if (size < kOldSize || c.value() == 0 || c.memory().read(c.value(), wanted) != wanted.size()) {
    print_address(c, c.value());
    return;
  }
  c.put("{");
  print_fields(Walk{c}, {c.value(), wanted.size(), wanted}, std::span(kAxisFields).first(has_resolution ? 6 : 5));
  if (!c.abbreviated() && size != wanted.size()) c.put(", ...");
  c.put("}");
}

void print_axis_out(ArgContext& c, std::uint32_t request) {
  if (c.wait_for_exit()) return;
  if (c.failed()) {
    print_address(c, c.value());
  } else {
    print_axis(c, request);
  }
}

template <std::uint32_t kFirst>
void print_axis_name(ArgContext& c, std::uint32_t request, bool commented) {
  print_part(c, _IOC_NR(request) - kFirst, kAbsoluteAxes, commented);
}

/// Requests of one name and several numbers.
struct SizedRequest {
  std::uint32_t direction, type, first, last;
  std::string_view name;
  /// What stands in parentheses.
  void (*print_name)(ArgContext&, std::uint32_t request, bool commented);
  void (*print_value)(ArgContext&, std::uint32_t request);  ///< null: an address
};

constexpr SizedRequest kSizedRequests[] = {
    {_IOC_READ, 'E', 0x06, 0x06, "EVIOCGNAME", print_size, print_device_text},
    {_IOC_READ, 'E', 0x07, 0x07, "EVIOCGPHYS", print_size, print_device_text},
    {_IOC_READ, 'E', 0x08, 0x08, "EVIOCGUNIQ", print_size, print_device_text},
    {_IOC_READ, 'E', 0x09, 0x09, "EVIOCGPROP", print_size, print_bits_of<kInputProperties, INPUT_PROP_MAX>},
    {_IOC_READ, 'E', 0x0a, 0x0a, "EVIOCGMTSLOTS", print_size, print_slots},
    {_IOC_READ, 'E', 0x18, 0x18, "EVIOCGKEY", print_size, print_bits_of<kKeys, KEY_MAX>},
    {_IOC_READ, 'E', 0x19, 0x19, "EVIOCGLED", print_size, print_bits_of<kLeds, LED_MAX>},
    {_IOC_READ, 'E', 0x1a, 0x1a, "EVIOCGSND", print_size, print_bits_of<kSounds, SND_MAX>},
    {_IOC_READ, 'E', 0x1b, 0x1b, "EVIOCGSW", print_size, print_bits_of<kSwitches, SW_MAX>},
    {_IOC_READ, 'E', kFirstBits, 0x3f, "EVIOCGBIT", print_event_type, print_event_bits},
    {_IOC_READ, 'E', 0x40, 0x7f, "EVIOCGABS", print_axis_name<0x40>, print_axis_out},
    {_IOC_WRITE, 'E', 0xc0, 0xff, "EVIOCSABS", print_axis_name<0xc0>, print_axis},
    {_IOC_READ, 'H', 0x04, 0x04, "HIDIOCGRAWNAME", print_size, nullptr},
    {_IOC_READ, 'H', 0x05, 0x05, "HIDIOCGRAWPHYS", print_size, nullptr},
    {_IOC_READ, 'H', 0x06, 0x06, "HIDIOCGNAME", print_size, nullptr},
    {_IOC_READ | _IOC_WRITE, 'H', 0x06, 0x06, "HIDIOCSFEATURE", print_size, nullptr},
    {_IOC_READ | _IOC_WRITE, 'H', 0x07, 0x07, "HIDIOCGFEATURE", print_size, nullptr},
    {_IOC_READ, 'H', 0x12, 0x12, "HIDIOCGPHYS", print_size, nullptr},
    {_IOC_READ, 'j', 0x13, 0x13, "JSIOCGNAME", print_size, nullptr},
    {_IOC_READ, 'U', 44, 44, "UI_GET_SYSNAME", print_size, nullptr},
};

const SizedRequest* sized_request(std::uint32_t request) {
  const auto found = std::ranges::find_if(kSizedRequests, [&](const SizedRequest& one) {
    return one.direction == _IOC_DIR(request) && one.type == _IOC_TYPE(request) && one.first <= _IOC_NR(request) &&
           _IOC_NR(request) <= one.last;
  });
  return found != std::end(kSizedRequests) ? &*found : nullptr;
}

}  // namespace

bool print_sized_request(ArgContext& c, std::uint32_t request) {
  const SizedRequest* known = sized_request(request);
  if (known == nullptr) return false;
  const bool commented = c.constants() == ConstantStyle::verbose;
  print_meaning_of(c, request, [&] {
    c.print("{}(", known->name);
    known->print_name(c, request, commented);
    c.put(")");
  });
  return true;
}

bool print_sized_value(ArgContext& c, std::uint32_t request) {
  const SizedRequest* known = sized_request(request);
  if (known == nullptr) return false;
  if (known->print_value != nullptr) {
    known->print_value(c, request);
  } else {
    print_address(c, c.value());
  }
  return true;
}

std::span<const IoctlShape> input_shapes() { return kInputShapes; }
std::span<const IoctlPrinter> input_ioctls() { return kInputPrinters; }

}  // namespace vdsotrace::ioctl
