// PCRE2 (8-bit): compiled once with JIT, shared by all threads, matched with limits.
#include <utility>

#include "env.h"

namespace peccary {
namespace {

// Capture pairs kept of a match (pair 0 is the whole match); further groups are matched but not told.
constexpr uint32_t MaxPairs = 64;
// JIT machine stack of a thread, bytes; a pattern that needs more gives PCRE2_ERROR_JIT_STACKLIMIT.
constexpr size_t JitStackMin = 32 * 1024;
constexpr size_t JitStackMax = 512 * 1024;

class Pcre final : public Resource {
 public:
  static constexpr Kind kKind = Kind::Pcre;
  Pcre(pcre2_code* c, uint32_t match, uint32_t depth)
      : Resource(kKind), code(c), matchLimit(match), depthLimit(depth) {}
  ~Pcre() override { pcre2_code_free(code); }
  pcre2_code* const code;
  const uint32_t matchLimit;
  const uint32_t depthLimit;
};

bool prepareMatching(Env* env) {
  if (env->matchData != nullptr) return true;
  env->matchContext.reset(pcre2_match_context_create(nullptr));
  env->jitStack.reset(pcre2_jit_stack_create(JitStackMin, JitStackMax, nullptr));
  if (env->matchContext == nullptr || env->jitStack == nullptr) return false;
  pcre2_jit_stack_assign(env->matchContext.get(), nullptr, env->jitStack.get());
  env->matchData.reset(pcre2_match_data_create(MaxPairs, nullptr));
  return env->matchData != nullptr;
}

pcre2_code* compiled(napi_env napi, const uint8_t* pattern, size_t len, uint32_t options, napi_value& refused) {
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* raw = pcre2_compile(pattern, len, options, &code, &offset, nullptr);
  if (raw == nullptr) {
    PCRE2_UCHAR message[256] = "";
    pcre2_get_error_message(code, message, sizeof(message));
    refused = refusal(napi, static_cast<double>(offset), reinterpret_cast<const char*>(message));
  }
  return raw;
}

// pcreCheck(pattern, options): null, or {index: offset in the pattern, message}. Nothing is kept.
napi_value check(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  const uint8_t* pattern;
  size_t len;
  uint32_t options;
  if (!bytesArg(napi, a.value[0], pattern, len) || !a.u32(1, options)) return nullptr;
  napi_value out = nullptr;
  napi_get_null(napi, &out);
  pcre2_code_free(compiled(napi, pattern, len, options, out));
  return out;
}

// pcreCompile(pattern, options, matchLimit, depthLimit): handle, or {index: offset in the pattern, message}
napi_value compile(napi_env napi, napi_callback_info info) {
  Args<4> a(napi, info);
  const uint8_t* pattern;
  size_t len;
  uint32_t options, matchLimit, depthLimit;
  if (!bytesArg(napi, a.value[0], pattern, len) || !a.u32(1, options) || !a.u32(2, matchLimit) ||
      !a.u32(3, depthLimit)) {
    return nullptr;
  }
  napi_value refused = nullptr;
  pcre2_code* raw = compiled(napi, pattern, len, options, refused);
  if (raw == nullptr) return refused;
  // A pattern the JIT cannot do is interpreted.
  pcre2_jit_compile(raw, PCRE2_JIT_COMPLETE);
  const uint32_t handle = a.env->add(std::make_unique<Pcre>(raw, matchLimit, depthLimit));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// pcreInfo(handle): {captures, minLength, jit, names: [[name, group]…]}
napi_value describe(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const Pcre* pcre = a.env->lookup<Pcre>(handle);
  if (pcre == nullptr) return throwError(napi, "not a PCRE2 pattern");
  uint32_t captures = 0, minLength = 0, nameCount = 0, entrySize = 0;
  size_t jitSize = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(pcre->code, PCRE2_INFO_CAPTURECOUNT, &captures);
  pcre2_pattern_info(pcre->code, PCRE2_INFO_MINLENGTH, &minLength);
  pcre2_pattern_info(pcre->code, PCRE2_INFO_JITSIZE, &jitSize);
  pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMECOUNT, &nameCount);
  pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMEENTRYSIZE, &entrySize);
  pcre2_pattern_info(pcre->code, PCRE2_INFO_NAMETABLE, &table);
  napi_value o = nullptr, names = nullptr, jit = nullptr;
  napi_create_object(napi, &o);
  setNumber(napi, o, "captures", captures);
  setNumber(napi, o, "minLength", minLength);
  napi_get_boolean(napi, jitSize != 0, &jit);
  napi_set_named_property(napi, o, "jit", jit);
  napi_create_array(napi, &names);
  for (uint32_t i = 0; i < nameCount; i++) {
    // An entry is the group number in two bytes, then the name, ended by 0.
    const PCRE2_UCHAR* entry = table + static_cast<size_t>(i) * entrySize;
    napi_value pair = nullptr;
    napi_create_array(napi, &pair);
    napi_set_element(napi, pair, 0, string(napi, reinterpret_cast<const char*>(entry + 2)));
    napi_set_element(napi, pair, 1, number(napi, entry[0] << 8 | entry[1]));
    napi_set_element(napi, names, i, pair);
  }
  napi_set_named_property(napi, o, "names", names);
  return o;
}

// bindPcre(ovector: Uint32Array)
napi_value bindPcre(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  bindU32(napi, a.value[0], a.env->ovector);
  return nullptr;
}

// pcreMatch(handle, offset, length, startOffset, options): pairs set in the bound ovector (at least 1), or a
// negative PCRE2_ERROR_ code. Offsets are relative to `offset`; 0xffffffff marks a group that did not take part.
napi_value match(napi_env napi, napi_callback_info info) {
  Args<5> a(napi, info);
  uint32_t handle, off, len, start, options;
  if (!a.u32(0, handle) || !a.u32(1, off) || !a.u32(2, len) || !a.u32(3, start) || !a.u32(4, options)) return nullptr;
  Env* env = a.env;
  const Pcre* pcre = env->lookup<Pcre>(handle);
  if (pcre == nullptr) return throwError(napi, "not a PCRE2 pattern");
  if (!env->inMemory(off, len) || start > len) return throwError(napi, "a match lies outside the memory");
  if (!prepareMatching(env)) return throwError(napi, "no memory for PCRE2 match data");
  pcre2_set_match_limit(env->matchContext.get(), pcre->matchLimit);
  pcre2_set_depth_limit(env->matchContext.get(), pcre->depthLimit);
  int rc = pcre2_match(pcre->code, env->memory.data + off, len, start, options, env->matchData.get(),
                       env->matchContext.get());
  // 0: matched with more groups than MaxPairs.
  if (rc == 0) rc = MaxPairs;
  if (rc > 0) {
    const size_t room = env->ovector.length / 2;
    if (static_cast<size_t>(rc) > room) rc = static_cast<int>(room);
    const PCRE2_SIZE* pairs = pcre2_get_ovector_pointer(env->matchData.get());
    for (int i = 0; i < rc * 2; i++) env->ovector.data[i] = static_cast<uint32_t>(pairs[i]);
  }
  napi_value out = nullptr;
  napi_create_int32(napi, rc, &out);
  return out;
}

}  // namespace

bool initPcre(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "pcreCheck", check, data) && method(env, exports, "pcreCompile", compile, data) &&
         method(env, exports, "pcreInfo", describe, data) &&
         method(env, exports, "bindPcre", bindPcre, data) && method(env, exports, "pcreMatch", match, data);
}

}  // namespace peccary
