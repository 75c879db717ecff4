// Kinds of System V IPC and of POSIX message queues.
#pragma once

#include "model/syscalls/spec.hpp"

namespace vdsotrace {

extern const ArgKind kIpcKey;       ///< IPC_PRIVATE or 0x1234
extern const ArgKind kShmgetFlags;  ///< IPC_CREAT|0600
extern const ArgKind kIpcgetFlags;  ///< the same for semget and msgget
extern const ArgKind kShmctlCommand;
extern const ArgKind kSemctlCommand;
extern const ArgKind kMsgctlCommand;
extern const ArgKind kShmctlValue;  ///< what the command takes or fills
extern const ArgKind kSemctlValue;
extern const ArgKind kMsgctlValue;
extern const ArgKind kSembufs;  ///< [{sem_num=0, sem_op=-1, sem_flg=SEM_UNDO}]
extern const ArgKind kMsgbuf;   ///< {mtype=1, mtext="abc"}; the next argument is the text's size
extern const ArgKind kMsgbufOut;
extern const ArgKind kMqOpenMode;  ///< only with O_CREAT
extern const ArgKind kMqOpenAttr;
extern const ArgKind kMqAttr;  ///< {mq_flags=0, mq_maxmsg=10, mq_msgsize=64, mq_curmsgs=0}
extern const ArgKind kMqAttrOut;

}  // namespace vdsotrace
