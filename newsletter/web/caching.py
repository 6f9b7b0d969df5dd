"""Let browsers and proxies keep a public page, and answer 304 if it has not changed."""

from hashlib import blake2b

from fastapi import Request
from fastapi.responses import Response

KEPT = "public, max-age=300"
"""An issue that is corrected, or taken off the archive, changes for everyone within five minutes."""


def cacheable(request: Request, answer: Response) -> Response:
    """Return the answer with its tag, or an empty 304 if the client has the same one."""
    tag = f'"{blake2b(bytes(answer.body), digest_size=16).hexdigest()}"'
    answer.headers.update({"ETag": tag, "Cache-Control": KEPT})
    known = request.headers.get("if-none-match", "")
    if tag not in {part.strip().removeprefix("W/") for part in known.split(",")}:
        return answer
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"content-length", "content-type"}
    }
    return Response(status_code=304, headers=kept)
