// NFQUEUE: packets that the kernel holds back until their verdict comes, over raw netlink through libmnl
// (linux/netfilter/nfnetlink_queue.h). Knows netlink attributes alone; what a packet holds is none of its business.
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "env.h"

namespace peccary {
namespace {

// Mirrors NfqRead in src/addon/nfqueue.ts.
constexpr int32_t ReadFault = -1;
// Mirrors NfqRow in src/addon/nfqueue.ts: words that a packet has besides its place and length.
enum Meta : size_t { MetaQueue = 0, MetaId = 1, MetaMark = 2, MetaInfo = 3, MetaHook = 4, MetaStride = 5 };
// Mirrors NfqVerdict in src/addon/nfqueue.ts.
enum Row : size_t { RowQueue = 0, RowId, RowVerdict, RowMark, RowFlags, RowOff, RowLen, RowStride };
enum RowFlag : uint32_t { FlagUpTo = 1, FlagMark = 2, FlagPayload = 4 };

// A datagram of netlink: the largest packet, its attributes (some 200 bytes), and headers.
constexpr uint32_t SlotLen = 0x10200;
// Datagrams of one recvmmsg, and verdicts collected before they are sent.
constexpr size_t MaxRows = 256;
constexpr size_t SendLen = 32768;
// Packets that may come before the kernel has confirmed the last queue.
constexpr size_t MaxEarly = 4096;

class Nfqueue final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Nfqueue;
  explicit Nfqueue(mnl_socket* s) : Resource(kKind), socket(s), out(SendLen + SlotLen) {}
  ~Nfqueue() override { mnl_socket_close(socket); }
  mnl_socket* const socket;
  std::vector<uint8_t> out;
  // Packets that came between the kernel's confirmations.
  std::vector<std::vector<uint8_t>> early;
  size_t earlyTaken = 0;
  // Verdicts that the kernel refused: the packet was gone.
  double refused = 0;
  int fault = 0;
};

nlmsghdr* message(uint8_t* at, uint16_t type, uint16_t flags, uint16_t queue) {
  nlmsghdr* h = mnl_nlmsg_put_header(at);
  h->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type;
  h->nlmsg_flags = NLM_F_REQUEST | flags;
  auto* g = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(h, sizeof(nfgenmsg)));
  g->nfgen_family = AF_UNSPEC;
  g->version = NFNETLINK_V0;
  g->res_id = htons(queue);
  return h;
}

struct Options {
  int copyRange, queueLen, bufferSize, gso, failOpen;
};

bool option(napi_env napi, napi_value object, const char* name, int& out) {
  napi_value v = nullptr;
  bool flag = false;
  if (napi_get_named_property(napi, object, name, &v) == napi_ok) {
    if (napi_get_value_int32(napi, v, &out) == napi_ok) return true;
    if (napi_get_value_bool(napi, v, &flag) == napi_ok) {
      out = flag ? 1 : 0;
      return true;
    }
  }
  napi_throw_type_error(napi, nullptr, "queue options need copyRange, queueLen, bufferSize, gso and failOpen");
  return false;
}

// Reads until the kernel answers the last message; packets on the way are kept. 0, or an errno.
int confirm(Nfqueue* q, uint32_t seq) {
  std::vector<uint8_t> in(SlotLen);
  for (;;) {
    const ssize_t n = mnl_socket_recvfrom(q->socket, in.data(), in.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    const auto* h = reinterpret_cast<const nlmsghdr*>(in.data());
    if (!mnl_nlmsg_ok(h, static_cast<int>(n))) continue;
    if (h->nlmsg_type == NLMSG_ERROR) {
      const auto* e = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(h));
      if (h->nlmsg_seq == seq) return -e->error;
    } else {
      if (q->early.size() == MaxEarly) return ENOBUFS;
      q->early.emplace_back(in.begin(), in.begin() + n);
    }
  }
}

