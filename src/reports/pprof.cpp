// A profile as pprof reads it: github.com/google/pprof/blob/main/proto/profile.proto, whose field numbers these are.

#include <cmath>
#include <map>
#include <utility>

#include "base/escape.hpp"
#include "output/gzip.hpp"
#include "output/protobuf.hpp"
#include "reports/audit.hpp"
#include "reports/call_paths.hpp"

namespace vdsotrace {
namespace {

/// Numbers things from `first` on, in the order in which they come, each once.
template <class Key>
class Numbers {
 public:
  explicit Numbers(std::uint64_t first) : first_(first) {}

  /// And whether it is new.
  std::pair<std::uint64_t, bool> of(const Key& key) {
    const auto [at, is_new] = numbers_.try_emplace(key, first_ + numbers_.size());
    return {at->second, is_new};
  }

 private:
  std::uint64_t first_;
  std::map<Key, std::uint64_t> numbers_;
};

class Profile {
 public:
  explicit Profile(const Audit& audit) {
    string("");  // number 0 has to be that
    // The first mapping is taken for the program.
    if (!audit.run.command.empty()) mapping(audit.run.command.front());
  }

  void add(const Finding& finding, const CallPath& path) {
    std::vector<std::uint64_t> locations{location({}, call_text(finding.key))};
    for (const CallerKey& place : path.places) locations.push_back(location(place, place_text(place)));
    ProtobufMessage sample;
    sample.integers(1, locations);
    const double cost = finding.cost_ns / static_cast<double>(finding.total.count) * static_cast<double>(path.count);
    sample.integers(2, {path.count, static_cast<std::uint64_t>(std::llround(cost))});
    label(sample, "route", name_of(finding.key.route));
    if (finding.key.reason) label(sample, "reason", name_of(*finding.key.reason));
    label(sample, "program", path.program);
    samples_.push_back(std::move(sample));
  }

  std::string bytes(const Audit& audit) {
    ProtobufMessage profile;
    profile.message(1, value_type("calls", "count"));
    profile.message(1, value_type("cost", "nanoseconds"));
    for (const ProtobufMessage& sample : samples_) profile.message(2, sample);
    for (const ProtobufMessage& mapping : mappings_) profile.message(3, mapping);
    for (const ProtobufMessage& one : locations_) profile.message(4, one);
    for (const ProtobufMessage& function : functions_) profile.message(5, function);
    profile.integer(10, static_cast<std::uint64_t>(audit.run.wall_ns));
    profile.integers(13, {string(audit.verdict.text)});
    profile.integer(14, string("cost"));
    for (const std::string& text : strings_) profile.text(6, text);
    return profile.bytes();
  }

 private:
  std::uint64_t string(std::string_view text) {
    const auto [number, is_new] = string_numbers_.of(std::string(text));
    if (is_new) strings_.emplace_back(escaped(text));
    return number;
  }

  ProtobufMessage value_type(std::string_view type, std::string_view unit) {
    ProtobufMessage message;
    message.integer(1, string(type));
    message.integer(2, string(unit));
    return message;
  }

  void label(ProtobufMessage& sample, std::string_view key, std::string_view text) {
    ProtobufMessage message;
    message.integer(1, string(key));
    message.integer(2, string(text));
    sample.message(3, message);
  }

  /// Of names that need no symbolizer.
  std::uint64_t mapping(const std::string& module) {
    if (module.empty()) return 0;
    const auto [id, is_new] = mapping_ids_.of(module);
    if (is_new) {
      ProtobufMessage& message = mappings_.emplace_back();
      message.integer(1, id);
      message.integer(5, string(module));
      message.integer(7, 1);  // has_functions
    }
    return id;
  }

  std::uint64_t function(const std::string& module, const std::string& name) {
    const auto [id, is_new] = function_ids_.of({module, name});
    if (is_new) {
      ProtobufMessage& message = functions_.emplace_back();
      message.integer(1, id);
      message.integer(2, string(name));
      message.integer(3, string(name));
      message.integer(4, string(module));
    }
    return id;
  }

  std::uint64_t location(const CallerKey& place, const std::string& name) {
    const auto [id, is_new] = location_ids_.of({place, name});
    if (is_new) {
      ProtobufMessage line;
      line.integer(1, function(place.module, name));
      ProtobufMessage& message = locations_.emplace_back();
      message.integer(1, id);
      message.integer(2, mapping(place.module));
      message.message(4, line);
    }
    return id;
  }

  Numbers<std::string> string_numbers_{0};
  Numbers<std::string> mapping_ids_{1};
  Numbers<std::pair<std::string, std::string>> function_ids_{1};
  Numbers<std::pair<CallerKey, std::string>> location_ids_{1};
  std::vector<std::string> strings_;
  std::vector<ProtobufMessage> samples_, mappings_, locations_, functions_;
};

}  // namespace

std::string audit_pprof(const Audit& audit) {
  Profile profile(audit);
  for (const Finding& finding : audit.findings)
    for_each_path(audit, finding, [&](const CallPath& path) { profile.add(finding, path); });
  return gzipped(profile.bytes(audit));
}

}  // namespace vdsotrace
