// The process-wide table of native handles, named by integers so that any thread can be told of one.
//
// A handle is (generation << IndexBits | index), never 0. Each JavaScript environment (the main thread, a worker)
// holds at most one reference to a handle; the resource is destroyed when the last reference goes. A stale handle
// is recognised by its generation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace peccary {

enum class Kind : uint8_t { HsDatabase, HsStream, Pcre, Decompressor, Pcap, Bpf, Magic, Injector, Nfqueue, Datagram, Count };

class Resource {
 public:
  explicit Resource(Kind k) : kind(k) {}
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  const Kind kind;
};

class Registry {
 public:
  static constexpr uint32_t IndexBits = 20;
  static constexpr uint32_t IndexMask = (1u << IndexBits) - 1;
  // Handles alive at once in the process.
  static constexpr uint32_t MaxHandles = IndexMask;
  // Keeps a handle a positive 31-bit integer.
  static constexpr uint32_t GenerationMask = 0x7ff;

  static Registry& instance();

  // Takes ownership with one reference for the caller; 0 when MaxHandles are alive (the resource is destroyed).
  uint32_t insert(std::unique_ptr<Resource> resource);
  // Adds a reference; null when the handle is not alive.
  Resource* acquire(uint32_t handle);
  // Drops a reference; the last one destroys.
  void release(uint32_t handle);
  // Live handles of each kind.
  void counts(uint32_t out[static_cast<size_t>(Kind::Count)]);

 private:
  struct Slot {
    std::unique_ptr<Resource> resource;
    uint32_t refs = 0;
    uint32_t generation = 1;
  };
  // Null unless the handle is alive; the mutex must be held.
  Slot* slotOf(uint32_t handle);

  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace peccary
