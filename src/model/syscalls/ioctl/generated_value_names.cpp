// Made by generate_value_names.py of the kernel's headers; not to be edited.
#include "model/syscalls/ioctl/generated_value_names.hpp"

// clang-format off

namespace vdsotrace::ioctl {
namespace {

constexpr NamedValue kEventTypesNames[] = {
    {0x0, "EV_SYN"}, {0x1, "EV_KEY"}, {0x2, "EV_REL"}, {0x3, "EV_ABS"}, {0x4, "EV_MSC"}, {0x5, "EV_SW"},
    {0x11, "EV_LED"}, {0x12, "EV_SND"}, {0x14, "EV_REP"}, {0x15, "EV_FF"}, {0x16, "EV_PWR"}, {0x17, "EV_FF_STATUS"},
};

constexpr NamedValue kKeysNames[] = {
    {0x0, "KEY_RESERVED"}, {0x1, "KEY_ESC"}, {0x2, "KEY_1"}, {0x3, "KEY_2"}, {0x4, "KEY_3"}, {0x5, "KEY_4"},
    {0x6, "KEY_5"}, {0x7, "KEY_6"}, {0x8, "KEY_7"}, {0x9, "KEY_8"}, {0xa, "KEY_9"}, {0xb, "KEY_0"}, {0xc, "KEY_MINUS"},
    {0xd, "KEY_EQUAL"}, {0xe, "KEY_BACKSPACE"}, {0xf, "KEY_TAB"}, {0x10, "KEY_Q"}, {0x11, "KEY_W"}, {0x12, "KEY_E"},
    {0x13, "KEY_R"}, {0x14, "KEY_T"}, {0x15, "KEY_Y"}, {0x16, "KEY_U"}, {0x17, "KEY_I"}, {0x18, "KEY_O"},
    {0x19, "KEY_P"}, {0x1a, "KEY_LEFTBRACE"}, {0x1b, "KEY_RIGHTBRACE"}, {0x1c, "KEY_ENTER"}, {0x1d, "KEY_LEFTCTRL"},
    {0x1e, "KEY_A"}, {0x1f, "KEY_S"}, {0x20, "KEY_D"}, {0x21, "KEY_F"}, {0x22, "KEY_G"}, {0x23, "KEY_H"},
    {0x24, "KEY_J"}, {0x25, "KEY_K"}, {0x26, "KEY_L"}, {0x27, "KEY_SEMICOLON"}, {0x28, "KEY_APOSTROPHE"},
    {0x29, "KEY_GRAVE"}, {0x2a, "KEY_LEFTSHIFT"}, {0x2b, "KEY_BACKSLASH"}, {0x2c, "KEY_Z"}, {0x2d, "KEY_X"},
    {0x2e, "KEY_C"}, {0x2f, "KEY_V"}, {0x30, "KEY_B"}, {0x31, "KEY_N"}, {0x32, "KEY_M"}, {0x33, "KEY_COMMA"},
    {0x34, "KEY_DOT"}, {0x35, "KEY_SLASH"}, {0x36, "KEY_RIGHTSHIFT"}, {0x37, "KEY_KPASTERISK"}, {0x38, "KEY_LEFTALT"},
    {0x39, "KEY_SPACE"}, {0x3a, "KEY_CAPSLOCK"}, {0x3b, "KEY_F1"}, {0x3c, "KEY_F2"}, {0x3d, "KEY_F3"}, {0x3e, "KEY_F4"},
    {0x3f, "KEY_F5"}, {0x40, "KEY_F6"}, {0x41, "KEY_F7"}, {0x42, "KEY_F8"}, {0x43, "KEY_F9"}, {0x44, "KEY_F10"},
    {0x45, "KEY_NUMLOCK"}, {0x46, "KEY_SCROLLLOCK"}, {0x47, "KEY_KP7"}, {0x48, "KEY_KP8"}, {0x49, "KEY_KP9"},
    {0x4a, "KEY_KPMINUS"}, {0x4b, "KEY_KP4"}, {0x4c, "KEY_KP5"}, {0x4d, "KEY_KP6"}, {0x4e, "KEY_KPPLUS"},
    {0x4f, "KEY_KP1"}, {0x50, "KEY_KP2"}, {0x51, "KEY_KP3"}, {0x52, "KEY_KP0"}, {0x53, "KEY_KPDOT"},
    {0x55, "KEY_ZENKAKUHANKAKU"}, {0x56, "KEY_102ND"}, {0x57, "KEY_F11"}, {0x58, "KEY_F12"}, {0x59, "KEY_RO"},
    {0x5a, "KEY_KATAKANA"}, {0x5b, "KEY_HIRAGANA"}, {0x5c, "KEY_HENKAN"}, {0x5d, "KEY_KATAKANAHIRAGANA"},
    {0x5e, "KEY_MUHENKAN"}, {0x5f, "KEY_KPJPCOMMA"}, {0x60, "KEY_KPENTER"}, {0x61, "KEY_RIGHTCTRL"},
    {0x62, "KEY_KPSLASH"}, {0x63, "KEY_SYSRQ"}, {0x64, "KEY_RIGHTALT"}, {0x65, "KEY_LINEFEED"}, {0x66, "KEY_HOME"},
    {0x67, "KEY_UP"}, {0x68, "KEY_PAGEUP"}, {0x69, "KEY_LEFT"}, {0x6a, "KEY_RIGHT"}, {0x6b, "KEY_END"},
    {0x6c, "KEY_DOWN"}, {0x6d, "KEY_PAGEDOWN"}, {0x6e, "KEY_INSERT"}, {0x6f, "KEY_DELETE"}, {0x70, "KEY_MACRO"},
    {0x71, "KEY_MUTE"}, {0x72, "KEY_VOLUMEDOWN"}, {0x73, "KEY_VOLUMEUP"}, {0x74, "KEY_POWER"}, {0x75, "KEY_KPEQUAL"},
    {0x76, "KEY_KPPLUSMINUS"}, {0x77, "KEY_PAUSE"}, {0x78, "KEY_SCALE"}, {0x79, "KEY_KPCOMMA"}, {0x7a, "KEY_HANGEUL"},
    {0x7b, "KEY_HANJA"}, {0x7c, "KEY_YEN"}, {0x7d, "KEY_LEFTMETA"}, {0x7e, "KEY_RIGHTMETA"}, {0x7f, "KEY_COMPOSE"},
    {0x80, "KEY_STOP"}, {0x81, "KEY_AGAIN"}, {0x82, "KEY_PROPS"}, {0x83, "KEY_UNDO"}, {0x84, "KEY_FRONT"},
    {0x85, "KEY_COPY"}, {0x86, "KEY_OPEN"}, {0x87, "KEY_PASTE"}, {0x88, "KEY_FIND"}, {0x89, "KEY_CUT"},
    {0x8a, "KEY_HELP"}, {0x8b, "KEY_MENU"}, {0x8c, "KEY_CALC"}, {0x8d, "KEY_SETUP"}, {0x8e, "KEY_SLEEP"},
    {0x8f, "KEY_WAKEUP"}, {0x90, "KEY_FILE"}, {0x91, "KEY_SENDFILE"}, {0x92, "KEY_DELETEFILE"}, {0x93, "KEY_XFER"},
    {0x94, "KEY_PROG1"}, {0x95, "KEY_PROG2"}, {0x96, "KEY_WWW"}, {0x97, "KEY_MSDOS"}, {0x98, "KEY_COFFEE"},
    {0x99, "KEY_ROTATE_DISPLAY"}, {0x9a, "KEY_CYCLEWINDOWS"}, {0x9b, "KEY_MAIL"}, {0x9c, "KEY_BOOKMARKS"},
    {0x9d, "KEY_COMPUTER"}, {0x9e, "KEY_BACK"}, {0x9f, "KEY_FORWARD"}, {0xa0, "KEY_CLOSECD"}, {0xa1, "KEY_EJECTCD"},
    {0xa2, "KEY_EJECTCLOSECD"}, {0xa3, "KEY_NEXTSONG"}, {0xa4, "KEY_PLAYPAUSE"}, {0xa5, "KEY_PREVIOUSSONG"},
    {0xa6, "KEY_STOPCD"}, {0xa7, "KEY_RECORD"}, {0xa8, "KEY_REWIND"}, {0xa9, "KEY_PHONE"}, {0xaa, "KEY_ISO"},
    {0xab, "KEY_CONFIG"}, {0xac, "KEY_HOMEPAGE"}, {0xad, "KEY_REFRESH"}, {0xae, "KEY_EXIT"}, {0xaf, "KEY_MOVE"},
    {0xb0, "KEY_EDIT"}, {0xb1, "KEY_SCROLLUP"}, {0xb2, "KEY_SCROLLDOWN"}, {0xb3, "KEY_KPLEFTPAREN"},
    {0xb4, "KEY_KPRIGHTPAREN"}, {0xb5, "KEY_NEW"}, {0xb6, "KEY_REDO"}, {0xb7, "KEY_F13"}, {0xb8, "KEY_F14"},
    {0xb9, "KEY_F15"}, {0xba, "KEY_F16"}, {0xbb, "KEY_F17"}, {0xbc, "KEY_F18"}, {0xbd, "KEY_F19"}, {0xbe, "KEY_F20"},
    {0xbf, "KEY_F21"}, {0xc0, "KEY_F22"}, {0xc1, "KEY_F23"}, {0xc2, "KEY_F24"}, {0xc8, "KEY_PLAYCD"},
    {0xc9, "KEY_PAUSECD"}, {0xca, "KEY_PROG3"}, {0xcb, "KEY_PROG4"}, {0xcc, "KEY_ALL_APPLICATIONS"},
    {0xcd, "KEY_SUSPEND"}, {0xce, "KEY_CLOSE"}, {0xcf, "KEY_PLAY"}, {0xd0, "KEY_FASTFORWARD"}, {0xd1, "KEY_BASSBOOST"},
    {0xd2, "KEY_PRINT"}, {0xd3, "KEY_HP"}, {0xd4, "KEY_CAMERA"}, {0xd5, "KEY_SOUND"}, {0xd6, "KEY_QUESTION"},
    {0xd7, "KEY_EMAIL"}, {0xd8, "KEY_CHAT"}, {0xd9, "KEY_SEARCH"}, {0xda, "KEY_CONNECT"}, {0xdb, "KEY_FINANCE"},
    {0xdc, "KEY_SPORT"}, {0xdd, "KEY_SHOP"}, {0xde, "KEY_ALTERASE"}, {0xdf, "KEY_CANCEL"}, {0xe0, "KEY_BRIGHTNESSDOWN"},
    {0xe1, "KEY_BRIGHTNESSUP"}, {0xe2, "KEY_MEDIA"}, {0xe3, "KEY_SWITCHVIDEOMODE"}, {0xe4, "KEY_KBDILLUMTOGGLE"},
    {0xe5, "KEY_KBDILLUMDOWN"}, {0xe6, "KEY_KBDILLUMUP"}, {0xe7, "KEY_SEND"}, {0xe8, "KEY_REPLY"},
    {0xe9, "KEY_FORWARDMAIL"}, {0xea, "KEY_SAVE"}, {0xeb, "KEY_DOCUMENTS"}, {0xec, "KEY_BATTERY"},
    {0xed, "KEY_BLUETOOTH"}, {0xee, "KEY_WLAN"}, {0xef, "KEY_UWB"}, {0xf0, "KEY_UNKNOWN"}, {0xf1, "KEY_VIDEO_NEXT"},
    {0xf2, "KEY_VIDEO_PREV"}, {0xf3, "KEY_BRIGHTNESS_CYCLE"}, {0xf4, "KEY_BRIGHTNESS_AUTO"}, {0xf5, "KEY_DISPLAY_OFF"},
    {0xf6, "KEY_WWAN"}, {0xf7, "KEY_RFKILL"}, {0xf8, "KEY_MICMUTE"}, {0x100, "BTN_0"}, {0x101, "BTN_1"},
    {0x102, "BTN_2"}, {0x103, "BTN_3"}, {0x104, "BTN_4"}, {0x105, "BTN_5"}, {0x106, "BTN_6"}, {0x107, "BTN_7"},
    {0x108, "BTN_8"}, {0x109, "BTN_9"}, {0x110, "BTN_LEFT"}, {0x111, "BTN_RIGHT"}, {0x112, "BTN_MIDDLE"},
    {0x113, "BTN_SIDE"}, {0x114, "BTN_EXTRA"}, {0x115, "BTN_FORWARD"}, {0x116, "BTN_BACK"}, {0x117, "BTN_TASK"},
    {0x120, "BTN_TRIGGER"}, {0x121, "BTN_THUMB"}, {0x122, "BTN_THUMB2"}, {0x123, "BTN_TOP"}, {0x124, "BTN_TOP2"},
    {0x125, "BTN_PINKIE"}, {0x126, "BTN_BASE"}, {0x127, "BTN_BASE2"}, {0x128, "BTN_BASE3"}, {0x129, "BTN_BASE4"},
    {0x12a, "BTN_BASE5"}, {0x12b, "BTN_BASE6"}, {0x12f, "BTN_DEAD"}, {0x130, "BTN_SOUTH"}, {0x131, "BTN_EAST"},
    {0x132, "BTN_C"}, {0x133, "BTN_NORTH"}, {0x134, "BTN_WEST"}, {0x135, "BTN_Z"}, {0x136, "BTN_TL"}, {0x137, "BTN_TR"},
    {0x138, "BTN_TL2"}, {0x139, "BTN_TR2"}, {0x13a, "BTN_SELECT"}, {0x13b, "BTN_START"}, {0x13c, "BTN_MODE"},
    {0x13d, "BTN_THUMBL"}, {0x13e, "BTN_THUMBR"}, {0x140, "BTN_TOOL_PEN"}, {0x141, "BTN_TOOL_RUBBER"},
    {0x142, "BTN_TOOL_BRUSH"}, {0x143, "BTN_TOOL_PENCIL"}, {0x144, "BTN_TOOL_AIRBRUSH"}, {0x145, "BTN_TOOL_FINGER"},
    {0x146, "BTN_TOOL_MOUSE"}, {0x147, "BTN_TOOL_LENS"}, {0x148, "BTN_TOOL_QUINTTAP"}, {0x149, "BTN_STYLUS3"},
    {0x14a, "BTN_TOUCH"}, {0x14b, "BTN_STYLUS"}, {0x14c, "BTN_STYLUS2"}, {0x14d, "BTN_TOOL_DOUBLETAP"},
    {0x14e, "BTN_TOOL_TRIPLETAP"}, {0x14f, "BTN_TOOL_QUADTAP"}, {0x150, "BTN_GEAR_DOWN"}, {0x151, "BTN_GEAR_UP"},
    {0x160, "KEY_OK"}, {0x161, "KEY_SELECT"}, {0x162, "KEY_GOTO"}, {0x163, "KEY_CLEAR"}, {0x164, "KEY_POWER2"},
    {0x165, "KEY_OPTION"}, {0x166, "KEY_INFO"}, {0x167, "KEY_TIME"}, {0x168, "KEY_VENDOR"}, {0x169, "KEY_ARCHIVE"},
    {0x16a, "KEY_PROGRAM"}, {0x16b, "KEY_CHANNEL"}, {0x16c, "KEY_FAVORITES"}, {0x16d, "KEY_EPG"}, {0x16e, "KEY_PVR"},
    {0x16f, "KEY_MHP"}, {0x170, "KEY_LANGUAGE"}, {0x171, "KEY_TITLE"}, {0x172, "KEY_SUBTITLE"}, {0x173, "KEY_ANGLE"},
    {0x174, "KEY_FULL_SCREEN"}, {0x175, "KEY_MODE"}, {0x176, "KEY_KEYBOARD"}, {0x177, "KEY_ASPECT_RATIO"},
    {0x178, "KEY_PC"}, {0x179, "KEY_TV"}, {0x17a, "KEY_TV2"}, {0x17b, "KEY_VCR"}, {0x17c, "KEY_VCR2"},
    {0x17d, "KEY_SAT"}, {0x17e, "KEY_SAT2"}, {0x17f, "KEY_CD"}, {0x180, "KEY_TAPE"}, {0x181, "KEY_RADIO"},
    {0x182, "KEY_TUNER"}, {0x183, "KEY_PLAYER"}, {0x184, "KEY_TEXT"}, {0x185, "KEY_DVD"}, {0x186, "KEY_AUX"},
    {0x187, "KEY_MP3"}, {0x188, "KEY_AUDIO"}, {0x189, "KEY_VIDEO"}, {0x18a, "KEY_DIRECTORY"}, {0x18b, "KEY_LIST"},
    {0x18c, "KEY_MEMO"}, {0x18d, "KEY_CALENDAR"}, {0x18e, "KEY_RED"}, {0x18f, "KEY_GREEN"}, {0x190, "KEY_YELLOW"},
    {0x191, "KEY_BLUE"}, {0x192, "KEY_CHANNELUP"}, {0x193, "KEY_CHANNELDOWN"}, {0x194, "KEY_FIRST"},
    {0x195, "KEY_LAST"}, {0x196, "KEY_AB"}, {0x197, "KEY_NEXT"}, {0x198, "KEY_RESTART"}, {0x199, "KEY_SLOW"},
    {0x19a, "KEY_SHUFFLE"}, {0x19b, "KEY_BREAK"}, {0x19c, "KEY_PREVIOUS"}, {0x19d, "KEY_DIGITS"}, {0x19e, "KEY_TEEN"},
    {0x19f, "KEY_TWEN"}, {0x1a0, "KEY_VIDEOPHONE"}, {0x1a1, "KEY_GAMES"}, {0x1a2, "KEY_ZOOMIN"}, {0x1a3, "KEY_ZOOMOUT"},
    {0x1a4, "KEY_ZOOMRESET"}, {0x1a5, "KEY_WORDPROCESSOR"}, {0x1a6, "KEY_EDITOR"}, {0x1a7, "KEY_SPREADSHEET"},
    {0x1a8, "KEY_GRAPHICSEDITOR"}, {0x1a9, "KEY_PRESENTATION"}, {0x1aa, "KEY_DATABASE"}, {0x1ab, "KEY_NEWS"},
    {0x1ac, "KEY_VOICEMAIL"}, {0x1ad, "KEY_ADDRESSBOOK"}, {0x1ae, "KEY_MESSENGER"}, {0x1af, "KEY_DISPLAYTOGGLE"},
    {0x1b0, "KEY_SPELLCHECK"}, {0x1b1, "KEY_LOGOFF"}, {0x1b2, "KEY_DOLLAR"}, {0x1b3, "KEY_EURO"},
    {0x1b4, "KEY_FRAMEBACK"}, {0x1b5, "KEY_FRAMEFORWARD"}, {0x1b6, "KEY_CONTEXT_MENU"}, {0x1b7, "KEY_MEDIA_REPEAT"},
    {0x1b8, "KEY_10CHANNELSUP"}, {0x1b9, "KEY_10CHANNELSDOWN"}, {0x1ba, "KEY_IMAGES"},
    {0x1bc, "KEY_NOTIFICATION_CENTER"}, {0x1bd, "KEY_PICKUP_PHONE"}, {0x1be, "KEY_HANGUP_PHONE"},
    {0x1bf, "KEY_LINK_PHONE"}, {0x1c0, "KEY_DEL_EOL"}, {0x1c1, "KEY_DEL_EOS"}, {0x1c2, "KEY_INS_LINE"},
    {0x1c3, "KEY_DEL_LINE"}, {0x1d0, "KEY_FN"}, {0x1d1, "KEY_FN_ESC"}, {0x1d2, "KEY_FN_F1"}, {0x1d3, "KEY_FN_F2"},
    {0x1d4, "KEY_FN_F3"}, {0x1d5, "KEY_FN_F4"}, {0x1d6, "KEY_FN_F5"}, {0x1d7, "KEY_FN_F6"}, {0x1d8, "KEY_FN_F7"},
    {0x1d9, "KEY_FN_F8"}, {0x1da, "KEY_FN_F9"}, {0x1db, "KEY_FN_F10"}, {0x1dc, "KEY_FN_F11"}, {0x1dd, "KEY_FN_F12"},
    {0x1de, "KEY_FN_1"}, {0x1df, "KEY_FN_2"}, {0x1e0, "KEY_FN_D"}, {0x1e1, "KEY_FN_E"}, {0x1e2, "KEY_FN_F"},
    {0x1e3, "KEY_FN_S"}, {0x1e4, "KEY_FN_B"}, {0x1e5, "KEY_FN_RIGHT_SHIFT"}, {0x1f1, "KEY_BRL_DOT1"},
    {0x1f2, "KEY_BRL_DOT2"}, {0x1f3, "KEY_BRL_DOT3"}, {0x1f4, "KEY_BRL_DOT4"}, {0x1f5, "KEY_BRL_DOT5"},
    {0x1f6, "KEY_BRL_DOT6"}, {0x1f7, "KEY_BRL_DOT7"}, {0x1f8, "KEY_BRL_DOT8"}, {0x1f9, "KEY_BRL_DOT9"},
    {0x1fa, "KEY_BRL_DOT10"}, {0x200, "KEY_NUMERIC_0"}, {0x201, "KEY_NUMERIC_1"}, {0x202, "KEY_NUMERIC_2"},
    {0x203, "KEY_NUMERIC_3"}, {0x204, "KEY_NUMERIC_4"}, {0x205, "KEY_NUMERIC_5"}, {0x206, "KEY_NUMERIC_6"},
    {0x207, "KEY_NUMERIC_7"}, {0x208, "KEY_NUMERIC_8"}, {0x209, "KEY_NUMERIC_9"}, {0x20a, "KEY_NUMERIC_STAR"},
    {0x20b, "KEY_NUMERIC_POUND"}, {0x20c, "KEY_NUMERIC_A"}, {0x20d, "KEY_NUMERIC_B"}, {0x20e, "KEY_NUMERIC_C"},
    {0x20f, "KEY_NUMERIC_D"}, {0x210, "KEY_CAMERA_FOCUS"}, {0x211, "KEY_WPS_BUTTON"}, {0x212, "KEY_TOUCHPAD_TOGGLE"},
    {0x213, "KEY_TOUCHPAD_ON"}, {0x214, "KEY_TOUCHPAD_OFF"}, {0x215, "KEY_CAMERA_ZOOMIN"},
    {0x216, "KEY_CAMERA_ZOOMOUT"}, {0x217, "KEY_CAMERA_UP"}, {0x218, "KEY_CAMERA_DOWN"}, {0x219, "KEY_CAMERA_LEFT"},
    {0x21a, "KEY_CAMERA_RIGHT"}, {0x21b, "KEY_ATTENDANT_ON"}, {0x21c, "KEY_ATTENDANT_OFF"},
    {0x21d, "KEY_ATTENDANT_TOGGLE"}, {0x21e, "KEY_LIGHTS_TOGGLE"}, {0x220, "BTN_DPAD_UP"}, {0x221, "BTN_DPAD_DOWN"},
    {0x222, "BTN_DPAD_LEFT"}, {0x223, "BTN_DPAD_RIGHT"}, {0x230, "KEY_ALS_TOGGLE"}, {0x231, "KEY_ROTATE_LOCK_TOGGLE"},
    {0x232, "KEY_REFRESH_RATE_TOGGLE"}, {0x240, "KEY_BUTTONCONFIG"}, {0x241, "KEY_TASKMANAGER"}, {0x242, "KEY_JOURNAL"},
    {0x243, "KEY_CONTROLPANEL"}, {0x244, "KEY_APPSELECT"}, {0x245, "KEY_SCREENSAVER"}, {0x246, "KEY_VOICECOMMAND"},
    {0x247, "KEY_ASSISTANT"}, {0x248, "KEY_KBD_LAYOUT_NEXT"}, {0x249, "KEY_EMOJI_PICKER"}, {0x24a, "KEY_DICTATE"},
    {0x250, "KEY_BRIGHTNESS_MIN"}, {0x260, "KEY_KBDINPUTASSIST_PREV"}, {0x261, "KEY_KBDINPUTASSIST_NEXT"},
    {0x262, "KEY_KBDINPUTASSIST_PREVGROUP"}, {0x263, "KEY_KBDINPUTASSIST_NEXTGROUP"},
    {0x264, "KEY_KBDINPUTASSIST_ACCEPT"}, {0x265, "KEY_KBDINPUTASSIST_CANCEL"}, {0x266, "KEY_RIGHT_UP"},
    {0x267, "KEY_RIGHT_DOWN"}, {0x268, "KEY_LEFT_UP"}, {0x269, "KEY_LEFT_DOWN"}, {0x26a, "KEY_ROOT_MENU"},
    {0x26b, "KEY_MEDIA_TOP_MENU"}, {0x26c, "KEY_NUMERIC_11"}, {0x26d, "KEY_NUMERIC_12"}, {0x26e, "KEY_AUDIO_DESC"},
    {0x26f, "KEY_3D_MODE"}, {0x270, "KEY_NEXT_FAVORITE"}, {0x271, "KEY_STOP_RECORD"}, {0x272, "KEY_PAUSE_RECORD"},
    {0x273, "KEY_VOD"}, {0x274, "KEY_UNMUTE"}, {0x275, "KEY_FASTREVERSE"}, {0x276, "KEY_SLOWREVERSE"},
    {0x277, "KEY_DATA"}, {0x278, "KEY_ONSCREEN_KEYBOARD"}, {0x279, "KEY_PRIVACY_SCREEN_TOGGLE"},
    {0x27a, "KEY_SELECTIVE_SCREENSHOT"}, {0x27b, "KEY_NEXT_ELEMENT"}, {0x27c, "KEY_PREVIOUS_ELEMENT"},
    {0x27d, "KEY_AUTOPILOT_ENGAGE_TOGGLE"}, {0x27e, "KEY_MARK_WAYPOINT"}, {0x27f, "KEY_SOS"}, {0x280, "KEY_NAV_CHART"},
    {0x281, "KEY_FISHING_CHART"}, {0x282, "KEY_SINGLE_RANGE_RADAR"}, {0x283, "KEY_DUAL_RANGE_RADAR"},
    {0x284, "KEY_RADAR_OVERLAY"}, {0x285, "KEY_TRADITIONAL_SONAR"}, {0x286, "KEY_CLEARVU_SONAR"},
    {0x287, "KEY_SIDEVU_SONAR"}, {0x288, "KEY_NAV_INFO"}, {0x289, "KEY_BRIGHTNESS_MENU"}, {0x290, "KEY_MACRO1"},
    {0x291, "KEY_MACRO2"}, {0x292, "KEY_MACRO3"}, {0x293, "KEY_MACRO4"}, {0x294, "KEY_MACRO5"}, {0x295, "KEY_MACRO6"},
    {0x296, "KEY_MACRO7"}, {0x297, "KEY_MACRO8"}, {0x298, "KEY_MACRO9"}, {0x299, "KEY_MACRO10"}, {0x29a, "KEY_MACRO11"},
    {0x29b, "KEY_MACRO12"}, {0x29c, "KEY_MACRO13"}, {0x29d, "KEY_MACRO14"}, {0x29e, "KEY_MACRO15"},
    {0x29f, "KEY_MACRO16"}, {0x2a0, "KEY_MACRO17"}, {0x2a1, "KEY_MACRO18"}, {0x2a2, "KEY_MACRO19"},
    {0x2a3, "KEY_MACRO20"}, {0x2a4, "KEY_MACRO21"}, {0x2a5, "KEY_MACRO22"}, {0x2a6, "KEY_MACRO23"},
    {0x2a7, "KEY_MACRO24"}, {0x2a8, "KEY_MACRO25"}, {0x2a9, "KEY_MACRO26"}, {0x2aa, "KEY_MACRO27"},
    {0x2ab, "KEY_MACRO28"}, {0x2ac, "KEY_MACRO29"}, {0x2ad, "KEY_MACRO30"}, {0x2b0, "KEY_MACRO_RECORD_START"},
    {0x2b1, "KEY_MACRO_RECORD_STOP"}, {0x2b2, "KEY_MACRO_PRESET_CYCLE"}, {0x2b3, "KEY_MACRO_PRESET1"},
    {0x2b4, "KEY_MACRO_PRESET2"}, {0x2b5, "KEY_MACRO_PRESET3"}, {0x2b8, "KEY_KBD_LCD_MENU1"},
    {0x2b9, "KEY_KBD_LCD_MENU2"}, {0x2ba, "KEY_KBD_LCD_MENU3"}, {0x2bb, "KEY_KBD_LCD_MENU4"},
    {0x2bc, "KEY_KBD_LCD_MENU5"}, {0x2c0, "BTN_TRIGGER_HAPPY1"}, {0x2c1, "BTN_TRIGGER_HAPPY2"},
    {0x2c2, "BTN_TRIGGER_HAPPY3"}, {0x2c3, "BTN_TRIGGER_HAPPY4"}, {0x2c4, "BTN_TRIGGER_HAPPY5"},
    {0x2c5, "BTN_TRIGGER_HAPPY6"}, {0x2c6, "BTN_TRIGGER_HAPPY7"}, {0x2c7, "BTN_TRIGGER_HAPPY8"},
    {0x2c8, "BTN_TRIGGER_HAPPY9"}, {0x2c9, "BTN_TRIGGER_HAPPY10"}, {0x2ca, "BTN_TRIGGER_HAPPY11"},
    {0x2cb, "BTN_TRIGGER_HAPPY12"}, {0x2cc, "BTN_TRIGGER_HAPPY13"}, {0x2cd, "BTN_TRIGGER_HAPPY14"},
    {0x2ce, "BTN_TRIGGER_HAPPY15"}, {0x2cf, "BTN_TRIGGER_HAPPY16"}, {0x2d0, "BTN_TRIGGER_HAPPY17"},
    {0x2d1, "BTN_TRIGGER_HAPPY18"}, {0x2d2, "BTN_TRIGGER_HAPPY19"}, {0x2d3, "BTN_TRIGGER_HAPPY20"},
    {0x2d4, "BTN_TRIGGER_HAPPY21"}, {0x2d5, "BTN_TRIGGER_HAPPY22"}, {0x2d6, "BTN_TRIGGER_HAPPY23"},
    {0x2d7, "BTN_TRIGGER_HAPPY24"}, {0x2d8, "BTN_TRIGGER_HAPPY25"}, {0x2d9, "BTN_TRIGGER_HAPPY26"},
    {0x2da, "BTN_TRIGGER_HAPPY27"}, {0x2db, "BTN_TRIGGER_HAPPY28"}, {0x2dc, "BTN_TRIGGER_HAPPY29"},
    {0x2dd, "BTN_TRIGGER_HAPPY30"}, {0x2de, "BTN_TRIGGER_HAPPY31"}, {0x2df, "BTN_TRIGGER_HAPPY32"},
    {0x2e0, "BTN_TRIGGER_HAPPY33"}, {0x2e1, "BTN_TRIGGER_HAPPY34"}, {0x2e2, "BTN_TRIGGER_HAPPY35"},
    {0x2e3, "BTN_TRIGGER_HAPPY36"}, {0x2e4, "BTN_TRIGGER_HAPPY37"}, {0x2e5, "BTN_TRIGGER_HAPPY38"},
    {0x2e6, "BTN_TRIGGER_HAPPY39"}, {0x2e7, "BTN_TRIGGER_HAPPY40"},
};

constexpr NamedValue kRelativeAxesNames[] = {
    {0x0, "REL_X"}, {0x1, "REL_Y"}, {0x2, "REL_Z"}, {0x3, "REL_RX"}, {0x4, "REL_RY"}, {0x5, "REL_RZ"},
    {0x6, "REL_HWHEEL"}, {0x7, "REL_DIAL"}, {0x8, "REL_WHEEL"}, {0x9, "REL_MISC"}, {0xa, "REL_RESERVED"},
    {0xb, "REL_WHEEL_HI_RES"}, {0xc, "REL_HWHEEL_HI_RES"},
};

constexpr NamedValue kAbsoluteAxesNames[] = {
    {0x0, "ABS_X"}, {0x1, "ABS_Y"}, {0x2, "ABS_Z"}, {0x3, "ABS_RX"}, {0x4, "ABS_RY"}, {0x5, "ABS_RZ"},
    {0x6, "ABS_THROTTLE"}, {0x7, "ABS_RUDDER"}, {0x8, "ABS_WHEEL"}, {0x9, "ABS_GAS"}, {0xa, "ABS_BRAKE"},
    {0x10, "ABS_HAT0X"}, {0x11, "ABS_HAT0Y"}, {0x12, "ABS_HAT1X"}, {0x13, "ABS_HAT1Y"}, {0x14, "ABS_HAT2X"},
    {0x15, "ABS_HAT2Y"}, {0x16, "ABS_HAT3X"}, {0x17, "ABS_HAT3Y"}, {0x18, "ABS_PRESSURE"}, {0x19, "ABS_DISTANCE"},
    {0x1a, "ABS_TILT_X"}, {0x1b, "ABS_TILT_Y"}, {0x1c, "ABS_TOOL_WIDTH"}, {0x20, "ABS_VOLUME"}, {0x21, "ABS_PROFILE"},
    {0x28, "ABS_MISC"}, {0x2e, "ABS_RESERVED"}, {0x2f, "ABS_MT_SLOT"}, {0x30, "ABS_MT_TOUCH_MAJOR"},
    {0x31, "ABS_MT_TOUCH_MINOR"}, {0x32, "ABS_MT_WIDTH_MAJOR"}, {0x33, "ABS_MT_WIDTH_MINOR"},
    {0x34, "ABS_MT_ORIENTATION"}, {0x35, "ABS_MT_POSITION_X"}, {0x36, "ABS_MT_POSITION_Y"}, {0x37, "ABS_MT_TOOL_TYPE"},
    {0x38, "ABS_MT_BLOB_ID"}, {0x39, "ABS_MT_TRACKING_ID"}, {0x3a, "ABS_MT_PRESSURE"}, {0x3b, "ABS_MT_DISTANCE"},
    {0x3c, "ABS_MT_TOOL_X"}, {0x3d, "ABS_MT_TOOL_Y"},
};

constexpr NamedValue kSlotAxesNames[] = {
    {0x2f, "ABS_MT_SLOT"}, {0x30, "ABS_MT_TOUCH_MAJOR"}, {0x31, "ABS_MT_TOUCH_MINOR"}, {0x32, "ABS_MT_WIDTH_MAJOR"},
    {0x33, "ABS_MT_WIDTH_MINOR"}, {0x34, "ABS_MT_ORIENTATION"}, {0x35, "ABS_MT_POSITION_X"},
    {0x36, "ABS_MT_POSITION_Y"}, {0x37, "ABS_MT_TOOL_TYPE"}, {0x38, "ABS_MT_BLOB_ID"}, {0x39, "ABS_MT_TRACKING_ID"},
    {0x3a, "ABS_MT_PRESSURE"}, {0x3b, "ABS_MT_DISTANCE"}, {0x3c, "ABS_MT_TOOL_X"}, {0x3d, "ABS_MT_TOOL_Y"},
};

constexpr NamedValue kMiscEventsNames[] = {
    {0x0, "MSC_SERIAL"}, {0x1, "MSC_PULSELED"}, {0x2, "MSC_GESTURE"}, {0x3, "MSC_RAW"}, {0x4, "MSC_SCAN"},
    {0x5, "MSC_TIMESTAMP"},
};

constexpr NamedValue kSwitchesNames[] = {
    {0x0, "SW_LID"}, {0x1, "SW_TABLET_MODE"}, {0x2, "SW_HEADPHONE_INSERT"}, {0x3, "SW_RFKILL_ALL"},
    {0x4, "SW_MICROPHONE_INSERT"}, {0x5, "SW_DOCK"}, {0x6, "SW_LINEOUT_INSERT"}, {0x7, "SW_JACK_PHYSICAL_INSERT"},
    {0x8, "SW_VIDEOOUT_INSERT"}, {0x9, "SW_CAMERA_LENS_COVER"}, {0xa, "SW_KEYPAD_SLIDE"}, {0xb, "SW_FRONT_PROXIMITY"},
    {0xc, "SW_ROTATE_LOCK"}, {0xd, "SW_LINEIN_INSERT"}, {0xe, "SW_MUTE_DEVICE"}, {0xf, "SW_PEN_INSERTED"},
    {0x10, "SW_MACHINE_COVER"},
};

constexpr NamedValue kLedsNames[] = {
    {0x0, "LED_NUML"}, {0x1, "LED_CAPSL"}, {0x2, "LED_SCROLLL"}, {0x3, "LED_COMPOSE"}, {0x4, "LED_KANA"},
    {0x5, "LED_SLEEP"}, {0x6, "LED_SUSPEND"}, {0x7, "LED_MUTE"}, {0x8, "LED_MISC"}, {0x9, "LED_MAIL"},
    {0xa, "LED_CHARGING"},
};

constexpr NamedValue kSoundsNames[] = {
    {0x0, "SND_CLICK"}, {0x1, "SND_BELL"}, {0x2, "SND_TONE"},
};

constexpr NamedValue kRepeatsNames[] = {
    {0x0, "REP_DELAY"}, {0x1, "REP_PERIOD"},
};

constexpr NamedValue kInputPropertiesNames[] = {
    {0x0, "INPUT_PROP_POINTER"}, {0x1, "INPUT_PROP_DIRECT"}, {0x2, "INPUT_PROP_BUTTONPAD"}, {0x3, "INPUT_PROP_SEMI_MT"},
    {0x4, "INPUT_PROP_TOPBUTTONPAD"}, {0x5, "INPUT_PROP_POINTING_STICK"}, {0x6, "INPUT_PROP_ACCELEROMETER"},
};

constexpr NamedValue kForcesNames[] = {
    {0x50, "FF_RUMBLE"}, {0x51, "FF_PERIODIC"}, {0x52, "FF_CONSTANT"}, {0x53, "FF_SPRING"}, {0x54, "FF_FRICTION"},
    {0x55, "FF_DAMPER"}, {0x56, "FF_INERTIA"}, {0x57, "FF_RAMP"}, {0x58, "FF_SQUARE"}, {0x59, "FF_TRIANGLE"},
    {0x5a, "FF_SINE"}, {0x5b, "FF_SAW_UP"}, {0x5c, "FF_SAW_DOWN"}, {0x5d, "FF_CUSTOM"}, {0x60, "FF_GAIN"},
    {0x61, "FF_AUTOCENTER"},
};

constexpr NamedValue kForceStatesNames[] = {
    {0x0, "FF_STATUS_STOPPED"}, {0x1, "FF_STATUS_PLAYING"},
};

constexpr NamedValue kConsoleKeysNames[] = {
    {0x100, "K_F1"}, {0x101, "K_F2"}, {0x102, "K_F3"}, {0x103, "K_F4"}, {0x104, "K_F5"}, {0x105, "K_F6"},
    {0x106, "K_F7"}, {0x107, "K_F8"}, {0x108, "K_F9"}, {0x109, "K_F10"}, {0x10a, "K_F11"}, {0x10b, "K_F12"},
    {0x10c, "K_F13"}, {0x10d, "K_F14"}, {0x10e, "K_F15"}, {0x10f, "K_F16"}, {0x110, "K_F17"}, {0x111, "K_F18"},
    {0x112, "K_F19"}, {0x113, "K_F20"}, {0x114, "K_FIND"}, {0x115, "K_INSERT"}, {0x116, "K_REMOVE"},
    {0x117, "K_SELECT"}, {0x118, "K_PGUP"}, {0x119, "K_PGDN"}, {0x11a, "K_MACRO"}, {0x11b, "K_HELP"}, {0x11c, "K_DO"},
    {0x11d, "K_PAUSE"}, {0x11e, "K_F21"}, {0x11f, "K_F22"}, {0x120, "K_F23"}, {0x121, "K_F24"}, {0x122, "K_F25"},
    {0x123, "K_F26"}, {0x124, "K_F27"}, {0x125, "K_F28"}, {0x126, "K_F29"}, {0x127, "K_F30"}, {0x128, "K_F31"},
    {0x129, "K_F32"}, {0x12a, "K_F33"}, {0x12b, "K_F34"}, {0x12c, "K_F35"}, {0x12d, "K_F36"}, {0x12e, "K_F37"},
    {0x12f, "K_F38"}, {0x130, "K_F39"}, {0x131, "K_F40"}, {0x132, "K_F41"}, {0x133, "K_F42"}, {0x134, "K_F43"},
    {0x135, "K_F44"}, {0x136, "K_F45"}, {0x137, "K_F46"}, {0x138, "K_F47"}, {0x139, "K_F48"}, {0x13a, "K_F49"},
    {0x13b, "K_F50"}, {0x13c, "K_F51"}, {0x13d, "K_F52"}, {0x13e, "K_F53"}, {0x13f, "K_F54"}, {0x140, "K_F55"},
    {0x141, "K_F56"}, {0x142, "K_F57"}, {0x143, "K_F58"}, {0x144, "K_F59"}, {0x145, "K_F60"}, {0x146, "K_F61"},
    {0x147, "K_F62"}, {0x148, "K_F63"}, {0x149, "K_F64"}, {0x14a, "K_F65"}, {0x14b, "K_F66"}, {0x14c, "K_F67"},
    {0x14d, "K_F68"}, {0x14e, "K_F69"}, {0x14f, "K_F70"}, {0x150, "K_F71"}, {0x151, "K_F72"}, {0x152, "K_F73"},
    {0x153, "K_F74"}, {0x154, "K_F75"}, {0x155, "K_F76"}, {0x156, "K_F77"}, {0x157, "K_F78"}, {0x158, "K_F79"},
    {0x159, "K_F80"}, {0x15a, "K_F81"}, {0x15b, "K_F82"}, {0x15c, "K_F83"}, {0x15d, "K_F84"}, {0x15e, "K_F85"},
    {0x15f, "K_F86"}, {0x160, "K_F87"}, {0x161, "K_F88"}, {0x162, "K_F89"}, {0x163, "K_F90"}, {0x164, "K_F91"},
    {0x165, "K_F92"}, {0x166, "K_F93"}, {0x167, "K_F94"}, {0x168, "K_F95"}, {0x169, "K_F96"}, {0x16a, "K_F97"},
    {0x16b, "K_F98"}, {0x16c, "K_F99"}, {0x16d, "K_F100"}, {0x16e, "K_F101"}, {0x16f, "K_F102"}, {0x170, "K_F103"},
    {0x171, "K_F104"}, {0x172, "K_F105"}, {0x173, "K_F106"}, {0x174, "K_F107"}, {0x175, "K_F108"}, {0x176, "K_F109"},
    {0x177, "K_F110"}, {0x178, "K_F111"}, {0x179, "K_F112"}, {0x17a, "K_F113"}, {0x17b, "K_F114"}, {0x17c, "K_F115"},
    {0x17d, "K_F116"}, {0x17e, "K_F117"}, {0x17f, "K_F118"}, {0x180, "K_F119"}, {0x181, "K_F120"}, {0x182, "K_F121"},
    {0x183, "K_F122"}, {0x184, "K_F123"}, {0x185, "K_F124"}, {0x186, "K_F125"}, {0x187, "K_F126"}, {0x188, "K_F127"},
    {0x189, "K_F128"}, {0x18a, "K_F129"}, {0x18b, "K_F130"}, {0x18c, "K_F131"}, {0x18d, "K_F132"}, {0x18e, "K_F133"},
    {0x18f, "K_F134"}, {0x190, "K_F135"}, {0x191, "K_F136"}, {0x192, "K_F137"}, {0x193, "K_F138"}, {0x194, "K_F139"},
    {0x195, "K_F140"}, {0x196, "K_F141"}, {0x197, "K_F142"}, {0x198, "K_F143"}, {0x199, "K_F144"}, {0x19a, "K_F145"},
    {0x19b, "K_F146"}, {0x19c, "K_F147"}, {0x19d, "K_F148"}, {0x19e, "K_F149"}, {0x19f, "K_F150"}, {0x1a0, "K_F151"},
    {0x1a1, "K_F152"}, {0x1a2, "K_F153"}, {0x1a3, "K_F154"}, {0x1a4, "K_F155"}, {0x1a5, "K_F156"}, {0x1a6, "K_F157"},
    {0x1a7, "K_F158"}, {0x1a8, "K_F159"}, {0x1a9, "K_F160"}, {0x1aa, "K_F161"}, {0x1ab, "K_F162"}, {0x1ac, "K_F163"},
    {0x1ad, "K_F164"}, {0x1ae, "K_F165"}, {0x1af, "K_F166"}, {0x1b0, "K_F167"}, {0x1b1, "K_F168"}, {0x1b2, "K_F169"},
    {0x1b3, "K_F170"}, {0x1b4, "K_F171"}, {0x1b5, "K_F172"}, {0x1b6, "K_F173"}, {0x1b7, "K_F174"}, {0x1b8, "K_F175"},
    {0x1b9, "K_F176"}, {0x1ba, "K_F177"}, {0x1bb, "K_F178"}, {0x1bc, "K_F179"}, {0x1bd, "K_F180"}, {0x1be, "K_F181"},
    {0x1bf, "K_F182"}, {0x1c0, "K_F183"}, {0x1c1, "K_F184"}, {0x1c2, "K_F185"}, {0x1c3, "K_F186"}, {0x1c4, "K_F187"},
    {0x1c5, "K_F188"}, {0x1c6, "K_F189"}, {0x1c7, "K_F190"}, {0x1c8, "K_F191"}, {0x1c9, "K_F192"}, {0x1ca, "K_F193"},
    {0x1cb, "K_F194"}, {0x1cc, "K_F195"}, {0x1cd, "K_F196"}, {0x1ce, "K_F197"}, {0x1cf, "K_F198"}, {0x1d0, "K_F199"},
    {0x1d1, "K_F200"}, {0x1d2, "K_F201"}, {0x1d3, "K_F202"}, {0x1d4, "K_F203"}, {0x1d5, "K_F204"}, {0x1d6, "K_F205"},
    {0x1d7, "K_F206"}, {0x1d8, "K_F207"}, {0x1d9, "K_F208"}, {0x1da, "K_F209"}, {0x1db, "K_F210"}, {0x1dc, "K_F211"},
    {0x1dd, "K_F212"}, {0x1de, "K_F213"}, {0x1df, "K_F214"}, {0x1e0, "K_F215"}, {0x1e1, "K_F216"}, {0x1e2, "K_F217"},
    {0x1e3, "K_F218"}, {0x1e4, "K_F219"}, {0x1e5, "K_F220"}, {0x1e6, "K_F221"}, {0x1e7, "K_F222"}, {0x1e8, "K_F223"},
    {0x1e9, "K_F224"}, {0x1ea, "K_F225"}, {0x1eb, "K_F226"}, {0x1ec, "K_F227"}, {0x1ed, "K_F228"}, {0x1ee, "K_F229"},
    {0x1ef, "K_F230"}, {0x1f0, "K_F231"}, {0x1f1, "K_F232"}, {0x1f2, "K_F233"}, {0x1f3, "K_F234"}, {0x1f4, "K_F235"},
    {0x1f5, "K_F236"}, {0x1f6, "K_F237"}, {0x1f7, "K_F238"}, {0x1f8, "K_F239"}, {0x1f9, "K_F240"}, {0x1fa, "K_F241"},
    {0x1fb, "K_F242"}, {0x1fc, "K_F243"}, {0x1fd, "K_F244"}, {0x1fe, "K_F245"}, {0x1ff, "K_UNDO"}, {0x200, "K_HOLE"},
    {0x201, "K_ENTER"}, {0x202, "K_SH_REGS"}, {0x203, "K_SH_MEM"}, {0x204, "K_SH_STAT"}, {0x205, "K_BREAK"},
    {0x206, "K_CONS"}, {0x207, "K_CAPS"}, {0x208, "K_NUM"}, {0x209, "K_HOLD"}, {0x20a, "K_SCROLLFORW"},
    {0x20b, "K_SCROLLBACK"}, {0x20c, "K_BOOT"}, {0x20d, "K_CAPSON"}, {0x20e, "K_COMPOSE"}, {0x20f, "K_SAK"},
    {0x210, "K_DECRCONSOLE"}, {0x211, "K_INCRCONSOLE"}, {0x212, "K_SPAWNCONSOLE"}, {0x213, "K_BARENUMLOCK"},
    {0x27e, "K_ALLOCATED"}, {0x27f, "K_NOSUCHMAP"}, {0x300, "K_P0"}, {0x301, "K_P1"}, {0x302, "K_P2"}, {0x303, "K_P3"},
    {0x304, "K_P4"}, {0x305, "K_P5"}, {0x306, "K_P6"}, {0x307, "K_P7"}, {0x308, "K_P8"}, {0x309, "K_P9"},
    {0x30a, "K_PPLUS"}, {0x30b, "K_PMINUS"}, {0x30c, "K_PSTAR"}, {0x30d, "K_PSLASH"}, {0x30e, "K_PENTER"},
    {0x30f, "K_PCOMMA"}, {0x310, "K_PDOT"}, {0x311, "K_PPLUSMINUS"}, {0x312, "K_PPARENL"}, {0x313, "K_PPARENR"},
    {0x400, "K_DGRAVE"}, {0x401, "K_DACUTE"}, {0x402, "K_DCIRCM"}, {0x403, "K_DTILDE"}, {0x404, "K_DDIERE"},
    {0x405, "K_DCEDIL"}, {0x406, "K_DMACRON"}, {0x407, "K_DBREVE"}, {0x408, "K_DABDOT"}, {0x409, "K_DABRING"},
    {0x40a, "K_DDBACUTE"}, {0x40b, "K_DCARON"}, {0x40c, "K_DOGONEK"}, {0x40d, "K_DIOTA"}, {0x40e, "K_DVOICED"},
    {0x40f, "K_DSEMVOICED"}, {0x410, "K_DBEDOT"}, {0x411, "K_DHOOK"}, {0x412, "K_DHORN"}, {0x413, "K_DSTROKE"},
    {0x414, "K_DABCOMMA"}, {0x415, "K_DABREVCOMMA"}, {0x416, "K_DDBGRAVE"}, {0x417, "K_DINVBREVE"},
    {0x418, "K_DBECOMMA"}, {0x419, "K_DCURRENCY"}, {0x41a, "K_DGREEK"}, {0x600, "K_DOWN"}, {0x601, "K_LEFT"},
    {0x602, "K_RIGHT"}, {0x603, "K_UP"}, {0x700, "K_SHIFT"}, {0x701, "K_ALTGR"}, {0x702, "K_CTRL"}, {0x703, "K_ALT"},
    {0x704, "K_SHIFTL"}, {0x705, "K_SHIFTR"}, {0x706, "K_CTRLL"}, {0x707, "K_CTRLR"}, {0x708, "K_CAPSSHIFT"},
    {0x900, "K_ASC0"}, {0x901, "K_ASC1"}, {0x902, "K_ASC2"}, {0x903, "K_ASC3"}, {0x904, "K_ASC4"}, {0x905, "K_ASC5"},
    {0x906, "K_ASC6"}, {0x907, "K_ASC7"}, {0x908, "K_ASC8"}, {0x909, "K_ASC9"}, {0x90a, "K_HEX0"}, {0x90b, "K_HEX1"},
    {0x90c, "K_HEX2"}, {0x90d, "K_HEX3"}, {0x90e, "K_HEX4"}, {0x90f, "K_HEX5"}, {0x910, "K_HEX6"}, {0x911, "K_HEX7"},
    {0x912, "K_HEX8"}, {0x913, "K_HEX9"}, {0x914, "K_HEXa"}, {0x915, "K_HEXb"}, {0x916, "K_HEXc"}, {0x917, "K_HEXd"},
    {0x918, "K_HEXe"}, {0x919, "K_HEXf"}, {0xa00, "K_SHIFTLOCK"}, {0xa01, "K_ALTGRLOCK"}, {0xa02, "K_CTRLLOCK"},
    {0xa03, "K_ALTLOCK"}, {0xa04, "K_SHIFTLLOCK"}, {0xa05, "K_SHIFTRLOCK"}, {0xa06, "K_CTRLLLOCK"},
    {0xa07, "K_CTRLRLOCK"}, {0xa08, "K_CAPSSHIFTLOCK"}, {0xc00, "K_SHIFT_SLOCK"}, {0xc01, "K_ALTGR_SLOCK"},
    {0xc02, "K_CTRL_SLOCK"}, {0xc03, "K_ALT_SLOCK"}, {0xc04, "K_SHIFTL_SLOCK"}, {0xc05, "K_SHIFTR_SLOCK"},
    {0xc06, "K_CTRLL_SLOCK"}, {0xc07, "K_CTRLR_SLOCK"}, {0xc08, "K_CAPSSHIFT_SLOCK"}, {0xe00, "K_BRL_BLANK"},
    {0xe01, "K_BRL_DOT1"}, {0xe02, "K_BRL_DOT2"}, {0xe03, "K_BRL_DOT3"}, {0xe04, "K_BRL_DOT4"}, {0xe05, "K_BRL_DOT5"},
    {0xe06, "K_BRL_DOT6"}, {0xe07, "K_BRL_DOT7"}, {0xe08, "K_BRL_DOT8"}, {0xe09, "K_BRL_DOT9"}, {0xe0a, "K_BRL_DOT10"},
};

constexpr NamedValue kConsoleKeyTypesNames[] = {
    {0x0, "KT_LATIN"}, {0x1, "KT_FN"}, {0x2, "KT_SPEC"}, {0x3, "KT_PAD"}, {0x4, "KT_DEAD"}, {0x5, "KT_CONS"},
    {0x6, "KT_CUR"}, {0x7, "KT_SHIFT"}, {0x8, "KT_META"}, {0x9, "KT_ASCII"}, {0xa, "KT_LOCK"}, {0xb, "KT_LETTER"},
    {0xc, "KT_SLOCK"}, {0xd, "KT_DEAD2"}, {0xe, "KT_BRL"},
};

constexpr NamedValue kBtrfsBalanceNames[] = {
    {0x1, "BTRFS_BALANCE_DATA"}, {0x2, "BTRFS_BALANCE_SYSTEM"}, {0x4, "BTRFS_BALANCE_METADATA"},
    {0x8, "BTRFS_BALANCE_FORCE"}, {0x10, "BTRFS_BALANCE_RESUME"},
};

constexpr NamedValue kBtrfsBalanceArgumentsNames[] = {
    {0x1, "BTRFS_BALANCE_ARGS_PROFILES"}, {0x2, "BTRFS_BALANCE_ARGS_USAGE"}, {0x4, "BTRFS_BALANCE_ARGS_DEVID"},
    {0x8, "BTRFS_BALANCE_ARGS_DRANGE"}, {0x10, "BTRFS_BALANCE_ARGS_VRANGE"}, {0x20, "BTRFS_BALANCE_ARGS_LIMIT"},
    {0x40, "BTRFS_BALANCE_ARGS_LIMIT_RANGE"}, {0x80, "BTRFS_BALANCE_ARGS_STRIPES_RANGE"},
    {0x100, "BTRFS_BALANCE_ARGS_CONVERT"}, {0x200, "BTRFS_BALANCE_ARGS_SOFT"},
    {0x400, "BTRFS_BALANCE_ARGS_USAGE_RANGE"},
};

constexpr NamedValue kBtrfsBalanceCommandsNames[] = {
    {0x1, "BTRFS_BALANCE_CTL_PAUSE"}, {0x2, "BTRFS_BALANCE_CTL_CANCEL"},
};

constexpr NamedValue kBtrfsBalanceStatesNames[] = {
    {0x1, "BTRFS_BALANCE_STATE_RUNNING"}, {0x2, "BTRFS_BALANCE_STATE_PAUSE_REQ"},
    {0x4, "BTRFS_BALANCE_STATE_CANCEL_REQ"},
};

constexpr NamedValue kBtrfsChecksumsNames[] = {
    {0x0, "BTRFS_CSUM_TYPE_CRC32"}, {0x1, "BTRFS_CSUM_TYPE_XXHASH"}, {0x2, "BTRFS_CSUM_TYPE_SHA256"},
    {0x3, "BTRFS_CSUM_TYPE_BLAKE2"},
};

constexpr NamedValue kBtrfsDefragmentationNames[] = {
    {0x1, "BTRFS_DEFRAG_RANGE_COMPRESS"}, {0x2, "BTRFS_DEFRAG_RANGE_START_IO"},
};

constexpr NamedValue kBtrfsFeaturesNames[] = {
    {0x1, "BTRFS_FEATURE_INCOMPAT_MIXED_BACKREF"}, {0x2, "BTRFS_FEATURE_INCOMPAT_DEFAULT_SUBVOL"},
    {0x4, "BTRFS_FEATURE_INCOMPAT_MIXED_GROUPS"}, {0x8, "BTRFS_FEATURE_INCOMPAT_COMPRESS_LZO"},
    {0x10, "BTRFS_FEATURE_INCOMPAT_COMPRESS_ZSTD"}, {0x20, "BTRFS_FEATURE_INCOMPAT_BIG_METADATA"},
    {0x40, "BTRFS_FEATURE_INCOMPAT_EXTENDED_IREF"}, {0x80, "BTRFS_FEATURE_INCOMPAT_RAID56"},
    {0x100, "BTRFS_FEATURE_INCOMPAT_SKINNY_METADATA"}, {0x200, "BTRFS_FEATURE_INCOMPAT_NO_HOLES"},
    {0x400, "BTRFS_FEATURE_INCOMPAT_METADATA_UUID"}, {0x800, "BTRFS_FEATURE_INCOMPAT_RAID1C34"},
    {0x1000, "BTRFS_FEATURE_INCOMPAT_ZONED"}, {0x2000, "BTRFS_FEATURE_INCOMPAT_EXTENT_TREE_V2"},
};

constexpr NamedValue kBtrfsReadOnlyFeaturesNames[] = {
    {0x1, "BTRFS_FEATURE_COMPAT_RO_FREE_SPACE_TREE"}, {0x2, "BTRFS_FEATURE_COMPAT_RO_FREE_SPACE_TREE_VALID"},
    {0x4, "BTRFS_FEATURE_COMPAT_RO_VERITY"}, {0x8, "BTRFS_FEATURE_COMPAT_RO_BLOCK_GROUP_TREE"},
};

constexpr NamedValue kBtrfsInformationNames[] = {
    {0x1, "BTRFS_FS_INFO_FLAG_CSUM_INFO"}, {0x2, "BTRFS_FS_INFO_FLAG_GENERATION"},
    {0x4, "BTRFS_FS_INFO_FLAG_METADATA_UUID"},
};

constexpr NamedValue kBtrfsKeysNames[] = {
    {0x1, "BTRFS_INODE_ITEM_KEY"}, {0xc, "BTRFS_INODE_REF_KEY"}, {0xd, "BTRFS_INODE_EXTREF_KEY"},
    {0x18, "BTRFS_XATTR_ITEM_KEY"}, {0x24, "BTRFS_VERITY_DESC_ITEM_KEY"}, {0x25, "BTRFS_VERITY_MERKLE_ITEM_KEY"},
    {0x30, "BTRFS_ORPHAN_ITEM_KEY"}, {0x3c, "BTRFS_DIR_LOG_ITEM_KEY"}, {0x48, "BTRFS_DIR_LOG_INDEX_KEY"},
    {0x54, "BTRFS_DIR_ITEM_KEY"}, {0x60, "BTRFS_DIR_INDEX_KEY"}, {0x6c, "BTRFS_EXTENT_DATA_KEY"},
    {0x80, "BTRFS_EXTENT_CSUM_KEY"}, {0x84, "BTRFS_ROOT_ITEM_KEY"}, {0x90, "BTRFS_ROOT_BACKREF_KEY"},
    {0x9c, "BTRFS_ROOT_REF_KEY"}, {0xa8, "BTRFS_EXTENT_ITEM_KEY"}, {0xa9, "BTRFS_METADATA_ITEM_KEY"},
    {0xb0, "BTRFS_TREE_BLOCK_REF_KEY"}, {0xb2, "BTRFS_EXTENT_DATA_REF_KEY"}, {0xb4, "BTRFS_EXTENT_REF_V0_KEY"},
    {0xb6, "BTRFS_SHARED_BLOCK_REF_KEY"}, {0xb8, "BTRFS_SHARED_DATA_REF_KEY"}, {0xc0, "BTRFS_BLOCK_GROUP_ITEM_KEY"},
    {0xc6, "BTRFS_FREE_SPACE_INFO_KEY"}, {0xc7, "BTRFS_FREE_SPACE_EXTENT_KEY"}, {0xc8, "BTRFS_FREE_SPACE_BITMAP_KEY"},
    {0xcc, "BTRFS_DEV_EXTENT_KEY"}, {0xd8, "BTRFS_DEV_ITEM_KEY"}, {0xe4, "BTRFS_CHUNK_ITEM_KEY"},
    {0xf0, "BTRFS_QGROUP_STATUS_KEY"}, {0xf2, "BTRFS_QGROUP_INFO_KEY"}, {0xf4, "BTRFS_QGROUP_LIMIT_KEY"},
    {0xf6, "BTRFS_QGROUP_RELATION_KEY"}, {0xf8, "BTRFS_TEMPORARY_ITEM_KEY"}, {0xf9, "BTRFS_PERSISTENT_ITEM_KEY"},
    {0xfa, "BTRFS_DEV_REPLACE_KEY"}, {0xfb, "BTRFS_UUID_KEY_SUBVOL"}, {0xfc, "BTRFS_UUID_KEY_RECEIVED_SUBVOL"},
    {0xfd, "BTRFS_STRING_ITEM_KEY"},
};

constexpr NamedValue kBtrfsLogicalInodesNames[] = {
    {0x1, "BTRFS_LOGICAL_INO_ARGS_IGNORE_OFFSET"},
};

constexpr NamedValue kBtrfsQuotaCommandsNames[] = {
    {0x1, "BTRFS_QUOTA_CTL_ENABLE"}, {0x2, "BTRFS_QUOTA_CTL_DISABLE"}, {0x3, "BTRFS_QUOTA_CTL_RESCAN__NOTUSED"},
};

constexpr NamedValue kBtrfsGroupInheritanceNames[] = {
    {0x1, "BTRFS_QGROUP_INHERIT_SET_LIMITS"},
};

constexpr NamedValue kBtrfsGroupLimitsNames[] = {
    {0x1, "BTRFS_QGROUP_LIMIT_MAX_RFER"}, {0x2, "BTRFS_QGROUP_LIMIT_MAX_EXCL"}, {0x4, "BTRFS_QGROUP_LIMIT_RSV_RFER"},
    {0x8, "BTRFS_QGROUP_LIMIT_RSV_EXCL"}, {0x10, "BTRFS_QGROUP_LIMIT_RFER_CMPR"},
    {0x20, "BTRFS_QGROUP_LIMIT_EXCL_CMPR"},
};

constexpr NamedValue kBtrfsReplaceCommandsNames[] = {
    {0x0, "BTRFS_IOCTL_DEV_REPLACE_CMD_START"}, {0x1, "BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS"},
    {0x2, "BTRFS_IOCTL_DEV_REPLACE_CMD_CANCEL"},
};

constexpr NamedValue kBtrfsReplaceModesNames[] = {
    {0x0, "BTRFS_IOCTL_DEV_REPLACE_CONT_READING_FROM_SRCDEV_MODE_ALWAYS"},
    {0x1, "BTRFS_IOCTL_DEV_REPLACE_CONT_READING_FROM_SRCDEV_MODE_AVOID"},
};

constexpr NamedValue kBtrfsReplaceResultsNames[] = {
    {0x0, "BTRFS_IOCTL_DEV_REPLACE_RESULT_NO_ERROR"}, {0x1, "BTRFS_IOCTL_DEV_REPLACE_RESULT_NOT_STARTED"},
    {0x2, "BTRFS_IOCTL_DEV_REPLACE_RESULT_ALREADY_STARTED"}, {0x3, "BTRFS_IOCTL_DEV_REPLACE_RESULT_SCRUB_INPROGRESS"},
};

constexpr NamedValue kBtrfsReplaceStatesNames[] = {
    {0x0, "BTRFS_IOCTL_DEV_REPLACE_STATE_NEVER_STARTED"}, {0x1, "BTRFS_IOCTL_DEV_REPLACE_STATE_STARTED"},
    {0x2, "BTRFS_IOCTL_DEV_REPLACE_STATE_FINISHED"}, {0x3, "BTRFS_IOCTL_DEV_REPLACE_STATE_CANCELED"},
    {0x4, "BTRFS_IOCTL_DEV_REPLACE_STATE_SUSPENDED"},
};

constexpr NamedValue kBtrfsScrubbingNames[] = {
    {0x1, "BTRFS_SCRUB_READONLY"},
};

constexpr NamedValue kBtrfsSendingNames[] = {
    {0x1, "BTRFS_SEND_FLAG_NO_FILE_DATA"}, {0x2, "BTRFS_SEND_FLAG_OMIT_STREAM_HEADER"},
    {0x4, "BTRFS_SEND_FLAG_OMIT_END_CMD"}, {0x8, "BTRFS_SEND_FLAG_VERSION"}, {0x10, "BTRFS_SEND_FLAG_COMPRESSED"},
};

constexpr NamedValue kBtrfsStatisticsNames[] = {
    {0x0, "BTRFS_DEV_STAT_WRITE_ERRS"}, {0x1, "BTRFS_DEV_STAT_READ_ERRS"}, {0x2, "BTRFS_DEV_STAT_FLUSH_ERRS"},
    {0x3, "BTRFS_DEV_STAT_CORRUPTION_ERRS"}, {0x4, "BTRFS_DEV_STAT_GENERATION_ERRS"},
};

constexpr NamedValue kBtrfsStatisticsFlagsNames[] = {
    {0x1, "BTRFS_DEV_STATS_RESET"},
};

constexpr NamedValue kBtrfsSubvolumesNames[] = {
    {0x1, "BTRFS_SUBVOL_CREATE_ASYNC"}, {0x2, "BTRFS_SUBVOL_RDONLY"}, {0x4, "BTRFS_SUBVOL_QGROUP_INHERIT"},
};

}  // namespace

const NameTable kEventTypes{kEventTypesNames, "EV_???"};
const NameTable kKeys{kKeysNames, "KEY_???"};
const NameTable kRelativeAxes{kRelativeAxesNames, "REL_???"};
const NameTable kAbsoluteAxes{kAbsoluteAxesNames, "ABS_???"};
const NameTable kSlotAxes{kSlotAxesNames, "ABS_MT_???"};
const NameTable kMiscEvents{kMiscEventsNames, "MSC_???"};
const NameTable kSwitches{kSwitchesNames, "SW_???"};
const NameTable kLeds{kLedsNames, "LED_???"};
const NameTable kSounds{kSoundsNames, "SND_???"};
const NameTable kRepeats{kRepeatsNames, "REP_???"};
const NameTable kInputProperties{kInputPropertiesNames, "INPUT_PROP_???"};
const NameTable kForces{kForcesNames, "FF_???"};
const NameTable kForceStates{kForceStatesNames, "FF_STATUS_???"};
const NameTable kConsoleKeys{kConsoleKeysNames, "K_???"};
const NameTable kConsoleKeyTypes{kConsoleKeyTypesNames, "KT_???"};
const NameTable kBtrfsBalance{kBtrfsBalanceNames, "BTRFS_BALANCE_???"};
const NameTable kBtrfsBalanceArguments{kBtrfsBalanceArgumentsNames, "BTRFS_BALANCE_ARGS_???"};
const NameTable kBtrfsBalanceCommands{kBtrfsBalanceCommandsNames, "BTRFS_BALANCE_CTL_???"};
const NameTable kBtrfsBalanceStates{kBtrfsBalanceStatesNames, "BTRFS_BALANCE_STATE_???"};
const NameTable kBtrfsChecksums{kBtrfsChecksumsNames, "BTRFS_CSUM_TYPE_???"};
const NameTable kBtrfsDefragmentation{kBtrfsDefragmentationNames, "BTRFS_DEFRAG_RANGE_???"};
const NameTable kBtrfsFeatures{kBtrfsFeaturesNames, "BTRFS_FEATURE_INCOMPAT_???"};
const NameTable kBtrfsReadOnlyFeatures{kBtrfsReadOnlyFeaturesNames, "BTRFS_FEATURE_COMPAT_RO_???"};
const NameTable kBtrfsInformation{kBtrfsInformationNames, "BTRFS_FS_INFO_FLAG_???"};
const NameTable kBtrfsKeys{kBtrfsKeysNames, ""};
const NameTable kBtrfsLogicalInodes{kBtrfsLogicalInodesNames, "BTRFS_LOGICAL_INO_ARGS_???"};
const NameTable kBtrfsQuotaCommands{kBtrfsQuotaCommandsNames, "BTRFS_QUOTA_CTL_???"};
const NameTable kBtrfsGroupInheritance{kBtrfsGroupInheritanceNames, "BTRFS_QGROUP_INHERIT_???"};
const NameTable kBtrfsGroupLimits{kBtrfsGroupLimitsNames, "BTRFS_QGROUP_LIMIT_???"};
const NameTable kBtrfsReplaceCommands{kBtrfsReplaceCommandsNames, "BTRFS_IOCTL_DEV_REPLACE_CMD_???"};
const NameTable kBtrfsReplaceModes{kBtrfsReplaceModesNames, "BTRFS_IOCTL_DEV_REPLACE_CONT_READING_FROM_SRCDEV_MODE_???"};
const NameTable kBtrfsReplaceResults{kBtrfsReplaceResultsNames, "BTRFS_IOCTL_DEV_REPLACE_RESULT_???"};
const NameTable kBtrfsReplaceStates{kBtrfsReplaceStatesNames, "BTRFS_IOCTL_DEV_REPLACE_STATE_???"};
const NameTable kBtrfsScrubbing{kBtrfsScrubbingNames, "BTRFS_SCRUB_???"};
const NameTable kBtrfsSending{kBtrfsSendingNames, "BTRFS_SEND_FLAGS_???"};
const NameTable kBtrfsStatistics{kBtrfsStatisticsNames, ""};
const NameTable kBtrfsStatisticsFlags{kBtrfsStatisticsFlagsNames, "BTRFS_DEV_STATS_???"};
const NameTable kBtrfsSubvolumes{kBtrfsSubvolumesNames, "BTRFS_SUBVOL_???"};

}  // namespace vdsotrace::ioctl
