#include "model/syscalls/render.hpp"

#include <algorithm>

#include "model/syscalls/descriptors.hpp"
#include "model/syscalls/errno.hpp"
#include "model/syscalls/kinds_common.hpp"
#include "model/syscalls/print.hpp"
#include "model/syscalls/spec.hpp"

namespace vdsotrace {
namespace {

constexpr std::string_view kBetween = ", ";

const ArgKind kUnknownKind{[](ArgContext& c) { print_hex(c, c.value()); }};

/// A number without a name: all six registers may be arguments.
const CallSpec kUnknownCall{"", 6};

const CallSpec& spec_for(const Call& call) {
  const CallSpec* spec = spec_of(call.abi, call.nr);
  return spec != nullptr ? *spec : kUnknownCall;
}

const ArgKind& kind_of(const ArgContext& c, const CallSpec& spec, unsigned index) {
  const ArgKind* kind = c.raw() ? nullptr : spec.kinds[index];
  return kind != nullptr ? *kind : kUnknownKind;
}

unsigned arguments_of(const CallSpec& spec) {
  return std::min<unsigned>(spec.arguments, static_cast<unsigned>(spec.kinds.size()));
}

/// A rendering's memory is const to its caller: reading a Capture changes nothing.
Capture& readable(const Capture& capture) { return const_cast<Capture&>(capture); }

void print_result(ArgContext& c, const CallSpec& spec) {
  if (c.raw()) {
    result_hex(c);
    return;
  }
  if (spec.result != nullptr) {
    spec.result(c);
  } else if (c.call().tampering.result) {
    result_unsigned(c);
  } else {
    result_number(c);
  }
  if (spec.comment == nullptr) return;
  const std::size_t bare = c.out().size();
  c.put(" ");
  spec.comment(c);
  if (c.out().size() == bare + 1) c.out().resize(bare);
}

void print_outcome(ArgContext& c, const CallSpec& spec) {
  const Call& call = c.call();
  if (call.ending == Ending::running) return;
  if (call.ending != Ending::returned) {
    c.put("?");
  } else if (call.error != 0) {
    c.put(error_result(call.error));
  } else {
    print_result(c, spec);
  }
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
  const std::size_t start = c.out().size();
  if (has_beginning(kind) && !print_at_entry(c, kind)) {
    const std::size_t beginning = c.out().size();
    if (kind.when == When::amended && returned) print_at_exit(c, kind);
    return {true, c.out().size() - beginning};
  }
  c.out().resize(start);
  if (returned) print_at_exit(c, kind);
  return {};
}

void begin_argument(ArgContext& c, const CallText& text) {
  if (text.count > 0) c.put(kBetween);
}

/// What is shown last belongs to the beginning.
void extend_beginning(CallText& text, const ArgKind& kind, const Printed& printed) {
  text.at_entry = text.count;
  text.amended = printed.amended;
  text.joined_late = kind.when == When::amended;
}

/// `c` prints into `text`.
void render_arguments(ArgContext& c, const CallSpec& spec, bool to_the_end, CallText& text) {
  const unsigned count = arguments_of(spec);
  for (unsigned i = 0; i < count && (to_the_end || !text.more); ++i) {
    const ArgKind& kind = kind_of(c, spec, i);
    const std::size_t before = c.out().size();
    begin_argument(c, text);
    const std::size_t start = c.out().size();
    c.set_index(i);
    const Printed printed = print_whole(c, kind);
    if (!printed.at_entry && !text.more) text.joined_late = kind.when == When::exit_after;
    const bool beginning = printed.at_entry && !text.more;
    text.more = !beginning || kind.when == When::amended;
    if (c.out().size() == start || (!beginning && !to_the_end)) {
      c.out().resize(before);
      continue;
    }
    text.ends[text.count++] = c.out().size();
    if (beginning) extend_beginning(text, kind, printed);
  }
}

/// Whether a comma is all that the beginning shows of what follows.
bool comma_early(const CallText& text) { return text.at_entry > 0 && text.more && !text.joined_late; }

/// How much of the arguments the beginning shows, but for that comma.
std::size_t known_at_entry(const CallText& text) {
  return text.at_entry > 0 ? text.ends[text.at_entry - 1] - text.amended : 0;
}

/// Offsets are noted only where a list is given for them.
class NoDescriptors final : public DescriptorTable {
 public:
  DescriptorFacts look_up(std::int32_t) override { return {}; }
};

}  // namespace

void capture_entry(Call& call, Memory& live, const DecodeLimits& limits, DescriptorTable* descriptors) {
  const CallSpec& spec = spec_for(call);
  Recorder recorder(live, call.at_entry);
  NoDescriptors none;
  DescriptorRecorder noted(descriptors != nullptr ? *descriptors : none, call, false);
  std::string scratch;
  ArgContext c(call, recorder, recorder, limits, scratch, &noted);
  if (limits.processes.name) noted.find_process(0, ProcessKind::thread);
  const unsigned count = arguments_of(spec);
  for (unsigned i = 0; i < count; ++i) {
    const ArgKind& kind = kind_of(c, spec, i);
    if (kind.when == When::exit || kind.when == When::exit_after) continue;
    c.set_index(i);
    print_at_entry(c, kind);
  }
}

void capture_exit(Call& call, Memory& live, const DecodeLimits& limits, DescriptorTable* descriptors) {
  if (call.ending != Ending::returned) return;
  const CallSpec& spec = spec_for(call);
  Recorder recorder(live, call.at_exit);
  NoDescriptors none;
  DescriptorRecorder noted(descriptors != nullptr ? *descriptors : none, call, true);
  std::string scratch;
  ArgContext c(call, call.at_entry, recorder, limits, scratch, &noted);
  const unsigned count = arguments_of(spec);
  for (unsigned i = 0; i < count; ++i) {
    const ArgKind& kind = kind_of(c, spec, i);
    if (kind.when == When::entry) continue;
    c.set_index(i);
    if (kind.when == When::either && !print_at_entry(c, kind)) continue;
    print_at_exit(c, kind);
  }
  c.set_exiting(true);
  if (call.error == 0) print_result(c, spec);
}

void render(const Call& call, const DecodeLimits& limits, CallText& text) {
  if (call.ending == Ending::unfinished && call.route == Route::vdso) {
    // What its pointers would have led to will never be known: they are shown themselves.
    Call unseen = call;
    unseen.ending = Ending::unseen;
    render(unseen, limits, text);
    return;
  }
  const CallSpec& spec = spec_for(call);
  text.clear();
  ArgContext c(call, readable(call.at_entry), readable(call.at_exit), limits, text.text);
  render_arguments(c, spec, has_ended(call), text);
  c.set_exiting(true);
  print_outcome(c, spec);
}

CallText render(const Call& call, const DecodeLimits& limits) {
  CallText text;
  render(call, limits, text);
  return text;
}

CallText render_entry(const Call& call, const DecodeLimits& limits) {
  CallText text;
  ArgContext c(call, readable(call.at_entry), readable(call.at_exit), limits, text.text);
  render_arguments(c, spec_for(call), false, text);
  return text;
}

void CallText::clear() {
  text.clear();
  count = at_entry = amended = 0;
  more = joined_late = false;
}

std::string_view CallText::argument(std::size_t index) const {
  const std::size_t start = index > 0 ? ends[index - 1] + kBetween.size() : 0;
  return std::string_view(text).substr(start, ends[index] - start);
}

void CallText::append_beginning(std::string& line) const {
  line.append(text, 0, known_at_entry(*this));
  if (comma_early(*this)) line.append(kBetween);
}

void CallText::append_remainder(std::string& line) const {
  const std::size_t written = known_at_entry(*this) + (comma_early(*this) ? kBetween.size() : 0);
  const std::string_view all = arguments();
  if (written < all.size()) line.append(all.substr(written));
}

std::string CallText::beginning() const {
  std::string line;
  append_beginning(line);
  return line;
}

std::string CallText::remainder() const {
  std::string line;
  append_remainder(line);
  return line;
}

std::string display_name(const Call& call) {
  if (const CallSpec* spec = spec_of(call.abi, call.nr)) return std::string(spec->name);
  if (!call.name.empty()) return std::string(call.name);
  return fmt::format("syscall_{:#x}", static_cast<std::uint64_t>(call.nr));
}

}  // namespace vdsotrace
