#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace interaction::http {

// Takes an item out of a list in no order. Each item's `index` is its place there.
template <typename T>
std::unique_ptr<T> TakeOut(std::vector<std::unique_ptr<T>>& list, T* item) {
  std::swap(list[item->index], list.back());
  list[item->index]->index = item->index;
  std::unique_ptr<T> taken = std::move(list.back());
  list.pop_back();
  return taken;
}

}  // namespace interaction::http
