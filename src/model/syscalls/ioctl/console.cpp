// What ioctl requests of the console take and fill: sound, lamps, modes, the keyboard (ioctl_console(2)).
#include <algorithm>
#include <array>
#include <climits>

#include <linux/kd.h>
#include <linux/keyboard.h>

#include "model/syscalls/ioctl/generated_value_names.hpp"
#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr NamedValue kLampNames[] = {NAMED(LED_SCR), NAMED(LED_NUM), NAMED(LED_CAP)};
constexpr NameTable kLamps{kLampNames, "LED_???"};
constexpr NamedValue kLockNames[] = {
    NAMED(LED_SCR), NAMED(LED_NUM), NAMED(LED_CAP), NAMED(LED_SCR<<4), NAMED(LED_NUM<<4), NAMED(LED_CAP<<4)};
constexpr NameTable kLocks{kLockNames, "LED_???"};
constexpr NamedValue kKeyboardNames[] = {NAMED(KB_84), NAMED(KB_101), NAMED(KB_OTHER)};
constexpr NameTable kKeyboards{kKeyboardNames, "KB_???"};
constexpr NamedValue kConsoleModeNames[] = {NAMED(KD_TEXT), NAMED(KD_GRAPHICS), NAMED(KD_TEXT0), NAMED(KD_TEXT1)};
constexpr NameTable kModes{kConsoleModeNames, "KD_???"};
constexpr NamedValue kKeyModeNames[] = {
    NAMED(K_RAW), NAMED(K_XLATE), NAMED(K_MEDIUMRAW), NAMED(K_UNICODE), NAMED(K_OFF)};
constexpr NameTable kKeyModes{kKeyModeNames, "K_???"};
constexpr NamedValue kMetaNames[] = {NAMED(K_METABIT), NAMED(K_ESCPREFIX)};
constexpr NameTable kMetaModes{kMetaNames, "K_???"};
constexpr NamedValue kTables[] = {NAMED(K_NORMTAB), NAMED(K_SHIFTTAB), NAMED(K_ALTTAB), NAMED(K_ALTSHIFTTAB)};
constexpr NamedValue kTableBits[] = {
    NAMED(1<<KG_SHIFT), NAMED(1<<KG_ALTGR), NAMED(1<<KG_CTRL), NAMED(1<<KG_ALT),
    NAMED(1<<KG_SHIFTL), NAMED(1<<KG_SHIFTR), NAMED(1<<KG_CTRLL), NAMED(1<<KG_CTRLR)};

/// A remark on a number, which `-X raw` does without.
template <class Remark>
void print_remark(ArgContext& c, Remark&& remark) {
  if (c.constants() == ConstantStyle::raw) return;
  c.put(" /* ");
  print_names_only(c, remark);
  c.put(" */");
}

// Sound: what the timer's frequency is divided by.

constexpr std::uint64_t kTimerFrequency = 1193182;

void print_sound(ArgContext& c) {
  const std::uint64_t frequency = c.value() != 0 ? kTimerFrequency / c.value() : 0;
  c.put_number(c.value());
  print_remark(c, [&] { frequency != 0 ? c.print("{} Hz", frequency) : c.put("off"); });
}

void print_tone(ArgContext& c) {
  const std::uint32_t duration = c.as_uint() >> 16;
  const std::uint32_t divisor = c.as_uint() & 0xffff;
  if (duration != 0) c.print("{}<<16|", duration);
  c.put_number(divisor);
  const bool is_off = duration == 0 || divisor == 0;
  print_remark(c, [&] { is_off ? c.put("off") : c.print("{} Hz, {} ms", kTimerFrequency / divisor, duration); });
}

void print_port(ArgContext& c) {
  constexpr std::uint64_t kFirst = 0x3b4, kLast = 0x3df;
  print_hex(c, c.value());
  if (c.value() < kFirst || c.value() > kLast) return;
  print_remark(c, [&] { c.print("GPFIRST + {}", c.value() - kFirst); });
}

template <const NameTable& kTable>
void print_lamps(ArgContext& c) {
  print_flags(c, c.value() & 0xff, kTable.values, kTable.unknown);
}

void print_key_mode(ArgContext& c) {
  print_choice(c, c.as_uint(), kKeyModes.values, kKeyModes.unknown, Digits::decimal);
}

