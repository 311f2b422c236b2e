from __future__ import annotations

import math
from typing import Any

import pytest
from tests.connectors.packs.calling import Service

from runafter.connectors.packs.azureaisearch.emulator import cosine


def vector(text: str) -> list[float]:
    outcome = Service("azureopenai").built_in("openai", "getSingleEmbedding", deploymentId="m", input=text)
    return list(outcome.body["embedding"])


def test_embeddings_are_unit_vectors_that_order_texts_by_shared_words() -> None:
    near, far = cosine(vector("red car"), vector("a red car stops")), cosine(vector("red car"), vector("blue moon"))

    assert math.isclose(sum(value * value for value in vector("red car")), 1.0)
    assert vector("Red car") == vector("car red")
    assert near > far


def test_both_dialects_give_one_embedding_for_each_text() -> None:
    service = Service("azureopenai", {"deployments": {"small": {"dimensions": 8}}})
    consumption = service.request("POST", "/deployments/small/multipleEmbeddings", {"input": ["a", "b"]})
    standard = service.built_in("openai", "getArrayEmbeddings", deploymentId="small", input=["a", "b"])

    assert [len(entry) for entry in consumption.body["embeddings"]] == [8, 8]
    assert standard.body == consumption.body
    assert (
        service.request("POST", "/deployments/none/multipleEmbeddings", {"input": ["a"]}).code == "DeploymentNotFound"
    )


@pytest.mark.parametrize("text", ["", None, [], ["a", ""], 5])
def test_an_input_without_text_is_refused(text: Any) -> None:
    outcome = Service("azureopenai").built_in("openai", "getArrayEmbeddings", deploymentId="m", input=text)

    assert outcome.status_code == 400


def test_chat_answers_from_seeds_or_a_handler_only() -> None:
    service = Service("azureopenai", {"answers": [{"when": "order", "answer": "It ships today."}]})

    def ask(text: str) -> Any:
        messages = [{"role": "System", "content": "x"}, {"role": "User", "content": text}]
        return service.built_in("openai", "getChatCompletions", deploymentId="m", messages=messages)

    known, unknown = ask("Where is my ORDER?"), ask("Sing!")
    service.tenant.handle("azureopenai/chat", lambda given: f"{len(given['messages'])} messages")

    assert known.body["content"] == "It ships today."
    assert unknown.status_code == 400
    assert ask("Sing!").body["content"] == "2 messages"


DOCUMENTS = [
    {"id": "1", "content": "red car", "size": 1, "v": [1.0, 0.0]},
    {"id": "2", "content": "blue car car", "size": 2, "v": [0.6, 0.8]},
    {"id": "3", "content": "moon", "size": 3, "v": [0.0, 1.0]},
]


@pytest.fixture
def search() -> Service:
    return Service("azureaisearch", {"indexes": {"docs": {"documents": DOCUMENTS}}})


def test_the_nearest_vectors_come_first_with_the_service_s_score(search: Service) -> None:
    outcome = search.built_in(
        "azureaisearch", "vectorSearch", indexName="docs", kNearestNeighbors=2,
        searchVector={"vector": [1.0, 0.0], "fieldName": "v"},
    )  # fmt: skip

    assert [row["id"] for row in outcome.body] == ["1", "2"]
    assert [row["@search.score"] for row in outcome.body] == pytest.approx([1.0, 1 / 1.4])


def test_a_vector_of_other_dimensions_is_refused(search: Service) -> None:
    given = {"vector": [1.0], "fieldName": "v"}

    outcome = search.built_in("azureaisearch", "vectorSearch", indexName="docs", searchVector=given)

    assert outcome.code == "InvalidVectorQuery"


def test_words_and_filters_find_documents(search: Service) -> None:
    words = search.call("searchDocuments", indexName="docs", query__search="car", query__select="id")
    filtered = search.call("searchDocuments", indexName="docs", query__search="*", query__filter="size gt 2")

    assert [row["id"] for row in words.body["value"]] == ["2", "1"]
    assert [row["id"] for row in filtered.body["value"]] == ["3"]


def test_documents_are_uploaded_merged_and_deleted_by_key(search: Service) -> None:
    sent = [{"id": "4", "content": "new"}, {"id": "1", "content": "green", "@search.action": "merge"}]
    first = search.request("POST", "/indexDocuments", sent, indexName="docs")
    search.call("deleteDocument", indexName="docs", keyValue="2")
    lost = search.request("POST", "/indexDocuments", [{"id": "9", "@search.action": "merge"}], indexName="docs")
    rows = dict(search.tenant.store_of("azureaisearch").rows("documents|docs"))

    assert [entry["statusCode"] for entry in first.body["value"]] == [201, 200]
    assert (rows["1"]["content"], rows["1"]["size"]) == ("green", 1)
    assert sorted(rows) == ["1", "3", "4"]
    assert lost.status_code == 207


def test_a_wrong_index_or_key_leaves_nothing_behind(search: Service) -> None:
    wrong = search.request("POST", "/indexDocuments", [{"id": "5"}, {"name": "x"}], indexName="docs")

    assert search.request("POST", "/indexDocuments", [], indexName="none").code == "ResourceNotFound"
    assert wrong.code == "InvalidRequestParameter"
    assert search.tenant.store_of("azureaisearch").get("documents|docs", "5") is None
