#include "cli/options/options.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "base/number.hpp"
#include "cli/options/command_line.hpp"
#include "cli/options/declared_options.hpp"
#include "cli/options/direct_option.hpp"
#include "cli/options/duration.hpp"
#include "cli/options/option_conflicts.hpp"
#include "cli/options/stamps.hpp"
#include "cli/options/trace_help.hpp"
#include "cli/options/tracer_options.hpp"
#include "model/nearest.hpp"
#include "model/syscalls/descriptors.hpp"
#include "model/time_span.hpp"

namespace vdsotrace::cli {
namespace {

constexpr std::string_view kCommands[] = {"trace", "audit", "compare", "info",       "dump",
                                          "merge", "diff",  "help",    "completions"};
/// These take their arguments apart themselves.
constexpr std::string_view kOwnArguments[] = {"compare", "info", "dump", "merge", "diff", "completions"};

}  // namespace

Result<void> check_engine(const std::string& name) {
  constexpr std::string_view kKnown[] = {"auto", "inline", "breakpoint", "perf", "step"};
  if (std::ranges::find(kKnown, name) != std::end(kKnown)) return {};
  return fail(fmt::format("--engine={}: unknown engine", name), "one of auto, inline, breakpoint, perf, step");
}

namespace {

Result<std::size_t> parse_limit(std::string_view option, const std::string& text) {
  const auto value = parse_number<std::size_t>(text);
  // strace takes no more than this either; a capture is bounded by it.
  constexpr std::size_t kMost = 1 << 20;
  if (!value || *value > kMost) return fail(fmt::format("{} {}: not a number from 0 to {}", option, text, kMost));
  return *value;
}

/// One argument of -p: numbers with commas or, as pidof prints them, blanks between.
Result<void> add_pids(std::vector<pid_t>& pids, std::string_view list) {
  while (!list.empty()) {
    const auto word = list.substr(0, list.find_first_of(", \t\n"));
    list.remove_prefix(std::min(word.size() + 1, list.size()));
    if (word.empty()) continue;
    const auto pid = pid_named(word);
    if (!pid) return fail(fmt::format("-p {}: not a process id", word));
    if (std::ranges::find(pids, *pid) == pids.end()) pids.push_back(*pid);
  }
  return {};
}

Result<std::vector<pid_t>> parse_pids(const std::vector<std::string>& lists) {
  std::vector<pid_t> pids;
  for (const std::string& list : lists) {
    if (auto added = add_pids(pids, list); !added) return tl::unexpected(added.error());
  }
  if (pids.empty() && !lists.empty()) return fail("-p: no process id given");
  return pids;
}

Result<bool> parse_syscalls(const std::string& way) {
  if (way == "stops") return false;
  if (way == "inline") return true;
  return fail(fmt::format("--syscalls={}: unknown", way), "one of stops, inline");
}

Result<FailRules> parse_fail_rules(const ParsedFlags& raw) {
  if (raw.fail_on && raw.fail_on->empty()) return fail("--fail-on: there is no route", "see vdsotrace help audit");
  auto rules = parse_route_rules(raw.fail_on.value_or(""));
  if (!rules) return tl::unexpected(rules.error());
  auto allowed = parse_allowances(raw.allow);
  if (!allowed) return tl::unexpected(allowed.error());
  if (rules->empty() && !allowed->empty()) return fail("--allow: there is nothing to allow without --fail-on");
  return FailRules{std::move(*rules), std::move(*allowed)};
}

/// Percent, with or without the sign.
Result<double> threshold_of(std::string text) {
  if (text.ends_with('%')) text.pop_back();
  const bool is_number = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto percent = is_number ? parse_number<double>(text) : std::nullopt;
  if (!percent || !(*percent <= 100)) return fail(fmt::format("--threshold {}: not a share from 0 to 100%", text));
  return *percent / 100;
}

Result<DescriptorDetails> descriptors_of(const ParsedFlags& raw) {
  if (!raw.decode_fds.empty()) return descriptor_details_named(raw.decode_fds);
  constexpr std::string_view kSets[] = {"none", "path", "all"};
  return descriptor_details_named(kSets[std::min<std::size_t>(static_cast<std::size_t>(raw.descriptors), 2)]);
}

Result<HexStrings> hex_strings_of(const ParsedFlags& raw) {
  if (raw.hex_strings == "all" || (raw.hex_strings.empty() && raw.hex > 1)) return HexStrings::all;
  if (raw.hex_strings == "non-ascii" || (raw.hex_strings.empty() && raw.hex == 1)) return HexStrings::non_ascii;
  if (raw.hex_strings == "non-ascii-chars") return HexStrings::non_ascii_characters;
  if (raw.hex_strings == "none" || raw.hex_strings.empty()) return HexStrings::none;
  return fail(fmt::format("--strings-in-hex={}: unknown", raw.hex_strings),
              "one of none, non-ascii-chars, non-ascii, all");
}

Result<ConstantStyle> constant_style_named(std::string_view name) {
  if (name == "raw") return ConstantStyle::raw;
  if (name == "abbrev") return ConstantStyle::abbrev;
  if (name == "verbose") return ConstantStyle::verbose;
  return fail(fmt::format("-X {}: unknown style", name), "one of raw, abbrev, verbose");
}

/// When lines are, and what they take.
Result<void> check_times(ParsedFlags& raw) {
  Options& o = raw.options;
  using Stamps = TextOptions::Stamps;
  if (raw.stamps > 0) o.text.stamps = raw.stamps > 2 ? Stamps::epoch : Stamps::time_of_day;
  if (raw.stamps > 1) o.text.stamp_precision = Precision::microseconds;
  if (!raw.absolute.empty()) {
    if (auto parsed = parse_stamps(raw.absolute, o.text); !parsed) return parsed;
  }
  const std::tuple<std::string_view, const std::string&, std::optional<Precision>&> precise[] = {
      {"--relative-timestamps", raw.relative, o.text.since_last}, {"--syscall-times", raw.syscall_times, o.durations}};
  for (const auto& [option, name, precision] : precise) {
    if (name.empty()) continue;
    auto known = precision_named(option, name);
    if (!known) return tl::unexpected(known.error());
    precision = *known;
  }
  return {};
}

/// What is shown of descriptors, and what of messages and dumps; that may stand among the expressions.
Result<void> check_details(ParsedFlags& raw) {
  Options& o = raw.options;
  auto descriptors = descriptors_of(raw);
  if (!descriptors) return tl::unexpected(descriptors.error());
  o.limits.descriptors = *descriptors;
  if (auto taken = take_descriptor_details(raw.expressions, o.limits.descriptors); !taken) return taken;
  if (auto taken = take_process_details(raw.expressions, o.limits.processes); !taken) return taken;
  o.quieted = quiet_of(o.quiet);
  if (!raw.quiet.empty()) raw.expressions.push_back("quiet=" + raw.quiet);
  if (auto taken = take_quiet(raw.expressions, o.quieted); !taken) return taken;
  o.quiet = std::max(o.quiet, o.quieted.all() ? 3 : o.quieted.attach ? 1 : 0);
  return take_dumps(raw.expressions, o.text.dumps);
}

/// What is done to calls.
Result<void> check_injections(ParsedFlags& raw) {
  auto injections = Injections::take(raw.expressions);
  if (!injections) return tl::unexpected(injections.error());
  if (injections->empty()) return {};
  Options& o = raw.options;
  if (o.engine == "perf")
    return fail("-e inject=: the perf engine changes nothing of the program", "use --engine=auto, breakpoint or step");
  if (o.audit) return fail("audit: -e inject= is an option of traces");
  o.injections = std::make_shared<Injections>(std::move(*injections));
  return {};
}

/// How arguments are shown.
Result<void> check_display(ParsedFlags& raw) {
  Options& o = raw.options;
  const std::size_t expressions = raw.expressions.size();
  auto arguments = ArgumentSets::take(raw.expressions);
  if (!arguments) return tl::unexpected(arguments.error());
  // Where none was given no call asks.
  if (raw.expressions.size() != expressions) o.arguments = std::make_shared<ArgumentSets>(*arguments);
  o.limits.sets = o.arguments.get();
  const std::tuple<std::string_view, const std::string&, std::size_t&> limits[] = {
      {"-s", raw.string_limit, o.limits.string}, {"-a", raw.columns, o.text.columns}};
  for (const auto& [option, text, number] : limits) {
    auto limit = parse_limit(option, text);
    if (!limit) return tl::unexpected(limit.error());
    number = *limit;
  }
  auto hex = hex_strings_of(raw);
  if (!hex) return tl::unexpected(hex.error());
  o.limits.hex = *hex;
  auto constants = constant_style_named(raw.constants);
  if (!constants) return tl::unexpected(constants.error());
  o.limits.constants = *constants;
  return {};
}

/// What the summary shows.
Result<void> check_summary(ParsedFlags& raw) {
  Options& o = raw.options;
  if (!raw.sort.empty()) {
    auto sort = sort_key_named(raw.sort);
    if (!sort) return tl::unexpected(sort.error());
    o.summary.sort = *sort;
  }
  if (!raw.summary_columns.empty()) {
    auto columns = summary_columns_named(raw.summary_columns);
    if (!columns) return tl::unexpected(columns.error());
    o.summary.columns = std::move(*columns);
  } else if (o.durations) {
    o.summary.columns = timed_summary_columns();
  }
  if (!raw.overhead.empty()) {
    const auto overhead = time_span_named(raw.overhead);
    if (!overhead)
      return fail(fmt::format("-O {}: not a time", raw.overhead), "microseconds, or a number with ns, us, ms or s");
    o.summary.overhead_ns = *overhead;
  }
  const std::pair<bool, std::string_view> of_summaries[] = {{o.summary.wall_clock, "-w"},
                                                            {o.summary.overhead_ns != 0, "-O"},
                                                            {!raw.sort.empty(), "-S"},
                                                            {!raw.summary_columns.empty(), "-U"}};
  for (const auto& [given, name] : of_summaries) {
    if (given && !o.summary.any()) return fail(fmt::format("{}: there is no summary without -c or -C", name));
  }
  return {};
}

Result<void> check_audit_options(ParsedFlags& raw) {
  if (!raw.options.audit) return {};
  auto fail_on = parse_fail_rules(raw);
  if (!fail_on) return tl::unexpected(fail_on.error());
  raw.options.audit->fail_on = std::move(*fail_on);
  if (raw.threshold.empty()) return {};
  const auto threshold = threshold_of(raw.threshold);
  if (!threshold) return tl::unexpected(threshold.error());
  raw.options.audit->threshold = *threshold;
  return {};
}

/// How calls are observed.
Result<void> check_ways(ParsedFlags& raw) {
  Options& o = raw.options;
  if (o.steps && o.engine == "auto") o.engine = "step";
  const auto direct = direct_named(raw.direct);
  if (!direct) return tl::unexpected(direct.error());
  o.direct = *direct;
  const auto inline_syscalls = parse_syscalls(raw.syscalls);
  if (!inline_syscalls) return tl::unexpected(inline_syscalls.error());
  o.inline_syscalls = *inline_syscalls;
  return check_engine(o.engine);
}

/// Which processes, for how long.
Result<void> check_subject(ParsedFlags& raw) {
  if (auto tracer = check_tracer_options(raw); !tracer) return tracer;
  Options& o = raw.options;
  o.follow = raw.follow > 0;
  o.split = (raw.follow > 1 || raw.output_separately) && !o.output.empty();
  auto pids = parse_pids(raw.attach);
  if (!pids) return tl::unexpected(pids.error());
  o.attach = std::move(*pids);
  const auto duration = parse_duration("--duration", raw.duration);
  if (!duration) return tl::unexpected(duration.error());
  o.duration = *duration;
  return {};
}

/// Turns the counted and spelled options into what they mean.
Result<Options> check(ParsedFlags&& raw) {
  Options& o = raw.options;
  if (auto times = check_times(raw); !times) return tl::unexpected(times.error());
  if (auto details = check_details(raw); !details) return tl::unexpected(details.error());
  // Later expressions of the user's replace it.
  if (o.audit) raw.expressions.insert(raw.expressions.begin(), "trace=%vdso");
  if (auto display = check_display(raw); !display) return tl::unexpected(display.error());
  if (auto tampering = check_injections(raw); !tampering) return tl::unexpected(tampering.error());
  auto selection = Selection::parse(raw.expressions);
  if (!selection) return tl::unexpected(selection.error());
  o.selection = *selection;
  if (!o.paths.empty()) o.selection.leave_out_vdso_capable();
  if (auto subject = check_subject(raw); !subject) return tl::unexpected(subject.error());
  auto color = color_named(raw.color);
  if (!color) return tl::unexpected(color.error());
  o.color = *color;
  if (auto summary = check_summary(raw); !summary) return tl::unexpected(summary.error());
  if (auto audit = check_audit_options(raw); !audit) return tl::unexpected(audit.error());
  if (auto ways = check_ways(raw); !ways) return tl::unexpected(ways.error());
  if (auto checked = check_conflicts(o); !checked) return tl::unexpected(checked.error());
  return std::move(o);
}

using OtherOutcome = std::variant<Information, OtherCommand>;

Result<std::optional<OtherOutcome>> parse_into(ParsedFlags& raw, std::vector<std::string> arguments,
                                               std::string_view command);

/// `words`: "help" and what follows it.
Result<std::optional<OtherOutcome>> help_for(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"--help"};
  if (words.size() > 1) {
    if (std::ranges::find(kCommands, words[1]) == std::end(kCommands))
      return fail(fmt::format("help {}: unknown command", words[1]), did_you_mean(words[1], kCommands));
    if (words[1] != "help" && words[1] != "trace") arguments.insert(arguments.begin(), words[1]);
  }
  ParsedFlags raw;
  return parse_into(raw, std::move(arguments), {});
}

/// What the options ask to be printed, if anything. Errors: options of traces for which an audit has no use.
Result<std::optional<OtherOutcome>> information_asked(const CLI::App& app, const ParsedFlags& raw, bool is_audit) {
  if (is_audit) {
    if (auto checked = refuse_trace_options(app); !checked) return tl::unexpected(checked.error());
  }
  if (raw.help) return Information{help_text(app, is_audit ? kAuditHelp : kTraceHelp)};
  if (raw.version) return Information{fmt::format("vdsotrace {}\n", VDSOTRACE_VERSION)};
  return std::nullopt;
}

/// Nothing if `raw` is a trace to be made.
Result<std::optional<OtherOutcome>> parse_into(ParsedFlags& raw, std::vector<std::string> arguments,
                                               std::string_view command) {
  CLI::App app;
  declare(app, raw);
  const bool is_audit = command == "audit";
  if (is_audit) declare_audit(app, raw);
  auto words = parse_operands(app, arguments, command);
  if (!words) return tl::unexpected(words.error());
  raw.options.program = std::move(words->program);
  const std::string first = raw.options.program.empty() ? "" : raw.options.program.front();
  const bool is_word = command.empty() && !words->after_mark;
  const bool is_command = is_word && std::ranges::find(kCommands, first) != std::end(kCommands);
  // Options may stand on both sides of the command word.
  if (is_command) arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(words->start));
  if (is_command && std::ranges::find(kOwnArguments, first) != std::end(kOwnArguments))
    return OtherCommand{first, std::move(arguments)};
  auto asked = information_asked(app, raw, is_audit);
  if (!asked || *asked) return asked;
  if (is_audit) raw.options.audit = raw.audit;
  if (!is_command) return std::nullopt;
  if (first == "help") return help_for(raw.options.program);
  raw = ParsedFlags{};
  return parse_into(raw, std::move(arguments), first);
}

}  // namespace

std::vector<OptionRow> trace_options() {
  ParsedFlags unused;
  CLI::App app;
  declare(app, unused);
  return rows_of(app);
}

std::vector<OptionRow> audit_options() {
  ParsedFlags unused;
  CLI::App app;
  declare(app, unused);
  declare_audit(app, unused);
  std::vector<OptionRow> rows = rows_of(app);
  std::erase_if(rows, [](const OptionRow& row) { return !shows(kAuditHelp, row.names); });
  return rows;
}

std::string meant_command(std::string_view word) {
  const std::string_view command = nearest(word, kCommands);
  return command.empty() ? std::string() : fmt::format("did you mean vdsotrace {}?", command);
}

Result<Parsed> parse_options(int argc, const char* const* argv) {
  ParsedFlags raw;
  auto instead = parse_into(raw, {argv + 1, argv + argc}, {});
  if (!instead) return tl::unexpected(instead.error());
  if (*instead) return std::visit([](auto& other) -> Parsed { return std::move(other); }, **instead);
  auto options = check(std::move(raw));
  if (!options) return tl::unexpected(options.error());
  return Parsed(std::move(*options));
}

}  // namespace vdsotrace::cli
