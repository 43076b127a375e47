// Resources of Hyperscan kept in the registry.
#pragma once

#include <hs.h>

#include "registry.h"

namespace peccary {

class HsDatabase final : public Resource {
 public:
  static constexpr Kind kKind = Kind::HsDatabase;
  HsDatabase(hs_database_t* d, bool streaming) : Resource(kKind), db(d), streaming(streaming) {}
  ~HsDatabase() override { hs_free_database(db); }
  hs_database_t* const db;
  const bool streaming;
};

// Holds a reference of its own to its database. Used by one thread at a time.
class HsStream final : public Resource {
 public:
  static constexpr Kind kKind = Kind::HsStream;
  HsStream(uint32_t databaseHandle, const HsDatabase* d, hs_stream_t* s)
      : Resource(kKind), database(d), stream(s), databaseHandle_(databaseHandle) {}
  ~HsStream() override {
    // Without a callback and scratch no match at the end is reported.
    hs_close_stream(stream, nullptr, nullptr, nullptr);
    Registry::instance().release(databaseHandle_);
  }
  const HsDatabase* const database;
  hs_stream_t* const stream;

 private:
  const uint32_t databaseHandle_;
};

}  // namespace peccary
