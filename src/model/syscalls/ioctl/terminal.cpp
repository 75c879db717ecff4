// What ioctl requests of terminals take and fill.
#include <array>

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <asm/termbits.h>

#include "model/syscalls/ioctl/kinds.hpp"
#include "model/syscalls/kinds_common.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

constexpr NamedValue kInputFlags[] = {
    {1, "IGNBRK"}, {2, "BRKINT"}, {4, "IGNPAR"}, {8, "PARMRK"}, {0x10, "INPCK"}, {0x20, "ISTRIP"},
    {0x40, "INLCR"}, {0x80, "IGNCR"}, {0x100, "ICRNL"}, {0x200, "IUCLC"}, {0x400, "IXON"},
    {0x800, "IXANY"}, {0x1000, "IXOFF"}, {0x2000, "IMAXBEL"}, {0x4000, "IUTF8"}};

constexpr NamedValue kOutputFlags[] = {
    {1, "OPOST"}, {2, "OLCUC"}, {4, "ONLCR"}, {8, "OCRNL"}, {0x10, "ONOCR"}, {0x20, "ONLRET"},
    {0x40, "OFILL"}, {0x80, "OFDEL"}};

constexpr NamedValue kControlFlags[] = {
    {0x40, "CSTOPB"}, {0x80, "CREAD"}, {0x100, "PARENB"}, {0x200, "PARODD"}, {0x400, "HUPCL"},
    {0x800, "CLOCAL"}, {0x40000000, "CMSPAR"}, {0x80000000, "CRTSCTS"}};

constexpr NamedValue kLocalFlags[] = {
    {1, "ISIG"}, {2, "ICANON"}, {4, "XCASE"}, {8, "ECHO"}, {0x10, "ECHOE"}, {0x20, "ECHOK"},
    {0x40, "ECHONL"}, {0x80, "NOFLSH"}, {0x8000, "IEXTEN"}, {0x200, "ECHOCTL"}, {0x400, "ECHOPRT"},
    {0x800, "ECHOKE"}, {0x1000, "FLUSHO"}, {0x4000, "PENDIN"}, {0x100, "TOSTOP"},
    {0x10000, "EXTPROC"}};

constexpr NamedValue kSpeeds[] = {
    {0, "B0"}, {1, "B50"}, {2, "B75"}, {3, "B110"}, {4, "B134"}, {5, "B150"}, {6, "B200"},
    {7, "B300"}, {8, "B600"}, {9, "B1200"}, {0xa, "B1800"}, {0xb, "B2400"}, {0xc, "B4800"},
    {0xd, "B9600"}, {0xe, "B19200"}, {0xf, "B38400"}, {0x1000, "BOTHER"}, {0x1001, "B57600"},
    {0x1002, "B115200"}, {0x1003, "B230400"}, {0x1004, "B460800"}, {0x1005, "B500000"},
    {0x1006, "B576000"}, {0x1007, "B921600"}, {0x1008, "B1000000"}, {0x1009, "B1152000"},
    {0x100a, "B1500000"}, {0x100b, "B2000000"}, {0x100c, "B2500000"}, {0x100d, "B3000000"},
    {0x100e, "B3500000"}, {0x100f, "B4000000"}};

constexpr NamedValue kModemLines[] = {
    {1, "TIOCM_LE"}, {2, "TIOCM_DTR"}, {4, "TIOCM_RTS"}, {8, "TIOCM_ST"}, {0x10, "TIOCM_SR"},
    {0x20, "TIOCM_CTS"}, {0x40, "TIOCM_CAR"}, {0x80, "TIOCM_RNG"}, {0x100, "TIOCM_DSR"},
    {0x2000, "TIOCM_OUT1"}, {0x4000, "TIOCM_OUT2"}, {0x8000, "TIOCM_LOOP"}};

constexpr NamedValue kFlushQueues[] = {{0, "TCIFLUSH"}, {1, "TCOFLUSH"}, {2, "TCIOFLUSH"}};
constexpr NamedValue kFlowActions[] = {{0, "TCOOFF"}, {1, "TCOON"}, {2, "TCIOFF"}, {3, "TCION"}};

/// A field of several bits in c_oflag or c_cflag, with a name for each of its values.
struct ModeField {
  std::uint32_t mask;
  unsigned shift;
  std::array<std::string_view, 4> names;
};

