// What ioctl requests of the console take and fill: fonts, which character has which place in them, colours
// (ioctl_console(2)).
#include <algorithm>
#include <cerrno>

#include <linux/kd.h>

#include "model/syscalls/ioctl/shapes.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr std::uint64_t kMostCharacters = 512;
constexpr std::uint64_t kRows = 32;  // of a character, each of as many bytes as it is wide

/// Bytes that are never text. `is_set`: of the program.
template <std::uint64_t size, bool is_set>
void print_fixed_bytes(ArgContext& c) {
  if (!is_set && c.wait_for_exit()) return;
  if (c.exiting() && c.failed()) {
    print_address(c, c.value());
  } else {
    print_hex_buffer_at(c, c.value(), size);
  }
}

constexpr std::uint64_t kMapSize = E_TABSZ;
constexpr std::uint64_t kFontSize = kRows * E_TABSZ;
constexpr std::uint64_t kPaletteSize = 3 * 16;

/// For each character of the old map a Unicode character, or a place in the font.
template <bool is_set>
void print_wide_map(ArgContext& c) {
  if (!is_set && c.wait_for_exit()) return;
  if (c.exiting() && c.failed()) {
    print_address(c, c.value());
    return;
  }
  print_plain_array_at<std::uint16_t>(c, c.value(), kMapSize, [&](std::uint16_t character) {
    if ((character & ~UNI_DIRECT_MASK) != UNI_DIRECT_BASE) {
      print_hex(c, character);
      return;
    }
    print_meaning_of(c, character, [&] {
      c.put("UNI_DIRECT_BASE+");
      print_hex(c, character & UNI_DIRECT_MASK);
    });
  });
}

constexpr Field kPairFields[] = {{"unicode", 0, kHexShort}, {"fontpos", 2, kHexShort}};
constexpr Structure kPair{4, 4, kPairFields};

void print_pairs(ArgContext& c, const unimapdesc& map, std::uint16_t count) {
  const auto entries = reinterpret_cast<std::uint64_t>(map.entries);
  c.put(", entries=");
  print_structures_at(c, entries, count, kAnyCount, kPair);
}

void print_pairs_in(ArgContext& c) {
  print_object_at<unimapdesc>(c, c.value(), [&](const unimapdesc& map) {
    c.print("{{entry_ct={}", map.entry_ct);
    print_pairs(c, map, map.entry_ct);
    c.put("}");
  });
}

/// The kernel says how many there are also where there is too little room for them (ENOMEM).
void print_pairs_out(ArgContext& c) {
  const auto room = c.native_layout() ? c.entry_memory().object<unimapdesc>(c.value()) : std::nullopt;
  if (!room) {
    print_address(c, c.value());
    return;
  }
  if (c.wait_for_exit()) return;
  c.print("{{entry_ct={}", room->entry_ct);
  if (const auto map = c.memory().object<unimapdesc>(c.value())) {
    c.print(" => {}", map->entry_ct);
    if (c.failed() && c.call().error != ENOMEM) {
      c.put(", entries=");
      print_address(c, reinterpret_cast<std::uint64_t>(map->entries));
    } else {
      print_pairs(c, *map, room->entry_ct);
    }
  }
  c.put("}");
}

constexpr Field kHashFields[] = {
    {"advised_hashsize", 0, kShort}, {"advised_hashstep", 2, kShort}, {"advised_hashlevel", 4, kShort}};
constexpr Structure kHash{6, 6, kHashFields};

// struct consolefontdesc.

bool show_characters(const Walk& walk, const Piece& piece, const Kind&) {
  const auto data = piece.object<std::uint64_t>();
  const auto count = walk.within->object<std::uint16_t>();
  if (data && count) print_hex_buffer_at(walk.c, *data, std::min<std::uint64_t>(*count, kMostCharacters) * kRows);
  return data && count;
}

constexpr Field kCount{"charcount", 0, kShort};
constexpr Field kHeight{"charheight", 2, kShort};
constexpr Field kRoomFields[] = {kCount, kHeight, {"chardata", 8, kPointerTo}};
constexpr Structure kRoom{16, 16, kRoomFields};
constexpr Field kFontFields[] = {kCount, kHeight, {"chardata", 8, {show_characters, 8}}};
constexpr Structure kFont{16, 16, kFontFields};

// struct console_font_op: which members matter depends on the operation.

constexpr NamedValue kOperationNames[] = {
    NAMED(KD_FONT_OP_SET), NAMED(KD_FONT_OP_GET), NAMED(KD_FONT_OP_SET_DEFAULT), NAMED(KD_FONT_OP_COPY)};
