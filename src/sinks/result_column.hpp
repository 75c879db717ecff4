// strace's -a: results begin at a column, unless the call is longer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vdsotrace {

class ResultColumn {
 public:
  /// 0: results are not aligned.
  explicit ResultColumn(std::size_t column) : column_(column) {}

  /// Appends blanks up to the column to what continues the line that stands open.
  void align(std::string& text) const;
  /// That text goes to the output; its last line may be continued.
  void note_written(std::string_view text);

 private:
  std::size_t column_;
  std::size_t written_ = 0;  ///< of the line that stands open
};

}  // namespace vdsotrace
