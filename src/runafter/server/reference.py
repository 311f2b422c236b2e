"""The page at /docs: every operation of the own API, made from the OpenAPI document on the server. No script, nothing fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif;--line:light-dark(#d9dee7,#39414f);--dim:light-dark(#566,#9ab)}
body{max-width:900px;margin:2rem auto;padding:0 1rem}code,pre{font-family:ui-monospace,monospace;font-size:.9em}
details{border:1px solid var(--line);border-radius:8px;margin:.4rem 0;padding:.5rem .9rem}summary{cursor:pointer}
summary b{display:inline-block;width:4rem}pre{overflow:auto;background:light-dark(#f2f4f8,#1d222b);padding:.7rem;border-radius:6px}
.dim{color:var(--dim)}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the reference as HTML."""
    info = document["info"]
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code> "
        f"<span class=dim>{escape(str(schema.get('description', '')).split('.')[0])}</span></summary>"
        f"<pre>{escape(json.dumps(schema, indent=2))}</pre></details>"
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>"
        "<meta name=viewport content='width=device-width'>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        "<p>Send <code>Authorization: Bearer TOKEN</code> with the token that <code>runafter serve</code> printed. Live news "
        "come as server-sent events from <code>/api/events</code> (<code>?flow=</code>, <code>?run=</code>). The Logic Apps "
        "management API answers under <code>/subscriptions/…</code>. The document of this page: "
        "<a href=/openapi.json>/openapi.json</a>.</p>"
        f"<h2>Operations</h2>{operations}<h2>Shapes</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code><td class=dim>{each['in']}"
        f"<td class=dim>{escape(str(each['schema'].get('type', '')))}"
        for each in operation["parameters"]
    )
    body = operation.get("requestBody")
    asked = f"<p>Body: {_content(body)}</p>" if body else ""
    answers = "".join(
        f"<tr><td>{escape(code)}<td>{_content(answer)}"
        for code, answer in operation["responses"].items()
        if code.startswith("2")
    )
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f"<span class=dim>{escape(operation['summary'])}</span></summary>"
        f"<table>{rows}</table>{asked}<p>Answers:</p><table>{answers}</table></details>"
    )


def _content(told: Mapping[str, Any]) -> str:
    ((media, content),) = told["content"].items()
    return _schema(content["schema"]) if media == "application/json" else f"<code>{escape(media)}</code>"


def _schema(schema: Mapping[str, Any]) -> str:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = escape(reference.rpartition("/")[2])
        return f"<a href='#{name}'><code>{name}</code></a>"
    return f"<code>{escape(json.dumps(schema))}</code>"
