// ioctl of the console; expected lines are strace 6.1's.
#include <algorithm>
#include <array>
#include <span>
#include <string>

#include <linux/kd.h>

#include "support/catch.hpp"
#include "support/decoded_call.hpp"

namespace vdsotrace::testing {
namespace {

constexpr std::uint64_t kConsoleAt = 0x7f0000001000;
constexpr std::uint64_t kFontAt = 0x7f0000002000;

std::string by_value(std::uint64_t request, std::uint64_t value) {
  return args_of(DecodedCall("ioctl", {0, request, value}).enter().leave(0).text()).at(2);
}

/// What the program asks with, and what lies there when the call has ended.
template <class T>
std::string answered_of_console(std::uint64_t request, const T& before, const T& after, std::int64_t result = 0) {
  DecodedCall call("ioctl", {0, request, kConsoleAt});
  call.put(kConsoleAt, before).put(kFontAt, "\x80\xff").enter();
  return args_of(call.put(kConsoleAt, after).leave(result).text()).at(2);
}
template <class T>
std::string shown_of_console(std::uint64_t request, const T& value, std::int64_t result = 0) {
  return answered_of_console(request, value, value, result);
}

TEST_CASE("sound of the console", "[ioctl]") {
  CHECK(by_value(KIOCSOUND, 440) == "440 /* 2711 Hz */");
  CHECK(by_value(KIOCSOUND, 1193183) == "1193183 /* off */");
  CHECK(by_value(KDMKTONE, 0x10001) == "1<<16|1 /* 1193182 Hz, 1 ms */");
  CHECK(by_value(KDMKTONE, 0x10000) == "1<<16|0 /* off */");
  CHECK(by_value(KDADDIO, 0x3c0) == "0x3c0 /* GPFIRST + 12 */");
  CHECK(by_value(KDDELIO, 0x3e0) == "0x3e0");
}

TEST_CASE("lamps and modes of the console", "[ioctl]") {
  CHECK(by_value(KDSETLED, 0xfe) == "LED_NUM|LED_CAP|0xf8");
  CHECK(by_value(KDSKBLED, 0x1070) == "LED_SCR<<4|LED_NUM<<4|LED_CAP<<4");
  CHECK(shown_of_console(KDGETLED, std::uint8_t{5}) == "[LED_SCR|LED_CAP]");
  CHECK(shown_of_console(KDGETLED, std::uint8_t{5}, -25) == "0x7f0000001000");
  CHECK(shown_of_console(KDGKBTYPE, std::uint8_t{KB_101}) == "[KB_101]");
  CHECK(by_value(KDSETMODE, KD_GRAPHICS) == "KD_GRAPHICS");
  CHECK(shown_of_console(KDGETMODE, 4u) == "[0x4 /* KD_??? */]");
  CHECK(by_value(KDSKBMODE, 0xfeeddeadu) == "-17965395 /* K_??? */");
  CHECK(shown_of_console(KDGKBMODE, K_UNICODE) == "[K_UNICODE]");
  CHECK(shown_of_console(KDGKBMETA, K_ESCPREFIX) == "[K_ESCPREFIX]");
  CHECK(by_value(KDSIGACCEPT, 1) == "SIGHUP");
  CHECK(by_value(KDSIGACCEPT, UINT64_MAX) == "18446744073709551615");
}

TEST_CASE("keys of the console", "[ioctl]") {
  const auto key = [](std::uint8_t table, std::uint16_t value) {
    return shown_of_console(KDGKBENT, kbentry{table, 3, value});
  };
  CHECK(key(1, 0x100) == "{kb_table=K_SHIFTTAB, kb_index=3, kb_value=0x100 /* K_F1 */}");
  CHECK(key(0x84, 0x27) == "{kb_table=1<<KG_CTRL|1<<KG_CTRLR, kb_index=3, kb_value=0x27 /* K(KT_LATIN, '\\'') */}");
  CHECK(key(0, 0xb0a) == "{kb_table=K_NORMTAB, kb_index=3, kb_value=0xb0a /* K(KT_LETTER, '\\n') */}");
  CHECK(key(0, 0x214) == "{kb_table=K_NORMTAB, kb_index=3, kb_value=0x214 /* K(KT_SPEC, 0x14) */}");
  CHECK(key(0, 0xf00d) == "{kb_table=K_NORMTAB, kb_index=3, kb_value=0xf00d /* K(0xf0, 0xd) */}");
  CHECK(shown_of_console(KDGKBENT, kbentry{0, 3, 4}, -25) == "{kb_table=K_NORMTAB, kb_index=3}");
  CHECK(shown_of_console(KDSKBENT, std::uint16_t{0x0300}, -25) == "{kb_table=K_NORMTAB, kb_index=3, kb_value=???}");

  CHECK(shown_of_console(KDSKBSENT, std::array<char, 5>{0x19, 'a', 'b', 0}, -25) ==
        "{kb_func=KVAL(K_PGDN), kb_string=\"ab\"}");
  std::array<char, 34> long_text{};
  std::ranges::fill(std::span(long_text).subspan(1, 32), 'x');
  CHECK(shown_of_console(KDSKBSENT, long_text, -25).ends_with("xxx\"...}"));
  CHECK(shown_of_console(KDSKBSENT, std::uint8_t{0xff}, -25) == "{kb_func=KVAL(K_UNDO), kb_string=???}");
  CHECK(shown_of_console(KDGKBSENT, std::uint8_t{0xff}, -25) == "{kb_func=KVAL(K_UNDO)}");
}

TEST_CASE("accents of the console", "[ioctl]") {
  struct Accents {
    std::uint32_t count;
    std::array<char, 6> accents;
  };
  const Accents accents{2, {'`', 'a', '\xe0', '\'', '\t', 0}};
  const std::string all = "kbdiacr=[{diacr='`', base='a', result='\\xe0'}, {diacr='\\'', base='\\t', result='\\x00'}]}";
  CHECK(shown_of_console(KDGKBDIACR, accents) == "{kb_cnt=2, " + all);
  CHECK(shown_of_console(KDGKBDIACR, accents, -25) == "0x7f0000001000");
  CHECK(shown_of_console(KDSKBDIACR, Accents{1, accents.accents}, -25) ==
        "{kb_cnt=1, kbdiacr=[{diacr='`', base='a', result='\\xe0'}]}");
  CHECK(shown_of_console(KDGKBDIACRUC, std::array<std::uint32_t, 4>{1, 0x60, 0x61, 0xe0}) ==
        "{kb_cnt=1, kbdiacruc=[{diacr=0x60, base=0x61, result=0xe0}]}");
}

TEST_CASE("no more accents are read than the kernel has", "[ioctl]") {
  struct Accents {
    std::uint32_t count = 257;
    std::array<char, 768> accents{};
  };
  DecodedCall call("ioctl", {0, KDSKBDIACR, kConsoleAt});
  const std::string text = args_of(call.put(kConsoleAt, Accents{}).strings(1024).enter().leave(-25).text()).at(2);
  CHECK(text.ends_with("}, ...]}"));
}

TEST_CASE("what changes is shown_of_console before and after", "[ioctl]") {
  const kbd_repeat asked{-1, 7}, got{250, 33};
  CHECK(answered_of_console(KDKBDREP, asked, got) == "{delay=-1, period=7} => {delay=250, period=33}");
  CHECK(answered_of_console(KDKBDREP, asked, got, -25) == "{delay=-1, period=7}");
  const kbkeycode code{0xe0, 0}, found{0xe0, 0x1d};
  CHECK(answered_of_console(KDGETKEYCODE, code, found) == "{scancode=0xe0, keycode=0 => 0x1d}");
  CHECK(answered_of_console(KDGETKEYCODE, code, found, -25) == "{scancode=0xe0, keycode=0}");
}

TEST_CASE("fonts of the console", "[ioctl]") {
  struct Font {
    std::uint16_t count, height;
    std::uint32_t padding;
    std::uint64_t data;
  };
  CHECK(shown_of_console(PIO_FONTX, Font{0, 16, 0, kFontAt}, -25) == "{charcount=0, charheight=16, chardata=\"\"}");
  CHECK(shown_of_console(PIO_FONTX, Font{1, 16, 0, kFontAt}, -25) ==
        "{charcount=1, charheight=16, chardata=0x7f0000002000}");
  CHECK(answered_of_console(GIO_FONTX, Font{512, 0, 0, kFontAt}, Font{0, 16, 0, kFontAt}) ==
        "{charcount=512, charheight=0, chardata=0x7f0000002000} => {charcount=0, charheight=16, chardata=\"\"}");

  console_font_op font{};
  font.op = KD_FONT_OP_GET;
  font.flags = KD_FONT_FLAG_DONT_RECALC;
  font.data = reinterpret_cast<unsigned char*>(kFontAt);
  const std::string asked =
      "{op=KD_FONT_OP_GET, flags=KD_FONT_FLAG_DONT_RECALC, width=0, height=0, charcount=0, data=0x7f0000002000}";
  CHECK(shown_of_console(KDFONTOP, font, -25) == asked);
  CHECK(shown_of_console(KDFONTOP, font) == asked + " => {width=0, height=0, charcount=0, data=\"\"}");
  font.op = KD_FONT_OP_SET_DEFAULT;
  CHECK(shown_of_console(KDFONTOP, font) ==
        "{op=KD_FONT_OP_SET_DEFAULT, width=0, height=0, data=\"\\200\\377\"} => {width=0, height=0}");
  std::array<char, 32> name;
  name.fill('x');
  DecodedCall named("ioctl", {0, KDFONTOP, kConsoleAt});
  const std::string text = args_of(named.put(kConsoleAt, font).put(kFontAt, name).leave(-25).text()).at(2);
  CHECK(text.ends_with("data=\"" + std::string(31, 'x') + "\"...}"));
  font.op = KD_FONT_OP_COPY;
  CHECK(shown_of_console(KDFONTOP, font) == "{op=KD_FONT_OP_COPY, height=0}");
}

TEST_CASE("maps of the console", "[ioctl]") {
  const auto map = [](std::uint16_t count) { return std::array<std::uint64_t, 2>{count, kFontAt}; };
  CHECK(answered_of_console(GIO_UNIMAP, map(2), map(1), -25) == "{entry_ct=2 => 1, entries=0x7f0000002000}");
  DecodedCall call("ioctl", {0, GIO_UNIMAP, kConsoleAt});
  call.put(kConsoleAt, map(1)).put(kFontAt, std::uint32_t{0}).enter();
  call.put(kConsoleAt, map(5)).put(kFontAt, std::uint32_t{0x00070041});
  CHECK(args_of(call.leave(-12).text()).at(2) == "{entry_ct=1 => 5, entries=[{unicode=0x41, fontpos=0x7}]}");
  CHECK(shown_of_console(PIO_UNIMAP, map(0), -25) == "{entry_ct=0, entries=[]}");
  CHECK(shown_of_console(PIO_UNIMAPCLR, unimapinit{1, 2, 3}) ==
        "{advised_hashsize=1, advised_hashstep=2, advised_hashlevel=3}");

  std::array<std::uint16_t, 256> characters{};
  characters[0] = 0xf041;
  CHECK(shown_of_console(PIO_UNISCRNMAP, characters).starts_with("[UNI_DIRECT_BASE+0x41, 0, "));
  std::array<unsigned char, 48> colours{0xaa};
  CHECK(shown_of_console(PIO_CMAP, colours).starts_with("\"\\xaa\\x00"));
  CHECK(shown_of_console(GIO_CMAP, colours, -25) == "0x7f0000001000");
}

}  // namespace
}  // namespace vdsotrace::testing
