"""XML parts of packages, read without entities, document types or network."""

from __future__ import annotations

from lxml import etree

from runafter.errors import UnreadableSource


def parse_xml(data: bytes, file: str) -> etree._Element:
    """Return the root element.

    Raises:
        UnreadableSource: DEF008, broken XML or one with a document type.
    """
    if b"<!DOCTYPE" in data[:4096].upper() or "<!DOCTYPE".encode("utf-16-le") in data[:8192]:
        raise UnreadableSource("the XML declares a document type, which packages never do", file=file, code="DEF008")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        raise UnreadableSource(f"broken XML: {fault.msg}", file=file, line=fault.lineno or 0, code="DEF008") from fault


def child_text(element: etree._Element, name: str) -> str | None:
    """Return the text of the first child of this name, in any letter case."""
    folded = name.casefold()
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname.casefold() == folded:
            return child.get("default") or child.text
    return None
