// Opens files that may be damaged in a child process first: HDF5 1.10 trusts most of a file's content, and may crash on
// a flipped bit. Private to the room; call with hdf5_lock held.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace noneq::storage {

// Calls f in a child process, where it may throw, but must leave nothing behind. Throws noneq::error, opened by
// `where`, when the child crashed or did not end, and interrupted when a stop was requested meanwhile. Where there can
// be no child, f is not called. A success of this process is not repeated as long as `file` stays as it is.
void need_survival(const std::string& where, const std::filesystem::path& file, const std::function<void()>& f);

}
