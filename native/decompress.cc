// Streaming decompression from the bound memory into the bound memory. No policy: what to do about damage, ratio
// and layers is the caller's.
#include <brotli/decode.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <utility>

#include "env.h"

namespace peccary {
namespace {

// Mirrors Compression and InflateStatus in src/addon/inflate.ts.
enum class Format : uint32_t { Gzip, Zlib, Deflate, Brotli, LzmaAlone, LzmaRaw, Zstd };
enum class Status : int32_t { Ok = 0, End = 1, OutputFull = 2, DataError = -1, MemoryLimit = -2, NeedDictionary = -3 };

struct Io {
  const uint8_t* in;
  size_t inLen;
  uint8_t* out;
  size_t outLen;
};

// `run` advances the four fields of Io by what it read and wrote.
class Decompressor : public Resource {
 public:
  static constexpr Kind kKind = Kind::Decompressor;
  Decompressor() : Resource(kKind) {}
  virtual Status reset() = 0;
  virtual Status run(Io& io) = 0;
};

class Zlib final : public Decompressor {
 public:
  explicit Zlib(int windowBits) : windowBits_(windowBits) {}
  ~Zlib() override {
    if (open_) inflateEnd(&z_);
  }
  Status reset() override {
    const int rc = open_ ? inflateReset(&z_) : inflateInit2(&z_, windowBits_);
    if (rc == Z_OK) open_ = true;
    return rc == Z_OK ? Status::Ok : Status::MemoryLimit;
  }
  Status run(Io& io) override {
    z_.next_in = const_cast<Bytef*>(io.in);
    z_.avail_in = static_cast<uInt>(io.inLen);
    z_.next_out = io.out;
    z_.avail_out = static_cast<uInt>(io.outLen);
    const int rc = inflate(&z_, Z_SYNC_FLUSH);
    io = Io{z_.next_in, z_.avail_in, z_.next_out, z_.avail_out};
    if (rc == Z_STREAM_END) return Status::End;
    if (rc == Z_NEED_DICT) return Status::NeedDictionary;
    if (rc == Z_MEM_ERROR) return Status::MemoryLimit;
    // Z_BUF_ERROR: no progress was possible, which is an end of input or of room.
    if (rc != Z_OK && rc != Z_BUF_ERROR) return Status::DataError;
    return io.outLen == 0 ? Status::OutputFull : Status::Ok;
  }

 private:
  z_stream z_{};
  const int windowBits_;
  bool open_ = false;
};

// Counts what the decoder allocates (RFC 7932 section 9.1: windows up to 16 MiB) against a limit.
class Brotli final : public Decompressor {
 public:
  explicit Brotli(size_t limit) : limit_(limit) {}
  ~Brotli() override { BrotliDecoderDestroyInstance(decoder_); }
  Status reset() override {
    BrotliDecoderDestroyInstance(decoder_);
    refused_ = false;
    decoder_ = BrotliDecoderCreateInstance(allocate, release, this);
    return decoder_ != nullptr ? Status::Ok : Status::MemoryLimit;
  }
  Status run(Io& io) override {
    if (decoder_ == nullptr) return Status::MemoryLimit;
    switch (BrotliDecoderDecompressStream(decoder_, &io.inLen, &io.in, &io.outLen, &io.out, nullptr)) {
      case BROTLI_DECODER_RESULT_SUCCESS:
        return Status::End;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return Status::Ok;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return Status::OutputFull;
      default:
        return refused_ ? Status::MemoryLimit : Status::DataError;
    }
  }

