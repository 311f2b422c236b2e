"""XML as the platform reads, writes and converts it.

Reading is hardened: no DOCTYPE, no entities beyond the five of XML, no network.
White space between elements is dropped, `<a/>` is written `<a />` and `<a></a>`
stays, as do CDATA sections: as .NET's XmlDocument does (`XmlElement.IsEmpty`).
JSON is made as Newtonsoft's XmlNodeConverter makes it (read 2026-11-21, in a
decompiled copy): `<a/>` is null and `<a></a>` the empty text, CDATA stands
under `#cdata-section`, and `json:Array="true"` makes an array of one element.

libxml2 forgets how an empty element was written and what was CDATA. So there is
a second, marked tree for writing, made from the text only after it was parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from lxml import etree

from runafter.expressions.xmlnames import encode_name, encode_value
from runafter.values.compare import is_number
from runafter.values.json import number_text, stringify
from runafter.values.size import MAX_JSON_DEPTH

_NO_DTD: Final = (
    "For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing "
    "property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method."
)


class BadXml(ValueError):
    """The text is no XML, or XML that is refused."""


class BadPath(ValueError):
    """The text is no XPath expression."""


_OPEN, _CDATA, _CDATA_END = "\U0010fffa", "\U0010fffb", "\U0010fffc"  # for private use, in the last plane
_MARKS: Final = re.compile(f"{_OPEN}|{_CDATA}([^{_CDATA_END}]*){_CDATA_END}")
_TO_MARK: Final = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<cdata>.*?)\]\]>"
    r"|(?P<open><[^\s/!?>][^<>\"']*+(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*+)*+(?<!/)>)\s*+(?P<close></[^>]*>)",
    re.DOTALL,
)
_JSON: Final = "http://james.newtonking.com/projects/json"


class Document:
    """A parsed document and the declaration it was written with; `marked` is its root for writing."""

    __slots__ = ("_body", "_marked", "declaration", "tree")

    def __init__(self, tree: Any, declaration: str, body: str) -> None:
        self.tree = tree
        self.declaration = declaration
        self._body = body
        self._marked: Any = None

    @property
    def marked(self) -> Any:
        if self._marked is None:
            marked = self._body
            if not _MARKS.search(marked) and _CDATA not in marked:
                marked = _TO_MARK.sub(_mark, marked)
            same = marked == self._body
            self._marked = self.tree.getroot() if same else _root(marked)
        return self._marked


def _mark(match: re.Match[str]) -> str:
    cdata, start, close = match.group("cdata", "open", "close")
    if cdata is not None:
        return f"{_CDATA}{encode_value(cdata, quotes=False)}{_CDATA_END}"
    if start is None:
        return match.group()
    return f"{start}{_OPEN}{close}"


def _pieces(text: str | None) -> list[tuple[str, str]]:
    """Split text of the marked tree into (`#text` or `#cdata-section`, text); white space alone is left out."""
    found: list[tuple[str, str]] = []
    at = 0
    for match in _MARKS.finditer(text or ""):
        found.append(("#text", (text or "")[at : match.start()]))
        if match.group(1) is not None:
            found.append(("#cdata-section", match.group(1)))
        at = match.end()
    found.append(("#text", (text or "")[at:]))
    return [(kind, each) for kind, each in found if kind != "#text" or _significant(each)]


def parse_xml(source: str | bytes) -> Document:
    """Parse XML.

    Raises:
        BadXml: with .NET's wording where it is known.
    """
    text = source if isinstance(source, str) else source.decode("utf-8-sig", "replace")
    stripped = text.lstrip("\ufeff")
    if not stripped.strip():
        raise BadXml("Root element is missing.")
    if not stripped.lstrip().startswith("<"):
        at = len(stripped) - len(stripped.lstrip())
        line = stripped.count("\n", 0, at) + 1
        column = at - (stripped.rfind("\n", 0, at) + 1) + 1
        raise BadXml(f"Data at the root level is invalid. Line {line}, position {column}.")
    declaration = ""
    body = stripped
    if stripped.startswith("<?xml") and stripped[5:6].isspace():
        end = stripped.find("?>")
        if end > 0:
            declaration, body = stripped[: end + 2], stripped[end + 2 :]
    root = _root(body.strip())
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None:
        raise BadXml(_NO_DTD)
    for node in root.iter():
        node.text = node.text if _significant(node.text) else None
        node.tail = node.tail if _significant(node.tail) else None
    return Document(tree, declaration, body.strip())


def _root(text: str) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        strip_cdata=False,
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadXml(str(error)) from error


def outer_xml(document: Document) -> str:
    """Return a document as text, its declaration included."""
    pieces = [document.declaration]
    root = document.marked
    for node in (*reversed(list(root.itersiblings(preceding=True))), root, *root.itersiblings()):
        _write(node, pieces, {}, 0)
    return "".join(pieces)


def _write(node: Any, pieces: list[str], known: dict[str | None, str], depth: int) -> None:
    if depth > 2 * MAX_JSON_DEPTH:
        raise BadXml("the document is nested too deeply")
    if node.tag is etree.Comment:
        pieces.append(f"<!--{node.text or ''}-->")
        return
    if node.tag is etree.ProcessingInstruction:
        pieces.append(f"<?{node.target} {node.text or ''}?>")
        return
    if not isinstance(node.tag, str):
        raise BadXml("Reference to undeclared entity.")
    name = _name(node)
    pieces.append(f"<{name}")
    declared = dict(known)
    for prefix, uri in _declarations(node).items():
        if declared.get(prefix) != uri:
            declared[prefix] = uri
            pieces.append(f' xmlns{":" + prefix if prefix else ""}="{_attribute(uri)}"')
    for key, value in node.attrib.items():
        pieces.append(f' {_attribute_name(node, key)}="{_attribute(value)}"')
    children = list(node)
    if not children and not node.text:
        pieces.append(" />")
        return
    pieces.append(">")
    _write_text(node.text, pieces)
    for child in children:
        _write(child, pieces, declared, depth + 1)
        _write_text(child.tail, pieces)
    pieces.append(f"</{name}>")


def _write_text(text: str | None, pieces: list[str]) -> None:
    for kind, each in _pieces(text):
        pieces.append(encode_value(each, quotes=False) if kind == "#text" else f"<![CDATA[{each}]]>")


def _declarations(node: Any) -> dict[str | None, str]:
    """Return the namespaces that an element declares or uses; those it merely inherits are left out."""
    parent = node.getparent()
    inherited = {} if parent is None else parent.nsmap
    used = {node.prefix, *(_attribute_name(node, key).partition(":")[0] for key in node.attrib if key.startswith("{"))}
    return {prefix: uri for prefix, uri in node.nsmap.items() if inherited.get(prefix) != uri or prefix in used}


def _significant(text: str | None) -> bool:
    return bool(text) and not (text or "").isspace()


def _name(node: Any) -> str:
    local = etree.QName(node).localname
    return f"{node.prefix}:{local}" if node.prefix else local


def _attribute_name(node: Any, key: str) -> str:
    if not key.startswith("{"):
        return key
    uri, _, local = key[1:].partition("}")
    if uri == "http://www.w3.org/XML/1998/namespace":
        return f"xml:{local}"
    prefix = next((each for each, namespace in node.nsmap.items() if namespace == uri and each), None)
    return f"{prefix}:{local}" if prefix else local


def _attribute(value: str) -> str:
    text = encode_value(value, quotes=False).replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def to_json(document: Document) -> dict[str, Any]:
    """Turn XML into JSON: attributes are `@name`, repeated elements arrays, mixed text `#text`."""
    found: dict[str, Any] = {}
    if document.declaration:
        found["?xml"] = _declaration(document.declaration)
    root = document.marked
    content = _element(root, {}, 0)
    found[_name(root)] = [content] if _is_array(root) else content
    return found


def _declaration(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name in ("version", "encoding", "standalone"):
        at = text.find(f"{name}=")
        if at > 0:
            quote = text[at + len(name) + 1]
            fields[f"@{name}"] = text[at + len(name) + 2 :].partition(quote)[0]
    return fields


def _element(node: Any, known: dict[str | None, str], depth: int) -> Any:
    if depth > MAX_JSON_DEPTH:
        raise BadXml("the document is nested too deeply")
    found: dict[str, Any] = {}
    declared = {prefix: uri for prefix, uri in node.nsmap.items() if known.get(prefix) != uri}
    for prefix, uri in declared.items():
        if uri != _JSON:
            found[f"@xmlns{':' + prefix if prefix else ''}"] = uri
    counted = bool(declared)
    for key, value in node.attrib.items():
        if not key.startswith(f"{{{_JSON}}}"):
            found[f"@{_attribute_name(node, key)}"] = value
            counted = True
        elif key != f"{{{_JSON}}}Array":
            found[f"${key.rpartition('}')[2]}"] = value
    content = list(_content(node, depth))
    if not counted and len(content) == 1 and content[0][0] == "#text":
        return content[0][1]
    if not content and not counted and not node.attrib:
        return "" if node.text else None
    groups: dict[str, list[Any]] = {}
    arrays = set()
    for name, value, is_array in content:
        groups.setdefault(name, []).append(value)
        if is_array:
            arrays.add(name)
    for name, values in groups.items():
        found[name] = values[0] if len(values) == 1 and name not in arrays else values
    return found


def _content(node: Any, depth: int) -> Iterator[tuple[str, Any, bool]]:
    """Yield (name, value, whether it is an array by itself) of texts and elements in their order."""
    for kind, text in _pieces(node.text):
        yield kind, text, False
    for child in node:
        if child.tag is etree.ProcessingInstruction:
            yield f"?{child.target}", child.text or "", False
        elif isinstance(child.tag, str):
            yield _name(child), _element(child, node.nsmap, depth + 1), _is_array(child)
        elif child.tag is not etree.Comment:
            raise BadXml("Reference to undeclared entity.")
        for kind, text in _pieces(child.tail):
            yield kind, text, False


def _is_array(node: Any) -> bool:
    return str(node.get(f"{{{_JSON}}}Array", "")).strip() in {"true", "1"}


def from_json(value: dict[str, Any]) -> str:
    """Turn an object with one property into XML.

    Raises:
        BadXml: several roots, or a root that is an array.
    """
    pieces: list[str] = []
    declaration = value.get("?xml")
    if isinstance(declaration, dict):
        fields = "".join(f' {key[1:]}="{_attribute(_text(item))}"' for key, item in declaration.items())
        pieces.append(f"<?xml{fields}?>")
    roots = [key for key in value if not key.startswith("?")]
    if len(roots) > 1:
        _several_roots(roots[1])
    for root in roots:
        content = value[root]
        if isinstance(content, list):
            if len(content) > 1:
                _several_roots(f"{root}[1]")
            content = content[0] if content else None
        _write_member(root, content, pieces, 0)
    return "".join(pieces)


def _several_roots(path: str) -> NoReturn:
    raise BadXml(
        "JSON root object has multiple properties. The root object must have a single property in order to create a "
        f"valid XML document. Consider specifying a DeserializeRootElementName. Path '{path}'."
    )


def _write_member(name: str, value: Any, pieces: list[str], depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise BadXml("the value is nested too deeply")
    tag = ":".join(encode_name(part) for part in name.split(":", 1))
    if isinstance(value, list):
        for item in value:
            _write_member(name, item, pieces, depth + 1)
        return
    if not isinstance(value, dict):
        text = encode_value(_text(value), quotes=False)
        empty = value is None
        pieces.append(f"<{tag} />" if empty else f"<{tag}>{text}</{tag}>")
        return
    attributes = "".join(
        f' {key[1:]}="{_attribute(_text(item))}"'
        for key, item in value.items()
        if key.startswith("@") and not isinstance(item, (dict, list))
    )
    inner: list[str] = []
    for key, item in value.items():
        if key.startswith("@") and not isinstance(item, (dict, list)):
            continue
        if key == "#text":
            inner.append(
                encode_value("".join(map(_text, item)) if isinstance(item, list) else _text(item), quotes=False)
            )
        elif key == "#cdata-section":
            inner.append(f"<![CDATA[{_text(item)}]]>")
        elif key != "#comment":
            _write_member(key, item, inner, depth + 1)
    pieces.append(f"<{tag}{attributes}>{''.join(inner)}</{tag}>" if inner else f"<{tag}{attributes} />")


def _text(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    if is_number(value) and type(value) is not int:
        return number_text(value).strip('"')
    return stringify(value)


def evaluate_path(document: Document, path: str) -> Any:
    """Evaluate XPath 1.0: a list of (whether it is plain text, text) for nodes, else a float, text or boolean."""
    try:
        found = document.tree.xpath(path)
    except (etree.XPathError, ValueError, TypeError) as error:
        raise BadPath(str(error)) from error
    if isinstance(found, (bool, float)):
        return found
    if isinstance(found, str):
        return str(found)
    if not isinstance(found, list):
        return []
    places = {node: place for place, node in enumerate(document.tree.getroot().iter())}
    written = list(document.marked.iter()) if any(each in places for each in found if not isinstance(each, str)) else []
    return [_node(written[places[each]] if written and each in places else each) for each in found]


def _node(node: Any) -> tuple[bool, str]:
    if isinstance(node, str):
        parent = node.getparent() if hasattr(node, "getparent") else None
        if getattr(node, "is_attribute", False) and parent is not None:
            name = _attribute_name(parent, str(getattr(node, "attrname", "")))
            return True, f'{name}="{_attribute(str(node))}"'
        return True, str(node)
    if isinstance(node, tuple):
        prefix, uri = node
        return True, f'xmlns{":" + prefix if prefix else ""}="{uri}"'
    pieces: list[str] = []
    _write(node, pieces, {}, 0)
    return False, "".join(pieces)
