// What one JavaScript environment (thread) holds: its references to handles, the memory and arrays bound once so
// that hot calls pass integers only, and the scratch space of the libraries. Plus helpers for N-API arguments.
#pragma once

#include <hs.h>
#include <node_api.h>
#include <pcre2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "registry.h"

namespace peccary {

// A library's object freed by a function: Owned<hs_scratch_t, hs_free_scratch>.
template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, FreeWith<Free>>;

// A typed array of JavaScript kept alive by a strong reference; its address does not move.
template <typename T>
struct Bound {
  T* data = nullptr;
  size_t length = 0;
  napi_ref ref = nullptr;
};

class Env {
 public:
  explicit Env(napi_env env) : napi(env) {}
  ~Env();
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

  // Registers a resource for this environment; 0 when the process has too many handles.
  uint32_t add(std::unique_ptr<Resource> resource);
  // Resource of `handle`, with a reference taken for this environment on first use; null when it is not alive
  // or of another kind. Without a lock once the reference is there.
  template <typename T>
  T* lookup(uint32_t handle) {
    Resource* r = find(handle);
    return r != nullptr && r->kind == T::kKind ? static_cast<T*>(r) : nullptr;
  }
  Resource* find(uint32_t handle) {
    const uint32_t index = handle & Registry::IndexMask;
    if (index < local_.size() && local_[index].handle == handle) return local_[index].resource;
    return acquire(handle);
  }
  // Drops this environment's reference; false when it holds none.
  bool drop(uint32_t handle);
  // Whether this environment already did what a database needs once a thread (scratch space).
  bool& prepared(uint32_t handle) { return local_[handle & Registry::IndexMask].prepared; }

  bool inMemory(uint32_t off, uint32_t len) const { return static_cast<uint64_t>(off) + len <= memory.length; }

  napi_env napi;
  Bound<uint8_t> memory;
  Bound<uint32_t> jobs;
  Bound<uint32_t> results;
  Bound<uint32_t> ovector;
  Bound<uint32_t> progress;
  hs_scratch_t* scratch = nullptr;
  Owned<pcre2_match_data, pcre2_match_data_free> matchData;
  Owned<pcre2_match_context, pcre2_match_context_free> matchContext;
  Owned<pcre2_jit_stack, pcre2_jit_stack_free> jitStack;

 private:
  struct Local {
    uint32_t handle = 0;
    bool prepared = false;
    Resource* resource = nullptr;
  };
  Resource* acquire(uint32_t handle);
  void remember(uint32_t handle, Resource* resource);
  std::vector<Local> local_;
};

// Arguments of one call. Getters throw a JavaScript TypeError and return false when the argument does not fit.
template <size_t N>
struct Args {
  Args(napi_env e, napi_callback_info info) : napi(e) {
    size_t n = N;
    void* data = nullptr;
    napi_get_cb_info(e, info, &n, value, nullptr, &data);
    env = static_cast<Env*>(data);
  }
  bool u32(size_t i, uint32_t& out) const {
    if (napi_get_value_uint32(napi, value[i], &out) == napi_ok) return true;
    napi_throw_type_error(napi, nullptr, "expected an integer");
    return false;
  }
  napi_env napi;
  Env* env;
  napi_value value[N];
};

// Bytes of a Uint8Array or Buffer; borrowed for the call.
bool bytesArg(napi_env env, napi_value value, const uint8_t*& data, size_t& len);
// Elements of a typed array of `type`; borrowed for the call.
bool typedArg(napi_env env, napi_value value, napi_typedarray_type type, void*& data, size_t& length);
inline bool u32sArg(napi_env env, napi_value value, uint32_t*& data, size_t& length) {
  void* p = nullptr;
  if (!typedArg(env, value, napi_uint32_array, p, length)) return false;
  data = static_cast<uint32_t*>(p);
  return true;
}
// A UTF-8 string argument.
bool stringArg(napi_env env, napi_value value, std::vector<char>& out);
// Binds a Uint32Array for the life of the environment (or until bound anew).
bool bindU32(napi_env env, napi_value value, Bound<uint32_t>& out);

napi_value number(napi_env env, double value);
napi_value string(napi_env env, const char* text);
void setNumber(napi_env env, napi_value object, const char* name, double value);
void setString(napi_env env, napi_value object, const char* name, const char* text);
// {index, message}: how a pattern, filter or file that a library refuses is told to the caller.
napi_value refusal(napi_env env, double index, const char* message);
napi_value throwError(napi_env env, const char* message);
bool method(napi_env env, napi_value exports, const char* name, napi_callback fn, Env* data);

// One for each topic: adds its functions to `exports`.
bool initHyperscan(napi_env env, napi_value exports, Env* data);
bool initHyperscanCompile(napi_env env, napi_value exports, Env* data);
bool initPcre(napi_env env, napi_value exports, Env* data);
bool initDecompress(napi_env env, napi_value exports, Env* data);
bool initPcap(napi_env env, napi_value exports, Env* data);
bool initBpf(napi_env env, napi_value exports, Env* data);
bool initInject(napi_env env, napi_value exports, Env* data);
bool initMagic(napi_env env, napi_value exports, Env* data);
bool initNfqueue(napi_env env, napi_value exports, Env* data);
bool initDatagram(napi_env env, napi_value exports, Env* data);
bool initPrivileges(napi_env env, napi_value exports, Env* data);

}  // namespace peccary
