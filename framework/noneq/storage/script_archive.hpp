// The archive of a TorchScript module, checked before libtorch opens it. libtorch compares no checksums, so it would
// compute with a weight that was damaged, and its readers see bytes of any kind. Thread-safe.
#pragma once

#include <filesystem>

namespace noneq::storage {

// Throws noneq::error unless the file is a zip archive as torch.jit.save writes it, with constants and data, in which
// every entry lies within the file and has the bytes of its checksum. Memory does not grow with the weights.
void need_script_archive(const std::filesystem::path& file);

}
