#include "cli/observing/info_calls.hpp"

#include <cerrno>

#include "cli/observing/own_vdso.hpp"
#include "os/machine/call_probe.hpp"
#include "os/memory/vdso_mapping.hpp"

namespace vdsotrace::cli {
namespace {

struct Question {
  CallFacts facts;
  CallProbe probe;
  bool is_optional = false;
};

Question question_of(const Result<VdsoDescription>& vdso, const VdsoService& service, const VdsoTables& tables) {
  Question question;
  question.facts.name = service.syscall;
  question.probe = {&service, 0, address_of(vdso, service, tables.services)};
  return question;
}

std::vector<Question> questions(const Result<VdsoDescription>& vdso, const VdsoTables& tables) {
  std::vector<Question> all;
  for (const VdsoService& service : tables.services) {
    const bool is_other_spelling = service_of_syscall(service.syscall, tables.services) != &service;
    if (is_other_spelling || !service.has_64_bit_call()) continue;
    const Question question = question_of(vdso, service, tables);
    if (!service.first_is_clock) {
      all.push_back(question);
      continue;
    }
    for (const ClockRow& clock : tables.clocks) {
      Question& by_clock = all.emplace_back(question);
      by_clock.facts.clock = clock.name;
      by_clock.facts.clock_id = by_clock.probe.clock = clock.id;
      by_clock.is_optional = clock.is_optional;
    }
  }
  return all;
}

}  // namespace

Result<std::vector<CallFacts>> info_calls(const Result<VdsoDescription>& vdso, const VdsoTables& tables) {
  auto all = questions(vdso, tables);
  std::vector<CallProbe> probes;
  probes.reserve(all.size());
  for (const Question& question : all) probes.push_back(question.probe);
  const auto findings = probe_calls(probes);
  if (!findings) return tl::unexpected(findings.error());
  std::vector<CallFacts> calls;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CallFinding& finding = (*findings)[i];
    if (finding.error == EINVAL && all[i].is_optional) continue;
    CallFacts& facts = all[i].facts;
    facts.error = finding.error;
    facts.function_known = vdso || says_none(vdso.error());
    facts.in_user_space = finding.in_user_space;
    facts.function_ns = finding.function_ns;
    facts.system_call_ns = finding.system_call_ns;
    facts.resolution_ns = finding.resolution_ns;
    calls.push_back(std::move(facts));
  }
  return calls;
}

}  // namespace vdsotrace::cli
