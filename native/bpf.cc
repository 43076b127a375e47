// Berkeley packet filters over packets that libpcap did not read: compiled once, run on bytes of the memory.
#include <utility>

#include "env.h"
#include "linktype.h"

namespace peccary {
namespace {

class Bpf final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Bpf;
  explicit Bpf(bpf_program p) : Resource(kKind), program(p) {}
  ~Bpf() override { pcap_freecode(&program); }
  bpf_program program;
};

// bpfCompile(filter, linkType, snapLen): handle, or {index: -1, message}
napi_value compile(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  std::vector<char> filter;
  uint32_t linkType, snapLen;
  if (!stringArg(napi, a.value[0], filter) || !a.u32(1, linkType) || !a.u32(2, snapLen)) return nullptr;
  const Owned<pcap_t, pcap_close> dead(pcap_open_dead(dltOf(static_cast<int>(linkType)), static_cast<int>(snapLen)));
  if (dead == nullptr) return throwError(napi, "no memory for a filter");
  bpf_program program{};
  if (pcap_compile(dead.get(), &program, filter.data(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return refusal(napi, -1, pcap_geterr(dead.get()));
  }
  const uint32_t handle = a.env->add(std::make_unique<Bpf>(program));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// bpfMatch(handle, off, len, wireLen): boolean
napi_value match(napi_env napi, napi_callback_info info) {
  Args<4> a(napi, info);
  uint32_t handle, off, len, wireLen;
  if (!a.u32(0, handle) || !a.u32(1, off) || !a.u32(2, len) || !a.u32(3, wireLen)) return nullptr;
  const Bpf* bpf = a.env->lookup<Bpf>(handle);
  if (bpf == nullptr) return throwError(napi, "not a packet filter");
  if (!a.env->inMemory(off, len)) return throwError(napi, "a packet lies outside the memory");
  napi_value out = nullptr;
  napi_get_boolean(napi, bpf_filter(bpf->program.bf_insns, a.env->memory.data + off, wireLen, len) != 0, &out);
  return out;
}

}  // namespace

bool initBpf(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "bpfCompile", compile, data) && method(env, exports, "bpfMatch", match, data);
}

}  // namespace peccary
