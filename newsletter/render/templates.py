"""The templates: where they lie, how a publisher overrides them, and how a failure reads.

A file in the publisher's own `templates` folder replaces ours of the same name. Everything runs in
Jinja's sandbox and fails on an unknown name; article and staff text is data and never compiled.
"""

import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.errors import TemplateFailed
from newsletter.model.publication import Publication
from newsletter.render import plain
from newsletter.render.words import Catalogues, open_catalogues

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def template_root() -> Path:
    """Return the folder of our own templates: in the wheel, else beside the packages."""
    package = Path(str(files("newsletter")))
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


@dataclass(frozen=True, slots=True)
class Templates:
    """Compiled templates and the words printed around what they are given."""

    environment: jinja2.Environment
    words: Catalogues
    publication: Publication

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Render a template; raise TemplateFailed with its file, line and what is wrong."""
        try:
            return self.environment.get_template(name).render(values)
        except jinja2.TemplateError as error:
            raise TemplateFailed(_said(error, name)) from error
        except (TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise TemplateFailed(_said(error, name)) from error

    def page(self, name: str, **values: object) -> str:
        """Render a web page, `templates/web/<name>.html.j2`."""
        return self.render(f"web/{name}.html.j2", values)

    def source(self, name: str) -> str:
        """Return a file under the template folders as it is (a style sheet)."""
        loader = self.environment.loader
        if loader is None:  # pragma: no cover - open_templates always sets one
            raise TemplateFailed(name)
        try:
            return loader.get_source(self.environment, name)[0]
        except jinja2.TemplateNotFound as error:
            raise TemplateFailed(_said(error, name)) from error

    def broken(self) -> list[str]:
        """Compile every template and say of each that cannot be why; names are not looked up."""
        found = []
        for name in self.environment.list_templates(extensions=["j2"]):
            try:
                self.environment.get_template(name)
            except jinja2.TemplateError as error:
                found.append(_said(error, name))
        return found

    def has(self, name: str) -> bool:
        """Whether there is a template of this name."""
        return name in self.environment.list_templates(filter_func=lambda one: one == name)


def open_templates(publication: Publication, root: Path | None) -> Templates:
    """Open our templates with the publisher's own, in `root`/templates, laid over them."""
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
    return Templates(environment, open_catalogues(root), publication)


def straight(value: object) -> object:
    """Take out of what is printed the marks that would turn the direction of the text around it."""
    if not isinstance(value, str) or value.isascii():
        return value
    kept = _TURNING.sub("", value)
    return type(value)(kept) if hasattr(value, "__html__") else kept


def _said(error: Exception, name: str) -> str:
    """Say which template, which line and what is wrong, in one line."""
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
