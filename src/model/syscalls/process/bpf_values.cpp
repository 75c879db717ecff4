// Names in the attributes of bpf(2): include/uapi/linux/bpf.h.
#include "model/syscalls/process/bpf.hpp"

namespace vdsotrace {
namespace {

constexpr NamedValue kMapTypes[] = {{0, "BPF_MAP_TYPE_UNSPEC"},
                                    {1, "BPF_MAP_TYPE_HASH"},
                                    {2, "BPF_MAP_TYPE_ARRAY"},
                                    {3, "BPF_MAP_TYPE_PROG_ARRAY"},
                                    {4, "BPF_MAP_TYPE_PERF_EVENT_ARRAY"},
                                    {5, "BPF_MAP_TYPE_PERCPU_HASH"},
                                    {6, "BPF_MAP_TYPE_PERCPU_ARRAY"},
                                    {7, "BPF_MAP_TYPE_STACK_TRACE"},
                                    {8, "BPF_MAP_TYPE_CGROUP_ARRAY"},
                                    {9, "BPF_MAP_TYPE_LRU_HASH"},
                                    {10, "BPF_MAP_TYPE_LRU_PERCPU_HASH"},
                                    {11, "BPF_MAP_TYPE_LPM_TRIE"},
                                    {12, "BPF_MAP_TYPE_ARRAY_OF_MAPS"},
                                    {13, "BPF_MAP_TYPE_HASH_OF_MAPS"},
                                    {14, "BPF_MAP_TYPE_DEVMAP"},
                                    {15, "BPF_MAP_TYPE_SOCKMAP"},
                                    {16, "BPF_MAP_TYPE_CPUMAP"},
                                    {17, "BPF_MAP_TYPE_XSKMAP"},
                                    {18, "BPF_MAP_TYPE_SOCKHASH"},
                                    {19, "BPF_MAP_TYPE_CGROUP_STORAGE"},
                                    {20, "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY"},
                                    {21, "BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE"},
                                    {22, "BPF_MAP_TYPE_QUEUE"},
                                    {23, "BPF_MAP_TYPE_STACK"},
                                    {24, "BPF_MAP_TYPE_SK_STORAGE"},
                                    {25, "BPF_MAP_TYPE_DEVMAP_HASH"},
                                    {26, "BPF_MAP_TYPE_STRUCT_OPS"},
                                    {27, "BPF_MAP_TYPE_RINGBUF"},
                                    {28, "BPF_MAP_TYPE_INODE_STORAGE"},
                                    {29, "BPF_MAP_TYPE_TASK_STORAGE"},
                                    {30, "BPF_MAP_TYPE_BLOOM_FILTER"},
                                    {31, "BPF_MAP_TYPE_USER_RINGBUF"}};

constexpr NamedValue kProgramTypes[] = {{0, "BPF_PROG_TYPE_UNSPEC"},
                                        {1, "BPF_PROG_TYPE_SOCKET_FILTER"},
                                        {2, "BPF_PROG_TYPE_KPROBE"},
                                        {3, "BPF_PROG_TYPE_SCHED_CLS"},
                                        {4, "BPF_PROG_TYPE_SCHED_ACT"},
                                        {5, "BPF_PROG_TYPE_TRACEPOINT"},
                                        {6, "BPF_PROG_TYPE_XDP"},
                                        {7, "BPF_PROG_TYPE_PERF_EVENT"},
                                        {8, "BPF_PROG_TYPE_CGROUP_SKB"},
                                        {9, "BPF_PROG_TYPE_CGROUP_SOCK"},
                                        {10, "BPF_PROG_TYPE_LWT_IN"},
                                        {11, "BPF_PROG_TYPE_LWT_OUT"},
                                        {12, "BPF_PROG_TYPE_LWT_XMIT"},
                                        {13, "BPF_PROG_TYPE_SOCK_OPS"},
                                        {14, "BPF_PROG_TYPE_SK_SKB"},
                                        {15, "BPF_PROG_TYPE_CGROUP_DEVICE"},
                                        {16, "BPF_PROG_TYPE_SK_MSG"},
                                        {17, "BPF_PROG_TYPE_RAW_TRACEPOINT"},
                                        {18, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR"},
                                        {19, "BPF_PROG_TYPE_LWT_SEG6LOCAL"},
                                        {20, "BPF_PROG_TYPE_LIRC_MODE2"},
                                        {21, "BPF_PROG_TYPE_SK_REUSEPORT"},
                                        {22, "BPF_PROG_TYPE_FLOW_DISSECTOR"},
                                        {23, "BPF_PROG_TYPE_CGROUP_SYSCTL"},
                                        {24, "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE"},
                                        {25, "BPF_PROG_TYPE_CGROUP_SOCKOPT"},
                                        {26, "BPF_PROG_TYPE_TRACING"},
                                        {27, "BPF_PROG_TYPE_STRUCT_OPS"},
                                        {28, "BPF_PROG_TYPE_EXT"},
                                        {29, "BPF_PROG_TYPE_LSM"},
                                        {30, "BPF_PROG_TYPE_SK_LOOKUP"},
                                        {31, "BPF_PROG_TYPE_SYSCALL"}};

constexpr NamedValue kAttachTypes[] = {{0, "BPF_CGROUP_INET_INGRESS"},
                                       {1, "BPF_CGROUP_INET_EGRESS"},
                                       {2, "BPF_CGROUP_INET_SOCK_CREATE"},
                                       {3, "BPF_CGROUP_SOCK_OPS"},
                                       {4, "BPF_SK_SKB_STREAM_PARSER"},
                                       {5, "BPF_SK_SKB_STREAM_VERDICT"},
                                       {6, "BPF_CGROUP_DEVICE"},
                                       {7, "BPF_SK_MSG_VERDICT"},
                                       {8, "BPF_CGROUP_INET4_BIND"},
                                       {9, "BPF_CGROUP_INET6_BIND"},
                                       {10, "BPF_CGROUP_INET4_CONNECT"},
                                       {11, "BPF_CGROUP_INET6_CONNECT"},
                                       {12, "BPF_CGROUP_INET4_POST_BIND"},
                                       {13, "BPF_CGROUP_INET6_POST_BIND"},
                                       {14, "BPF_CGROUP_UDP4_SENDMSG"},
                                       {15, "BPF_CGROUP_UDP6_SENDMSG"},
                                       {16, "BPF_LIRC_MODE2"},
                                       {17, "BPF_FLOW_DISSECTOR"},
                                       {18, "BPF_CGROUP_SYSCTL"},
                                       {19, "BPF_CGROUP_UDP4_RECVMSG"},
                                       {20, "BPF_CGROUP_UDP6_RECVMSG"},
                                       {21, "BPF_CGROUP_GETSOCKOPT"},
                                       {22, "BPF_CGROUP_SETSOCKOPT"},
                                       {23, "BPF_TRACE_RAW_TP"},
                                       {24, "BPF_TRACE_FENTRY"},
                                       {25, "BPF_TRACE_FEXIT"},
                                       {26, "BPF_MODIFY_RETURN"},
                                       {27, "BPF_LSM_MAC"},
                                       {28, "BPF_TRACE_ITER"},
                                       {29, "BPF_CGROUP_INET4_GETPEERNAME"},
                                       {30, "BPF_CGROUP_INET6_GETPEERNAME"},
                                       {31, "BPF_CGROUP_INET4_GETSOCKNAME"},
                                       {32, "BPF_CGROUP_INET6_GETSOCKNAME"},
                                       {33, "BPF_XDP_DEVMAP"},
                                       {34, "BPF_CGROUP_INET_SOCK_RELEASE"},
                                       {35, "BPF_XDP_CPUMAP"},
                                       {36, "BPF_SK_LOOKUP"},
                                       {37, "BPF_XDP"},
                                       {38, "BPF_SK_SKB_VERDICT"},
                                       {39, "BPF_SK_REUSEPORT_SELECT"},
                                       {40, "BPF_SK_REUSEPORT_SELECT_OR_MIGRATE"},
                                       {41, "BPF_PERF_EVENT"},
                                       {42, "BPF_TRACE_KPROBE_MULTI"},
                                       {43, "BPF_LSM_CGROUP"}};

constexpr NamedValue kTaskDescriptorTypes[] = {{0, "BPF_FD_TYPE_RAW_TRACEPOINT"}, {1, "BPF_FD_TYPE_TRACEPOINT"},
                                               {2, "BPF_FD_TYPE_KPROBE"},         {3, "BPF_FD_TYPE_KRETPROBE"},
                                               {4, "BPF_FD_TYPE_UPROBE"},         {5, "BPF_FD_TYPE_URETPROBE"}};

constexpr NamedValue kCommands[] = {{0, "BPF_MAP_CREATE"},
                                    {1, "BPF_MAP_LOOKUP_ELEM"},
                                    {2, "BPF_MAP_UPDATE_ELEM"},
                                    {3, "BPF_MAP_DELETE_ELEM"},
                                    {4, "BPF_MAP_GET_NEXT_KEY"},
                                    {5, "BPF_PROG_LOAD"},
                                    {6, "BPF_OBJ_PIN"},
                                    {7, "BPF_OBJ_GET"},
                                    {8, "BPF_PROG_ATTACH"},
                                    {9, "BPF_PROG_DETACH"},
                                    {10, "BPF_PROG_TEST_RUN"},
                                    {11, "BPF_PROG_GET_NEXT_ID"},
                                    {12, "BPF_MAP_GET_NEXT_ID"},
                                    {13, "BPF_PROG_GET_FD_BY_ID"},
                                    {14, "BPF_MAP_GET_FD_BY_ID"},
                                    {15, "BPF_OBJ_GET_INFO_BY_FD"},
                                    {16, "BPF_PROG_QUERY"},
                                    {17, "BPF_RAW_TRACEPOINT_OPEN"},
                                    {18, "BPF_BTF_LOAD"},
                                    {19, "BPF_BTF_GET_FD_BY_ID"},
                                    {20, "BPF_TASK_FD_QUERY"},
                                    {21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"},
                                    {22, "BPF_MAP_FREEZE"},
                                    {23, "BPF_BTF_GET_NEXT_ID"},
                                    {24, "BPF_MAP_LOOKUP_BATCH"},
                                    {25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"},
                                    {26, "BPF_MAP_UPDATE_BATCH"},
                                    {27, "BPF_MAP_DELETE_BATCH"},
                                    {28, "BPF_LINK_CREATE"},
                                    {29, "BPF_LINK_UPDATE"},
                                    {30, "BPF_LINK_GET_FD_BY_ID"},
                                    {31, "BPF_LINK_GET_NEXT_ID"},
                                    {32, "BPF_ENABLE_STATS"},
                                    {33, "BPF_ITER_CREATE"},
                                    {34, "BPF_LINK_DETACH"},
                                    {35, "BPF_PROG_BIND_MAP"}};

constexpr NamedValue kMapFlags[] = {
    {1, "BPF_F_NO_PREALLOC"},   {2, "BPF_F_NO_COMMON_LRU"},   {4, "BPF_F_NUMA_NODE"},   {8, "BPF_F_RDONLY"},
    {16, "BPF_F_WRONLY"},       {32, "BPF_F_STACK_BUILD_ID"}, {64, "BPF_F_ZERO_SEED"},  {128, "BPF_F_RDONLY_PROG"},
    {256, "BPF_F_WRONLY_PROG"}, {512, "BPF_F_CLONE"},         {1024, "BPF_F_MMAPABLE"}, {2048, "BPF_F_PRESERVE_ELEMS"},
    {4096, "BPF_F_INNER_MAP"}};
constexpr NamedValue kProgramFlags[] = {{1, "BPF_F_STRICT_ALIGNMENT"},
                                        {2, "BPF_F_ANY_ALIGNMENT"},
                                        {4, "BPF_F_TEST_RND_HI32"},
                                        {8, "BPF_F_TEST_STATE_FREQ"},
                                        {16, "BPF_F_SLEEPABLE"}};
constexpr NamedValue kAttachFlags[] = {{1, "BPF_F_ALLOW_OVERRIDE"}, {2, "BPF_F_ALLOW_MULTI"}, {4, "BPF_F_REPLACE"}};
constexpr NamedValue kQueryFlags[] = {{1, "BPF_F_QUERY_EFFECTIVE"}};
constexpr NamedValue kTestFlags[] = {{1, "BPF_F_TEST_RUN_ON_CPU"}, {2, "BPF_F_TEST_XDP_LIVE_FRAMES"}};
constexpr NamedValue kMultiFlags[] = {{1, "BPF_F_KPROBE_MULTI_RETURN"}};
constexpr NamedValue kOpenFlags[] = {{8, "BPF_F_RDONLY"}, {16, "BPF_F_WRONLY"}};
constexpr NamedValue kElementFlags[] = {{0, "BPF_ANY"}, {1, "BPF_NOEXIST"}, {2, "BPF_EXIST"}, {4, "BPF_F_LOCK"}};
constexpr NamedValue kLookupFlags[] = {{4, "BPF_F_LOCK"}};
constexpr NamedValue kStatistics[] = {{0, "BPF_STATS_RUN_TIME"}};

}  // namespace

namespace bpf {

const NameTable kCommandNames{kCommands, "BPF_???"};
const NameTable kMapTypeNames{kMapTypes, "BPF_MAP_TYPE_???"};
const NameTable kProgramTypeNames{kProgramTypes, "BPF_PROG_TYPE_???"};
const NameTable kAttachTypeNames{kAttachTypes, "BPF_???"};
const NameTable kTaskDescriptorNames{kTaskDescriptorTypes, "BPF_FD_TYPE_???"};
const NameTable kMapFlagNames{kMapFlags, "BPF_F_???"};
const NameTable kProgramFlagNames{kProgramFlags, "BPF_F_???"};
const NameTable kAttachFlagNames{kAttachFlags, "BPF_F_???"};
const NameTable kQueryFlagNames{kQueryFlags, "BPF_F_QUERY_???"};
const NameTable kTestFlagNames{kTestFlags, "BPF_F_???"};
const NameTable kMultiFlagNames{kMultiFlags, "BPF_F_???"};
const NameTable kOpenFlagNames{kOpenFlags, "BPF_F_???"};
const NameTable kElementFlagNames{kElementFlags, "BPF_???"};
const NameTable kLookupFlagNames{kLookupFlags, "BPF_???"};
const NameTable kStatisticsNames{kStatistics, "BPF_STATS_???"};

}  // namespace bpf
}  // namespace vdsotrace
