#include "server/upstream/seethepro/response_decoder.h"

#include <optional>
#include <pugixml.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "server/base/status_macros.h"
#include "server/upstream/json_reader.h"
#include "server/upstream/seethepro/fields.h"
#include "server/upstream/text.h"

namespace interaction::seethepro {
namespace {

using Reply = v1::CreateVspInteractionResponse;

absl::Status Malformed() { return absl::InvalidArgumentError("not a VspInteraction"); }

bool LooksLikeXml(absl::string_view text) { return absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "<"); }

absl::string_view LocalName(absl::string_view name) {
  const size_t colon = name.find(':');
  return colon == absl::string_view::npos ? name : name.substr(colon + 1);
}

bool IsUtf8(absl::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Walks until an element is nested deeper than in any genuine answer.
struct DepthGuard : pugi::xml_tree_walker {
  bool for_each(pugi::xml_node&) override { return depth() < 16; }
};

// Exactly one root element. No DTD, because genuine answers have none and entities are a means of attack. pugixml
// checks neither the encoding nor the text around the root; parse_fragment makes the latter visible.
bool ParseXml(absl::string_view text, pugi::xml_document* document) {
  constexpr unsigned kOptions =
      pugi::parse_default | pugi::parse_doctype | pugi::parse_fragment | pugi::parse_ws_pcdata_single;
  if (!IsUtf8(text)) return false;
  if (!document->load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8)) return false;
  const pugi::xml_node root = document->first_child();
  DepthGuard guard;
  return root.type() == pugi::node_element && !root.next_sibling() && document->traverse(guard);
}

bool IsNil(const pugi::xml_node& node) {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    if (LocalName(attribute.name()) == "nil") return attribute.as_bool();
  }
  return false;
}

// The whole text of an element; nothing if it contains anything but text, or a reference to an invalid character.
std::optional<std::string> TextOf(const pugi::xml_node& element) {
  std::string text;
  for (const pugi::xml_node& child : element.children()) {
    if (child.type() != pugi::node_pcdata && child.type() != pugi::node_cdata) return std::nullopt;
    text.append(child.value());
  }
  if (!IsUtf8(text)) return std::nullopt;
  return text;
}

// Copies the members that are present and not null; false if one is not a string.
bool TakeJson(const upstream::JsonObject& object, Reply* reply) {
  const auto take = [&object](std::string_view name, auto set) {
    simdjson::dom::element element;
    if (object[name].get(element) != simdjson::SUCCESS || element.is_null()) return true;
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return false;
    set(text);
    return true;
  };
  return take("InteractionId", [&](std::string_view text) { reply->set_interaction_id(std::string(text)); }) &&
         take("CampaignKey", [&](std::string_view text) { reply->set_campaign_key(std::string(text)); }) &&
         take("InteractionUrl", [&](std::string_view text) { reply->set_interaction_url(std::string(text)); });
}

// The element of that name; nothing if there are two. Namespaces are not compared, because the prefix is the writer's
// choice.
std::optional<pugi::xml_node> ChildOf(const pugi::xml_node& root, absl::string_view name) {
  pugi::xml_node found;
  for (const pugi::xml_node& child : root.children()) {
    if (LocalName(child.name()) != name) continue;
    if (found) return std::nullopt;
    found = child;
  }
  return found;
}

// The same for XML; also false for an element that occurs twice.
bool TakeXml(const pugi::xml_node& root, Reply* reply) {
  if (LocalName(root.name()) != "VspInteraction") return false;
  const auto take = [&root](absl::string_view name, auto set) {
    const std::optional<pugi::xml_node> child = ChildOf(root, name);
    if (!child) return false;
    if (!*child || IsNil(*child)) return true;
    std::optional<std::string> text = TextOf(*child);
    if (!text) return false;
    set(*std::move(text));
    return true;
  };
  return take("InteractionId", [&](std::string text) { reply->set_interaction_id(std::move(text)); }) &&
         take("CampaignKey", [&](std::string text) { reply->set_campaign_key(std::move(text)); }) &&
         take("InteractionUrl", [&](std::string text) { reply->set_interaction_url(std::move(text)); });
}

