// Metrics as Prometheus reads them from files (its text format, version 0.0.4; the textfile collector of its node
// exporter).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vdsotrace {

enum class MetricKind : std::uint8_t { gauge, counter };

/// One family. Names of counters end in "_total", those of times say "seconds".
struct MetricFamily {
  std::string_view name;
  MetricKind kind;
  std::string_view help;  ///< a sentence; no backslash, no line feed
};

class MetricsText {
 public:
  /// A name of ours, and a value that others may have chosen.
  using Label = std::pair<std::string_view, std::string_view>;

  /// What follows belongs to it. Each family is begun once.
  void begin(const MetricFamily& family);
  /// Labels without a value are left out: to Prometheus that is the same. No two samples of a family have the same
  /// labels, and none has a time stamp.
  void sample(std::span<const Label> labels, double value);
  void sample(std::initializer_list<Label> labels, double value) {
    sample(std::span(labels.begin(), labels.size()), value);
  }

  const std::string& text() const { return text_; }

 private:
  std::string_view name_;
  std::string text_;
};

}  // namespace vdsotrace
