"""The finding codes of this room, for the reference pages."""

from __future__ import annotations

CODES: dict[str, str] = {
    "DEF000": "A definition is at fault; the message says how.",
    "DEF001": "The source is no readable flow: not text, or no container that is known.",
    "DEF002": "The file, or what an archive unpacks to, is larger than is read.",
    "DEF003": "The text is not JSON; line and column say where.",
    "DEF004": "The JSON is nested too deeply.",
    "DEF005": "An archive is unsafe: a member's name leaves the archive, it unpacks to far more than it holds, or it has too many members.",
    "DEF006": "The archive is damaged, encrypted or compressed in a way that is not read.",
    "DEF007": "No flow was found in the source.",
    "DEF008": "An XML part of a package is not readable, or declares a document type.",
    "DEF010": "A key stands twice in one object; the last one counts.",
    "DEF011": "The file is not UTF-8 and was read as Windows-1252.",
    "DEF012": "JSON that a strict reader would refuse: a trailing comma, single quotes, a bare key.",
    "DEF013": "A file beside the flows could not be read and was left out.",
    "DEF014": "An ARM template takes a workflow's definition from a parameter that has no value.",
    "DEF100": "The definition has findings of severity error and cannot be built.",
}
