"""The frames between the collector and the processes that parse for it."""

import struct

FRAME = struct.Struct(">II")
"""A request: the lengths of its JSON header and of the document, which follow."""

ANSWER = struct.Struct(">I")
"""An answer: the length of the JSON that follows."""
