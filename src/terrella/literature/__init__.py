"""Text mining for geoscience: entities, classes, key phrases, summaries, searches and a graph of one's own texts.

The task's table of contents: its public names, each loaded when it is first used.
"""

from terrella.contents import loader

_PUBLIC = {
    "train": "terrella.literature.task",
    "judge": "terrella.literature.task",
    "predict": "terrella.literature.task",
    "LiteratureSettings": "terrella.literature.settings",
    "LiteratureModel": "terrella.literature.model",
    "load_model": "terrella.literature.model",
    "ClassModel": "terrella.literature.classes.model",
    "load_classifier": "terrella.literature.classes.model",
    "read_labelled": "terrella.literature.corpus.labelled",
    "simulate": "terrella.literature.corpus.synthetic",
    "read_texts": "terrella.literature.texts.read",
    "read_entities": "terrella.literature.use.entities",
    "entity_graph": "terrella.literature.use.graph",
    "key_phrases": "terrella.literature.use.phrases",
    "summary": "terrella.literature.use.summary",
    "make_index": "terrella.literature.use.search",
    "by_words": "terrella.literature.use.search",
    "by_meaning": "terrella.literature.use.search",
}
__all__ = list(_PUBLIC)
__getattr__, __dir__ = loader(__name__, _PUBLIC)
