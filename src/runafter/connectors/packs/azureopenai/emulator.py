"""Embeddings and chat answers without a model. Shapes from experience.

An embedding counts words in hashed places and has length 1, so cosine
similarity orders texts by the words they share.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any

from runafter.connectors.answers import ok, refuse
from runafter.connectors.seedshape import NUMBER, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

DEPLOYMENTS, ANSWERS = "deployments", "answers"
DIMENSIONS = 1536


def embedding(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Return the text's unit vector; an empty text points along the first axis."""
    vector = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions if word else 0] += 1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def _argument(call: Call, name: str) -> Any:
    value = call.arguments.get(name)
    return call.record("body").get(name) if value is None else value


def _deployment(call: Call) -> Row:
    """Return the deployment; a tenant that seeds none has every one."""
    wanted = call.text("deploymentId")
    row = call.store.get(DEPLOYMENTS, wanted.lower())
    if row is None and call.store.rows(DEPLOYMENTS):
        text = "The API deployment for this resource does not exist."
        raise refuse(404, "DeploymentNotFound", text)
    return row or {"dimensions": DIMENSIONS}


def _texts(call: Call) -> list[str]:
    value = _argument(call, "input")
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise refuse(400, "invalid_request_error", "'input' is a text, or a list of texts, that are not empty.")
    return texts


def _usage(texts: list[str], answer: str = "") -> dict[str, int]:
    prompt, answered = sum(len(text.split()) for text in texts), len(answer.split())
    return {"prompt_tokens": prompt, "completion_tokens": answered, "total_tokens": prompt + answered}


def get_single_embedding(call: Call) -> Outcome:
    size, texts = _deployment(call)["dimensions"], _texts(call)
    return ok({"embedding": embedding(" ".join(texts), size), "usage": _usage(texts)})


def get_array_embeddings(call: Call) -> Outcome:
    size, texts = _deployment(call)["dimensions"], _texts(call)
    return ok({"embeddings": [embedding(text, size) for text in texts], "usage": _usage(texts)})


def get_chat_completions(call: Call) -> Outcome:
    """Answer by the handler `azureopenai/chat`, else by the first seeded answer whose words the last message has."""
    _deployment(call)
    messages = _argument(call, "messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(entry, dict) for entry in messages):
        raise refuse(400, "invalid_request_error", "'messages' is a list of messages with role and content.")
    last = str(messages[-1].get("content") or "")
    handler = call.around.handler("azureopenai/chat")
    answer = None if handler is None else str(handler({"messages": messages}))
    for _, row in call.store.rows(ANSWERS) if answer is None else ():
        if row["when"].lower() in last.lower():
            answer = row["answer"]
            break
    if answer is None:
        text = "The emulated deployment answers only seeded words or by the handler 'azureopenai/chat'."
        raise refuse(400, "invalid_request_error", text)
    written = [str(entry.get("content") or "") for entry in messages]
    return ok({"role": "Assistant", "content": answer, "finishReason": "stop", "usage": _usage(written, answer)})


SEED = {"deployments": {"*": {"dimensions": NUMBER}}, "answers": [{"when": TEXT, "answer!": SCALAR}]}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `deployments: {name: {dimensions: 1536}}` and `answers: [{when: words, answer: text}]`, tried in order."""
    for name, entry in (value.get("deployments") or {}).items():
        store.put(DEPLOYMENTS, str(name).lower(), {"dimensions": int((entry or {}).get("dimensions", DIMENSIONS))})
    for entry in value.get("answers") or []:
        number = store.next_number("answer")
        store.put(ANSWERS, str(number), {"when": str(entry.get("when", "")), "answer": str(entry["answer"])})
