#!/usr/bin/env python3
"""Writes docs/api.md, the reference of the API: the comments of the proto, and the reasons of docs/errors.md.

    tools/api_reference.py           writes it
    tools/api_reference.py --check   fails if it is not what this would write, and says where they part

Needs buf, which tools/install-dependencies --test brings into build/tools/bin.
"""

import difflib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTO = "interaction/v1/interaction_service.proto"
PAGE = "docs/api.md"
HEAD = """# API reference

`tools/api_reference.py` writes this page from the comments of
[interaction_service.proto](../proto/interaction/v1/interaction_service.proto) and from [errors.md](errors.md); `tools/check`
fails if it is out of date.
"""
# Numbers of fields in google/protobuf/descriptor.proto, of which a location's path is made.
MESSAGES, SERVICES, MEMBERS = 4, 6, 2


class Mistake(Exception):
    """What is wrong with the sources, in a sentence for whoever changes them."""


def comments_of(file: dict) -> dict:
    """The leading comment of everything that has one, by path."""
    comments = {}
    for location in file["sourceCodeInfo"]["location"]:
        text = location.get("leadingComments")
        if text is not None:
            comments[tuple(location.get("path", ()))] = "\n".join(line.removeprefix(" ") for line in text.splitlines()).strip()
    return comments


def comment(comments: dict, path: tuple, name: str) -> str:
    if not comments.get(path):
        raise Mistake(f"{name} has no comment in {PROTO}")
    return comments[path]


def anchor(name: str) -> str:
    return name.lower()


def type_of(field: dict) -> str:
    if "typeName" in field:
        return field["typeName"].rpartition(".")[2]
    return field["type"].removeprefix("TYPE_").lower()


def label_of(field: dict) -> str:
    if field.get("label") == "LABEL_REPEATED":
        return "repeated "
    return "optional " if field.get("proto3Optional") else ""


def field_cell(text: str) -> str:
    """A comment as a cell of a table: its paragraphs apart, everything on one line."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    return "<br>".join(paragraphs).replace("|", "\\|")


def message_text(file: dict, comments: dict, index: int) -> str:
    message = file["messageType"][index]
    lines = [f"### {message['name']}", "", comment(comments, (MESSAGES, index), message["name"]), "",
             "| # | field | JSON | type | what it is |", "|---|---|---|---|---|"]
    for number, field in enumerate(message.get("field", ())):
        text = comment(comments, (MESSAGES, index, MEMBERS, number), f"{message['name']}.{field['name']}")
        lines.append(f"| {field['number']} | `{field['name']}` | `{field['jsonName']}` | {label_of(field)}{type_of(field)} "
                     f"| {field_cell(text)} |")
    return "\n".join(lines)


def service_text(file: dict, comments: dict, index: int) -> str:
    service = file["service"][index]
    full_name = f"{file['package']}.{service['name']}"
    parts = [f"## {service['name']}", f"`{full_name}`", comment(comments, (SERVICES, index), service["name"])]
    for number, method in enumerate(service["method"]):
        request, response = (method[key].rpartition(".")[2] for key in ("inputType", "outputType"))
        parts += [f"### {method['name']}",
                  f"`/{full_name}/{method['name']}`: [{request}](#{anchor(request)}) → [{response}](#{anchor(response)})",
                  comment(comments, (SERVICES, index, MEMBERS, number), method["name"])]
    return "\n\n".join(parts)


def section(page: str, title: str) -> str:
    """The text below a title of second rank, without it."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    if match is None:
        raise Mistake(f"docs/errors.md has no section '{title}'")
    return match.group(1).strip()


def errors_text(errors: str) -> str:
    """What every error carries, and every reason, from docs/errors.md."""
    match = re.search(r"^\| key \| what \|\n(?:\|.*\n)+", errors, re.MULTILINE)
    if match is None:
        raise Mistake("docs/errors.md has no table 'key | what'")
    reasons = "\n" + section(errors, "Reasons")
    if "\n### " not in reasons or "| reason |" not in reasons:
        raise Mistake("docs/errors.md lists no reasons below 'Reasons'")
    return "\n\n".join([
        "## Errors",
        "[errors.md](errors.md) says how to read an error, and which errors come without `ErrorInfo`.",
        "### Metadata of ErrorInfo", match.group(0).strip(),
        reasons[reasons.index("\n### "):].replace("\n### ", "\n### Reasons: ").strip(),
    ])


def page_of(image: dict, errors: str) -> str:
    """The page, of a buf image in JSON and the text of docs/errors.md."""
    files = [file for file in image["file"] if file["name"] == PROTO]
    if not files:
        raise Mistake(f"the image does not hold {PROTO}")
    file = files[0]
    comments = comments_of(file)
    parts = [HEAD.strip()]
    parts += [service_text(file, comments, index) for index in range(len(file["service"]))]
    parts.append("## Messages")
    parts += [message_text(file, comments, index) for index in range(len(file["messageType"]))]
    parts.append(errors_text(errors))
    return "\n\n".join(parts) + "\n"


def image_of_buf() -> dict:
    done = subprocess.run(["buf", "build", "proto", "-o", "-#format=json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main(arguments: list) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: tools/api_reference.py [--check]", file=sys.stderr)
        return 2
    page = ROOT / PAGE
    try:
        wanted = page_of(image_of_buf(), (ROOT / "docs/errors.md").read_text(encoding="utf-8"))
    except Mistake as mistake:
        print(f"tools/api_reference.py: {mistake}", file=sys.stderr)
        return 1
    if not arguments:
        page.write_text(wanted, encoding="utf-8")
        return 0
    there = page.read_text(encoding="utf-8") if page.exists() else ""
    difference = difflib.unified_diff(there.splitlines(), wanted.splitlines(), PAGE, "what the sources say", n=0, lineterm="")
    lines = list(difference)
    if lines:
        print("\n".join(lines), f"{PAGE} is out of date: tools/api_reference.py writes it", sep="\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
