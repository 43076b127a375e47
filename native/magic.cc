// What libmagic says of bytes. The library is looked for at run time: nothing is needed of it to build, and a machine
// without it (or without its database) says so. One cookie an environment, made on first use.
#include <dlfcn.h>

#include "env.h"

namespace peccary {
namespace {

struct magic_set;
using Cookie = magic_set*;

// The part of libmagic's interface that is used here; stable since file 5.0.
struct Library {
  void* handle = nullptr;
  Cookie (*open)(int flags) = nullptr;
  void (*close)(Cookie) = nullptr;
  int (*load)(Cookie, const char* path) = nullptr;
  const char* (*buffer)(Cookie, const void* bytes, size_t len) = nullptr;
  const char* (*error)(Cookie) = nullptr;
};

constexpr int kNoFlags = 0;

template <typename Fn>
bool find(void* handle, const char* name, Fn& out) {
  out = reinterpret_cast<Fn>(dlsym(handle, name));
  return out != nullptr;
}

// Loaded once in the process and never unloaded.
const Library& library() {
  static const Library loaded = [] {
    Library l;
    l.handle = dlopen("libmagic.so.1", RTLD_NOW | RTLD_LOCAL);
    if (l.handle == nullptr) return l;
    const bool all = find(l.handle, "magic_open", l.open) && find(l.handle, "magic_close", l.close) &&
                     find(l.handle, "magic_load", l.load) && find(l.handle, "magic_buffer", l.buffer) &&
                     find(l.handle, "magic_error", l.error);
    if (!all) l.handle = nullptr;
    return l;
  }();
  return loaded;
}

class Magic final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Magic;
  explicit Magic(Cookie c) : Resource(kKind), cookie(c) {}
  ~Magic() override { library().close(cookie); }
  Cookie cookie;
};

// magicOpen(path): handle, or {index: -1, message}. An empty path is libmagic's own database. Not to be shared
// between threads.
napi_value open(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  std::vector<char> path;
  if (!stringArg(napi, a.value[0], path)) return nullptr;
  const Library& l = library();
  if (l.handle == nullptr) return refusal(napi, -1, "libmagic.so.1 is not installed");
  auto magic = std::make_unique<Magic>(l.open(kNoFlags));
  if (magic->cookie == nullptr) return throwError(napi, "no memory for libmagic");
  if (l.load(magic->cookie, path[0] == '\0' ? nullptr : path.data()) != 0) {
    const char* why = l.error(magic->cookie);
    return refusal(napi, -1, why == nullptr ? "libmagic cannot load its database" : why);
  }
  const uint32_t handle = a.env->add(std::move(magic));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// magicOf(handle, off, len): string, or null when libmagic fails on these bytes
napi_value describe(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  uint32_t handle, off, len;
  if (!a.u32(0, handle) || !a.u32(1, off) || !a.u32(2, len)) return nullptr;
  const Magic* magic = a.env->lookup<Magic>(handle);
  if (magic == nullptr) return throwError(napi, "not a libmagic handle");
  if (!a.env->inMemory(off, len)) return throwError(napi, "bytes lie outside the memory");
  const char* text = library().buffer(magic->cookie, a.env->memory.data + off, len);
  napi_value out = nullptr;
  if (text == nullptr) napi_get_null(napi, &out);
  else napi_create_string_latin1(napi, text, NAPI_AUTO_LENGTH, &out);
  return out;
}

}  // namespace

bool initMagic(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "magicOpen", open, data) && method(env, exports, "magicOf", describe, data);
}

}  // namespace peccary