// Binds a queue and says how it is to be: in one message, so that no packet comes in another form.
int bindQueue(Nfqueue* q, uint16_t queue, const Options& o, uint32_t seq) {
  alignas(nlmsghdr) uint8_t room[256];
  nlmsghdr* h = message(room, NFQNL_MSG_CONFIG, NLM_F_ACK, queue);
  h->nlmsg_seq = seq;
  nfqnl_msg_config_cmd cmd{};
  cmd.command = NFQNL_CFG_CMD_BIND;
  cmd.pf = htons(AF_UNSPEC);
  mnl_attr_put(h, NFQA_CFG_CMD, sizeof(cmd), &cmd);
  nfqnl_msg_config_params params{};
  params.copy_range = htonl(static_cast<uint32_t>(o.copyRange));
  params.copy_mode = NFQNL_COPY_PACKET;
  mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof(params), &params);
  mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(static_cast<uint32_t>(o.queueLen)));
  const uint32_t mask = NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN;
  const uint32_t flags = (o.gso ? NFQA_CFG_F_GSO : 0) | (o.failOpen ? NFQA_CFG_F_FAIL_OPEN : 0);
  mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(flags));
  mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(mask));
  if (mnl_socket_sendto(q->socket, h, h->nlmsg_len) < 0) return errno;
  return confirm(q, seq);
}

// nfqOpen(queues: Uint32Array, options): handle, or {index: the queue (-1: none), message}
napi_value open(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t* queues = nullptr;
  size_t count = 0;
  Options o;
  if (!u32sArg(napi, a.value[0], queues, count) || !option(napi, a.value[1], "copyRange", o.copyRange) ||
      !option(napi, a.value[1], "queueLen", o.queueLen) || !option(napi, a.value[1], "bufferSize", o.bufferSize) ||
      !option(napi, a.value[1], "gso", o.gso) || !option(napi, a.value[1], "failOpen", o.failOpen)) {
    return nullptr;
  }
  mnl_socket* s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
  if (s == nullptr) return refusal(napi, -1, strerror(errno));
  auto q = std::make_unique<Nfqueue>(s);
  if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) return refusal(napi, -1, strerror(errno));
  const int fd = mnl_socket_get_fd(s);
  // An overrun is counted by the kernel (user_dropped); reading goes on.
  int on = 1;
  mnl_socket_setsockopt(s, NETLINK_NO_ENOBUFS, &on, sizeof(on));
  if (o.bufferSize > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &o.bufferSize, sizeof(int)) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &o.bufferSize, sizeof(int));
  }
  for (size_t i = 0; i < count; i++) {
    const int fault = bindQueue(q.get(), static_cast<uint16_t>(queues[i]), o, static_cast<uint32_t>(i + 1));
    if (fault != 0) return refusal(napi, queues[i], strerror(fault));
  }
  const uint32_t handle = a.env->add(std::move(q));
  return handle == 0 ? throwError(napi, "too many native handles") : number(napi, handle);
}

struct Columns {
  uint32_t *off, *capLen, *wireLen, *meta;
  double* tsUs;
  size_t rows;
};

bool columnsArg(napi_env napi, const napi_value* value, Columns& c) {
  size_t n[5];
  void* ts = nullptr;
  if (!u32sArg(napi, value[0], c.off, n[0]) || !u32sArg(napi, value[1], c.capLen, n[1]) ||
      !u32sArg(napi, value[2], c.wireLen, n[2]) || !typedArg(napi, value[3], napi_float64_array, ts, n[3]) ||
      !u32sArg(napi, value[4], c.meta, n[4])) {
    return false;
  }
  c.tsUs = static_cast<double*>(ts);
  n[4] /= MetaStride;
  c.rows = MaxRows;
  for (const size_t len : n) c.rows = len < c.rows ? len : c.rows;
  return true;
}

uint32_t wordOf(const nlattr* at) {
  return mnl_attr_get_payload_len(at) >= sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(at)) : 0;
}