 private:
  // The size is kept in front of what is handed out; 16 bytes keep the alignment of malloc.
  static constexpr size_t Header = 16;
  static void* allocate(void* self, size_t size) {
    Brotli* b = static_cast<Brotli*>(self);
    if (size > b->limit_ || b->used_ > b->limit_ - size) {
      b->refused_ = true;
      return nullptr;
    }
    uint8_t* p = static_cast<uint8_t*>(malloc(size + Header));
    if (p == nullptr) return nullptr;
    *reinterpret_cast<size_t*>(p) = size;
    b->used_ += size;
    return p + Header;
  }
  static void release(void* self, void* address) {
    if (address == nullptr) return;
    uint8_t* p = static_cast<uint8_t*>(address) - Header;
    static_cast<Brotli*>(self)->used_ -= *reinterpret_cast<size_t*>(p);
    free(p);
  }
  BrotliDecoderState* decoder_ = nullptr;
  const size_t limit_;
  size_t used_ = 0;
  bool refused_ = false;
};

class Lzma final : public Decompressor {
 public:
  Lzma(Format format, uint64_t limit, const uint8_t* props) : format_(format), limit_(limit) {
    if (props != nullptr) {
      for (size_t i = 0; i < sizeof(props_); i++) props_[i] = props[i];
    }
  }
  ~Lzma() override { lzma_end(&s_); }
  Status reset() override { return statusOf(format_ == Format::LzmaAlone ? lzma_alone_decoder(&s_, limit_) : raw()); }
  Status run(Io& io) override {
    s_.next_in = io.in;
    s_.avail_in = io.inLen;
    s_.next_out = io.out;
    s_.avail_out = io.outLen;
    const lzma_ret rc = lzma_code(&s_, LZMA_RUN);
    io = Io{s_.next_in, s_.avail_in, s_.next_out, s_.avail_out};
    if (rc == LZMA_OK || rc == LZMA_BUF_ERROR) return io.outLen == 0 ? Status::OutputFull : Status::Ok;
    return statusOf(rc);
  }

 private:
  static Status statusOf(lzma_ret rc) {
    if (rc == LZMA_OK) return Status::Ok;
    if (rc == LZMA_STREAM_END) return Status::End;
    return rc == LZMA_MEMLIMIT_ERROR || rc == LZMA_MEM_ERROR ? Status::MemoryLimit : Status::DataError;
  }
  // The five property bytes of SWF's ZWS header, without the length that the .lzma header adds.
  lzma_ret raw() {
    lzma_filter filters[2] = {{LZMA_FILTER_LZMA1, nullptr}, {LZMA_VLI_UNKNOWN, nullptr}};
    const lzma_ret rc = lzma_properties_decode(&filters[0], nullptr, props_, sizeof(props_));
    if (rc != LZMA_OK) return rc;
    const Owned<void, free> options(filters[0].options);
    if (lzma_raw_decoder_memusage(filters) > limit_) return LZMA_MEMLIMIT_ERROR;
    return lzma_raw_decoder(&s_, filters);
  }
  lzma_stream s_ = LZMA_STREAM_INIT;
  const Format format_;
  const uint64_t limit_;
  uint8_t props_[5] = {};
};

class Zstd final : public Decompressor {
 public:
  Status reset() override {
    if (z_ == nullptr) z_.reset(ZSTD_createDStream());
    if (z_ == nullptr) return Status::MemoryLimit;
    ZSTD_DCtx_reset(z_.get(), ZSTD_reset_session_only);
    return Status::Ok;
  }
  Status run(Io& io) override {
    if (z_ == nullptr) return Status::MemoryLimit;
    ZSTD_inBuffer in{io.in, io.inLen, 0};
    ZSTD_outBuffer out{io.out, io.outLen, 0};
    const size_t rc = ZSTD_decompressStream(z_.get(), &out, &in);
    io = Io{io.in + in.pos, io.inLen - in.pos, io.out + out.pos, io.outLen - out.pos};
    if (ZSTD_isError(rc)) return Status::DataError;
    if (rc == 0) return Status::End;
    return io.outLen == 0 ? Status::OutputFull : Status::Ok;
  }

