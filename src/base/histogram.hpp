// How values of very different sizes are distributed, in constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vdsotrace {

/// Log-linear buckets, as HdrHistogram (hdrhistogram.org) has them: each power of two is divided into 32 of equal
/// width. So a value that comes out differs from the one that was put in by at most 1/64 of it; below 64 it is the
/// same. At most 9 KB.
class Histogram {
 public:
  static constexpr double kError = 1.0 / 64;
  /// Values from here on share one bucket. In nanoseconds: 18 minutes.
  static constexpr std::int64_t kTop = std::int64_t{1} << 40;

  /// Negative values count as 0.
  void add(std::int64_t value, std::uint64_t count = 1);
  void add(const Histogram& more);
  /// Every value times `factor`, for another unit, less `offset`. Rounds to buckets anew, so the error can double.
  Histogram scaled(double factor, double offset = 0) const;

  std::uint64_t count() const { return count_; }
  /// Exact, 0 without values.
  std::int64_t shortest() const { return count_ > 0 ? shortest_ : 0; }
  std::int64_t longest() const { return longest_; }
  /// The least value that so many of 100 values do not exceed (nearest rank): 50 is the median. 0 without values.
  std::int64_t percentile(double percent) const;

  struct Part {
    std::uint64_t count = 0;
    double sum = 0;
  };
  /// Of the values above `bound`, and of the others, as exactly as the buckets are.
  Part above(double bound) const;
  Part up_to(double bound) const;

 private:
  static constexpr unsigned kLogWidth = 5;
  static std::size_t bucket_of(std::int64_t value);
  /// The middle of the bucket's values, no less than the shortest and no more than the longest that were put in.
  std::int64_t middle(std::size_t bucket) const;
  Part part(double bound, bool above) const;

  std::vector<std::uint64_t> buckets_;  ///< up to the last one in use
  std::uint64_t count_ = 0;
  std::int64_t shortest_ = 0;
  std::int64_t longest_ = 0;
};

}  // namespace vdsotrace
