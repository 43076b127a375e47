// libpcap: capture files and live interfaces, read in batches straight into the arena and the batch's columns.
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "env.h"
#include "linktype.h"

namespace peccary {
namespace {

// Mirrors PcapRead in src/addon/pcap.ts.
enum class Read : int32_t { End = -1, Fault = -2 };

// Packets start at offsets of this alignment.
constexpr uint32_t PacketAlign = 8;

class Pcap final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Pcap;
  Pcap(pcap_t* p, bool isLive) : Resource(kKind), pcap(p), live(isLive) {}
  ~Pcap() override { pcap_close(pcap); }
  pcap_t* const pcap;
  const bool live;
  // A packet that was read and did not fit: first of the next batch.
  const pcap_pkthdr* pendingHeader = nullptr;
  const u_char* pendingBytes = nullptr;
  // Where in the file the record lies that was read last; 0 when that cannot be told.
  long recordOff = 0;
  // How reading ended (pcap_next_ex's negative result): told again, since libpcap forgets a fault after telling it.
  int ended = 0;
};

napi_value addPcap(napi_env napi, Env* env, pcap_t* p, bool live) {
  const uint32_t handle = env->add(std::make_unique<Pcap>(p, live));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// pcapOpenFile(path): handle, or {index: -1, message}
napi_value openFile(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  std::vector<char> path;
  if (!stringArg(napi, a.value[0], path)) return nullptr;
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* p = pcap_open_offline_with_tstamp_precision(path.data(), PCAP_TSTAMP_PRECISION_NANO, error);
  if (p == nullptr) return refusal(napi, -1, error);
  return addPcap(napi, a.env, p, false);
}

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
  napi_throw_type_error(napi, nullptr, "live options need snapLen, promisc, bufferSize, timeoutMs and immediate");
  return false;
}

// pcapOpenLive(device, options): handle, or {index: -1, message}
napi_value openLive(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  std::vector<char> device;
  int snapLen, promisc, bufferSize, timeoutMs, immediate;
  if (!stringArg(napi, a.value[0], device) || !option(napi, a.value[1], "snapLen", snapLen) ||
      !option(napi, a.value[1], "promisc", promisc) || !option(napi, a.value[1], "bufferSize", bufferSize) ||
      !option(napi, a.value[1], "timeoutMs", timeoutMs) || !option(napi, a.value[1], "immediate", immediate)) {
    return nullptr;
  }
  char error[PCAP_ERRBUF_SIZE] = "";
  Owned<pcap_t, pcap_close> p(pcap_create(device.data(), error));
  if (p == nullptr) return refusal(napi, -1, error);
  pcap_set_snaplen(p.get(), snapLen);
  pcap_set_promisc(p.get(), promisc);
  pcap_set_timeout(p.get(), timeoutMs);
  pcap_set_immediate_mode(p.get(), immediate);
  if (bufferSize > 0) pcap_set_buffer_size(p.get(), bufferSize);
  const int rc = pcap_activate(p.get());
  if (rc < 0) {
    const std::string detail = pcap_geterr(p.get());
    return refusal(napi, -1, detail.empty() ? pcap_statustostr(rc) : detail.c_str());
  }
  if (pcap_setnonblock(p.get(), 1, error) != 0) return refusal(napi, -1, error);
  return addPcap(napi, a.env, p.release(), true);
}

struct Columns {
  uint32_t *off, *capLen, *wireLen;
  double* tsUs;
  size_t rows;
};

bool columnsArg(napi_env napi, const napi_value* value, Columns& c) {
  size_t n[4];
  void* ts = nullptr;
  if (!u32sArg(napi, value[0], c.off, n[0]) || !u32sArg(napi, value[1], c.capLen, n[1]) ||
      !u32sArg(napi, value[2], c.wireLen, n[2]) || !typedArg(napi, value[3], napi_float64_array, ts, n[3])) {
    return false;
  }
  c.tsUs = static_cast<double*>(ts);
  c.rows = n[0];
  for (const size_t len : n) c.rows = len < c.rows ? len : c.rows;
  return true;
}

// One packet into `pending`; pcap_next_ex's result.
int fetch(Pcap* source) {
  if (source->pendingHeader != nullptr) return 1;
  if (source->ended != 0) return source->ended;
  if (!source->live) {
    const long at = ftell(pcap_file(source->pcap));
    source->recordOff = at < 0 ? 0 : at;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int rc = pcap_next_ex(source->pcap, &header, &bytes);
  if (rc == 1) {
    source->pendingHeader = header;
    source->pendingBytes = bytes;
  }
  if (rc < 0) source->ended = rc;
  return rc;
}

// pcapRead(handle, arenaOff, arenaLen, waitMs, off, capLen, wireLen, tsUs): packets read (0: none within the wait,
// live only), or Read.
napi_value read(napi_env napi, napi_callback_info info) {
  Args<8> a(napi, info);
  uint32_t handle, arenaOff, arenaLen, waitMs;
  Columns c;
  if (!a.u32(0, handle) || !a.u32(1, arenaOff) || !a.u32(2, arenaLen) || !a.u32(3, waitMs) ||
      !columnsArg(napi, a.value + 4, c)) {
    return nullptr;
  }
  Pcap* source = a.env->lookup<Pcap>(handle);
  if (source == nullptr) return throwError(napi, "not a capture");
  if (!a.env->inMemory(arenaOff, arenaLen)) return throwError(napi, "the arena lies outside the memory");
  const double unit = pcap_get_tstamp_precision(source->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1e-3 : 1;
  uint32_t used = 0;
  size_t n = 0;
  int rc = 1;
  bool waited = false;
  while (n < c.rows) {
    rc = fetch(source);
    if (rc == 0 && n == 0 && !waited && source->live) {
      pollfd fd{pcap_get_selectable_fd(source->pcap), POLLIN, 0};
      poll(&fd, 1, static_cast<int>(waitMs));
      waited = true;
      continue;
    }
    if (rc != 1) break;
    const pcap_pkthdr* h = source->pendingHeader;
    if (h->caplen > arenaLen - used) {
      if (n == 0) return throwError(napi, "the arena is smaller than one packet");
      break;
    }
    memcpy(a.env->memory.data + arenaOff + used, source->pendingBytes, h->caplen);
    c.off[n] = arenaOff + used;
    c.capLen[n] = h->caplen;
    c.wireLen[n] = h->len;
    // Seconds in a pcap file are unsigned; libpcap takes those after 2038 for negative.
    const double seconds = static_cast<double>(h->ts.tv_sec) + (h->ts.tv_sec < 0 ? 0x1p32 : 0);
    c.tsUs[n] = seconds * 1e6 + static_cast<double>(h->ts.tv_usec) * unit;
    source->pendingHeader = nullptr;
    const uint64_t next = (static_cast<uint64_t>(used) + h->caplen + PacketAlign - 1) / PacketAlign * PacketAlign;
    used = next < arenaLen ? static_cast<uint32_t>(next) : arenaLen;
    n++;
  }
  if (n == 0 && rc == PCAP_ERROR_BREAK) return number(napi, static_cast<double>(Read::End));
  if (n == 0 && rc < 0) return number(napi, static_cast<double>(Read::Fault));
  return number(napi, static_cast<double>(n));
}

// Handle argument 0 as a capture; throws and returns null when it is none.
template <size_t N>
Pcap* pcapArg(const Args<N>& a) {
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  Pcap* source = a.env->template lookup<Pcap>(handle);
  if (source == nullptr) throwError(a.napi, "not a capture");
  return source;
}

// pcapError(handle): libpcap's words for the last fault
napi_value lastError(napi_env napi, napi_callback_info info) {
  const Args<1> a(napi, info);
  const Pcap* source = pcapArg(a);
  return source == nullptr ? nullptr : string(napi, pcap_geterr(source->pcap));
}

// pcapOffset(handle): where in the file the record lies that was tried last
napi_value offset(napi_env napi, napi_callback_info info) {
  const Args<1> a(napi, info);
  const Pcap* source = pcapArg(a);
  return source == nullptr ? nullptr : number(napi, static_cast<double>(source->recordOff));
}

// pcapLinkType(handle): LINKTYPE_ value
napi_value linkType(napi_env napi, napi_callback_info info) {
  const Args<1> a(napi, info);
  const Pcap* source = pcapArg(a);
  return source == nullptr ? nullptr : number(napi, linkTypeOf(pcap_datalink(source->pcap)));
}

// pcapFileno(handle): descriptor of the live socket
napi_value descriptor(napi_env napi, napi_callback_info info) {
  const Args<1> a(napi, info);
  const Pcap* source = pcapArg(a);
  return source == nullptr ? nullptr : number(napi, pcap_fileno(source->pcap));
}

// pcapStats(handle): {received, dropped, ifDropped}, or {index: -1, message}
napi_value stats(napi_env napi, napi_callback_info info) {
  const Args<1> a(napi, info);
  const Pcap* source = pcapArg(a);
  if (source == nullptr) return nullptr;
  pcap_stat s{};
  if (pcap_stats(source->pcap, &s) != 0) return refusal(napi, -1, pcap_geterr(source->pcap));
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  setNumber(napi, o, "received", s.ps_recv);
  setNumber(napi, o, "dropped", s.ps_drop);
  setNumber(napi, o, "ifDropped", s.ps_ifdrop);
  return o;
}

// pcapInject(handle, off, len): sends a frame on a live interface; undefined, or {index: -1, message}
napi_value inject(napi_env napi, napi_callback_info info) {
  const Args<3> a(napi, info);
  uint32_t off, len;
  const Pcap* source = pcapArg(a);
  if (source == nullptr || !a.u32(1, off) || !a.u32(2, len)) return nullptr;
  if (!source->live) return throwError(napi, "a file takes no packets");
  if (!a.env->inMemory(off, len)) return throwError(napi, "the frame lies outside the memory");
  const int sent = pcap_inject(source->pcap, a.env->memory.data + off, len);
  return sent >= 0 ? nullptr : refusal(napi, -1, pcap_geterr(source->pcap));
}

// pcapSetFilter(handle, filter): undefined, or {index: -1, message}
napi_value setFilter(napi_env napi, napi_callback_info info) {
  const Args<2> a(napi, info);
  std::vector<char> filter;
  const Pcap* source = pcapArg(a);
  if (source == nullptr || !stringArg(napi, a.value[1], filter)) return nullptr;
  bpf_program program{};
  if (pcap_compile(source->pcap, &program, filter.data(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return refusal(napi, -1, pcap_geterr(source->pcap));
  }
  const int rc = pcap_setfilter(source->pcap, &program);
  pcap_freecode(&program);
  return rc == 0 ? nullptr : refusal(napi, -1, pcap_geterr(source->pcap));
}

// Bits of the PACKET_FANOUT option: the group's number, how it spreads packets, flags.
constexpr uint32_t FanoutTypeShift = 16;

// pcapFanout(handle, group, program): joins the fanout group (0: a new one) of sockets on the same interface, among which
// the classic BPF program (two words an instruction: code | jt << 16 | jf << 24, k) spreads packets by its result modulo
// their number. The group's number, or {index: -1, message}
napi_value fanout(napi_env napi, napi_callback_info info) {
  const Args<3> a(napi, info);
  uint32_t group;
  uint32_t* words = nullptr;
  size_t count = 0;
  const Pcap* source = pcapArg(a);
  if (source == nullptr || !a.u32(1, group) || !u32sArg(napi, a.value[2], words, count)) return nullptr;
  if (!source->live) return throwError(napi, "a file is in no fanout group");
  if (count % 2 != 0 || count / 2 > BPF_MAXINSNS) return throwError(napi, "not a BPF program");
  const int fd = pcap_fileno(source->pcap);
  uint32_t option = group | static_cast<uint32_t>(PACKET_FANOUT_CBPF) << FanoutTypeShift;
  if (group == 0) option |= static_cast<uint32_t>(PACKET_FANOUT_FLAG_UNIQUEID) << FanoutTypeShift;
  if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &option, sizeof option) != 0) {
    return refusal(napi, -1, strerror(errno));
  }
  std::vector<sock_filter> code(count / 2);
  for (size_t i = 0; i < code.size(); i++) {
    const uint32_t op = words[2 * i];
    code[i] = {static_cast<uint16_t>(op), static_cast<uint8_t>(op >> 16), static_cast<uint8_t>(op >> 24),
               words[2 * i + 1]};
  }
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  socklen_t len = sizeof option;
  if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof program) != 0 ||
      getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &option, &len) != 0) {
    return refusal(napi, -1, strerror(errno));
  }
  return number(napi, option & 0xffff);
}

}  // namespace

bool initPcap(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "pcapOpenFile", openFile, data) &&
         method(env, exports, "pcapOpenLive", openLive, data) && method(env, exports, "pcapRead", read, data) &&
         method(env, exports, "pcapError", lastError, data) && method(env, exports, "pcapOffset", offset, data) &&
         method(env, exports, "pcapLinkType", linkType, data) &&
         method(env, exports, "pcapFileno", descriptor, data) && method(env, exports, "pcapStats", stats, data) &&
         method(env, exports, "pcapInject", inject, data) &&
         method(env, exports, "pcapFanout", fanout, data) &&
         method(env, exports, "pcapSetFilter", setFilter, data);
}

}  // namespace peccary