bool show_key_mode(const Walk& walk, const Piece& piece, const Kind&) {
  const auto mode = piece.object<std::uint32_t>();
  if (mode) print_choice(walk.c, *mode, kKeyModes.values, kKeyModes.unknown, Digits::decimal);
  return mode.has_value();
}

void print_accepted_signal(ArgContext& c) {
  if (c.value() < INT_MAX) {
    print_signal(c, c.as_int());
  } else {
    c.put_number(c.value());
  }
}

// The keyboard's tables.

void print_character(ArgContext& c, unsigned char character) {
  constexpr std::string_view kSpaces = "tnvfr";
  const bool is_printable = character >= ' ' && character < 0x7f;
  if (is_printable) {
    c.print("'{}{:c}'", character == '\'' || character == '\\' ? "\\" : "", character);
  } else if (character >= '\t' && character <= '\r') {
    c.print("'\\{:c}'", kSpaces[character - '\t']);
  } else {
    c.print("'\\x{:02x}'", character);
  }
}

bool show_character(const Walk& walk, const Piece& piece, const Kind&) {
  const auto character = piece.object<unsigned char>();
  if (character) print_character(walk.c, *character);
  return character.has_value();
}

/// Of these types of keys the value is a character.
bool is_character(std::uint32_t type) {
  return type == KT_LATIN || type == KT_META || type == KT_LETTER || type == KT_DEAD2;
}

void print_key_meaning(ArgContext& c, std::uint16_t key) {
  const auto known = std::ranges::find(kConsoleKeys.values, key, &NamedValue::value);
  if (known != kConsoleKeys.values.end()) {
    c.put(known->name);
    return;
  }
  c.put("K(");
  print_choice(c, KTYP(key), kConsoleKeyTypes.values, "");
  c.put(", ");
  if (is_character(KTYP(key))) {
    print_character(c, static_cast<unsigned char>(key));
  } else {
    print_hex(c, KVAL(key));
  }
  c.put(")");
}

void print_key_table(ArgContext& c, std::uint8_t table) {
  if (table <= K_ALTSHIFTTAB) {
    print_choice(c, table, kTables, "");
  } else {
    print_flags(c, table, kTableBits, "K_???");
  }
}

struct KeyPlace {
  std::uint8_t table;
  std::uint8_t index;
};

/// struct kbentry: a place in a table, and the key there. `is_set`: the program says which.
template <bool is_set>
void print_key_entry(ArgContext& c) {
  const auto place = c.value() != 0 ? c.entry_memory().object<KeyPlace>(c.value()) : std::nullopt;
  if (!place) {
    print_address(c, c.value());
    return;
  }
  if (!is_set && c.wait_for_exit()) return;
  c.put("{kb_table=");
  print_key_table(c, place->table);
  c.print(", kb_index={}", place->index);
  if (is_set || !c.failed()) {
    c.put(", kb_value=");
    if (const auto key = c.memory().object<std::uint16_t>(c.value() + sizeof *place)) {
      print_hex(c, *key);
      print_remark(c, [&] { print_key_meaning(c, *key); });
    } else {
      c.put("???");
    }
  }
  c.put("}");
}

void print_function_key(ArgContext& c, std::uint8_t function) {
  const auto known = std::ranges::find(kConsoleKeys.values, K(KT_FN, std::uint64_t{function}), &NamedValue::value);
  print_meaning_of(c, function, [&] { c.print("KVAL({})", known->name); });
}

/// Without a look at what follows: a text as long as `-s` allows is marked as one that may be longer.
void print_typed_text(ArgContext& c, std::uint64_t address) {
  std::array<std::byte, sizeof(kbsentry::kb_string)> bytes;
  const auto readable = std::span(bytes).first(c.text_memory().read(address, bytes));
  const auto end = std::ranges::find(readable, std::byte{0});
  const auto length = static_cast<std::size_t>(end - readable.begin());
  if (end == readable.end() && length < bytes.size()) {
    c.put("???");
  } else {
    const std::size_t limit = std::min(c.limits().string, bytes.size());
    print_quoted(c, readable.first(length), limit, length >= limit);
  }
}

/// struct kbsentry: a function key, and what it types.
template <bool is_set>
void print_key_text(ArgContext& c) {
  const auto function = c.value() != 0 ? c.entry_memory().object<std::uint8_t>(c.value()) : std::nullopt;
  if (!function) {
    print_address(c, c.value());
    return;
  }
  if (!is_set && c.wait_for_exit()) return;
  c.put("{kb_func=");
  print_function_key(c, *function);
  if (is_set || !c.failed()) {
    c.put(", kb_string=");
    print_typed_text(c, c.value() + sizeof *function);
  }
  c.put("}");
}