const NameTable kOperations{kOperationNames, "KD_FONT_OP_???"};
constexpr NamedValue kFontFlagNames[] = {NAMED(KD_FONT_FLAG_DONT_RECALC), {0x80000000, "KD_FONT_FLAG_OLD"}};
const NameTable kFontFlags{kFontFlagNames, "KD_FONT_FLAG_???"};

void print_font_data(ArgContext& c, const console_font_op& font) {
  constexpr std::uint32_t kMostWidth = 32;
  const std::uint64_t width = (std::min(font.width, kMostWidth) + 7) / 8;
  const std::uint64_t count = std::min<std::uint64_t>(font.charcount, kMostCharacters);
  print_hex_buffer_at(c, reinterpret_cast<std::uint64_t>(font.data), width * kRows * count);
}

/// What ends without a NUL is cut where that should be.
void print_font_name(ArgContext& c, std::uint64_t address) {
  constexpr std::size_t kMostName = 32;
  const auto last = c.text_memory().object<char>(address + kMostName - 1);
  print_string_at(c, address, last.value_or(0) == 0 ? kMostName : kMostName - 1);
}

/// What the program asks for.
void print_font_request(ArgContext& c, const console_font_op& font) {
  const auto data = reinterpret_cast<std::uint64_t>(font.data);
  const bool is_default = font.op == KD_FONT_OP_SET_DEFAULT;
  c.put("{op=");
  print_choice(c, font.op, kOperations.values, kOperations.unknown);
  if (font.op == KD_FONT_OP_COPY) {
    c.print(", height={}}}", font.height);
    return;
  }
  if (!is_default) {
    c.put(", flags=");
    print_flags(c, font.flags, kFontFlags.values, kFontFlags.unknown);
  }
  c.print(", width={}, height={}", font.width, font.height);
  if (!is_default) c.print(", charcount={}", font.charcount);
  c.put(", data=");
  switch (font.op) {
    case KD_FONT_OP_SET: print_font_data(c, font); break;
    case KD_FONT_OP_SET_DEFAULT: print_font_name(c, data); break;
    default: print_address(c, data); break;
  }
  c.put("}");
}

/// What the kernel answers.
void print_font_answer(ArgContext& c, const console_font_op& font) {
  c.print(" => {{width={}, height={}", font.width, font.height);
  if (font.op != KD_FONT_OP_SET_DEFAULT) {
    c.print(", charcount={}, data=", font.charcount);
    if (font.op == KD_FONT_OP_GET) {
      print_font_data(c, font);
    } else {
      print_address(c, reinterpret_cast<std::uint64_t>(font.data));
    }
  }
  c.put("}");
}

void print_font_operation(ArgContext& c) {
  const auto asked = c.native_layout() ? c.entry_memory().object<console_font_op>(c.value()) : std::nullopt;
  if (!asked) {
    print_address(c, c.value());
    return;
  }
  const bool is_answered = asked->op != KD_FONT_OP_SET && asked->op != KD_FONT_OP_COPY;
  if (is_answered && c.wait_for_exit()) return;
  print_font_request(c, *asked);
  if (!is_answered || c.failed()) return;
  if (const auto answer = c.memory().object<console_font_op>(c.value())) print_font_answer(c, *answer);
}

constexpr IoctlShape kFontShapes[] = {
    {PIO_UNIMAPCLR, Way::in, structure(kHash)},
    {GIO_FONTX, Way::changed, structure(kRoom), &kFont},
    {PIO_FONTX, Way::in, structure(kFont)},
};

constexpr IoctlPrinter kFontPrinters[] = {
    {GIO_SCRNMAP, print_fixed_bytes<kMapSize, false>},
    {PIO_SCRNMAP, print_fixed_bytes<kMapSize, true>},
    {GIO_FONT, print_fixed_bytes<kFontSize, false>},
    {PIO_FONT, print_fixed_bytes<kFontSize, true>},
    {GIO_CMAP, print_fixed_bytes<kPaletteSize, false>},
    {PIO_CMAP, print_fixed_bytes<kPaletteSize, true>},
    {GIO_UNISCRNMAP, print_wide_map<false>},
    {PIO_UNISCRNMAP, print_wide_map<true>},
    {GIO_UNIMAP, print_pairs_out},
    {PIO_UNIMAP, print_pairs_in},
    {KDFONTOP, print_font_operation},
};

}  // namespace

std::span<const IoctlShape> font_shapes() { return kFontShapes; }
std::span<const IoctlPrinter> font_ioctls() { return kFontPrinters; }

}  // namespace vdsotrace::ioctl