 private:
  Owned<ZSTD_DStream, ZSTD_freeDStream> z_;
};

std::unique_ptr<Decompressor> make(Format format, uint32_t limit, const uint8_t* props) {
  switch (format) {
    case Format::Gzip:
      return std::make_unique<Zlib>(15 + 16);
    case Format::Zlib:
      return std::make_unique<Zlib>(15);
    case Format::Deflate:
      return std::make_unique<Zlib>(-15);
    case Format::Brotli:
      return std::make_unique<Brotli>(limit);
    case Format::LzmaAlone:
    case Format::LzmaRaw:
      return std::make_unique<Lzma>(format, limit, props);
    case Format::Zstd:
      return std::make_unique<Zstd>();
  }
  return nullptr;
}

// inflateOpen(format, memoryLimit, propsOff): handle, or a negative Status. propsOff: where the five property bytes
// of raw LZMA lie in the memory; not read for other formats.
napi_value open(napi_env napi, napi_callback_info info) {
  Args<3> a(napi, info);
  uint32_t format, limit, propsOff;
  if (!a.u32(0, format) || !a.u32(1, limit) || !a.u32(2, propsOff)) return nullptr;
  const uint8_t* props = nullptr;
  if (static_cast<Format>(format) == Format::LzmaRaw) {
    if (!a.env->inMemory(propsOff, 5)) return throwError(napi, "LZMA properties lie outside the memory");
    props = a.env->memory.data + propsOff;
  }
  std::unique_ptr<Decompressor> d = make(static_cast<Format>(format), limit, props);
  if (d == nullptr) return throwError(napi, "unknown compression format");
  const Status status = d->reset();
  if (status != Status::Ok) return number(napi, static_cast<double>(status));
  const uint32_t handle = a.env->add(std::move(d));
  if (handle == 0) return throwError(napi, "too many native handles");
  return number(napi, handle);
}

// inflateReset(handle): Status; ready for a new stream of the same format
napi_value reset(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  uint32_t handle;
  if (!a.u32(0, handle)) return nullptr;
  Decompressor* d = a.env->lookup<Decompressor>(handle);
  if (d == nullptr) return throwError(napi, "not a decompressor");
  return number(napi, static_cast<double>(d->reset()));
}

// bindInflate(progress: Uint32Array(2)): receives bytes consumed and bytes produced
napi_value bindInflate(napi_env napi, napi_callback_info info) {
  Args<1> a(napi, info);
  if (!bindU32(napi, a.value[0], a.env->progress)) return nullptr;
  if (a.env->progress.length < 2) return throwError(napi, "progress needs two elements");
  return nullptr;
}

// inflate(handle, inOff, inLen, outOff, outLen): Status
napi_value inflateSome(napi_env napi, napi_callback_info info) {
  Args<5> a(napi, info);
  uint32_t handle, inOff, inLen, outOff, outLen;
  if (!a.u32(0, handle) || !a.u32(1, inOff) || !a.u32(2, inLen) || !a.u32(3, outOff) || !a.u32(4, outLen)) {
    return nullptr;
  }
  Env* env = a.env;
  Decompressor* d = env->lookup<Decompressor>(handle);
  if (d == nullptr) return throwError(napi, "not a decompressor");
  if (!env->inMemory(inOff, inLen) || !env->inMemory(outOff, outLen)) {
    return throwError(napi, "bytes to decompress lie outside the memory");
  }
  if (env->progress.length < 2) return throwError(napi, "bindInflate was not called");
  Io io{env->memory.data + inOff, inLen, env->memory.data + outOff, outLen};
  const Status status = d->run(io);
  env->progress.data[0] = static_cast<uint32_t>(inLen - io.inLen);
  env->progress.data[1] = static_cast<uint32_t>(outLen - io.outLen);
  napi_value out = nullptr;
  napi_create_int32(napi, static_cast<int32_t>(status), &out);
  return out;
}

}  // namespace

bool initDecompress(napi_env env, napi_value exports, Env* data) {
  return method(env, exports, "inflateOpen", open, data) && method(env, exports, "inflateReset", reset, data) &&
         method(env, exports, "bindInflate", bindInflate, data) && method(env, exports, "inflate", inflateSome, data);
}

}  // namespace peccary
