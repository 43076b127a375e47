#include "registry.h"

#include <utility>

namespace peccary {

Registry& Registry::instance() {
  // Never destroyed: threads may still hold handles while the process runs its exit handlers.
  static Registry* const registry = new Registry;
  return *registry;
}

Registry::Slot* Registry::slotOf(uint32_t handle) {
  const uint32_t index = handle & IndexMask;
  if (handle == 0 || index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  if (slot.refs == 0 || slot.generation != handle >> IndexBits) return nullptr;
  return &slot;
}

uint32_t Registry::insert(std::unique_ptr<Resource> resource) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    if (slots_.size() >= MaxHandles) return 0;
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.resource = std::move(resource);
  slot.refs = 1;
  return slot.generation << IndexBits | index;
}

Resource* Registry::acquire(uint32_t handle) {
  std::lock_guard<std::mutex> lock(mutex_);
  Slot* slot = slotOf(handle);
  if (slot == nullptr) return nullptr;
  slot->refs++;
  return slot->resource.get();
}

void Registry::release(uint32_t handle) {
  // Destroyed after the lock is gone: a resource may itself hold references (a stream to its database).
  std::unique_ptr<Resource> last;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    Slot* slot = slotOf(handle);
    if (slot == nullptr || --slot->refs != 0) return;
    last = std::move(slot->resource);
    slot->generation = (slot->generation + 1) & GenerationMask;
    if (slot->generation == 0) slot->generation = 1;
    free_.push_back(handle & IndexMask);
  }
}

void Registry::counts(uint32_t out[static_cast<size_t>(Kind::Count)]) {
  for (size_t i = 0; i < static_cast<size_t>(Kind::Count); i++) out[i] = 0;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Slot& slot : slots_) {
    if (slot.refs != 0) out[static_cast<size_t>(slot.resource->kind)]++;
  }
}

}  // namespace peccary
