#include "doctest.hpp"

#include <png.h>

#include "noneq/storage/png.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

static Tensor read_png(const std::filesystem::path& path, bool grey) {
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&head, path.c_str()));
  CHECK(head.format == (grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB));
  sizes shape{head.height, head.width};
  if (!grey) shape.push_back(3);
  Tensor image = at::empty(shape, at::kByte);
  REQUIRE(png_image_finish_read(&head, nullptr, image.data_ptr(), 0, nullptr));
  return image;
}

TEST_CASE("a PNG holds the pixels") {
  const scratch s;
  for (const sizes& shape : {sizes{1, 1}, sizes{5, 7}, sizes{64, 33}, sizes{5, 7, 3}}) {
    const Tensor image = at::randint(256, shape, at::kByte);
    write_png(s / "a.png", image);
    CHECK(at::equal(read_png(s / "a.png", shape.size() == 2), image));
  }
  const Tensor turned = at::randint(256, {4, 6}, at::kByte).t();
  write_png(s / "a.png", turned);
  CHECK(at::equal(read_png(s / "a.png", true), turned));
  CHECK(s.files() == 1);
}

TEST_CASE("what is no image is refused") {
  const scratch s;
  const auto fault = [&](const Tensor& t) { return failure([&] { write_png(s / "a.png", t); }); };
  CHECK(has(fault(at::zeros({3, 4})), "a.png: got an image [3, 4] of float32, need [H, W] or [H, W, 3] of uint8"));
  CHECK(has(fault(at::zeros({3, 4, 2}, at::kByte)), "got an image [3, 4, 2]"));
  CHECK(has(fault(at::zeros({0, 4}, at::kByte)), "got an image [0, 4]"));
  CHECK(has(fault(Tensor()), "got an image undefined"));
  {
    const full_disk limit(100);
    CHECK(has(fault(at::randint(256, {64, 64}, at::kByte)), "a.png: cannot write: File too large"));
  }
  CHECK(s.files() == 0);
}

TEST_CASE("the grid puts images row by row and maps lo … hi to 0 … 255") {
  const Tensor images = at::arange(5).view({5, 1, 1, 1}).expand({5, 1, 2, 3}).to(at::kFloat);
  const Tensor grid = image_grid(images, 2, 0, 5);
  CHECK(grid.sizes() == at::IntArrayRef({6, 6}));
  CHECK(grid[0][0].item<int>() == 0);
  CHECK(grid[0][3].item<int>() == 51);
  CHECK(grid[2][2].item<int>() == 102);
  CHECK(grid[5][2].item<int>() == 204);
  CHECK(grid[5][3].item<int>() == 0);
  CHECK(image_grid(images, 100, 0, 5).sizes() == at::IntArrayRef({2, 15}));

  const Tensor colour = at::tensor({-9.f, 0.f, 9.f}).view({1, 3, 1, 1});
  CHECK(at::equal(image_grid(colour, 1, -1, 1).view({3}), at::tensor({0, 128, 255}, at::kByte)));
  CHECK(image_grid(at::full({1, 1, 1, 1}, NAN), 1, -1, 1).item<int>() == 0);

  CHECK(has(failure([&] { image_grid(at::zeros({2, 2, 4, 4}), 1, 0, 1); }), "got images [2, 2, 4, 4]"));
  CHECK(has(failure([&] { image_grid(images, 0, 0, 1); }), "got 0 columns"));
  CHECK(has(failure([&] { image_grid(images, 1, 1, 1); }), "need lo below hi"));
}