// "model.AccountId", "createVspInteraction.AccountId" and "$.accountId" are about account_id: the vendor may choose the
// parameter's name and the naming policy. In XML, "$." becomes "_x0024_.".
std::optional<absl::string_view> ProtoField(absl::string_view key) {
  const absl::string_view name = key.substr(key.rfind('.') + 1);
  for (const FieldName& field : kFieldNames) {
    if (absl::EqualsIgnoreCase(field.upstream, name) || absl::EqualsIgnoreCase(field.proto, name)) return field.proto;
  }
  return std::nullopt;
}

using FieldNames = std::set<absl::string_view>;

FieldNames FieldsIn(const simdjson::dom::object& errors) {
  FieldNames fields;
  for (const auto& [key, value] : errors) {
    if (const auto field = ProtoField({key.data(), key.size()})) fields.insert(*field);
  }
  return fields;
}

// Exactly a dictionary of messages: {"AccountId":["..."]}, as opposed to an object that repeats the request.
bool IsBareDictionary(const simdjson::dom::object& object) {
  for (const auto& member : object) {
    simdjson::dom::array messages;
    if (member.value.get(messages) != simdjson::SUCCESS) return false;
    for (const simdjson::dom::element& message : messages) {
      if (!message.is_string()) return false;
    }
  }
  return true;
}

FieldNames FieldsInJson(absl::string_view text) {
  const auto object = upstream::JsonObject::Parse(text);
  if (!object.ok()) return {};
  if (IsBareDictionary(object->members())) return FieldsIn(object->members());
  FieldNames fields;
  for (const auto& [key, value] : object->members()) {
    const absl::string_view name(key.data(), key.size());
    simdjson::dom::object errors;
    const bool of_fields = absl::EqualsIgnoreCase(name, "ModelState") || absl::EqualsIgnoreCase(name, "errors");
    if (of_fields && value.get(errors) == simdjson::SUCCESS) fields.merge(FieldsIn(errors));
  }
  return fields;
}

FieldNames FieldsIn(const pugi::xml_node& errors) {
  FieldNames fields;
  for (const pugi::xml_node& child : errors.children()) {
    if (const auto field = ProtoField(LocalName(child.name()))) fields.insert(*field);
  }
  return fields;
}

FieldNames FieldsInXml(absl::string_view text) {
  pugi::xml_document document;
  if (!ParseXml(text, &document)) return {};
  const pugi::xml_node root = document.document_element();
  for (const pugi::xml_node& child : root.children()) {
    const absl::string_view name = LocalName(child.name());
    if (name == "ModelState" || name == "MVC-Errors") return FieldsIn(child);
  }
  return LocalName(root.name()) == "Error" ? FieldsIn(root) : FieldNames();
}

}  // namespace

absl::StatusOr<Reply> DecodeReply(absl::string_view body) {
  std::string storage;
  ASSIGN_OR_RETURN(const absl::string_view text, upstream::ToUtf8(body, &storage));
  Reply reply;
  if (LooksLikeXml(text)) {
    pugi::xml_document document;
    if (!ParseXml(text, &document) || !TakeXml(document.document_element(), &reply)) return Malformed();
  } else {
    ASSIGN_OR_RETURN(const upstream::JsonObject object, upstream::JsonObject::Parse(text));
    if (!TakeJson(object, &reply)) return Malformed();
  }
  if (reply.interaction_id().empty()) return Malformed();
  return reply;
}

std::vector<FieldViolation> DecodeRejectedFields(absl::string_view body) {
  std::string storage;
  const auto text = upstream::ToUtf8(body, &storage);
  if (!text.ok()) return {};
  std::vector<FieldViolation> violations;
  for (const absl::string_view field : LooksLikeXml(*text) ? FieldsInXml(*text) : FieldsInJson(*text)) {
    violations.push_back({std::string(field), "was rejected by SeeThePro"});
  }
  return violations;
}

bool IsFrameworkNotFound(absl::string_view body) {
  if (absl::StrContains(body, "No HTTP resource was found")) return true;
  const bool is_xml_answer = absl::StrContains(body, "<Error") || absl::StrContains(body, "<problem");
  return !upstream::JsonObject::Parse(body).ok() && !is_xml_answer;
}

}  // namespace interaction::seethepro
