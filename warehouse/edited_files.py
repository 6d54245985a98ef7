"""Files that people edit, read strictly: UTF-8 text, and YAML against a pydantic model with the line of each entry.

What the entries mean belongs to the modules that read them: agreements, extract specifications, decisions. A command
that adds to such a file does so through `rewriting`, so that it keeps all that people wrote.
"""

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from warehouse.errors import InputError

At = tuple[int | str, ...]
Lines = dict[At, int]
Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path) -> str:
    """Return the file's text. Raises InputError where it is missing, no file, or not UTF-8."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing from {path.parent.name}/: put the file back.") from None
    except IsADirectoryError:
        raise InputError(f"{path.name} is a folder: put the file back in its place.") from None
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened ({error.strerror}): put the file back in its place.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name}, line {line}: not UTF-8: save the file with the encoding UTF-8.") from None
    if text.startswith("\ufeff"):
        raise InputError(f"{path.name}, line 1: starts with a byte order mark: save the file as UTF-8 without one.")
    return text


def read_yaml(path: Path, model: type[Model]) -> tuple[Model, Lines]:
    """Return the file as an instance of the model, and the line number of each of its entries.

    Raises InputError naming file, line and what is allowed.
    """
    text = read_text(path)
    try:
        lines = dict(_lines_of(yaml.compose(text, yaml.CSafeLoader), path))
        content = yaml.load(text, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InputError(f"{path.name}, line {line}: holds a control character: take it out.") from None
    except ValueError as error:
        raise InputError(
            f"{path.name}, line {_no_day(text)}: a date cannot be read ({error}): write a date as 2021-01-31."
        ) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            f"{path.name}, line {line}: not readable as YAML ({error.problem}): mend the indentation or the quotes."
        ) from None
    try:
        return model.model_validate(content), lines
    except ValidationError as error:
        raise _fault(path, error, lines, content, model) from None


@contextmanager
def rewriting(path: Path) -> Iterator[Path]:
    """Yield a copy of the file, of the same name in a folder of its own; it replaces the file unless the block raises.

    Other writers wait: the lock is a separate file, as the file itself is replaced. A link is followed and its target
    written, as that is under version control. Raises InputError where the file is missing or not UTF-8.
    """
    read_text(path)
    written = path.resolve()
    with written.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = written.parent / f".{path.name}"
        folder.mkdir(exist_ok=True)
        working_copy = folder / path.name
        try:
            shutil.copy(written, working_copy)
            yield working_copy
            working_copy.replace(written)
        finally:
            working_copy.unlink(missing_ok=True)
            folder.rmdir()


def short(value: object) -> str:
    """Return a value as text for a sentence: on one line, cut off at 60 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def line_of(lines: Lines, at: At) -> int:
    """Return the line number of an entry, else of the nearest entry around it, else 1."""
    return next((lines[at[:length]] for length in range(len(at), -1, -1) if at[:length] in lines), 1)


def _no_day(text: str) -> int:
    """Return the line number of the first date that no calendar has; 1 where there is none."""
    for number, line in enumerate(text.splitlines(), 1):
        for day in re.findall(r"\d{4}-\d{1,2}-\d{1,2}", line):
            try:
                yaml.load(day, yaml.CSafeLoader)
            except ValueError:
                return number
    return 1


def _lines_of(node: yaml.Node | None, path: Path, at: At = ()) -> Iterator[tuple[At, int]]:
    if node is None:
        return
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        keys_so_far: set[object] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<" or key.value in keys_so_far:
                raise InputError(
                    f"{path.name}, line {key.start_mark.line + 1}: {short(key.value)} stands twice or is no plain word: write each word of the file once."
                )
            keys_so_far.add(key.value)
            yield from _lines_of(value, path, (*at, key.value))
            yield (*at, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines_of(value, path, (*at, index))


def _fault(path: Path, error: ValidationError, lines: Lines, content: object, model: type[BaseModel]) -> InputError:
    """The first fault of the file as one sentence."""
    fault = error.errors()[0]
    at = _in_file(fault["loc"], content, keep_last=fault["type"] not in ("value_error", *_UNION_FAULTS))
    message = {"extra_forbidden": "is not a word of this file", "missing": "is missing"}.get(
        fault["type"], fault["msg"].removeprefix("Value error, ")
    )
    if fault["type"] == "extra_forbidden":
        words = dict.fromkeys(name for kind in _models_at([model], fault["loc"][:-1]) for name in kind.model_fields)
        message += f"; known are {', '.join(words)}"
    if fault["type"] in _UNION_FAULTS:
        kind = "".join(f" for {tag}" for tag in fault["loc"][len(at) :])
        at = (*at, fault["ctx"]["discriminator"].strip("'"))
        *tags, last = _union_tags(_models_at([model], fault["loc"]), str(at[-1]))
        message = f"Input should be {', '.join(tags)} or {last}{kind}"
    entry = short(".".join(str(part + 1) if isinstance(part, int) else part for part in at) or "the file")
    return InputError(f"{path.name}, line {line_of(lines, at)}: {entry}: {message}.")


_UNION_FAULTS = ("union_tag_invalid", "union_tag_not_found")


def _in_file(at: At, content: object, *, keep_last: bool) -> At:
    """Return the place of a fault without the tags of unions, which pydantic adds and the file does not have."""
    place: list[int | str] = []
    for depth, part in enumerate(at):
        entries: dict[Any, object] = dict(enumerate(content)) if isinstance(content, list) else {}
        entries = content if isinstance(content, dict) else entries
        if part in entries or (keep_last and depth == len(at) - 1):
            place.append(part)
        content = entries.get(part, content)
    return tuple(place)


def _models_at(models: list[type[BaseModel]], at: At) -> list[type[BaseModel]]:
    """Return the models that may describe an entry: several for one of a union, fewer after each tag on the way."""
    for part in at:
        inner = [
            kind
            for model in models
            if str(part) in model.model_fields
            for kind in _models_in(model.model_fields[str(part)].annotation)
        ]
        tagged = [model for model in models if any(part in _literals(model, name) for name in model.model_fields)]
        models = inner or tagged or models
    return models


def _union_tags(models: list[type[BaseModel]], discriminator: str) -> list[str]:
    """The words that tell the models of a union apart."""
    return list(dict.fromkeys(repr(word) for model in models for word in _literals(model, discriminator)))


def _literals(model: type[BaseModel], name: str) -> tuple[object, ...]:
    """The words that a field may hold, where its type is a literal."""
    annotation = model.model_fields[name].annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
