"""Documents: HTML as text, templates filled, files as PDF."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest
from tests.connectors.packs.calling import Service


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("See <a href='https://x.example/a'>here</a>.", "See here [https://x.example/a]."),
        ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
        ("<style>p {}</style><b>Bold</b>  <i>not</i><br/>line", "Bold not\nline"),
        ("", ""),
    ],
)
def test_html_is_read_as_text(html: str, text: str) -> None:
    assert Service("conversionservice").call("HtmlToText", Content=html).body == text


def test_a_template_is_filled_with_the_values_given() -> None:
    made = Service("wordonlinebusiness").call(
        "CreateFileItem", source="me", drive="b!1", file="01ABC", **{"dynamicFileSchema/-883253391": "A & B"}
    )

    with zipfile.ZipFile(io.BytesIO(base64.b64decode(made.body["$content"]))) as archive:
        assert b"-883253391: A &amp; B" in archive.read("word/document.xml")


def test_a_file_of_the_tenant_becomes_a_pdf() -> None:
    word = Service("wordonlinebusiness")
    drive = Service("onedriveforbusiness", {"files": {"/a.docx": "text"}})
    for key, row in drive.tenant.store_of("onedriveforbusiness").rows("files"):
        word.tenant.store_of("onedriveforbusiness").put("files", key, row)

    made = word.call("GetFilePDF", source="me", drive="b!1", file="/a.docx")

    assert made.body == {"$content-type": "application/pdf", "$content": base64.b64encode(b"text").decode()}
