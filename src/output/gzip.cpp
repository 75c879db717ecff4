#include "output/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.hpp"

namespace vdsotrace {

std::string gzipped(std::string_view bytes) {
  constexpr int kGzip = 16;  // deflateInit2: a gzip header, not one of zlib
  constexpr int kMemory = 8;
  z_stream stream{};
  CHECK(::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY) ==
        Z_OK);
  std::string compressed;
  char block[1 << 16];
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::size_t next = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib reads it only
      stream.avail_in = static_cast<uInt>(next);
      bytes.remove_prefix(next);
    }
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof block;
    state = ::deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    CHECK(state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR);
    compressed.append(block, sizeof block - stream.avail_out);
  }
  ::deflateEnd(&stream);
  return compressed;
}

}  // namespace vdsotrace
