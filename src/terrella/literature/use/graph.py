"""A graph of entities: what stands with what in a sentence, how, and the sentence that says so."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import networkx as nx

from terrella.literature.texts.words import singular
from terrella.literature.use.entities import Entity, Read

WITH = "with"  # in one sentence, and no word says how
# Words between two entities, and whether the second is then the subject; the first that fits counts.
_RELATIONS = tuple(
    (name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE), turned)
    for name, words, turned in (
        ("overlies", "(?:overlain|covered|capped|succeeded).*by", True),
        ("overlies", "overl(?:ies|ie|ay|ying)|rests? (?:unconformably )?(?:up)?on|succeeds?|caps?", False),
        ("intrudes", "(?:intruded|cut).*by", True),
        ("intrudes", "intrudes?|cuts", False),
        ("contains", "(?:hosted|contained).*(?:by|in)", True),
        ("contains", "contain(?:s|ing)?|compris(?:es|e|ing)|consists? of|composed of|hosts?|holds?", False),
        ("part of", "(?:part|member|division) of|belongs to", False),
        ("occurs at", "(?:occurs?|found|exposed|crops? out).*(?:in|at|near|on)", False),
    )
)
_JOINED = re.compile(r"\s*,?\s*(?:and|or|with)?\s*", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def entity_graph(read: Sequence[Read]) -> "nx.MultiDiGraph[str]":
    """Return the graph: a node for each entity and kind, an edge for each pair and relation with its sentences.

    Nodes have `name`, `kind`, `mentions`; edges `relation`, `times`, and of the first sentence `sentence`,
    `document`, `start` and `end`, its characters in the document's text. All are in `evidence`, which GraphML does
    not hold.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    names = Counter((_key(entity), entity.text) for own in read for entity in own.entities)
    for (key, text), times in sorted(names.items(), key=lambda each: (-each[1], each[0])):
        if key not in graph:
            graph.add_node(key, name=_printable(text), kind=key.rsplit("|", 1)[1], mentions=0)
        graph.nodes[key]["mentions"] += times
    for own in read:
        for number in range(len(own.sentences)):
            inside = [entity for entity in own.entities if entity.sentence == number]
            for first, second in combinations(range(len(inside)), 2):
                _join(graph, own, inside[first : second + 1])
    return graph


def _join(graph: "nx.MultiDiGraph[str]", own: Read, chain: Sequence[Entity]) -> None:
    """Add the edge between the first and the last of neighbouring entities."""
    first, second = chain[0], chain[-1]
    gaps = [own.document.text[a.end : b.start] for a, b in pairwise(chain)]
    fitting = ((name, turned) for name, words, turned in _RELATIONS if words.search(gaps[0]))
    # What is said of the first of a list is said of all.
    listed = all(_JOINED.fullmatch(gap) for gap in gaps[1:])
    relation, turned = next(fitting, (WITH, False)) if listed else (WITH, False)
    source, target = _key(first), _key(second)
    if source == target:
        return
    if turned or (relation == WITH and source > target):
        source, target = target, source
    tokens = own.sentences[first.sentence]
    told = {
        "sentence": _printable(own.sentence_text(first.sentence)), "document": _printable(own.document.name),
        "start": tokens[0].start, "end": tokens[-1].end,
    }  # fmt: skip
    if graph.has_edge(source, target, relation):
        edge = graph.edges[source, target, relation]
        if told not in edge["evidence"]:
            edge["evidence"].append(told)
            edge["times"] += 1
    else:
        graph.add_edge(source, target, relation, relation=relation, times=1, **told, evidence=[told])


def as_json(graph: "nx.MultiDiGraph[str]") -> dict[str, Any]:
    """Return the graph as nodes and edges, each edge with all sentences behind it."""
    nodes = [{"id": key, **values} for key, values in graph.nodes(data=True)]
    plain = ("relation", "times", "evidence")
    edges = [
        {"source": source, "target": target, **{name: values[name] for name in plain}}
        for source, target, values in graph.edges(data=True)
    ]
    return {"nodes": nodes, "edges": edges}


def without_lists(graph: "nx.MultiDiGraph[str]") -> "nx.MultiDiGraph[str]":
    """Return the graph as GraphML can hold it: each edge with its first sentence."""
    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    plain.add_nodes_from(graph.nodes(data=True))
    for source, target, key, values in graph.edges(keys=True, data=True):
        plain.add_edge(
            source, target, key, **{name: each for name, each in values.items() if name != "evidence"}
        )
    return plain


def _key(entity: Entity) -> str:
    words = [singular(word) for word in _printable(entity.text).casefold().split()]
    return f"{' '.join(words)}|{entity.kind}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)
