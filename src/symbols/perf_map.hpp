// Names of code that a runtime has compiled while it ran: /tmp/perf-PID.map, as perf(1) reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace vdsotrace {

/// Takes the file piece by piece, as it grows. Lines are "START SIZE NAME", numbers hexadecimal; others are
/// skipped. Code that takes the place of older code takes its name away.
class PerfMap {
 public:
  struct Code {
    std::uint64_t start = 0;
    std::string_view name;  ///< valid until the next add()
  };

  /// More of the file. A line at the end that is not complete waits for its rest.
  void add(std::string_view text);
  /// The code that contains the address; an empty name if none is known.
  Code find(std::uint64_t address) const;
  std::size_t size() const { return codes_.size(); }

 private:
  struct Entry {
    std::uint64_t end;
    std::string name;
  };
  void add_line(std::string_view line);
  void make_room(std::uint64_t start, std::uint64_t end);

  std::map<std::uint64_t, Entry> codes_;  ///< by start; they do not overlap
  std::string rest_;
};

}  // namespace vdsotrace
