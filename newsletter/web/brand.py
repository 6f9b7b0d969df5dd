"""The colors and fonts of a publication as a style sheet for its public pages."""

from newsletter.model.publication import Brand
from newsletter.render.palette import Palette, dark, light


def stylesheet(brand: Brand) -> str:
    """Return the variables of the pages; nothing for the default look."""
    default = Brand()
    rules = []
    if (brand.accent, brand.accent_dark, brand.paper) != (
        default.accent,
        default.accent_dark,
        default.paper,
    ):
        rules.append(f":root {{ {_colors(light(brand))} }}")
        night = f":root {{ {_colors(dark(brand))} }}"
        rules.append(f"@media (prefers-color-scheme: dark) {{ {night} }}")
    fonts = [
        f"--{name}: {own};"
        for name, own, usual in (
            ("serif", brand.serif, default.serif),
            ("sans", brand.sans, default.sans),
        )
        if own != usual
    ]
    if fonts:
        rules.append(f":root {{ {' '.join(fonts)} }}")
    return "\n".join(rules)


def _colors(palette: Palette) -> str:
    names = ("paper", "ground", "tint", "ink", "soft", "rule", "accent")
    return " ".join(f"--{name}: {getattr(palette, name)};" for name in names)
