// Kinds of poll, select and epoll.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kPollfds;      ///< [{fd=3, events=POLLIN}]; the next argument is their number
extern const ArgKind kFdSet;        ///< [3 4]; the first argument is one more than the highest
extern const ArgKind kMaskAndSize;  ///< pselect6's last argument: {sigmask=[USR1], sigsetsize=8}
extern const ArgKind kEpollEvent;   ///< of epoll_ctl; its operation is the second argument
extern const ArgKind kEpollEvents;  ///< that came back: as many as the result says

/// "([{fd=3, revents=POLLIN}])" or "(Timeout)"
void comment_poll(ArgContext& c);
/// "([{fd=3, revents=POLLIN}], left {tv_sec=0, tv_nsec=5})"
void comment_ppoll(ArgContext& c);
/// "(in [3], out [4], left {tv_sec=0, tv_usec=5})"
void comment_select(ArgContext& c);
void comment_pselect(ArgContext& c);

}  // namespace vdsotrace
