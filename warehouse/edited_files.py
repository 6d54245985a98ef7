"""Reads files that people edit: text files in UTF-8, and YAML files that fit a pydantic model.

The content of a YAML file is returned together with the line number of each entry, so that a message can name the line.
The pydantic models are in the modules that read agreements, specifications and decisions.

Commands that change a file use `rewriting`. If the change fails, the file stays as it was.
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
from warehouse.home import path_for_reader

At = tuple[int | str, ...]
Lines = dict[At, int]
Model = TypeVar("Model", bound=BaseModel)


def shown_path(path: Path) -> str:
    """Return the file's path as text for a message. If the file is inside the current folder, the path is relative.

    If the file is a working copy that `rewriting` made, return the path of the original file.
    """
    is_working_copy = path.parent.name == f".{path.name}"
    return path_for_reader(path.parent.parent / path.name if is_working_copy else path)


def read_text(path: Path) -> str:
    """Return the file's text.

    Raises InputError if the file is missing, is a folder, cannot be opened, is not UTF-8, or starts with a byte order
    mark.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{shown_path(path)} is missing: put the file back.") from None
    except IsADirectoryError:
        raise InputError(
            f"{shown_path(path)} is a folder, but it must be a file: replace the folder with the file."
        ) from None
    except OSError as error:
        raise InputError(
            f"{shown_path(path)} cannot be opened ({error.strerror}): allow the account that runs Tryghed to read it, or replace it with a file that can be opened."
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(
            f"{shown_path(path)}, line {line}: the text is not UTF-8: save the file with the encoding UTF-8."
        ) from None
    if text.startswith("\ufeff"):
        raise InputError(
            f"{shown_path(path)}, line 1: the file starts with a byte order mark: save the file as UTF-8 without one."
        )
    return text


def read_yaml(path: Path, model: type[Model]) -> tuple[Model, Lines]:
    """Return the file's content as an instance of the model, and the line number of each entry in the file.

    Raises InputError if the file has a fault. The message names the file and the line, and says what is allowed.
    """
    text = read_text(path)
    try:
        lines = dict(_lines_of(yaml.compose(text, yaml.CSafeLoader), path))
        content = yaml.load(text, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InputError(
            f"{shown_path(path)}, line {line}: the line contains a control character: delete it."
        ) from None
    except ValueError as error:
        raise InputError(
            f"{shown_path(path)}, line {_line_of_invalid_date(text)}: a date cannot be read ({error}): write a day that exists, in the form 2021-01-31."
        ) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            f"{shown_path(path)}, line {line}: the file cannot be read as YAML ({error.problem}): correct the indentation or the quotes."
        ) from None
    try:
        return model.model_validate(content), lines
    except ValidationError as error:
        raise _fault(path, error, lines, content, model) from None


@contextmanager
def rewriting(path: Path) -> Iterator[Path]:
    """Yield the path of a working copy of the file. At the end of the block, the working copy replaces the file.

    If the block raises an exception, the file stays as it was. The working copy has the same name as the file, and is
    in a temporary folder next to the file.

    Only one process at a time can rewrite the file. Other processes wait for a lock. The lock is on a separate file,
    because the file itself is replaced.

    If the path is a link, the working copy replaces the link's target, because the target is under version control.
    Raises InputError if the file is missing or is not UTF-8.
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
    """Return the value as text for a message. The text has one line and at most 60 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def line_of(lines: Lines, at: At) -> int:
    """Return the line number of an entry.

    If the entry has no line number, return the line number of the nearest entry that contains it. If no such entry has
    a line number, return 1.
    """
    return next((lines[at[:length]] for length in range(len(at), -1, -1) if at[:length] in lines), 1)


def _line_of_invalid_date(text: str) -> int:
    """Return the line number of the first invalid date, such as 2021-02-30. Return 1 if all dates are valid."""
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
                    f"{shown_path(path)}, line {key.start_mark.line + 1}: the field '{short(key.value)}' occurs twice in an entry or is not a plain word: use each field once per entry, and write its name as a plain word."
                )
            keys_so_far.add(key.value)
            yield from _lines_of(value, path, (*at, key.value))
            yield (*at, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines_of(value, path, (*at, index))


def _fault(path: Path, error: ValidationError, lines: Lines, content: object, model: type[BaseModel]) -> InputError:
    """Return an InputError that describes the first fault of the file in one sentence."""
    fault = error.errors()[0]
    at = _in_file(fault["loc"], content, keep_last=fault["type"] not in ("value_error", *_UNION_FAULTS))
    message = "the field is missing" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        fields = dict.fromkeys(name for kind in _models_at([model], fault["loc"][:-1]) for name in kind.model_fields)
        message = f"an entry of this kind has no such field: use one of {', '.join(fields)}"
    if fault["type"] in _UNION_FAULTS:
        kind = "".join(f" for {tag}" for tag in fault["loc"][len(at) :])
        at = (*at, fault["ctx"]["discriminator"].strip("'"))
        *tags, last = _union_tags(_models_at([model], fault["loc"]), str(at[-1]))
        message = f"Input should be {', '.join(tags)} or {last}{kind}"
    entry = short(".".join(str(part + 1) if isinstance(part, int) else part for part in at) or "the file")
    return InputError(f"{shown_path(path)}, line {line_of(lines, at)}: {entry}: {message}.")


_UNION_FAULTS = ("union_tag_invalid", "union_tag_not_found")


def _in_file(at: At, content: object, *, keep_last: bool) -> At:
    """Return the place of a fault in the file: the keys and the list indexes that lead to the fault.

    `at` is the place as pydantic gives it. It also contains the tags of unions, which are left out because they are not
    keys of the file. If `keep_last` is true, the last part of `at` is kept even if it is not in the file, for example
    the name of a missing field.
    """
    place: list[int | str] = []
    for depth, part in enumerate(at):
        entries: dict[Any, object] = dict(enumerate(content)) if isinstance(content, list) else {}
        entries = content if isinstance(content, dict) else entries
        if part in entries or (keep_last and depth == len(at) - 1):
            place.append(part)
        content = entries.get(part, content)
    return tuple(place)


def _models_at(models: list[type[BaseModel]], at: At) -> list[type[BaseModel]]:
    """Return the pydantic models that the entry at `at` can belong to.

    `at` is a place as pydantic gives it. If the entry's type is a union, several models are possible, unless `at`
    contains the tag of one of them.
    """
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
    """Return the values that the models allow in a field, each in quotes.

    `discriminator` is the name of the field. In a union, the value of this field says which model an entry belongs to.
    """
    return list(dict.fromkeys(repr(word) for model in models for word in _literals(model, discriminator)))


def _literals(model: type[BaseModel], name: str) -> tuple[object, ...]:
    """Return the values that a field of the model can have if the field's type is Literal.

    Return an empty tuple for any other type.
    """
    annotation = model.model_fields[name].annotation
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