/// Delays, in the order in which strace shows them.
constexpr ModeField kDelays[] = {
    {0x100, 8, {"NL0", "NL1"}},
    {0x600, 9, {"CR0", "CR1", "CR2", "CR3"}},
    {0x1800, 11, {"TAB0", "TAB1", "TAB2", "XTABS"}},
    {0x2000, 13, {"BS0", "BS1"}},
    {0x4000, 14, {"VT0", "VT1"}},
    {0x8000, 15, {"FF0", "FF1"}},
};
constexpr ModeField kCharacterSize{0x30, 4, {"CS5", "CS6", "CS7", "CS8"}};

constexpr std::uint32_t kSpeedMask = 0x100f;
constexpr unsigned kInputSpeedShift = 16;

/// What struct termio (16 bits each), termios and termios2 begin with.
struct Modes {
  std::uint32_t input, output, control, local;
};

/// As print_flags, but nothing at all for zero.
void print_bits(ArgContext& c, std::uint32_t value, std::span<const NamedValue> names) {
  if (value != 0) print_flags(c, value, names, "");
}

void print_field(ArgContext& c, std::uint32_t& flags, const ModeField& field) {
  print_constant(c, flags & field.mask, field.names[(flags & field.mask) >> field.shift]);
  c.put("|");
  flags &= ~field.mask;
}

void print_control(ArgContext& c, std::uint32_t control) {
  print_choice(c, control & kSpeedMask, kSpeeds, "B???");
  c.put("|");
  if (const std::uint32_t speed = control >> kInputSpeedShift & kSpeedMask) {
    print_choice(c, speed, kSpeeds, "B???");
    c.put("<<IBSHIFT|");
  }
  control &= ~(kSpeedMask | kSpeedMask << kInputSpeedShift);
  print_field(c, control, kCharacterSize);
  print_bits(c, control, kControlFlags);
}

void print_modes(ArgContext& c, const Modes& modes) {
  c.put("{c_iflag=");
  print_bits(c, modes.input, kInputFlags);
  c.put(", c_oflag=");
  std::uint32_t output = modes.output;
  for (const ModeField& delay : kDelays) print_field(c, output, delay);
  print_bits(c, output, kOutputFlags);
  c.put(", c_cflag=");
  print_control(c, modes.control);
  c.put(", c_lflag=");
  print_bits(c, modes.local, kLocalFlags);
}

constexpr NamedValue kLineDisciplines[] = {
    {0, "N_TTY"}, {1, "N_SLIP"}, {2, "N_MOUSE"}, {3, "N_PPP"}, {4, "N_STRIP"}, {5, "N_AX25"}, {6, "N_X25"},
    {7, "N_6PACK"}, {8, "N_MASC"}, {9, "N_R3964"}, {10, "N_PROFIBUS_FDL"}, {11, "N_IRDA"}, {12, "N_SMSBLOCK"},
    {13, "N_HDLC"}, {14, "N_SYNC_PPP"}, {15, "N_HCI"}};

/// What the places of c_cc are called (asm-generic/termbits.h); beyond, their number.
constexpr std::string_view kControlCharacters[] = {"VINTR", "VQUIT", "VERASE", "VKILL",    "VEOF",     "VTIME",
                                                   "VMIN",  "VSWTC", "VSTART", "VSTOP",    "VSUSP",    "VEOL",
                                                   "VREPRINT", "VDISCARD", "VWERASE", "VLNEXT", "VEOL2"};

void print_line(ArgContext& c, std::uint8_t discipline, std::span<const std::uint8_t> characters) {
  c.put(", c_line=");
  print_choice(c, discipline, kLineDisciplines, "N_???");
  c.put(", c_cc=[");
  for (std::size_t i = 0; i < characters.size(); ++i) {
    c.put(i == 0 ? "[" : ", [");
    if (i < std::size(kControlCharacters)) {
      print_constant(c, i, kControlCharacters[i], Digits::decimal);
    } else {
      c.put_number(i);
    }
    c.put("]=");
    print_hex(c, characters[i]);
  }
  c.put("]");
}

/// struct termio, of which the words are short, and struct termios.
template <class Word>
struct LineModes {
  std::array<Word, 4> words;
  std::uint8_t discipline;
  std::array<std::uint8_t, sizeof(Word) == sizeof(std::uint16_t) ? 8 : 19> characters;
};

template <class Word>
void print_line_modes(ArgContext& c, const LineModes<Word>& modes) {
  print_modes(c, {modes.words[0], modes.words[1], modes.words[2], modes.words[3]});
  if (!c.abbreviated()) print_line(c, modes.discipline, modes.characters);
}

template <class Word>
void print_modes_at(ArgContext& c) {
  print_object_at<LineModes<Word>>(c, c.value(), [&](const LineModes<Word>& modes) {
    print_line_modes(c, modes);
    c.put(c.abbreviated() ? ", ...}" : "}");
  });
}

