#include "model/code/disassembly.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/code/kernel_data.hpp"
#include "model/code/loops.hpp"
#include "model/code/scan.hpp"
#include "model/code/x86.hpp"
#include "model/nearest.hpp"

namespace vdsotrace {
namespace {

/// Bounds for hostile images: many times what any kernel has.
constexpr std::size_t kMostLines = 100'000;
constexpr std::size_t kMostForLoops = 4096;

std::string helper_name(std::uint32_t entry) { return fmt::format("helper_{:x}", entry); }

std::string counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// Capstone 4.0.2 takes `rdpid` for `rdseed`: the two differ in a prefix, and rdpid's register is
/// always as wide as the machine's.
bool name_rdpid(std::span<const std::byte> bytes, bool wide, DisassembledLine& line) {
  constexpr std::array<std::string_view, 16> kWide{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                   "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  constexpr std::array<std::string_view, 8> kNarrow{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  const std::size_t size = bytes.size();
  if (size < 4 || at(0) != 0xf3 || at(size - 3) != 0x0f || at(size - 2) != 0xc7 || at(size - 1) < 0xf8) return false;
  const bool extended = wide && size > 4 && (at(size - 4) & 0xf1) == 0x41;
  const unsigned number = (at(size - 1) & 7) + (extended ? 8 : 0);
  line.mnemonic = "rdpid";
  line.operands = wide ? kWide[number] : kNarrow[number];
  return true;
}

/// One function or helper: decoded, linked and annotated.
class Annotator {
 public:
  Annotator(const VdsoImage& image, X86Decoder& decoder, const VdsoFunction& function)
      : image_(image), decoder_(decoder), function_(function) {}

  DisassembledFunction run() {
    result_.names = function_.names;
    result_.entry = function_.entry;
    decode();
    link();
    name_labels();
    for (std::size_t i = 0; i < code_.size(); ++i) annotate_flow(i);
    annotate_data();
    annotate_retries();
    return std::move(result_);
  }

 private:
  void decode() {
    for (const CodeSite& site : function_.instructions) {
      const auto bytes = image_.bytes().subspan(site.offset, site.length);
      const auto meaning = decoder_.decode(bytes, site.offset);
      if (!meaning) continue;
      const cs_insn& raw = decoder_.raw();
      DisassembledLine line{site.offset, {bytes.begin(), bytes.end()}, raw.mnemonic, raw.op_str, {}, {}};
      if (name_rdpid(bytes, decoder_.wide(), line) || raw.id == X86_INS_LSL)
        line.notes.emplace_back("processor and node");
      DecodedInstruction decoded{site.offset, *meaning, raw.id, raw.detail->x86, {}};
      for (unsigned i = 0; i < raw.detail->regs_write_count; ++i)
        decoded.implicit_writes.push_back(static_cast<x86_reg>(raw.detail->regs_write[i]));
      index_.emplace(site.offset, static_cast<std::uint32_t>(code_.size()));
      code_.push_back(std::move(decoded));
      result_.lines.push_back(std::move(line));
    }
  }

  static std::int64_t after(const DecodedInstruction& at) { return std::int64_t{at.offset} + at.meaning.length; }
  static std::int64_t target(const DecodedInstruction& at) { return after(at) + at.meaning.displacement; }
  static bool branches(Flow flow) { return flow == Flow::jump || flow == Flow::branch || flow == Flow::short_branch; }
  static bool goes_on(Flow flow) {
    return flow != Flow::ret && flow != Flow::jump && flow != Flow::indirect_jump && flow != Flow::trap &&
           flow != Flow::strange;
  }

  void link() {
    graph_.next.resize(code_.size());
    if (const auto entry = index_.find(function_.entry); entry != index_.end()) graph_.entry = entry->second;
    for (std::uint32_t i = 0; i < code_.size(); ++i) {
      const auto lead_to = [&](std::int64_t offset) {
        if (const auto found = index_.find(offset); found != index_.end()) graph_.next[i].push_back(found->second);
      };
      if (goes_on(code_[i].meaning.flow)) lead_to(after(code_[i]));
      if (branches(code_[i].meaning.flow)) lead_to(target(code_[i]));
    }
    uses_ = find_kernel_data(code_, graph_, image_.bytes(), decoder_.wide());
    if (code_.size() > kMostForLoops) return;
    for (Loop& loop : find_loops(graph_)) {
      const auto reads = [&](std::uint32_t node) { return uses_[node].kind == KernelDataUse::Kind::reads; };
      if (std::any_of(loop.body.begin(), loop.body.end(), reads)) retries_.push_back(std::move(loop));
    }
  }

  void name_labels() {
    std::vector<bool> needed(code_.size());
    for (const auto& at : code_) {
      const auto found = branches(at.meaning.flow) ? index_.find(target(at)) : index_.end();
      if (found != index_.end()) needed[found->second] = true;
    }
    for (const Loop& loop : retries_) needed[loop.head] = true;
    std::size_t count = 0;
    for (std::size_t i = 0; i < code_.size(); ++i) {
      if (needed[i]) result_.lines[i].label = fmt::format(".L{}", ++count);
    }
  }

  void annotate_flow(std::size_t i) {
    const DecodedInstruction& at = code_[i];
    DisassembledLine& line = result_.lines[i];
    const Flow flow = at.meaning.flow;
    if (branches(flow)) {
      if (const auto found = index_.find(target(at)); found != index_.end())
        line.operands = result_.lines[found->second].label;
    } else if (flow == Flow::call && at.meaning.displacement != 0 && target(at) >= 0) {
      const auto entry = static_cast<std::uint32_t>(target(at));
      const VdsoFunction* callee = image_.function_at(entry);
      line.operands = callee != nullptr ? std::string(callee->name()) : helper_name(entry);
      line.notes.emplace_back(callee != nullptr ? "calls a function" : "calls a helper");
    } else if (flow == Flow::ret) {
      line.notes.emplace_back("return");
    } else if (flow == Flow::clock_read) {
      line.notes.emplace_back("clock read");
    } else if (flow == Flow::system_call || flow == Flow::sysenter) {
      line.notes.emplace_back(service_for(function_) != nullptr ? "fallback: enters the kernel" : "enters the kernel");
    }
  }

  void annotate_data() {
    for (std::size_t i = 0; i < code_.size(); ++i) {
      const KernelDataUse& use = uses_[i];
      if (use.kind == KernelDataUse::Kind::none) continue;
      const bool reads = use.kind == KernelDataUse::Kind::reads;
      const std::string_view what = reads ? "reads kernel data" : "address of kernel data";
      if (!use.offset) {
        result_.lines[i].notes.emplace_back(what);
      } else {
        result_.lines[i].notes.push_back(fmt::format("{} at {}{:#x}", what, *use.offset < 0 ? "-" : "",
                                                     *use.offset < 0 ? -*use.offset : *use.offset));
      }
    }
  }

  void annotate_retries() {
    for (const Loop& loop : retries_) {
      auto& head = result_.lines[loop.head];
      head.notes.emplace_back("seqlock loop begins");
      for (const std::uint32_t node : loop.back) {
        result_.lines[node].notes.push_back(fmt::format("seqlock retry: {} again", head.label));
        result_.retries.emplace_back(result_.lines[node].offset, head.offset);
      }
    }
  }

  const VdsoImage& image_;
  X86Decoder& decoder_;
  const VdsoFunction& function_;
  DisassembledFunction result_;
  std::vector<DecodedInstruction> code_;
  std::map<std::int64_t, std::uint32_t> index_;  ///< of the instruction at an offset
  FlowGraph graph_;
  std::vector<KernelDataUse> uses_;
  std::vector<Loop> retries_;
};

std::size_t retries_in(const DisassembledFunction& function) {
  return static_cast<std::size_t>(std::count_if(function.lines.begin(), function.lines.end(), [](const auto& line) {
    return std::find(line.notes.begin(), line.notes.end(), "seqlock loop begins") != line.notes.end();
  }));
}

std::vector<std::string> facts_of(const VdsoFunction& function, const DisassembledFunction& code) {
  std::vector<std::string> facts;
  if (function.size != 0) facts.push_back(counted(function.size, "byte"));
  const std::pair<std::size_t, std::string_view> counts[] = {
      {function.instructions.size(), "instruction"},
      {function.returns.size(), "return"},
      {function.clock_reads.size(), "clock read"},
      {retries_in(code), "seqlock loop"},
      {function.syscalls.size(), service_for(function) != nullptr ? "fallback" : "system call"}};
  for (const auto& [count, what] : counts) {
    if (count != 0) facts.push_back(counted(count, what));
  }
  std::vector<std::string> helpers;
  for (const std::uint32_t helper : function.helpers) helpers.push_back(helper_name(helper));
  if (!helpers.empty()) facts.push_back(fmt::format("with {}", fmt::join(helpers, ", ")));
  if (!function.incomplete.empty()) facts.push_back("not followed to the end: " + function.incomplete);
  return facts;
}

Result<std::vector<const VdsoFunction*>> chosen(const VdsoImage& image, std::string_view name) {
  std::vector<const VdsoFunction*> functions;
  std::vector<std::string_view> known;
  for (const VdsoFunction& function : image.functions()) {
    known.insert(known.end(), function.names.begin(), function.names.end());
    const bool named = std::find(function.names.begin(), function.names.end(), name) != function.names.end();
    if (name.empty() || named) functions.push_back(&function);
  }
  if (!functions.empty()) return functions;
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = fmt::format("it has {}", fmt::join(known, ", "));
  return fail("the vDSO has no function of that name", hint);
}

DisassembledFunction described(const VdsoImage& image, X86Decoder& decoder, const VdsoFunction& function) {
  DisassembledFunction part = Annotator(image, decoder, function).run();
  part.facts = facts_of(function, part);
  if (image.function_at(function.entry) == nullptr) part.facts.insert(part.facts.begin(), "private helper");
  return part;
}

}  // namespace

Result<std::vector<DisassembledFunction>> disassemble(const VdsoImage& image, std::string_view name) {
  const auto functions = chosen(image, name);
  if (!functions) return tl::unexpected(functions.error());
  if (!is_x86(image.machine())) return fail(fmt::format("cannot disassemble code for {}", name_of(image.machine())));
  auto decoder = X86Decoder::open(image.machine(), true);
  auto walker = X86Decoder::open(image.machine());
  if (!decoder) return tl::unexpected(decoder.error());
  if (!walker) return tl::unexpected(walker.error());
  FlowScanner scanner(std::move(*walker), image.bytes(), 0);

  std::map<std::uint32_t, DisassembledFunction> parts;
  std::size_t lines = 0;
  const auto add = [&](const VdsoFunction& function) {
    DisassembledFunction part = described(image, *decoder, function);
    lines += part.lines.size();
    parts.emplace(function.entry, std::move(part));
  };
  for (const VdsoFunction* function : *functions) {
    add(*function);
    for (const std::uint32_t entry : function->helpers) {
      if (lines > kMostLines) return fail("vDSO image: more code than any vDSO has");
      if (parts.contains(entry) || image.function_at(entry) != nullptr) continue;
      VdsoFunction helper;
      helper.entry = entry;
      helper.names = {helper_name(entry)};
      scanner.scan(helper);
      add(helper);
    }
  }
  std::vector<DisassembledFunction> result;
  result.reserve(parts.size());
  for (auto& [entry, part] : parts) result.push_back(std::move(part));
  return result;
}

}  // namespace vdsotrace
