"""YAML files of data sets, read strictly: plain lists and tables of texts, nothing that can grow or run."""

from pathlib import Path

import yaml

from rccar_models.errors import DataError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import name_of, read_text
from rccar_models.formats.repeats import first_repeat

MAX_MIB = 0.5
"""Larger files are refused: the names of a thousand classes take a tenth of it."""


def read_yaml(path: Path, *, root: Path) -> object:
    """Read a YAML file.

    Args:
        path: UTF-8.
        root: folder of the data set, for messages.

    Returns:
        Its content; every single value is a text, as it is written (`no` is "no", 1 is "1").

    Raises:
        DataError: it is no YAML, too large, nested too deeply, or has anchors, aliases, tags or a key twice.
    """
    where = name_of(path, root)
    text = read_text(path, root=root, max_mib=MAX_MIB)
    line = column = None
    try:
        content: object = yaml.load(text, Loader=_Plain)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        fault = f"not valid YAML: {error.problem or error.context}"
    except yaml.YAMLError as error:
        fault = f"not valid YAML: {' '.join(str(error).split())}"
    except RecursionError:
        fault = "nested too deeply"
    else:
        return content
    raise DataError(str(root), [Fault(Rule.ANNOTATION, fault, file=where, line=line, column=column)])


class _Plain(yaml.BaseLoader):
    """Refuses what a description of a data set never needs: a few aliases of aliases fill any memory."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        for what, said in (("anchor", "anchors and aliases"), ("tag", "tags")):
            found = getattr(event, what, None)
            if found:
                problem = f"{said} ({str(found)[:80]}) are not read; write the values out"
                raise yaml.composer.ComposerError(None, None, problem, event.start_mark)  # type: ignore[arg-type]
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: ARG002
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(keys) < len(node.value):
            problem = "a key is a list or a table; write a name or a number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        twice = first_repeat(keys)
        if twice is not None:
            problem = f"the key {twice[:80]!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return dict(super().construct_mapping(node, deep=True))
