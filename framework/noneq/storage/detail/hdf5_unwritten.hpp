// Numbers that a dataset has room for but that nobody wrote: HDF5 reads them as its fill value without an error.
// Private to the room; call with hdf5_lock held.
#pragma once

#include <string>

namespace noneq::storage {

struct open_dataset;

// Returns what was never written, in words that follow the name of the dataset: "got 3 of its 10 chunks, …"; "" when
// all was. A virtual dataset is judged by its sources, where they are opened. O(chunks) time.
std::string unwritten_part(const open_dataset& d);

}
