"""docs/schema: what JSON documents are held against, and how."""
import copy
import functools
import json
import unittest

from vdsotrace_testing import SOURCE

FOLDER = SOURCE / "docs" / "schema"


def schema(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def closed(node):
    """The same without room for keys that are not documented. Readers have to leave that room: keys may be added."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: value if key == "if" else closed(value) for key, value in node.items()}
    if "properties" in node and "allOf" not in node:
        node["additionalProperties"] = False
    return node


@functools.lru_cache(maxsize=None)
def validator(name, strict=True):
    """Skips where Debian's python3-jsonschema is missing."""
    try:
        import jsonschema
    except ImportError:
        raise unittest.SkipTest("python3-jsonschema is not installed") from None
    if not hasattr(jsonschema, "Draft202012Validator"):
        raise unittest.SkipTest("this python3-jsonschema does not know the draft 2020-12")
    rules = schema(name)
    jsonschema.Draft202012Validator.check_schema(rules)
    return jsonschema.Draft202012Validator(closed(rules) if strict else rules)


def mistakes(name, document, strict=True):
    """In sentences; none: the document keeps to the schema."""
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(name, strict).iter_errors(document)]


def keeps(name, document):
    """Whether it does, by the strict reading."""
    return validator(name).is_valid(document)


def spoiled(document):
    """(what was done, a copy of the document) for each value in it: left out, or of a type that no value has."""
    def places(node, path):
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            yield path, key, isinstance(node, dict)
            yield from places(value, path + [key])
    for path, key, in_object in list(places(document, [])):
        for wrong in ("without", "another type"):
            if wrong == "without" and not in_object:
                continue
            other = copy.deepcopy(document)
            node = other
            for step in path:
                node = node[step]
            if wrong == "without":
                del node[key]
            else:
                node[key] = {"no": ["such", "value"]}
            yield f"{wrong}: {path + [key]}", other
