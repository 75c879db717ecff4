// Which calls and signals the user asked for (-e). A plain value that both
// halves use: the observing one to leave out work, the reporting one to filter.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vdsotrace/call.hpp"
#include "vdsotrace/error.hpp"

namespace vdsotrace {

/// How a call ended, as `-e status=` distinguishes it.
enum class Status : std::uint8_t {
  successful,
  failed,
  unfinished,   ///< its thread ended, or executed a program, before it returned
  unavailable,  ///< what it returned is not known
  detached,     ///< its thread was detached before it returned
};
inline constexpr std::size_t kStatuses = 5;

/// Of a call that has ended.
Status status_of(const Call& call);

class Selection {
 public:
  /// Everything: what `-e trace=all` says.
  Selection();

  /// Applies the arguments of several `-e` options in order, as strace: `trace=SET` (also `t=`,
  /// also a bare SET), `signal=SET` (`signals=`, `s=`), `status=SET`, `route=SET`; a later one replaces an
  /// earlier one of its kind. A SET is words with commas between, `!` in front to negate. A word
  /// of trace= is all, none, a name, a number, a %class (also strace's old bare class names) or a
  /// /REGEX (POSIX extended); `@64`, `@32`, `@x32` behind it mean that ABI only, `?` in front
  /// that it need not be known.
  /// Errors name the nearest known word.
  static Result<Selection> parse(std::span<const std::string> expressions);

  /// Whether a call of that number may be wanted, whatever route it takes.
  /// `vdso_capable`: the process's vDSO offers it.
  bool wants_number(Abi abi, std::int64_t nr, bool vdso_capable) const;
  /// Whether this very call is wanted: its name and its route. A call without a
  /// route (one no vDSO could serve) is not wanted once `route=` has named some routes, but not all.
  bool wants(const Call& call) const;
  /// An unknown route may be one of two: it is wanted where one of these is, or by its own name.
  bool wants_route(Route route) const {
    const std::uint32_t meant = route == Route::unknown ? bit(route) | bit(Route::vdso) | bit(Route::fallback)
                                                        : bit(route);
    return (routes_ & meant) != 0;
  }
  /// Whether `route=` was given and includes that route.
  bool asks_for_route(Route route) const { return routes_given_ && wants_route(route); }
  /// Whether any call without a route can pass.
  bool wants_ordinary_calls() const;
  bool wants_signal(int signal) const;
  /// For when calls are selected by what a vDSO could not serve, as by the files that they use.
  void leave_out_vdso_capable() { leaves_out_vdso_capable_ = true; }
  bool wants_status(Status status) const { return statuses_.test(static_cast<std::size_t>(status)); }
  /// Whether it does not matter how a call ends: it can be shown while it runs.
  bool wants_every_status() const { return statuses_.all(); }

 private:
  static constexpr std::size_t kSignals = 64;

  Result<void> apply(std::string_view expression);
  Result<void> set_calls(std::string_view set);
  Result<void> add_calls(std::string_view word);
  Result<void> set_routes(std::string_view set);
  Result<void> set_signals(std::string_view set);
  Result<void> set_statuses(std::string_view set);
  void add_number(Abi abi, std::int64_t nr);
  void forget_calls();

  std::array<std::bitset<kCallNumbers>, kAbis.size()> numbers_;  ///< by Abi, without its number_bit
  bool vdso_capable_ = false;                                    ///< %vdso is in the set
  bool leaves_out_vdso_capable_ = false;
  bool inverted_ = true;  ///< the set says what is not wanted
  static constexpr std::uint32_t bit(Route route) { return 1u << static_cast<unsigned>(route); }
  static constexpr std::uint32_t kEveryRoute = (1u << kRoutes) - 1;
  static constexpr std::uint32_t kKnownRoutes = kEveryRoute & ~(1u << static_cast<unsigned>(Route::unknown));
  std::uint32_t routes_ = kEveryRoute;
  bool routes_given_ = false;
  std::bitset<kSignals + 1> signals_;
  std::bitset<kStatuses> statuses_;
};

}  // namespace vdsotrace
