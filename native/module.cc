// Entry of the addon: one Env for each JavaScript environment, freed by its cleanup hook.
#include <brotli/decode.h>
#include <lzma.h>
#include <pcap/pcap.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>

#include "env.h"

namespace peccary {
namespace {

// bindMemory(memory: Uint8Array): the memory that (offset, length) pairs of this environment name.
napi_value bindMemory(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  void* data = nullptr;
  size_t length = 0;
  napi_ref ref = nullptr;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(napi, a.value[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || napi_create_reference(napi, a.value[0], 1, &ref) != napi_ok) {
    napi_throw_type_error(napi, nullptr, "expected a Uint8Array");
    return nullptr;
  }
  if (a.env->memory.ref != nullptr) napi_delete_reference(napi, a.env->memory.ref);
  a.env->memory = Bound<uint8_t>{static_cast<uint8_t*>(data), length, ref};
  return nullptr;
}

// closeHandle(handle): boolean
napi_value closeHandle(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  napi_value out = nullptr;
  napi_get_boolean(napi, a.env->drop(handle), &out);
  return out;
}

// acquireHandle(handle): boolean, takes this environment's reference
napi_value acquireHandle(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  napi_value out = nullptr;
  napi_get_boolean(napi, a.env->find(handle) != nullptr, &out);
  return out;
}

// handleCounts(): live handles of the process by kind
napi_value handleCounts(napi_env napi, napi_callback_info) {
  static const char* const names[] = {"hsDatabase", "hsStream", "pcre", "decompressor", "pcap", "bpf", "magic", "injector", "nfqueue", "datagram"};
  static_assert(sizeof(names) / sizeof(names[0]) == static_cast<size_t>(Kind::Count), "a name for each kind");
  uint32_t counts[static_cast<size_t>(Kind::Count)];
  Registry::instance().counts(counts);
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  for (size_t i = 0; i < static_cast<size_t>(Kind::Count); i++) setNumber(napi, o, names[i], counts[i]);
  return o;
}

// versions(): run-time versions of the libraries
napi_value versions(napi_env napi, napi_callback_info) {
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  char pcre[64] = "";
  pcre2_config(PCRE2_CONFIG_VERSION, pcre);
  char brotli[32];
  const uint32_t b = BrotliDecoderVersion();
  snprintf(brotli, sizeof(brotli), "%u.%u.%u", b >> 24, b >> 12 & 0xfff, b & 0xfff);
  setString(napi, o, "hyperscan", hs_version());
  setString(napi, o, "pcre2", pcre);
  setString(napi, o, "libpcap", pcap_lib_version());
  setString(napi, o, "zlib", zlibVersion());
  setString(napi, o, "brotli", brotli);
  setString(napi, o, "liblzma", lzma_version_string());
  setString(napi, o, "zstd", ZSTD_versionString());
  return o;
}

void cleanup(void* data) { delete static_cast<Env*>(data); }

}  // namespace
}  // namespace peccary

NAPI_MODULE_INIT() {
  using namespace peccary;
  Env* data = new Env(env);
  const bool ok = method(env, exports, "bindMemory", bindMemory, data) &&
                  method(env, exports, "closeHandle", closeHandle, data) &&
                  method(env, exports, "acquireHandle", acquireHandle, data) &&
                  method(env, exports, "handleCounts", handleCounts, data) &&
                  method(env, exports, "versions", versions, data) && initHyperscan(env, exports, data) &&
                  initHyperscanCompile(env, exports, data) && initPcre(env, exports, data) &&
                  initDecompress(env, exports, data) && initPcap(env, exports, data) && initBpf(env, exports, data) && initInject(env, exports, data) &&
                  initMagic(env, exports, data) && initNfqueue(env, exports, data) && initDatagram(env, exports, data) && initPrivileges(env, exports, data) &&
                  napi_add_env_cleanup_hook(env, cleanup, data) == napi_ok;
  if (!ok) {
    delete data;
    return throwError(env, "the addon cannot initialise");
  }
  return exports;
}
