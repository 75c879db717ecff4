// Signals.
#include <array>
#include <csignal>

#include <sys/signalfd.h>

#include "model/syscalls/signals/kinds.hpp"
#include "model/syscalls/signals/signals.hpp"
#include "model/syscalls/tables.hpp"

// The rows of tables stand in columns.
// clang-format off

namespace vdsotrace {
namespace {

/// Sets whose size is the fourth argument.
void print_set_sized_by_fourth(ArgContext& c) { print_sigset_at(c, c.value(), c.arg(3)); }
constexpr ArgKind kSigset3{print_set_sized_by_fourth};
constexpr ArgKind kSigset3Out{print_set_sized_by_fourth, When::exit};

/// The first sets, of one word.
void print_set_of_a_word(ArgContext& c) { print_sigset_at(c, c.value(), c.word()); }
constexpr ArgKind kWordSet{print_set_of_a_word};
constexpr ArgKind kWordSetOut{print_set_of_a_word, When::exit};

constexpr std::array kSetMaskValues{NAMED(SIG_BLOCK), NAMED(SIG_UNBLOCK), NAMED(SIG_SETMASK)};
constexpr NameTable kSetMaskNames{kSetMaskValues, "SIG_???"};

constexpr std::array kSignalfdValues{NAMED(SFD_CLOEXEC), NAMED(SFD_NONBLOCK)};
constexpr NameTable kSignalfdNames{kSignalfdValues, "SFD_???"};

constexpr CallSpec kCalls[] = {
    {"kill", 2, kSignal | kProcess, {&kPidOrGroup, &kSignalNumber}},
    {"tkill", 2, kSignal | kProcess, {&kTid, &kSignalNumber}},
    {"tgkill", 3, kSignal | kProcess, {&kPid, &kTid, &kSignalNumber}},
    {"pidfd_send_signal", 4, kDesc | kSignal | kProcess, {&kFd, &kSignalNumber, &kSiginfo,
      &kHex32}},
    {"rt_sigqueueinfo", 3, kSignal | kProcess, {&kPid, &kSignalNumber, &kSiginfo}},
    {"rt_tgsigqueueinfo", 4, kSignal | kProcess, {&kPid, &kTid, &kSignalNumber, &kSiginfo}},
    {"rt_sigaction", 4, kSignal, {&kSignalNumber, &kSigaction, &kSigactionOut, &kSize}},
    {"rt_sigprocmask", 4, kSignal, {&kChoice<kSetMaskNames>, &kSigset3, &kSigset3Out, &kSize}},
    {"rt_sigpending", 2, kSignal, {&kPendingOut, &kSize}},
    {"rt_sigsuspend", 2, kSignal, {&kSigset, &kSize}},
    {"rt_sigtimedwait", 4, kSignal, {&kSigset3, &kSiginfoOut, &kTimespecAt, &kSize},
     nullptr, comment_signal},
    {"rt_sigtimedwait_time64", 4, kSignal, {&kSigset3, &kSiginfoOut, &kTimespecAt, &kSize},
     nullptr, comment_signal},
    {"rt_sigreturn", 1, kSignal, {&kSignalFrame}},
    {"sigaltstack", 2, kSignal, {&kSignalStack, &kSignalStackOut}},
    {"signalfd", 3, kDesc | kSignal, {&kFd, &kSigset, &kSize}, result_fd},
    {"signalfd4", 4, kDesc | kSignal, {&kFd, &kSigset, &kSize, &kFlags<kSignalfdNames>}, result_fd},
    {"pause", 0, kSignal, {}},
    // What 32-bit programs have besides.
    {"signal", 2, kSignal, {&kSignalNumber, &kHandler}, result_hex},
    {"sigaction", 3, kSignal, {&kSignalNumber, &kPointer, &kPointerOut}},
    {"sigprocmask", 3, kSignal, {&kChoice<kSetMaskNames>, &kWordSet, &kWordSetOut}},
    {"sigpending", 1, kSignal, {&kWordSetOut}},
    {"sigsuspend", 3, kSignal, {&kHex, &kHex, &kHex}},
    {"sigreturn", 1, kSignal, {&kSignalFrame}},
    {"sgetmask", 0, kSignal, {}, result_hex},
    {"ssetmask", 1, kSignal, {&kHex}, result_hex},
};

}  // namespace

std::span<const CallSpec> signal_calls() { return kCalls; }

}  // namespace vdsotrace
