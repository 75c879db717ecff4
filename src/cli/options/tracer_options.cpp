#include "cli/options/tracer_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace vdsotrace::cli {
namespace {

/// strace's numbers and words.
Result<void> check_interruptible(ParsedFlags& raw) {
  const std::string& when = raw.interruptible;
  const auto is = [&](std::string_view number, std::string_view word) { return when == number || when == word; };
  Options& o = raw.options;
  if (when.empty()) return {};
  const bool always = is("1", "anywhere") || is("2", "waiting") || when == "always";
  o.ignores_terminal_stop = is("4", "never_tstp");
  if (!always && !o.ignores_terminal_stop && !is("3", "never"))
    return fail(fmt::format("-I {}: unknown", when), "one of anywhere (1), waiting (2), never (3), never_tstp (4)");
  o.interruptible = always ? Interruptible::always : Interruptible::never;
  return {};
}

Result<Daemonize> daemonize_of(const ParsedFlags& raw) {
  constexpr Daemonize kByNumber[] = {Daemonize::no, Daemonize::grandchild, Daemonize::group, Daemonize::session};
  if (raw.daemonize > 3) return fail("-D: at most three times");
  std::string where = raw.daemonize_as;
  std::ranges::transform(where, where.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (where.empty()) return kByNumber[raw.daemonize];
  if (where == "grandchild") return Daemonize::grandchild;
  if (where == "pgroup" || where == "pgrp") return Daemonize::group;
  if (where == "session") return Daemonize::session;
  return fail(fmt::format("--daemonize={}: unknown", raw.daemonize_as), "one of grandchild, pgroup, session");
}

}  // namespace

Result<void> check_tracer_options(ParsedFlags& raw) {
  Options& o = raw.options;
  if (!raw.detach_on.empty() && raw.detach_on != "execve")
    return fail(fmt::format("-b {}: not a call at which processes can be detached", raw.detach_on), "-b execve");
  o.detach_on_exec = !raw.detach_on.empty();
  const auto daemonize = daemonize_of(raw);
  if (!daemonize) return tl::unexpected(daemonize.error());
  o.daemonize = *daemonize;
  if (o.daemonize != Daemonize::no) {
    if (o.program.empty()) return fail("-D: there is no program to be run", "vdsotrace -D [OPTIONS] PROGRAM [ARG...]");
    // The terminal's signals are for the program, which is its own process there.
    o.interruptible = Interruptible::never;
    o.ignores_terminal_stop = true;
  }
  return check_interruptible(raw);
}

}  // namespace vdsotrace::cli
