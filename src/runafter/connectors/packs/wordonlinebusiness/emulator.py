"""Word templates and PDFs over the tenant's files. Stand-ins: a template is not opened, a PDF is not rendered."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape

from runafter.connectors.answers import content, failure, ok
from runafter.connectors.folders import Folders
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{DOCX}.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)


def _document(lines: list[str]) -> bytes:
    """Return a Word document with a paragraph per line; equal lines give equal bytes."""
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    text = f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{_WORDS}"><w:body>{paragraphs}</w:body></w:document>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in (("[Content_Types].xml", _TYPES), ("_rels/.rels", _RELATIONS), ("word/document.xml", text)):
            archive.writestr(zipfile.ZipInfo(name), part)
    return packed.getvalue()


def _value(value: Any) -> str:
    return "" if value is None else str(value)


def _stored(call: Call) -> bytes | None:
    """Return the bytes of the file where OneDrive or a SharePoint site of the tenant has it."""
    for service in ("onedriveforbusiness", "sharepointonline"):
        store = call.around.store_of(service)
        for root in store.tables():
            if root == "files" or root.startswith("files|"):
                found = Folders(store, call.now, root).find(call.text("file"))
                if found is not None and not found.is_folder:
                    return found.data
    return None


def create_file_item(call: Call) -> Outcome:
    fields = call.record("dynamicFileSchema")
    return ok(content(_document([f"{name}: {_value(value)}" for name, value in fields.items()]), DOCX))


def get_file_pdf(call: Call) -> Outcome:
    if not call.text("file"):
        return failure(400, "BadRequest", "The file is missing.")
    return ok(content(_stored(call) or b"%PDF-1.4\n%%EOF\n", "application/pdf"))
