#!/usr/bin/env python3
"""docs/api.md is what tools/api_reference.py makes of the proto and of docs/errors.md."""

import copy
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import api_reference  # noqa: E402

# A service with one method and one message with one field, as buf puts it.
IMAGE = {"file": [{
    "name": api_reference.PROTO,
    "package": "interaction.v1",
    "service": [{"name": "S", "method": [{"name": "Open", "inputType": ".interaction.v1.M", "outputType": ".interaction.v1.M"}]}],
    "messageType": [{"name": "M", "field": [
        {"name": "tenant_key", "number": 6, "label": "LABEL_OPTIONAL", "type": "TYPE_STRING", "jsonName": "tenantKey",
         "proto3Optional": True}]}],
    "sourceCodeInfo": {"location": [
        {"path": [6, 0], "leadingComments": " What S is.\n"},
        {"path": [6, 0, 2, 0], "leadingComments": " Opens one.\n"},
        {"path": [4, 0], "leadingComments": " A message.\n"},
        {"path": [4, 0, 2, 0], "leadingComments": " Either a|b,\n or none.\n\n Kept.\n"},
    ]},
}]}
ERRORS = """# Errors

| key | what |
|---|---|
| `outcome` | always |

## Reasons

### The call

| reason | code |
|---|---|
| `GONE` | NOT_FOUND |
"""


class ApiReferenceTest(unittest.TestCase):
    def test_the_page_is_up_to_date(self):
        wanted = api_reference.page_of(api_reference.image_of_buf(), (ROOT / "docs/errors.md").read_text(encoding="utf-8"))
        self.assertEqual((ROOT / api_reference.PAGE).read_text(encoding="utf-8"), wanted,
                         "tools/api_reference.py writes docs/api.md")

    def test_a_method_shows_its_path_its_messages_and_its_comment(self):
        page = api_reference.page_of(IMAGE, ERRORS)
        self.assertIn("### Open\n\n`/interaction.v1.S/Open`: [M](#m) → [M](#m)\n\nOpens one.\n", page)

    def test_a_field_shows_number_names_type_and_the_whole_comment_in_one_row(self):
        self.assertIn("| 6 | `tenant_key` | `tenantKey` | optional string | Either a\\|b, or none.<br>Kept. |\n",
                      api_reference.page_of(IMAGE, ERRORS))

    def test_metadata_and_reasons_come_from_the_error_catalogue(self):
        page = api_reference.page_of(IMAGE, ERRORS)
        self.assertIn("| `outcome` | always |", page)
        self.assertIn("### Reasons: The call\n\n| reason | code |\n|---|---|\n| `GONE` | NOT_FOUND |", page)

    def test_a_field_without_comment_is_named(self):
        image = copy.deepcopy(IMAGE)
        image["file"][0]["sourceCodeInfo"]["location"].pop()
        with self.assertRaisesRegex(api_reference.Mistake, "M.tenant_key has no comment"):
            api_reference.page_of(image, ERRORS)

    def test_an_error_page_without_reasons_is_refused(self):
        with self.assertRaisesRegex(api_reference.Mistake, "lists no reasons"):
            api_reference.page_of(IMAGE, ERRORS.replace("| reason |", "| cause |"))


if __name__ == "__main__":
    unittest.main()
