"""Find and compile the templates, and describe their errors.

A file in the publisher's own `templates` folder replaces the packaged one of the same name. All
templates run in Jinja's sandbox and fail on an unknown name. Text of articles and staff is data and
never compiled.
"""

import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import TemplateFailed
from newsletter.model.publication import Publication
from newsletter.render import plain
from newsletter.render.catalog import Catalogs, open_catalogs

_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def template_root() -> Path:
    """Return the folder of the packaged templates: in the wheel, else beside the packages."""
    package = Path(str(files("newsletter")))
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


@dataclass(frozen=True, slots=True)
class Templates:
    """Compiled templates and the catalogs of the texts around articles."""

    environment: jinja2.Environment
    catalogs: Catalogs
    publication: Publication

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Render a template; raise TemplateFailed with the file, line and cause."""
        try:
            return self.environment.get_template(name).render(values)
        except jinja2.TemplateError as error:
            raise TemplateFailed(_described(error, name)) from error
        except (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise TemplateFailed(_described(error, name)) from error

    def page(self, name: str, **values: object) -> str:
        """Render a web page, `templates/web/<name>.html.j2`."""
        return self.render(f"web/{name}.html.j2", values)

    def source(self, name: str) -> str:
        """Return a file of the template folders unchanged (a style sheet)."""
        loader = self.environment.loader
        if loader is None:  # pragma: no cover - open_templates always sets one
            raise TemplateFailed(name)
        try:
            return loader.get_source(self.environment, name)[0]
        except jinja2.TemplateNotFound as error:
            raise TemplateFailed(_described(error, name)) from error

    def broken(self) -> list[str]:
        """Compile every template; return one error message for each that does not compile."""
        found = []
        for name in self.environment.list_templates(extensions=["j2"]):
            try:
                self.environment.get_template(name)
            except jinja2.TemplateError as error:
                found.append(_described(error, name))
        return found

    def sources(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield the name and source of every template whose name begins with a prefix."""
        for name in self.environment.list_templates():
            if name.startswith(prefixes):
                yield name, self.source(name)

    def has(self, name: str) -> bool:
        """Return whether there is a template with this name."""
        return name in self.environment.list_templates(filter_func=lambda known: known == name)


def open_templates(publication: Publication, root: Path | None) -> Templates:
    """Open the templates; those in `root`/templates replace the packaged ones."""
    own = [] if root is None else [root / "templates"]
    folders = [str(folder) for folder in (*own, template_root()) if folder.is_dir()]
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith((".html.j2", ".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=straight,
    )
    environment.filters |= {"wrap": plain.wrap, "rule": plain.rule, "width": plain.width}
    return Templates(environment, open_catalogs(root), publication)


def straight(value: object) -> object:
    """Remove bidirectional control characters, which would change the text around a value."""
    if not isinstance(value, str) or value.isascii():
        return value
    kept = _BIDI_CONTROLS.sub("", value)
    return type(value)(kept) if hasattr(value, "__html__") else kept


def _described(error: Exception, name: str) -> str:
    """Return the template, the line and the cause in one line."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"template {error.name or name}, line {error.lineno}: {error.message}"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"template {error.name or name} does not exist"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename.endswith(".j2")]
    where = f"{_short(inside[-1].filename)}, line {inside[-1].lineno}" if inside else name
    return f"template {where}: {error}"


def _short(filename: str) -> str:
    parts = Path(filename).parts
    return "/".join(parts[parts.index("templates") + 1 :]) if "templates" in parts else filename
