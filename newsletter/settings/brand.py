"""Read the look of a publication, or of one newsletter."""

from newsletter.model.picture import WIDEST
from newsletter.model.publication import Brand
from newsletter.settings import values
from newsletter.settings.reading import Table


def brand(table: Table, default: Brand) -> Brand:
    """Read a [brand] table; what it does not set is as in `default`."""
    built = Brand(
        accent=table.parsed("accent", default.accent, values.color),
        accent_dark=table.parsed("accent_dark", default.accent_dark, values.color),
        paper=table.parsed("paper", default.paper, values.color),
        logo=table.parsed("logo", default.logo, values.image),
        logo_dark=table.parsed("logo_dark", default.logo_dark, values.image),
        logo_width=min(WIDEST, table.count("logo_width", default.logo_width, least=1)),
        logo_alt=table.text("logo_alt", default.logo_alt),
        serif=table.parsed("serif", default.serif, values.fonts),
        sans=table.parsed("sans", default.sans, values.fonts),
        footer=table.text("footer", default.footer, lines=True),
    )
    table.finish()
    return built
