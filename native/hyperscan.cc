// Scanning: many buffers in one call, as rows of integers in and rows of integers out.
#include "hyperscan.h"

#include <utility>

#include "env.h"

namespace peccary {
namespace {

// A job row: offset, length, handle (block database or open stream), tag of the caller (not read here).
constexpr size_t JobStride = 4;
// A result row: job index, pattern id, end offset, start offset (0 unless compiled with SOM).
constexpr size_t ResultStride = 4;

struct Rows {
  uint32_t* next;
  uint32_t* end;
  uint32_t job;
  bool full;
};

int onMatch(unsigned int id, unsigned long long from, unsigned long long to, unsigned int, void* context) {
  Rows* rows = static_cast<Rows*>(context);
  if (rows->next == rows->end) {
    rows->full = true;
    return 1;
  }
  uint32_t* row = rows->next;
  row[0] = rows->job;
  row[1] = id;
  row[2] = static_cast<uint32_t>(to);
  row[3] = static_cast<uint32_t>(from);
  rows->next = row + ResultStride;
  return 0;
}

Rows rowsOf(const Env* env, uint32_t job) {
  uint32_t* data = env->results.data;
  return Rows{data, data + env->results.length / ResultStride * ResultStride, job, false};
}

// Scratch grows for a database once a thread.
bool prepare(Env* env, uint32_t handle, const hs_database_t* db) {
  bool& prepared = env->prepared(handle);
  if (prepared) return true;
  prepared = hs_alloc_scratch(db, &env->scratch) == HS_SUCCESS;
  return prepared;
}

const char* scanOne(Env* env, const uint32_t* job, Rows& rows) {
  if (!env->inMemory(job[0], job[1])) return "a scan job lies outside the memory";
  const char* bytes = reinterpret_cast<const char*>(env->memory.data + job[0]);
  const Resource* r = env->find(job[2]);
  hs_error_t rc;
  if (r != nullptr && r->kind == Kind::HsDatabase) {
    const HsDatabase* database = static_cast<const HsDatabase*>(r);
    if (!prepare(env, job[2], database->db)) return "no memory for Hyperscan scratch space";
    rc = hs_scan(database->db, bytes, job[1], 0, env->scratch, onMatch, &rows);
  } else if (r != nullptr && r->kind == Kind::HsStream) {
    const HsStream* stream = static_cast<const HsStream*>(r);
    if (!prepare(env, job[2], stream->database->db)) return "no memory for Hyperscan scratch space";
    rc = hs_scan_stream(stream->stream, bytes, job[1], 0, env->scratch, onMatch, &rows);
  } else {
    return "a scan job names neither a database nor a stream";
  }
  if (rc == HS_SCAN_TERMINATED) {
    // Also for a stream that was stopped before and not reset since: it reports nothing more.
    rows.full = true;
    return nullptr;
  }
  if (rc == HS_DB_MODE_ERROR) return "a streaming database is scanned through a stream";
  return rc == HS_SUCCESS ? nullptr : "Hyperscan cannot scan";
}

// scan(jobCount, firstJob): number of result rows; or, when the result rows are full, ~(job it stopped in).
napi_value scan(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t count, first;
  if (!a.u32(0, count) || !a.u32(1, first)) return nullptr;
  Env* env = a.env;
  if (count > env->jobs.length / JobStride) return throwError(napi, "more scan jobs than bound rows");
  Rows rows = rowsOf(env, first);
  napi_value out = nullptr;
  for (uint32_t i = first; i < count; i++) {
    rows.job = i;
    const char* fault = scanOne(env, env->jobs.data + i * JobStride, rows);
    if (fault != nullptr) return throwError(napi, fault);
    if (rows.full) {
      napi_create_int32(napi, ~static_cast<int32_t>(i), &out);
      return out;
    }
  }
  napi_create_int32(napi, static_cast<int32_t>((rows.next - env->results.data) / ResultStride), &out);
  return out;
}

// bindScan(jobs: Uint32Array, results: Uint32Array)
napi_value bindScan(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  if (bindU32(napi, a.value[0], a.env->jobs)) bindU32(napi, a.value[1], a.env->results);
  return nullptr;
}

// hsStreamOpen(database): handle
napi_value streamOpen(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const HsDatabase* database = a.env->lookup<HsDatabase>(handle);
  if (database == nullptr || !database->streaming) return throwError(napi, "not a streaming Hyperscan database");
  hs_stream_t* raw = nullptr;
  if (hs_open_stream(database->db, 0, &raw) != HS_SUCCESS) return throwError(napi, "Hyperscan cannot open a stream");
  Registry::instance().acquire(handle);
  const uint32_t stream = a.env->add(std::make_unique<HsStream>(handle, database, raw));
  if (stream == 0) return throwError(napi, "too many native handles");
  return number(napi, stream);
}

// hsStreamEnd(stream, job): ends the data; matches at its end become result rows with that job index. The stream
// is then as new. Returns as scan does.
napi_value streamEnd(napi_env napi, napi_callback_info info) {
  Args<2> a(napi, info);
  uint32_t handle, job;
  if (!a.u32(0, handle) || !a.u32(1, job)) return nullptr;
  const HsStream* stream = a.env->lookup<HsStream>(handle);
  if (stream == nullptr) return throwError(napi, "not a Hyperscan stream");
  if (!prepare(a.env, handle, stream->database->db)) return throwError(napi, "no memory for Hyperscan scratch space");
  Rows rows = rowsOf(a.env, job);
  const hs_error_t rc = hs_reset_stream(stream->stream, 0, a.env->scratch, onMatch, &rows);
  if (rc != HS_SUCCESS && rc != HS_SCAN_TERMINATED) return throwError(napi, "Hyperscan cannot end a stream");
  napi_value out = nullptr;
  const int32_t count = static_cast<int32_t>((rows.next - a.env->results.data) / ResultStride);
  napi_create_int32(napi, rows.full ? ~static_cast<int32_t>(job) : count, &out);
  return out;
}

// hsStreamReset(stream): as new, reporting nothing
napi_value streamReset(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  const HsStream* stream = a.env->lookup<HsStream>(handle);
  if (stream == nullptr) return throwError(napi, "not a Hyperscan stream");
  hs_reset_stream(stream->stream, 0, nullptr, nullptr, nullptr);
  return nullptr;
}

}  // namespace

bool initHyperscan(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "bindScan", bindScan, data) && method(env, exports, "scan", scan, data) &&
         method(env, exports, "hsStreamOpen", streamOpen, data) &&
         method(env, exports, "hsStreamEnd", streamEnd, data) &&
         method(env, exports, "hsStreamReset", streamReset, data);
}

}  // namespace peccary