// One datagram at memory offset `at` into row `n`; whether it was a packet.
bool describe(Nfqueue* q, const uint8_t* base, uint32_t at, size_t len, Columns& c, size_t n) {
  const auto* h = reinterpret_cast<const nlmsghdr*>(base + at);
  if (!mnl_nlmsg_ok(h, static_cast<int>(len))) return false;
  if (h->nlmsg_type == NLMSG_ERROR) q->refused++;
  if (h->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)) return false;
  const auto* g = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(h));
  uint32_t* meta = c.meta + n * MetaStride;
  meta[MetaQueue] = ntohs(g->res_id);
  meta[MetaMark] = meta[MetaInfo] = meta[MetaHook] = 0;
  c.off[n] = c.capLen[n] = c.wireLen[n] = 0;
  bool named = false;
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(h));
  const auto* attr = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(h, sizeof(nfgenmsg)));
  for (; mnl_attr_ok(attr, static_cast<int>(end - reinterpret_cast<const char*>(attr))); attr = mnl_attr_next(attr)) {
    switch (mnl_attr_get_type(attr)) {
      case NFQA_PACKET_HDR:
        if (mnl_attr_get_payload_len(attr) >= sizeof(nfqnl_msg_packet_hdr)) {
          const auto* p = static_cast<const nfqnl_msg_packet_hdr*>(mnl_attr_get_payload(attr));
          meta[MetaId] = ntohl(p->packet_id);
          meta[MetaHook] = p->hook;
          named = true;
        }
        break;
      case NFQA_MARK:
        meta[MetaMark] = wordOf(attr);
        break;
      case NFQA_SKB_INFO:
        meta[MetaInfo] = wordOf(attr);
        break;
      case NFQA_CAP_LEN:
        c.wireLen[n] = wordOf(attr);
        break;
      case NFQA_PAYLOAD:
        c.off[n] = static_cast<uint32_t>(static_cast<const uint8_t*>(mnl_attr_get_payload(attr)) - base);
        c.capLen[n] = mnl_attr_get_payload_len(attr);
        break;
      default:
        break;
    }
  }
  if (c.wireLen[n] < c.capLen[n]) c.wireLen[n] = c.capLen[n];
  return named;
}

// nfqRead(handle, arenaOff, arenaLen, waitMs, off, capLen, wireLen, tsUs, meta): packets read, 0 within the wait, or
// ReadFault
napi_value read(napi_env napi, napi_callback_info info) {
  Args<9> a(napi, info);
  uint32_t handle, arenaOff, arenaLen, waitMs;
  Columns c;
  if (!a.u32(0, handle) || !a.u32(1, arenaOff) || !a.u32(2, arenaLen) || !a.u32(3, waitMs) ||
      !columnsArg(napi, a.value + 4, c)) {
    return nullptr;
  }
  Nfqueue* q = a.env->lookup<Nfqueue>(handle);
  if (q == nullptr) return throwError(napi, "not a queue");
  if (!a.env->inMemory(arenaOff, arenaLen)) return throwError(napi, "the arena lies outside the memory");
  if (c.rows > arenaLen / SlotLen) c.rows = arenaLen / SlotLen;
  if (c.rows == 0) return throwError(napi, "the arena is smaller than one packet");
  uint8_t* base = a.env->memory.data;
  size_t n = 0;
  while (n < c.rows && q->earlyTaken < q->early.size()) {
    const auto& kept = q->early[q->earlyTaken++];
    const uint32_t at = arenaOff + static_cast<uint32_t>(n) * SlotLen;
    memcpy(base + at, kept.data(), kept.size());
    if (describe(q, base, at, kept.size(), c, n)) n++;
  }
  if (q->earlyTaken == q->early.size()) {
    q->early.clear();
    q->earlyTaken = 0;
  }
  const int fd = mnl_socket_get_fd(q->socket);
  mmsghdr in[MaxRows];
  iovec io[MaxRows];
  sockaddr_nl from[MaxRows];
  for (int tries = 0; n == 0 && tries < 2; tries++) {
    for (size_t i = 0; i < c.rows; i++) {
      io[i] = {base + arenaOff + i * SlotLen, SlotLen};
      in[i] = {};
      in[i].msg_hdr.msg_iov = &io[i];
      in[i].msg_hdr.msg_iovlen = 1;
      in[i].msg_hdr.msg_name = &from[i];
      in[i].msg_hdr.msg_namelen = sizeof(sockaddr_nl);
    }
    const int got = recvmmsg(fd, in, static_cast<unsigned>(c.rows), MSG_DONTWAIT, nullptr);
    if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
      q->fault = errno;
      return number(napi, ReadFault);
    }
    for (int i = 0; i < got; i++) {
      // Only the kernel has something to say here.
      if (from[i].nl_pid != 0 || (in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
      const uint32_t at = arenaOff + static_cast<uint32_t>(i) * SlotLen;
      if (describe(q, base, at, in[i].msg_len, c, n)) n++;
    }
    if (n > 0 || tries > 0) break;
    pollfd wait{fd, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(waitMs)) <= 0) break;
  }
  timeval now{};
  gettimeofday(&now, nullptr);
  const double us = static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_usec);
  for (size_t i = 0; i < n; i++) c.tsUs[i] = us;
  return number(napi, static_cast<double>(n));
}

