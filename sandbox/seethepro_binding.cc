#include "sandbox/seethepro_binding.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace interaction::sandbox::seethepro {
namespace {

constexpr absl::string_view kNamespace = "http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models";
constexpr absl::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
constexpr absl::string_view kNilGuid = "00000000-0000-0000-0000-000000000000";
// All that a remote caller is told about an exception in a formatter.
constexpr absl::string_view kFormatterError = "An error has occurred.";

enum class Kind { kText, kGuid, kOptionalGuid };

struct Field {
  absl::string_view name;
  Kind kind;
};

// In alphabetical order, which is the one that the data contract serializer reads in.
constexpr Field kFields[] = {
    {"AccountId", Kind::kGuid},         {"AppAccessKey", Kind::kText},        {"ContactId", Kind::kGuid},
    {"GroupKey", Kind::kOptionalGuid},  {"InteractionIdentity", Kind::kText}, {"InteractionName", Kind::kText},
    {"TenantKey", Kind::kOptionalGuid},
};

const Field* FindField(absl::string_view name) {
  for (const Field& field : kFields) {
    if (absl::EqualsIgnoreCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::string KeyOf(absl::string_view name) { return absl::StrCat("model.", name); }

bool IsUtf8(absl::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool IsHex(absl::string_view text) { return std::all_of(text.begin(), text.end(), absl::ascii_isxdigit); }

// .NET's IsNullOrWhiteSpace, as far as anyone would go: ASCII blanks, U+0085, U+00A0, U+2000..200A, U+2028/9, U+202F,
// U+3000.
bool IsBlank(absl::string_view text) {
  static constexpr absl::string_view kBlanks[] = {
      "\xC2\x85",     "\xC2\xA0",     "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
      "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89",
      "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE3\x80\x80"};
  while (!text.empty()) {
    const bool consumed = std::any_of(std::begin(kBlanks), std::end(kBlanks),
                                      [&](absl::string_view blank) { return absl::ConsumePrefix(&text, blank); });
    if (consumed) continue;
    if (!absl::ascii_isspace(text.front())) return false;
    text.remove_prefix(1);
  }
  return true;
}

// [Required] on a string refuses blanks, but is not asked about GUIDs: a value type is never null.
void RequireTexts(Binding& binding) {
  for (const Field& field : kFields) {
    if (field.kind == Kind::kText && IsBlank(binding.Get(field.name))) {
      binding.AddError(KeyOf(field.name), absl::StrCat("The ", field.name, " field is required."));
    }
  }
}

Binding FormatterError() {
  Binding binding;
  binding.AddError("model", kFormatterError);
  return binding;
}

// --- JSON ---

struct Member {
  enum class Kind { kNull, kString, kOtherScalar, kCompound } kind;
  std::string text;
};

// Collects the members of the outermost object and skips what is nested in them.
class MemberReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<std::pair<std::string, Member>> members;
  bool root_is_object = false;
  bool root_is_null = false;

  bool null() override {
    root_is_null = depth_ == 0;
    return Add({Member::Kind::kNull, ""});
  }
  bool boolean(bool value) override { return Add({Member::Kind::kOtherScalar, value ? "True" : "False"}); }
  bool number_integer(number_integer_t value) override {
    return Add({Member::Kind::kOtherScalar, std::to_string(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Add({Member::Kind::kOtherScalar, std::to_string(value)});
  }
  bool number_float(number_float_t, const std::string& text) override {
    return Add({Member::Kind::kOtherScalar, text});
  }
  bool string(std::string& value) override { return Add({Member::Kind::kString, value}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override {
    root_is_object |= depth_ == 0;
    Add({Member::Kind::kCompound, ""});
    ++depth_;
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) name_ = name;
    return true;
  }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(size_t) override {
    Add({Member::Kind::kCompound, ""});
    ++depth_;
    return true;
  }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool Add(Member member) {
    if (depth_ == 1 && root_is_object) members.emplace_back(name_, std::move(member));
    return true;
  }

  int depth_ = 0;
  std::string name_;
};

void BindMember(const Field& field, const Member& member, Binding& binding) {
  if (field.kind == Kind::kText) {
    if (member.kind == Member::Kind::kCompound) return binding.AddError(KeyOf(field.name), kFormatterError);
    if (member.kind != Member::Kind::kNull) binding.values[field.name] = member.text;
    return;
  }
  const bool absent =
      member.kind == Member::Kind::kNull || (member.kind == Member::Kind::kString && member.text.empty());
  if (absent && field.kind == Kind::kOptionalGuid) return;
  const auto guid = member.kind == Member::Kind::kString ? ReadGuid(member.text) : std::nullopt;
  if (!guid) return binding.AddError(KeyOf(field.name), kFormatterError);
  binding.values[field.name] = *guid;
}

// --- XML ---

// pugixml leaves namespaces to its caller: the URI that the node's prefix stands for at this place.
absl::string_view NamespaceOf(pugi::xml_node scope, absl::string_view qualified_name) {
  const size_t colon = qualified_name.find(':');
  const std::string declaration =
      colon == absl::string_view::npos ? "xmlns" : absl::StrCat("xmlns:", qualified_name.substr(0, colon));
  for (; scope; scope = scope.parent()) {
    if (const pugi::xml_attribute found = scope.attribute(declaration.c_str())) return found.value();
  }
  return "";
}

absl::string_view LocalName(absl::string_view qualified_name) {
  return qualified_name.substr(qualified_name.find(':') + 1);  // npos + 1 is 0
}

bool IsNil(pugi::xml_node element) {
  for (const pugi::xml_attribute attribute : element.attributes()) {
    const absl::string_view name = attribute.name();
    const absl::string_view value = attribute.value();
    if (absl::StrContains(name, ':') && LocalName(name) == "nil" && NamespaceOf(element, name) == kInstance) {
      return value == "true" || value == "1";
    }
  }
  return false;
}

// Finds what the framework's reader refuses anywhere in a document: DTD, processing instruction, control characters.
class ForbiddenFinder final : public pugi::xml_tree_walker {
 public:
  bool found = false;

  bool for_each(pugi::xml_node& node) override {
    const absl::string_view value = node.value();
    found |= node.type() == pugi::node_doctype || node.type() == pugi::node_pi;
    found |= std::any_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
    });
    return !found;
  }
};

// The text of an element; none if it has elements of its own.
std::optional<std::string> TextOf(pugi::xml_node element) {
  std::string text;
  for (const pugi::xml_node child : element.children()) {
    if (child.type() == pugi::node_element) return std::nullopt;
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
  }
  return text;
}

// Returns false where the serializer throws, which loses the whole model.
bool BindElement(const Field& field, pugi::xml_node element, Binding& binding) {
  if (IsNil(element)) return field.kind != Kind::kGuid;
  std::optional<std::string> text = TextOf(element);
  if (text && field.kind != Kind::kText) text = ReadGuid(*text);  // empty is no GUID, also where it is optional
  if (!text) return false;
  binding.values[field.name] = *text;
  return true;
}

// Reads on from the alphabetical place of the last element read. So an element that comes too late, a second one of its
// name, and one of another namespace are passed over in silence.
bool BindChildren(pugi::xml_node root, Binding& binding) {
  const Field* next = std::begin(kFields);
  for (const pugi::xml_node child : root.children()) {
    if (child.type() != pugi::node_element || NamespaceOf(child, child.name()) != kNamespace) continue;
    const Field* field =
        std::find_if(next, std::end(kFields), [&](const Field& f) { return f.name == LocalName(child.name()); });
    if (field == std::end(kFields)) continue;
    if (!BindElement(*field, child, binding)) return false;
    next = field + 1;
  }
  return true;
}

// --- form ---

std::string DecodeFormText(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view digits = text.substr(i + 1, 2);
    if (text[i] == '%' && digits.size() == 2 && IsHex(digits)) {
      decoded += static_cast<char>(std::stoi(std::string(digits), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

void BindFormGuid(const Field& field, const std::string* value, Binding& binding) {
  const bool required = field.kind == Kind::kGuid;
  if (value == nullptr) {
    if (required) binding.AddError(KeyOf(field.name), absl::StrCat("The ", field.name, " property is required."));
  } else if (IsBlank(*value)) {
    if (required) binding.AddError(KeyOf(field.name), "A value is required.");
  } else if (const auto guid = ReadGuid(*value)) {
    binding.values[field.name] = *guid;
  } else {
    binding.AddError(KeyOf(field.name), absl::StrCat("The value '", *value, "' is not valid for ", field.name, "."));
  }
}

}  // namespace

void Binding::AddError(absl::string_view key, absl::string_view text) {
  auto entry = std::find_if(errors.begin(), errors.end(), [&](const auto& error) { return error.first == key; });
  if (entry == errors.end()) entry = errors.insert(entry, {std::string(key), {}});
  entry->second.emplace_back(text);
}

absl::string_view Binding::Get(absl::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? absl::string_view() : absl::string_view(found->second);
}

std::optional<std::string> ReadGuid(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const bool braces = absl::ConsumePrefix(&text, "{");
  const bool parentheses = !braces && absl::ConsumePrefix(&text, "(");
  if (braces && !absl::ConsumeSuffix(&text, "}")) return std::nullopt;
  if (parentheses && !absl::ConsumeSuffix(&text, ")")) return std::nullopt;

  std::vector<absl::string_view> groups;
  if (text.size() == 32 && !braces && !parentheses) {
    groups = {text.substr(0, 8), text.substr(8, 4), text.substr(12, 4), text.substr(16, 4), text.substr(20)};
  } else {
    groups = absl::StrSplit(text, '-');
  }
  static constexpr size_t kSizes[] = {8, 4, 4, 4, 12};
  const bool shaped =
      std::equal(groups.begin(), groups.end(), std::begin(kSizes), std::end(kSizes),
                 [](absl::string_view group, size_t size) { return group.size() == size && IsHex(group); });
  if (!shaped) return std::nullopt;
  return absl::AsciiStrToLower(absl::StrJoin(groups, "-"));
}

Binding BindJson(absl::string_view body) {
  absl::ConsumePrefix(&body, "\xEF\xBB\xBF");
  if (!IsUtf8(body)) return FormatterError();
  MemberReader reader;
  // Not strict: what follows the first value is not looked at. Comments are taken.
  if (!nlohmann::json::sax_parse(body.begin(), body.end(), &reader, nlohmann::json::input_format_t::json, false,
                                 true)) {
    return FormatterError();
  }
  Binding binding;
  binding.null_model = reader.root_is_null;
  if (binding.null_model) return binding;
  if (!reader.root_is_object) return FormatterError();

  absl::flat_hash_map<const Field*, const Member*> last;  // of several of one name the last counts
  for (const auto& [name, member] : reader.members) {
    if (const Field* field = FindField(name)) last[field] = &member;
  }
  for (const Field& field : kFields) {
    if (const auto member = last.find(&field); member != last.end()) {
      BindMember(field, *member->second, binding);
    } else if (field.kind == Kind::kGuid) {
      binding.AddError("model", kFormatterError);  // a missing member has no path of its own
    }
  }
  RequireTexts(binding);
  return binding;
}

Binding BindXml(absl::string_view body) {
  absl::ConsumePrefix(&body, "\xEF\xBB\xBF");
  if (!IsUtf8(body)) return FormatterError();
  pugi::xml_document document;
  constexpr unsigned kFlags =
      pugi::parse_default | pugi::parse_pi | pugi::parse_doctype | pugi::parse_declaration | pugi::parse_ws_pcdata;
  if (!document.load_buffer(body.data(), body.size(), kFlags, pugi::encoding_utf8)) return FormatterError();
  ForbiddenFinder finder;
  document.traverse(finder);
  const pugi::xml_node root = document.document_element();
  if (finder.found || LocalName(root.name()) != "CreateVspInteraction" ||
      NamespaceOf(root, root.name()) != kNamespace) {
    return FormatterError();
  }
  Binding binding;
  binding.null_model = IsNil(root);
  if (binding.null_model) return binding;
  for (const Field& field : kFields) {
    if (field.kind == Kind::kGuid) binding.values[field.name] = std::string(kNilGuid);
  }
  if (!BindChildren(root, binding)) return FormatterError();
  RequireTexts(binding);
  return binding;
}

Binding BindForm(absl::string_view body) {
  absl::flat_hash_map<const Field*, std::string> first;  // of several of one name the first counts
  for (absl::string_view item : absl::StrSplit(body, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(item, absl::MaxSplits('=', 1));
    std::string value = DecodeFormText(pair.second);
    if (!IsUtf8(value)) return FormatterError();
    if (const Field* field = FindField(DecodeFormText(pair.first))) first.emplace(field, std::move(value));
  }
  Binding binding;
  for (const Field& field : kFields) {
    const auto found = first.find(&field);
    const std::string* value = found == first.end() ? nullptr : &found->second;
    if (field.kind != Kind::kText) {
      BindFormGuid(field, value, binding);
    } else if (value != nullptr) {
      binding.values[field.name] = *value;
    }
  }
  RequireTexts(binding);
  return binding;
}

}  // namespace interaction::sandbox::seethepro
