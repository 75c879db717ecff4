// Who writes JSON documents, where and when.
#pragma once

#include "vdsotrace/document.hpp"

namespace vdsotrace::cli {

/// Of this program, on this machine, now.
DocumentHead document_head();

}  // namespace vdsotrace::cli
