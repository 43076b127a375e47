#include "env.h"

#include <cstring>
#include <utility>

namespace peccary {

Env::~Env() {
  if (scratch != nullptr) hs_free_scratch(scratch);
  for (const Local& l : local_) {
    if (l.handle != 0) Registry::instance().release(l.handle);
  }
}

void Env::remember(uint32_t handle, Resource* resource) {
  const uint32_t index = handle & Registry::IndexMask;
  if (index >= local_.size()) local_.resize(index + 1);
  Local& l = local_[index];
  // A reference to an earlier generation of the slot cannot exist: the slot is reused only without references.
  l = Local{handle, false, resource};
}

uint32_t Env::add(std::unique_ptr<Resource> resource) {
  Resource* raw = resource.get();
  const uint32_t handle = Registry::instance().insert(std::move(resource));
  if (handle != 0) remember(handle, raw);
  return handle;
}

Resource* Env::acquire(uint32_t handle) {
  Resource* r = Registry::instance().acquire(handle);
  if (r != nullptr) remember(handle, r);
  return r;
}

bool Env::drop(uint32_t handle) {
  const uint32_t index = handle & Registry::IndexMask;
  if (handle == 0 || index >= local_.size() || local_[index].handle != handle) return false;
  local_[index] = Local{};
  Registry::instance().release(handle);
  return true;
}

bool typedArg(napi_env env, napi_value value, napi_typedarray_type type, void*& data, size_t& length) {
  napi_typedarray_type actual;
  if (napi_get_typedarray_info(env, value, &actual, &length, &data, nullptr, nullptr) == napi_ok && actual == type) {
    return true;
  }
  napi_throw_type_error(env, nullptr, "expected a typed array of another type");
  return false;
}

bool bytesArg(napi_env env, napi_value value, const uint8_t*& data, size_t& len) {
  void* p = nullptr;
  if (!typedArg(env, value, napi_uint8_array, p, len)) return false;
  static const uint8_t empty = 0;
  data = len == 0 ? &empty : static_cast<const uint8_t*>(p);
  return true;
}

bool stringArg(napi_env env, napi_value value, std::vector<char>& out) {
  size_t len = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &len) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected a string");
    return false;
  }
  out.resize(len + 1);
  napi_get_value_string_utf8(env, value, out.data(), out.size(), &len);
  return true;
}

bool bindU32(napi_env env, napi_value value, Bound<uint32_t>& out) {
  Bound<uint32_t> next;
  if (!u32sArg(env, value, next.data, next.length)) return false;
  if (napi_create_reference(env, value, 1, &next.ref) != napi_ok) {
    throwError(env, "cannot keep a reference to the array");
    return false;
  }
  if (out.ref != nullptr) napi_delete_reference(env, out.ref);
  out = next;
  return true;
}

napi_value number(napi_env env, double value) {
  napi_value v = nullptr;
  napi_create_double(env, value, &v);
  return v;
}

napi_value string(napi_env env, const char* text) {
  napi_value v = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &v);
  return v;
}

void setNumber(napi_env env, napi_value object, const char* name, double value) {
  napi_set_named_property(env, object, name, number(env, value));
}

void setString(napi_env env, napi_value object, const char* name, const char* text) {
  napi_set_named_property(env, object, name, string(env, text));
}

napi_value refusal(napi_env env, double index, const char* message) {
  napi_value o = nullptr;
  napi_create_object(env, &o);
  setNumber(env, o, "index", index);
  setString(env, o, "message", message);
  return o;
}

napi_value throwError(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

bool method(napi_env env, napi_value exports, const char* name, napi_callback fn, Env* data) {
  napi_value f = nullptr;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, fn, data, &f) == napi_ok &&
         napi_set_named_property(env, exports, name, f) == napi_ok;
}

}  // namespace peccary
