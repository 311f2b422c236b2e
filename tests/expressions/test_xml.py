"""XML is read without DTD, entities or network, and written as .NET writes it."""

from __future__ import annotations

import pytest

from runafter.errors import EvaluationError
from runafter.expressions.evaluate import evaluate
from runafter.expressions.xmltext import BadPath, BadXml, evaluate_path, from_json, outer_xml, parse_xml, to_json

LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<l>&c;</l>"
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
        '<?xml version="1.0"?><!DOCTYPE a><a/>',
    ],
)
def test_doctype_is_refused(text: str) -> None:
    with pytest.raises(BadXml, match="DTD is prohibited"):
        parse_xml(text)
    with pytest.raises(EvaluationError, match="DTD is prohibited"):
        evaluate("@xml(variables('x'))", variables={"x": text})


def test_undeclared_entity_is_refused() -> None:
    with pytest.raises(BadXml):
        parse_xml("<a>&nope;</a>")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<a/>", "<a />"),
        ("<a></a>", "<a></a>"),
        ("<a>\n</a>", "<a></a>"),
        ("<a b='>'></a>", '<a b="&gt;"></a>'),
        ("<a><b></b><b/><!--<c></c>--></a>", "<a><b></b><b /><!--<c></c>--></a>"),
        ("<a>x<![CDATA[<y> & z]]>w</a>", "<a>x<![CDATA[<y> & z]]>w</a>"),
        ("<a><![CDATA[]]></a>", "<a><![CDATA[]]></a>"),
        ("<a><![CDATA[<b></b>]]><b></b></a>", "<a><![CDATA[<b></b>]]><b></b></a>"),
        ("<a> <b/> </a>", "<a><b /></a>"),
        ("<a>x<b/>y</a>", "<a>x<b />y</a>"),
        ('<a b="&lt;&quot;"/>', '<a b="&lt;&quot;" />'),
        ("<p:a xmlns:p='u'><p:b/></p:a>", '<p:a xmlns:p="u"><p:b /></p:a>'),
        ("<?xml version='1.0' encoding='utf-8'?>\n<a/>", "<?xml version='1.0' encoding='utf-8'?><a />"),
        ("<a>&amp;&lt;&gt;</a>", "<a>&amp;&lt;&gt;</a>"),
        ("<a><!--c--><?p d?></a>", "<a><!--c--><?p d?></a>"),
    ],
)
def test_xml_is_written_as_xmldocument_writes_it(text: str, written: str) -> None:
    assert outer_xml(parse_xml(text)) == written


def test_xml_becomes_json() -> None:
    document = parse_xml("<o a='1'>t<i>x</i><i y='2'/><n/></o>")

    assert to_json(document) == {"o": {"@a": "1", "#text": "t", "i": ["x", {"@y": "2"}], "n": None}}


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("<a><b/><c></c><d> </d></a>", {"b": None, "c": "", "d": ""}),
        ("<a><b/>t<c/>u</a>", {"b": None, "#text": ["t", "u"], "c": None}),
        ("<a><![CDATA[<x>]]></a>", {"#cdata-section": "<x>"}),
        ("<a>t<![CDATA[x]]></a>", {"#text": "t", "#cdata-section": "x"}),
        ("<a b='1'></a>", {"@b": "1"}),
        ("<a><!--c-->t</a>", "t"),
        ("<a><?p q?></a>", {"?p": "q"}),
        ("<a> x </a>", " x "),
        (
            "<a xmlns:json='http://james.newtonking.com/projects/json'><b json:Array='true'>1</b><c>2</c></a>",
            {"b": ["1"], "c": "2"},
        ),
    ],
)
def test_content_becomes_json_as_newtonsoft_makes_it(text: str, content: object) -> None:
    found = to_json(parse_xml(text))["a"]

    assert found == content
    if isinstance(content, dict):
        assert list(found) == list(content)


def test_paths_see_no_white_space_between_elements_and_find_elements_as_they_are_written() -> None:
    document = parse_xml("<a> <b></b> <b/> <c><![CDATA[x]]></c> </a>")

    assert evaluate_path(document, "/a/text()") == []
    assert evaluate_path(document, "/a/*") == [
        *((False, "<b></b>"), (False, "<b />"), (False, "<c><![CDATA[x]]></c>")),
    ]
    assert evaluate_path(document, "string(/a/c)") == "x"
    assert evaluate_path(document, "count(/a/b/node())") == 0.0


def test_json_becomes_xml() -> None:
    value = {"?xml": {"@version": "1.0"}, "o": {"@a": 1, "i": ["x", None, True], "a b": {"#text": "<"}}}

    assert from_json(value) == ('<?xml version="1.0"?><o a="1"><i>x</i><i /><i>true</i><a_x0020_b>&lt;</a_x0020_b></o>')


def test_xpath_gives_nodes_attributes_text_and_numbers() -> None:
    document = parse_xml("<o xmlns:p='u'><i n='1'>x</i><p:j/></o>")

    assert evaluate_path(document, "//i") == [(False, '<i n="1">x</i>')]
    assert evaluate_path(document, "//*[local-name()='j']") == [(False, '<p:j xmlns:p="u" />')]
    assert evaluate_path(document, "//i/text()") == [(True, "x")]
    assert evaluate_path(document, "//i/@n") == [(True, 'n="1"')]
    assert evaluate_path(document, "count(//*)") == 3.0
    assert evaluate_path(document, "boolean(//k)") is False


@pytest.mark.parametrize("path", ["", "///", "foo(", "document('x')", "//unknown:a", "re:test('a','b')", "$v"])
def test_path_that_is_not_supported_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        evaluate_path(parse_xml("<a/>"), path)
