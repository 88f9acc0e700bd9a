// Attributes and dimension scales that a dataset takes over from those that its rows come from.
#include <hdf5.h>
#include <hdf5_hl.h>

#include "doctest.hpp"
#include "noneq/storage/growing_file.hpp"
#include "noneq/storage/hdf5.hpp"
#include "storage/scratch.hpp"

using namespace noneq::storage;

namespace {

void make_described(const std::filesystem::path& path, hsize_t rows, double first_time,
                    const char* unit_of_time = "hours since 1900-01-01") {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto put = [&](const char* name, std::vector<hsize_t> shape, std::vector<double> values) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t d = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    return d;
  };
  std::vector<double> times;
  for (hsize_t k = 0; k < rows; ++k) times.push_back(first_time + static_cast<double>(k));
  const hid_t t = put("t2m", {rows, 2, 3}, std::vector<double>(rows * 6, 280)), time = put("time", {rows}, times),
              lat = put("lat", {2}, {50, 40}), lon = put("lon", {3}, {0, 1, 2});
  H5LTset_attribute_string(file, "t2m", "units", "K");
  H5LTset_attribute_string(file, "t2m", "long_name", "2 metre temperature");
  const double scale = 0.01;
  H5LTset_attribute_double(file, "t2m", "scale_factor", &scale, 1);
  H5LTset_attribute_string(file, "time", "units", unit_of_time);
  for (const auto& [d, n] : {std::pair{time, 0u}, std::pair{lat, 1u}, std::pair{lon, 2u}}) {
    H5DSset_scale(d, n == 0 ? "time" : n == 1 ? "lat" : "lon");
    H5DSattach_scale(t, d, n);
  }
  for (const hid_t d : {t, time, lat, lon}) H5Dclose(d);
  H5Fclose(file);
}

// Whether the scale is attached to this dimension.
bool is_attached(const std::filesystem::path& path, const char* dataset, const char* scale, unsigned dimension) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(file, dataset, H5P_DEFAULT),
              s = H5Dopen2(file, scale, H5P_DEFAULT);
  const bool attached = s >= 0 && H5DSis_attached(d, s, dimension) > 0;
  if (s >= 0) H5Dclose(s);
  H5Dclose(d), H5Fclose(file);
  return attached;
}

}

TEST_CASE("a dataset takes over attributes and scales; rows of several files have their scales one behind the other") {
  const scratch folder;
  make_described(folder / "a.h5", 4, 0);
  make_described(folder / "b.h5", 3, 100);
  const std::vector<std::filesystem::path> files{folder / "a.h5", folder / "b.h5"};
  const row_format f{*numbers_named("float32"), 7};
  {
    growing_file out(folder / "out.h5", growing_file_kind::whole);
    out.create("samples", {2, 3}, f);
    out.copy_description("samples", files, "t2m", 7, description_of::numbers);
    out.create("score", {}, f);
    out.copy_description("score", files, "t2m", 7, description_of::rows);
    out.create("half", {1, 3}, f);  // another grid: only the axis of the same length goes with it
    out.copy_description("half", files, "t2m", 5, description_of::numbers);
    for (const char* each : {"samples", "score", "half"})
      out.append(each, encode(f,
                              each == std::string("score")  ? at::zeros({7})
                              : each == std::string("half") ? at::zeros({7, 1, 3})
                                                            : at::zeros({7, 2, 3}),
                              0));
    out.close();
  }
  const auto out = folder / "out.h5";
  const hdf5_reader in(out);
  CHECK(in.attributes("samples").at("units") == "K");
  CHECK(in.attributes("samples").at("long_name") == "2 metre temperature");
  CHECK(in.attributes("samples").count("scale_factor") == 0);  // of numbers that are stored otherwise
  CHECK(in.attributes("score").count("units") == 0);
  CHECK(in.rows("time", 0, 7).equal(at::tensor({0., 1., 2., 3., 100., 101., 102.}, at::kDouble)));
  CHECK(in.attributes("time").at("units") == "hours since 1900-01-01");
  CHECK(in.rows("lat", 0, 2).equal(at::tensor({50., 40.}, at::kDouble)));
  CHECK(is_attached(out, "samples", "time", 0));
  CHECK(is_attached(out, "samples", "lat", 1));
  CHECK(is_attached(out, "samples", "lon", 2));
  CHECK(is_attached(out, "score", "time", 0));
  CHECK_FALSE(is_attached(out, "half", "time", 0));
  CHECK_FALSE(is_attached(out, "half", "lat", 1));
  CHECK(is_attached(out, "half", "lon", 2));
}

TEST_CASE("scales of several files that count from different dates are not joined") {
  const scratch folder;
  make_described(folder / "a.h5", 4, 0);
  make_described(folder / "b.h5", 3, 0, "hours since 1901-01-01");
  const row_format f{*numbers_named("float32"), 7};
  growing_file out(folder / "out.h5", growing_file_kind::whole);
  out.create("samples", {2, 3}, f);
  out.copy_description("samples", {folder / "a.h5", folder / "b.h5"}, "t2m", 7, description_of::numbers);
  out.append("samples", encode(f, at::zeros({7, 2, 3}), 0));
  out.close();
  CHECK_FALSE(is_attached(folder / "out.h5", "samples", "time", 0));
  CHECK(is_attached(folder / "out.h5", "samples", "lat", 1));
  CHECK(hdf5_reader(folder / "out.h5").datasets() == std::vector<std::string>{"lat", "lon", "samples"});
}

TEST_CASE("of a source that is gone, or has no such dataset, nothing is taken over") {
  const scratch folder;
  make_described(folder / "a.h5", 4, 0);
  const row_format f{*numbers_named("float32"), 4};
  growing_file out(folder / "out.h5", growing_file_kind::whole);
  out.create("x", {2, 3}, f);
  out.copy_description("x", {folder / "gone.h5"}, "t2m", 4, description_of::numbers);
  out.copy_description("x", {folder / "a.h5"}, "t3m", 4, description_of::numbers);
  out.append("x", encode(f, at::zeros({4, 2, 3}), 0));
  out.close();
  CHECK(hdf5_reader(folder / "out.h5").datasets() == std::vector<std::string>{"x"});
  CHECK(hdf5_reader(folder / "out.h5").attributes("x").empty());
}
