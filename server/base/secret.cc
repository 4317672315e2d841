#include "server/base/secret.h"

#include <string.h>

namespace interaction {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    Wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    value_ = std::move(other.value_);
    other.Wipe();
  }
  return *this;
}

void Secret::Wipe() { interaction::Wipe(&value_); }

void Wipe(std::string* text) {
  // The whole capacity, so that nothing of an earlier, longer value remains.
  text->resize(text->capacity());
  explicit_bzero(text->data(), text->size());
  text->clear();
}

}  // namespace interaction