// Accents: a number and so many triples.

constexpr Kind kCharacter{show_character, 1};
constexpr Field kAccentFields[] = {{"diacr", 0, kCharacter}, {"base", 1, kCharacter}, {"result", 2, kCharacter}};
constexpr Structure kAccent{3, 3, kAccentFields};
constexpr Field kWideAccentFields[] = {{"diacr", 0, kHexWord}, {"base", 4, kHexWord}, {"result", 8, kHexWord}};
constexpr Structure kWideAccent{12, 12, kWideAccentFields};

void print_accents(ArgContext& c, std::string_view name, const Structure& accent) {
  constexpr std::uint64_t kMostAccents = 256;
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t count) {
    c.print("{{kb_cnt={}, {}=", count, name);
    print_structures_at(c, c.value() + sizeof count, count, kMostAccents, accent);
    c.put("}");
  });
}

template <bool is_set>
void print_narrow_accents(ArgContext& c) {
  if (is_set || !c.wait_for_exit()) print_accents(c, "kbdiacr", kAccent);
}

template <bool is_set>
void print_wide_accents(ArgContext& c) {
  if (is_set || !c.wait_for_exit()) print_accents(c, "kbdiacruc", kWideAccent);
}

constexpr Field kKeyCodeFields[] = {{"scancode", 0, kHexWord}, {"keycode", 4, kHexWord}};
constexpr Structure kKeyCode{8, 8, kKeyCodeFields};
constexpr Field kKeyCodeFilled[] = {{"", 4, kHexWord}};
constexpr Structure kKeyCodeAnswer{8, 8, kKeyCodeFilled};
constexpr Field kRepetitionFields[] = {{"delay", 0, kSigned}, {"period", 4, kSigned}};
constexpr Structure kRepetition{8, 8, kRepetitionFields};

constexpr Kind kLampBits = flags(1, kLamps);
constexpr Kind kLockBits = flags(1, kLocks);
constexpr Kind kKeyboard = choice(1, kKeyboards);
constexpr Kind kConsoleMode = choice(4, kModes);
constexpr Kind kKeyMode{show_key_mode, 4};
constexpr Kind kMetaMode = choice(4, kMetaModes);

constexpr IoctlShape kConsoleShapes[] = {
    {KDGETLED, Way::out, boxed(kLampBits)},
    {KDGKBLED, Way::out, boxed(kLockBits)},
    {KDGKBTYPE, Way::out, boxed(kKeyboard)},
    {KDGETMODE, Way::out, boxed(kConsoleMode)},
    {KDGKBMODE, Way::out, boxed(kKeyMode)},
    {KDGKBMETA, Way::out, boxed(kMetaMode)},
    {KDGETKEYCODE, Way::in_out, structure(kKeyCode), &kKeyCodeAnswer, " => "},
    {KDSETKEYCODE, Way::in, structure(kKeyCode)},
    {KDKBDREP, Way::changed, structure(kRepetition), &kRepetition},
};

constexpr IoctlPrinter kConsolePrinters[] = {
    {KIOCSOUND, print_sound},
    {KDMKTONE, print_tone},
    {KDADDIO, print_port},
    {KDDELIO, print_port},
    {KDSETLED, print_lamps<kLamps>},
    {KDSKBLED, print_lamps<kLocks>},
    {KDSETMODE, print_choice_arg<kModes>},
    {KDSKBMODE, print_key_mode},
    {KDSKBMETA, print_choice_arg<kMetaModes>},
    {KDSIGACCEPT, print_accepted_signal},
    {KDGKBENT, print_key_entry<false>},
    {KDSKBENT, print_key_entry<true>},
    {KDGKBSENT, print_key_text<false>},
    {KDSKBSENT, print_key_text<true>},
    {KDGKBDIACR, print_narrow_accents<false>},
    {KDSKBDIACR, print_narrow_accents<true>},
    {KDGKBDIACRUC, print_wide_accents<false>},
    {KDSKBDIACRUC, print_wide_accents<true>},
};

}  // namespace

std::span<const IoctlShape> console_shapes() { return kConsoleShapes; }
std::span<const IoctlPrinter> console_ioctls() { return kConsolePrinters; }

}  // namespace vdsotrace::ioctl