// Sends what has been collected; false when the kernel did not take it.
bool flush(Nfqueue* q, size_t used) {
  if (used == 0) return true;
  const int fd = mnl_socket_get_fd(q->socket);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t n = sendto(fd, q->out.data(), used, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof(kernel));
    if (n == static_cast<ssize_t>(used)) return true;
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    q->fault = errno;
    return false;
  }
}

// nfqVerdict(handle, rows: Uint32Array, count): verdicts in order; whether the kernel took them all
napi_value verdict(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  uint32_t handle, count;
  uint32_t* rows = nullptr;
  size_t words = 0;
  if (!a.u32(0, handle) || !u32sArg(napi, a.value[1], rows, words) || !a.u32(2, count)) return nullptr;
  Nfqueue* q = a.env->lookup<Nfqueue>(handle);
  if (q == nullptr) return throwError(napi, "not a queue");
  if (count > words / RowStride) return throwError(napi, "fewer rows than verdicts");
  size_t used = 0;
  bool taken = true;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t* r = rows + i * RowStride;
    const bool payload = (r[RowFlags] & FlagPayload) != 0;
    if (payload && (!a.env->inMemory(r[RowOff], r[RowLen]) || r[RowLen] > 0xffff - MNL_ATTR_HDRLEN)) {
      return throwError(napi, "a payload lies outside the memory");
    }
    if (used > SendLen - 64 || (payload && used > 0)) taken = flush(q, std::exchange(used, 0)) && taken;
    const bool upTo = (r[RowFlags] & FlagUpTo) != 0;
    nlmsghdr* h = message(q->out.data() + used, upTo ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, 0,
                          static_cast<uint16_t>(r[RowQueue]));
    nfqnl_msg_verdict_hdr v{};
    v.verdict = htonl(r[RowVerdict]);
    v.id = htonl(r[RowId]);
    mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(v), &v);
    if ((r[RowFlags] & FlagMark) != 0) mnl_attr_put_u32(h, NFQA_MARK, htonl(r[RowMark]));
    if (payload) mnl_attr_put(h, NFQA_PAYLOAD, r[RowLen], a.env->memory.data + r[RowOff]);
    used += MNL_ALIGN(h->nlmsg_len);
  }
  taken = flush(q, used) && taken;
  napi_value out = nullptr;
  napi_get_boolean(napi, taken, &out);
  return out;
}

// nfqState(handle): {fault: the last system error in words ('' none), refused: verdicts that came too late}
napi_value state(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const Nfqueue* q = a.env->lookup<Nfqueue>(handle);
  if (q == nullptr) return throwError(napi, "not a queue");
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  setString(napi, o, "fault", q->fault == 0 ? "" : strerror(q->fault));
  setNumber(napi, o, "refused", q->refused);
  return o;
}

}  // namespace

bool initNfqueue(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "nfqOpen", open, data) && method(env, exports, "nfqRead", read, data) &&
         method(env, exports, "nfqVerdict", verdict, data) && method(env, exports, "nfqState", state, data);
}

}  // namespace peccary
