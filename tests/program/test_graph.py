"""The run-after graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runafter.program.graph import Graph, make_block

DIAMOND = Graph.of({"D": ["B", "C"], "B": ["A"], "C": ["A"], "A": []})


@st.composite
def dags(draw: st.DrawFn) -> dict[str, list[str]]:
    size = draw(st.integers(0, 12))
    names = [f"n{i}" for i in range(size)]
    edges = {name: draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [] for i, name in enumerate(names)}
    order = draw(st.permutations(names))
    return {name: edges[name] for name in order}


def test_a_diamond_has_one_root_one_leaf_and_three_levels() -> None:
    assert DIAMOND.roots() == ("A",)
    assert DIAMOND.leaves() == ("D",)
    assert DIAMOND.levels() == {"A": 0, "B": 1, "C": 1, "D": 2}
    assert DIAMOND.topological_order() == ("A", "B", "C", "D")
    assert DIAMOND.ancestors("D") == ("B", "C", "A")
    assert DIAMOND.descendants("A") == ("D", "B", "C")


def test_a_cycle_is_named_as_a_path_in_run_order() -> None:
    graph = Graph.of({"A": ["B"], "B": ["A"], "C": ["B"]})

    assert graph.cycles() == (("A", "B", "A"),)


def test_an_action_that_waits_for_itself_is_a_cycle() -> None:
    assert Graph.of({"A": ["A"]}).cycles() == (("A", "A"),)


def test_two_knots_give_two_cycles_and_one_knot_gives_one() -> None:
    two = Graph.of({"A": ["B"], "B": ["A"], "C": ["D"], "D": ["C"]})
    one = Graph.of({"A": ["B", "C"], "B": ["A"], "C": ["A"]})

    assert len(two.cycles()) == 2
    assert len(one.cycles()) == 1


def test_an_acyclic_graph_has_no_cycle() -> None:
    assert DIAMOND.cycles() == ()


@given(dags())
def test_topological_order_puts_every_action_after_those_it_waits_for(edges: dict[str, list[str]]) -> None:
    graph = Graph.of(edges)

    place = {name: index for index, name in enumerate(graph.topological_order())}

    assert sorted(place) == sorted(edges)
    assert all(place[before] < place[name] for name, befores in edges.items() for before in befores)
    assert graph.cycles() == ()


@given(dags())
def test_levels_rise_along_every_edge(edges: dict[str, list[str]]) -> None:
    graph = Graph.of(edges)

    levels = graph.levels()

    assert all(levels[before] < levels[name] for name, befores in edges.items() for before in befores)


@given(dags())
def test_a_cyclic_graph_still_orders_all_its_actions(edges: dict[str, list[str]]) -> None:
    knotted = {**edges, "x": ["y", *edges], "y": ["x"]}

    graph = Graph.of(knotted)

    assert sorted(graph.topological_order()) == sorted(knotted)
    assert graph.cycles() == (("x", "y", "x"),)


def test_a_block_keeps_the_wished_statuses() -> None:
    block = make_block({"A": (), "B": (("A", ("Failed", "TimedOut")),)})

    assert block.predecessors["B"] == (("A", ("Failed", "TimedOut")),)
    assert block.successors == {"A": ("B",), "B": ()}
    assert (block.roots, block.leaves) == (("A",), ("B",))
