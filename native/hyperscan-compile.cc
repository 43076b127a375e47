// Building, storing and describing Hyperscan databases.
#include <cstring>
#include <string>
#include <utility>

#include "env.h"
#include "hyperscan.h"

namespace peccary {
namespace {

napi_value addDatabase(napi_env napi, Env* env, hs_database_t* db, bool streaming) {
  const uint32_t handle = env->add(std::make_unique<HsDatabase>(db, streaming));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

napi_value refuse(napi_env napi, hs_compile_error_t* error) {
  const napi_value out = error == nullptr ? refusal(napi, -1, "Hyperscan cannot compile")
                                          : refusal(napi, error->expression, error->message);
  hs_free_compile_error(error);
  return out;
}

// hsCompile(bytes, ends, flags, ids, mode, literal): handle, or {index, message}. Pattern i is
// bytes[ends[i - 1] .. ends[i]). Expressions are told apart from literals by `literal`.
napi_value compile(napi_env napi, napi_callback_info info) {
  Args<6> a(napi, info);
  const uint8_t* bytes;
  uint32_t *ends, *flags, *ids;
  size_t total, n, nFlags, nIds;
  uint32_t mode, literal;
  if (!bytesArg(napi, a.value[0], bytes, total) || !u32sArg(napi, a.value[1], ends, n) ||
      !u32sArg(napi, a.value[2], flags, nFlags) || !u32sArg(napi, a.value[3], ids, nIds) || !a.u32(4, mode) ||
      !a.u32(5, literal)) {
    return nullptr;
  }
  if (nFlags != n || nIds != n) return throwError(napi, "patterns, flags and ids differ in number");
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  std::vector<size_t> lengths;
  texts.reserve(n);
  uint32_t start = 0;
  for (size_t i = 0; i < n; i++) {
    if (ends[i] < start || ends[i] > total) return throwError(napi, "pattern bounds lie outside the bytes");
    // hs_compile_lit_multi of 5.4.0 crashes on one.
    if (literal != 0 && ends[i] == start) return refusal(napi, static_cast<double>(i), "the literal is empty");
    texts.emplace_back(reinterpret_cast<const char*>(bytes + start), ends[i] - start);
    // An expression is a C string: what follows a NUL would be lost silently.
    if (literal == 0 && texts.back().find('\0') != std::string::npos) {
      return refusal(napi, static_cast<double>(i), "a NUL in an expression is written \\x00");
    }
    pointers.push_back(texts.back().c_str());
    lengths.push_back(texts.back().size());
    start = ends[i];
  }
  hs_database_t* db = nullptr;
  hs_compile_error_t* error = nullptr;
  const unsigned int count = static_cast<unsigned int>(n);
  const hs_error_t rc =
      literal != 0 ? hs_compile_lit_multi(pointers.data(), flags, ids, lengths.data(), count, mode, nullptr, &db, &error)
                   : hs_compile_multi(pointers.data(), flags, ids, count, mode, nullptr, &db, &error);
  if (rc != HS_SUCCESS) return refuse(napi, error);
  return addDatabase(napi, a.env, db, (mode & HS_MODE_STREAM) != 0);
}

// hsExpressionInfo(pattern, flags): {minWidth, maxWidth, unordered, matchesAtEod, matchesOnlyAtEod}, or {index, message}
napi_value expressionInfo(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  const uint8_t* bytes;
  size_t len;
  uint32_t flags;
  if (!bytesArg(napi, a.value[0], bytes, len) || !a.u32(1, flags)) return nullptr;
  const std::string text(reinterpret_cast<const char*>(bytes), len);
  hs_expr_info_t* raw = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(text.c_str(), flags, &raw, &error) != HS_SUCCESS) return refuse(napi, error);
  const Owned<hs_expr_info_t, free> expr(raw);
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  setNumber(napi, o, "minWidth", expr->min_width);
  // Hyperscan says UINT_MAX for "no bound".
  setNumber(napi, o, "maxWidth", expr->max_width == 0xffffffffu ? -1 : static_cast<double>(expr->max_width));
  setNumber(napi, o, "unordered", expr->unordered_matches);
  setNumber(napi, o, "matchesAtEod", expr->matches_at_eod);
  setNumber(napi, o, "matchesOnlyAtEod", expr->matches_only_at_eod);
  return o;
}

// hsSerialize(database): Buffer
napi_value serialize(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const HsDatabase* database = a.env->lookup<HsDatabase>(handle);
  if (database == nullptr) return throwError(napi, "not a Hyperscan database");
  char* raw = nullptr;
  size_t len = 0;
  if (hs_serialize_database(database->db, &raw, &len) != HS_SUCCESS) {
    return throwError(napi, "Hyperscan cannot serialise the database");
  }
  const Owned<char, free> bytes(raw);
  napi_value out = nullptr;
  void* copy = nullptr;
  napi_create_buffer_copy(napi, len, bytes.get(), &copy, &out);
  return out;
}

// hsDeserialize(bytes): handle, or {index: -1, message} for bytes of another version, platform or damaged
napi_value deserialize(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  const uint8_t* bytes;
  size_t len;
  if (!bytesArg(napi, a.value[0], bytes, len)) return nullptr;
  const char* text = reinterpret_cast<const char*>(bytes);
  hs_database_t* db = nullptr;
  const hs_error_t rc = hs_deserialize_database(text, len, &db);
  if (rc != HS_SUCCESS) {
    return refusal(napi, -1, rc == HS_DB_VERSION_ERROR    ? "made by another version of Hyperscan"
                             : rc == HS_DB_PLATFORM_ERROR ? "made for another processor"
                                                          : "not a serialised Hyperscan database");
  }
  size_t streamSize = 0;
  return addDatabase(napi, a.env, db, hs_stream_size(db, &streamSize) == HS_SUCCESS);
}

// hsDatabaseInfo(database): {size, streamSize, info}
napi_value databaseInfo(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const HsDatabase* database = a.env->lookup<HsDatabase>(handle);
  if (database == nullptr) return throwError(napi, "not a Hyperscan database");
  size_t size = 0, streamSize = 0;
  hs_database_size(database->db, &size);
  if (database->streaming) hs_stream_size(database->db, &streamSize);
  char* raw = nullptr;
  hs_database_info(database->db, &raw);
  const Owned<char, free> text(raw);
  napi_value o = nullptr;
  napi_create_object(napi, &o);
  setNumber(napi, o, "size", static_cast<double>(size));
  setNumber(napi, o, "streamSize", static_cast<double>(streamSize));
  setString(napi, o, "info", text == nullptr ? "" : text.get());
  return o;
}

// hsValidPlatform(): boolean, whether this processor has what Hyperscan needs (SSSE3 on x86)
napi_value validPlatform(napi_env napi, napi_callback_info) {
  napi_value out = nullptr;
  napi_get_boolean(napi, hs_valid_platform() == HS_SUCCESS, &out);
  return out;
}

}  // namespace

bool initHyperscanCompile(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "hsCompile", compile, data) &&
         method(env, exports, "hsExpressionInfo", expressionInfo, data) &&
         method(env, exports, "hsSerialize", serialize, data) &&
         method(env, exports, "hsDeserialize", deserialize, data) &&
         method(env, exports, "hsDatabaseInfo", databaseInfo, data) &&
         method(env, exports, "hsValidPlatform", validPlatform, data);
}

}  // namespace peccary
