"""The frames exchanged with the parsing worker processes."""

import struct

FRAME = struct.Struct(">II")
"""A request starts with the lengths of its JSON header and of the document."""

ANSWER = struct.Struct(">I")
"""An answer starts with the length of its JSON."""
