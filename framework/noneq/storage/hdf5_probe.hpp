// Looking at what may be damaged. HDF5 1.10 believes most of what a file says, and may crash on what a flipped bit made
// of it. So whatever is opened for the first time is opened by a child process before. Private to the room; call with
// hdf5_lock held.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace noneq {

// Calls f in a child process, where it may throw, but must leave nothing behind. Throws noneq::error, opened by
// `where`, when the child crashed or did not come to an end, and interrupted when a stop was asked for meanwhile. Where
// there can be no child, f is not called. What a child of this process survived is not tried again as long as `file`
// stays as it is.
void need_survival(const std::string& where, const std::filesystem::path& file, const std::function<void()>& f);

}
