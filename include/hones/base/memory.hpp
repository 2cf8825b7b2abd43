// What this process takes of memory, as Linux counts it.
#pragma once

#include <cstdint>

namespace hones {

// Tells the allocator (glibc's) to give every block above a few MiB pages of its own, once and for all. Left
// to itself it moves that bound upwards with what is freed, and tensors of changing sizes leave holes that
// only the peak shows: a fifth more on tiles of retrieval. Call it before threads are started.
void settle_allocator();

// Bytes now, and the most since the process began or since reset_peak(). Throws Error where /proc is not
// readable.
std::int64_t resident_bytes();
std::int64_t peak_resident_bytes();

// The peak begins anew at what is resident now. Free memory that the allocator keeps is given back first, so
// that it hides nothing that comes.
void reset_peak_resident();

}  // namespace hones