/// struct termios2: a termios and two speeds.
struct ModesAndSpeeds {
  LineModes<std::uint32_t> modes;
  std::uint32_t input_speed;
  std::uint32_t output_speed;
};

void print_modes_and_speeds(ArgContext& c) {
  print_object_at<ModesAndSpeeds>(c, c.value(), [&](const ModesAndSpeeds& all) {
    print_line_modes(c, all.modes);
    if (c.abbreviated()) {
      c.put(", ...}");
    } else {
      c.print(", c_ispeed={}, c_ospeed={}}}", all.input_speed, all.output_speed);
    }
  });
}

void print_modes_and_speeds_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_modes_and_speeds(c);
}

template <class Word>
void print_modes_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_modes_at<Word>(c);
}

struct WindowSize {
  std::uint16_t rows, columns, width, height;
};

void print_window_size(ArgContext& c) {
  print_object_at<WindowSize>(c, c.value(), [&](const WindowSize& size) {
    c.print("{{ws_row={}, ws_col={}, ws_xpixel={}, ws_ypixel={}}}", size.rows, size.columns,
            size.width, size.height);
  });
}

void print_window_size_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_window_size(c);
}

void print_modem_lines(ArgContext& c) {
  print_object_at<std::uint32_t>(c, c.value(), [&](std::uint32_t lines) {
    c.put("[");
    print_flags(c, lines, kModemLines, "TIOCM_???");
    c.put("]");
  });
}

void print_modem_lines_out(ArgContext& c) {
  if (!c.wait_for_exit()) print_modem_lines(c);
}

void print_flush_queue(ArgContext& c) { print_choice(c, c.value(), kFlushQueues, "TC???"); }
void print_flow_action(ArgContext& c) { print_choice(c, c.value(), kFlowActions, "TC???"); }
void print_one_byte(ArgContext& c) { print_buffer_at(c, c.value(), 1); }

constexpr IoctlPrinter kTerminalPrinters[] = {
    {TCGETS, print_modes_out<std::uint32_t>},
    {TCGETS2, print_modes_and_speeds_out},
    {TIOCGLCKTRMIOS, print_modes_out<std::uint32_t>},
    {TCSETS, print_modes_at<std::uint32_t>},
    {TCSETSW, print_modes_at<std::uint32_t>},
    {TCSETSF, print_modes_at<std::uint32_t>},
    {TCSETS2, print_modes_and_speeds},
    {TCSETSW2, print_modes_and_speeds},
    {TCSETSF2, print_modes_and_speeds},
    {TIOCSLCKTRMIOS, print_modes_at<std::uint32_t>},
    {TCGETA, print_modes_out<std::uint16_t>},
    {TCSETA, print_modes_at<std::uint16_t>},
    {TCSETAW, print_modes_at<std::uint16_t>},
    {TCSETAF, print_modes_at<std::uint16_t>},
    {TIOCGWINSZ, print_window_size_out},
    {TIOCSWINSZ, print_window_size},
    {TIOCMGET, print_modem_lines_out},
    {TIOCMSET, print_modem_lines},
    {TIOCMBIS, print_modem_lines},
    {TIOCMBIC, print_modem_lines},
    {TCFLSH, print_flush_queue},
    {TCXONC, print_flow_action},
    {TIOCSTI, print_one_byte},
    {TIOCGPGRP, print_ioctl_int_out},
    {TIOCSPGRP, print_ioctl_int},
    {TIOCGSID, print_ioctl_int_out},
    {FIONREAD, print_ioctl_int_out},
    {TIOCOUTQ, print_ioctl_int_out},
    {TIOCGETD, print_ioctl_int_out},
    {TIOCSETD, print_ioctl_int},
    {TIOCGPTN, print_ioctl_int_out},
    {TIOCSPTLCK, print_ioctl_int},
    {TIOCPKT, print_ioctl_int},
    {TIOCGDEV, print_ioctl_int_out},
    {TIOCGEXCL, print_ioctl_int_out},
    {TIOCGSOFTCAR, print_ioctl_int_out},
    {TIOCSSOFTCAR, print_ioctl_int},
    {FIONBIO, print_ioctl_int},
    {FIOASYNC, print_ioctl_int},
    {FIOSETOWN, print_ioctl_int},
    {FIOGETOWN, print_ioctl_int_out},
    {SIOCSPGRP, print_ioctl_int},
    {SIOCGPGRP, print_ioctl_int_out},
};

}  // namespace

std::span<const IoctlPrinter> terminal_ioctls() { return kTerminalPrinters; }

}  // namespace vdsotrace
