#include "model/syscalls/render.hpp"

#include <algorithm>

#include "model/syscalls/errno.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

const ArgKind kUnknownKind{[](ArgContext& c) { print_hex(c, c.value()); }};

/// A number without a name: all six registers may be arguments.
const CallSpec kUnknownCall{"", 6};

const CallSpec& spec_for(const Call& call) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  return spec != nullptr ? *spec : kUnknownCall;
}

const ArgKind& kind_of(const CallSpec& spec, unsigned index) {
  const ArgKind* kind = spec.kinds[index];
  return kind != nullptr ? *kind : kUnknownKind;
}

unsigned arguments_of(const CallSpec& spec) {
  return std::min<unsigned>(spec.arguments, static_cast<unsigned>(spec.kinds.size()));
}

/// A rendering's memory is const to its caller: reading a Capture changes nothing.
Capture& readable(const Capture& capture) { return const_cast<Capture&>(capture); }

void print_result(ArgContext& c, const CallSpec& spec) {
  const Call& call = c.call();
  if (spec.result != nullptr) {
    spec.result(c);
  } else if (call.abi == Abi::i386) {
    c.put_number(static_cast<std::int32_t>(call.result));
  } else {
    c.put_number(call.result);
  }
  if (spec.comment == nullptr) return;
  const std::size_t bare = c.out().size();
  c.put(" ");
  spec.comment(c);
  if (c.out().size() == bare + 1) c.out().resize(bare);
}

std::string result_text(ArgContext& c, const CallSpec& spec) {
  const Call& call = c.call();
  if (call.ending == Ending::running) return {};
  if (call.ending != Ending::returned) return "?";
  if (call.error != 0) return error_result(call.error);
  c.out().clear();
  print_result(c, spec);
  return c.out();
}

/// Prints one argument as it was at entry. Returns whether it is printed at the end instead;
/// what has been printed is worthless then.
bool print_at_entry(ArgContext& c, const ArgKind& kind) {
  c.set_exiting(false);
  kind.print(c);
  return c.take_waiting() || kind.when == When::exit_and_entry;
}

void print_at_exit(ArgContext& c, const ArgKind& kind) {
  c.set_exiting(true);
  kind.print(c);
  c.take_waiting();
}

/// Whether all of its arguments are to be shown.
bool has_ended(const Call& call) { return call.ending == Ending::returned || call.ending == Ending::unseen; }

bool has_beginning(const ArgKind& kind) {
  return kind.when == When::entry || kind.when == When::either || kind.when == When::amended;
}

/// One argument, printed as far as the call has got.
struct Printed {
  bool at_entry = false;    ///< the call's beginning sufficed for it
  std::size_t amended = 0;  ///< bytes that its end added
};

Printed print_whole(ArgContext& c, const ArgKind& kind) {
  const bool returned = has_ended(c.call());
  c.out().clear();
  if (has_beginning(kind) && !print_at_entry(c, kind)) {
    const std::size_t beginning = c.out().size();
    if (kind.when == When::amended && returned) print_at_exit(c, kind);
    return {true, c.out().size() - beginning};
  }
  c.out().clear();
  if (returned) print_at_exit(c, kind);
  return {};
}

CallText render_arguments(ArgContext& c, const CallSpec& spec, bool to_the_end) {
  CallText text;
  const unsigned count = arguments_of(spec);
  text.args.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    const ArgKind& kind = kind_of(spec, i);
    c.set_index(i);
    const Printed printed = print_whole(c, kind);
    if (!printed.at_entry && !text.more) text.joined_late = kind.when == When::exit_after;
    const bool beginning = printed.at_entry && !text.more;
    text.more = !beginning || kind.when == When::amended;
    if (!beginning && !to_the_end) break;
    if (c.out().empty()) continue;
    text.args.push_back(c.out());
    if (!beginning) continue;
    text.at_entry = text.args.size();
    text.amended = printed.amended;
    text.joined_late = kind.when == When::amended;
  }
  return text;
}

}  // namespace

void capture_entry(Call& call, Memory& live, const DecodeLimits& limits) {
  const CallSpec& spec = spec_for(call);
  Recorder recorder(live, call.at_entry);
  std::string scratch;
  ArgContext c(call, recorder, recorder, limits, scratch);
  const unsigned count = arguments_of(spec);
  for (unsigned i = 0; i < count; ++i) {
    const ArgKind& kind = kind_of(spec, i);
    if (kind.when == When::exit || kind.when == When::exit_after) continue;
    c.set_index(i);
    print_at_entry(c, kind);
  }
}

void capture_exit(Call& call, Memory& live, const DecodeLimits& limits) {
  if (call.ending != Ending::returned) return;
  const CallSpec& spec = spec_for(call);
  Recorder recorder(live, call.at_exit);
  std::string scratch;
  ArgContext c(call, call.at_entry, recorder, limits, scratch);
  const unsigned count = arguments_of(spec);
  for (unsigned i = 0; i < count; ++i) {
    const ArgKind& kind = kind_of(spec, i);
    if (kind.when == When::entry) continue;
    c.set_index(i);
    if (kind.when == When::either && !print_at_entry(c, kind)) continue;
    print_at_exit(c, kind);
  }
  c.set_exiting(true);
  if (call.error == 0) print_result(c, spec);
}

CallText render(const Call& call, const DecodeLimits& limits) {
  const CallSpec& spec = spec_for(call);
  std::string scratch;
  ArgContext c(call, readable(call.at_entry), readable(call.at_exit), limits, scratch);
  CallText text = render_arguments(c, spec, has_ended(call));
  c.set_exiting(true);
  text.result = result_text(c, spec);
  return text;
}

CallText render_entry(const Call& call, const DecodeLimits& limits) {
  std::string scratch;
  ArgContext c(call, readable(call.at_entry), readable(call.at_exit), limits, scratch);
  return render_arguments(c, spec_for(call), false);
}

void CallText::append_beginning(std::string& text) const {
  const std::size_t before = text.size();
  for (std::size_t i = 0; i < at_entry && i < args.size(); ++i) {
    if (i > 0) text.append(", ");
    text.append(args[i]);
  }
  text.resize(text.size() - std::min(amended, text.size() - before));
  if (at_entry > 0 && more && !joined_late) text.append(", ");
}

std::string CallText::beginning() const {
  std::string text;
  append_beginning(text);
  return text;
}

std::string CallText::remainder() const {
  std::string text;
  append_remainder(text);
  return text;
}

void CallText::append_remainder(std::string& text) const {
  if (at_entry > 0 && at_entry <= args.size()) {
    const std::string& last = args[at_entry - 1];
    text.append(last, last.size() - std::min(amended, last.size()));
  }
  for (std::size_t i = at_entry; i < args.size(); ++i) {
    if (i > at_entry || (joined_late && at_entry > 0)) text.append(", ");
    text.append(args[i]);
  }
}

std::string display_name(const Call& call) {
  if (const CallSpec* spec = spec_of(call.abi, call.nr)) return std::string(spec->name);
  if (!call.name.empty()) return std::string(call.name);
  return fmt::format("syscall_{:#x}", static_cast<std::uint64_t>(call.nr));
}

}  // namespace vdsotrace
