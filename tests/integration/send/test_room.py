"""What a reader may ask of the volume of a new sender domain."""

from dataclasses import replace

import sqlalchemy as sa

from newsletter.model.ramp import Ramp
from newsletter.send import claimable, volume
from newsletter.store.database import open_reader
from tests.fakes.issues import NOW, publication


def test_a_reader_learns_whether_a_new_domain_may_send_more(engine: sa.Engine) -> None:
    limited = replace(publication(), ramp=Ramp(first=10, growth=2))
    reader = open_reader(engine.url.render_as_string(hide_password=False))
    with reader.connect() as connection:
        assert claimable.count(connection, limited, ["memory"], NOW, 5) == 0
        assert volume.is_open(connection, limited, NOW)
    with engine.begin() as connection:
        volume.count(connection, limited, 10, NOW)
    with reader.connect() as connection:
        assert not volume.is_open(connection, limited, NOW)
    reader.dispose()
