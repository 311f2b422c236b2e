"""XML parts of packages, read without entities, document types or network."""

from __future__ import annotations

import re

from lxml import etree

from runafter.definition.text import decode
from runafter.errors import UnreadableSource

_PROLOG = re.compile(r"(?:\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*(<!DOCTYPE)?", re.IGNORECASE)


def parse_xml(data: bytes, file: str) -> etree._Element:
    """Return the root element.

    Raises:
        UnreadableSource: DEF008, broken XML or one with a document type.
    """
    prolog = _PROLOG.match(decode(data, file).text)
    if prolog is not None and prolog.group(1):
        raise UnreadableSource("the XML declares a document type, which packages never do", file=file, code="DEF008")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        raise UnreadableSource(
            f"broken XML: {fault.msg}", file=file, line=line, column=column, code="DEF008"
        ) from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableSource("the XML declares a document type, which packages never do", file=file, code="DEF008")
    return root


def child_text(element: etree._Element, name: str) -> str | None:
    """Return the text of the first child of this name, in any letter case."""
    folded = name.casefold()
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname.casefold() == folded:
            return child.get("default") or child.text
    return None
