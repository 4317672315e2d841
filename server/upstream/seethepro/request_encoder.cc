#include "server/upstream/seethepro/request_encoder.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/upstream/json_writer.h"
#include "server/upstream/seethepro/fields.h"

namespace interaction::seethepro {
namespace {

struct Field {
  absl::string_view name;
  absl::string_view value;
};

// The fields to send, in the order of kFieldNames, without absent optional ones.
class Fields {
 public:
  // Refers to both arguments.
  Fields(const v1::CreateVspInteractionRequest& request, absl::string_view app_access_key) {
    Add(0, app_access_key);
    Add(1, request.interaction_identity());
    Add(2, request.interaction_name());
    Add(3, request.account_id());
    Add(4, request.contact_id());
    if (request.has_tenant_key()) Add(5, request.tenant_key());
    if (request.has_group_key()) Add(6, request.group_key());
  }

  Field* begin() { return fields_.data(); }
  Field* end() { return fields_.data() + size_; }

 private:
  void Add(size_t index, absl::string_view value) { fields_[size_++] = {kFieldNames[index].upstream, value}; }

  std::array<Field, std::size(kFieldNames)> fields_;
  size_t size_ = 0;
};

std::string EncodeJson(Fields& fields) {
  size_t size = 2;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 8;
  upstream::JsonWriter json(size);
  for (const Field& field : fields) json.Add(field.name, field.value);
  return json.Finish();
}

void AppendXmlText(absl::string_view text, std::string* out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out->append("&amp;");
        break;
      case '<':
        out->append("&lt;");
        break;
      case '>':
        out->append("&gt;");
        break;
      case '\r':
        out->append("&#13;");  // unescaped, an XML reader would turn CR LF into LF
        break;
      default:
        out->push_back(c);
    }
  }
}

std::string EncodeXml(Fields& unsorted) {
  std::vector<Field> fields(unsorted.begin(), unsorted.end());
  std::sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
  std::string xml =
      "<CreateVspInteraction xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xmlns=\"http://schemas.datacontract.org/2004/07/SeeTheProWebAPI.Models\">";
  for (const Field& field : fields) {
    absl::StrAppend(&xml, "<", field.name, ">");
    AppendXmlText(field.value, &xml);
    absl::StrAppend(&xml, "</", field.name, ">");
  }
  xml.append("</CreateVspInteraction>");
  return xml;
}

// application/x-www-form-urlencoded (WHATWG URL, section 5.2).
void AppendFormText(absl::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '*' || c == '-' || c == '.' || c == '_') {
      out->push_back(c);
    } else if (c == ' ') {
      out->push_back('+');
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out->append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

std::string EncodeForm(Fields& fields) {
  std::string form;
  for (const Field& field : fields) {
    if (!form.empty()) form.push_back('&');
    absl::StrAppend(&form, field.name, "=");
    AppendFormText(field.value, &form);
  }
  return form;
}

}  // namespace

std::string EncodeBody(const v1::CreateVspInteractionRequest& request, absl::string_view app_access_key,
                       WireFormat format) {
  Fields fields(request, app_access_key);
  switch (format) {
    case WireFormat::kJson:
      return EncodeJson(fields);
    case WireFormat::kXml:
      return EncodeXml(fields);
    case WireFormat::kForm:
      return EncodeForm(fields);
  }
  return "";
}

// Without Accept, the answer would have the request's format, and there is no answer in the form format.
std::vector<http::Header> HeadersFor(WireFormat format) {
  switch (format) {
    case WireFormat::kJson:
      return {{"Content-Type", "application/json; charset=utf-8"}, {"Accept", "application/json"}};
    case WireFormat::kXml:
      return {{"Content-Type", "application/xml; charset=utf-8"}, {"Accept", "application/xml"}};
    case WireFormat::kForm:
      return {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  }
  return {};
}

}  // namespace interaction::seethepro
