"""What tests/helm needs of the chart: rendering it, the schemas of its objects, the table of its values."""
import json
import os
import re
import subprocess

import jsonschema
import kubernetes_validate
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
CHART = os.path.join(ROOT, "helm/interaction-gateway")
KUBERNETES = "1.31"
LINKERD_TYPES = os.path.join(ROOT, "tests/helm/policy.linkerd.io.yaml")
VALUE_SETS = sorted(name.removesuffix("-values.yaml") for name in os.listdir(os.path.join(CHART, "ci")))


def values_file(name):
    return os.path.join(CHART, "ci", f"{name}-values.yaml")


def parse(text):
    return [document for document in yaml.safe_load_all(text) if document]


class Helm:
    def __init__(self, program):
        self.program = program

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True)

    def template(self, *arguments):
        """The text of all objects. AssertionError with helm's message where it refuses."""
        result = self.run("template", "trial", CHART, "--namespace", "interactions", "--kube-version", f"{KUBERNETES}.0", *arguments)
        errors = "\n".join(line for line in result.stderr.splitlines() if "found symbolic link" not in line)
        assert result.returncode == 0, errors
        return result.stdout

    def objects(self, *arguments):
        return parse(self.template(*arguments))

    def refusal(self, *arguments):
        """Why helm does not render these values."""
        try:
            self.template(*arguments)
        except AssertionError as error:
            return str(error)
        return None


def find(objects, kind, suffix=""):
    """The one object of the kind whose name ends so."""
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, f"{len(found)} objects of kind {kind} with a name that ends with '{suffix}'"
    return found[0]


def gateway(objects):
    return find(objects, "Deployment", "interaction-gateway")


def config(objects):
    return yaml.safe_load(find(objects, "ConfigMap", "interaction-gateway")["data"]["interaction-server.yaml"])


def closed(schema):
    """The schema of a CRD as the API server holds objects against it with strict field validation: nothing unknown."""
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    if schema.get("x-kubernetes-int-or-string"):
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    if "properties" in schema:
        schema["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = closed(schema[key])
    schema.pop("format", None)
    return schema


def definitions(folder):
    """The CRDs in the folder where tools/install-dependencies puts them, and Linkerd's."""
    for path in [*(os.path.join(folder, name) for name in sorted(os.listdir(folder))), LINKERD_TYPES]:
        with open(path, encoding="utf-8") as file:
            for document in yaml.load_all(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if document and document.get("kind") == "CustomResourceDefinition":
                    yield document


class Schemas:
    """Of Kubernetes' own objects, and of those that CRDs define. folder: see definitions."""

    def __init__(self, folder):
        self.custom = {}
        for document in definitions(folder):
            self.add(document["spec"])

    def add(self, spec):
        for version in spec["versions"]:
            schema = closed(version["schema"]["openAPIV3Schema"])
            schema["properties"].update({"apiVersion": {}, "kind": {}, "metadata": {}})
            self.custom[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema

    def check(self, document):
        """Raises where the object is not what its API takes."""
        key = document["apiVersion"], document["kind"]
        if key in self.custom:
            jsonschema.Draft7Validator(self.custom[key]).validate(document)
        else:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def read_values():
    with open(os.path.join(CHART, "values.yaml"), encoding="utf-8") as file:
        return file.read()


def values_table():
    """The table of all values for README.md, from the comments "# --" of values.yaml."""
    rows, path, comment, documented = [], [], None, False
    values = yaml.safe_load(read_values())
    for line in read_values().splitlines():
        text = line.strip()
        if text.startswith("# -- "):
            comment, documented = text[5:], True
        elif text.startswith("#"):
            comment = f"{comment} {text[1:].strip()}" if documented else None
        elif match := re.match(r"( *)([A-Za-z]+):(.*)", line):
            path = path[: len(match[1]) // 2] + [match[2]]
            value = values
            for name in path:
                value = value[name]
            is_leaf = match[3].strip() or value is None
            if comment or is_leaf:
                shown = "" if value is None or not is_leaf else json.dumps(value, ensure_ascii=False)
                rows.append(f"| `{'.'.join(path)}` | {f'`{shown}`' if shown else ''} | {comment or ''} |")
            comment, documented = None, False
        else:
            comment, documented = None, False
    return "\n".join(["| value | default | what it does |", "|---|---|---|", *rows]) + "\n"
