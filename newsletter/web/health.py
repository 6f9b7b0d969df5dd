"""What monitors ask: whether the process lives, whether it can work, and its figures.

Served on the desk's address, without a session, to this machine only. No answer names a person.
"""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from newsletter import migrations
from newsletter.app import App
from newsletter.usecases import pass_reports, working
from newsletter.web import metrics

PATHS = ("/healthz", "/readyz", "/metrics")
NEW = timedelta(days=1)


def health_routes(app: App, is_local: Callable[[Request], bool]) -> APIRouter:
    """Return the pages for monitors; requests that a proxy passes on are refused."""
    router = APIRouter()
    pages: dict[str, Callable[[], Response]] = {
        "/healthz": lambda: PlainTextResponse("ok\n"),
        "/readyz": lambda: _readiness(app),
        "/metrics": lambda: _metrics(app),
    }

    def answer(request: Request) -> Response:
        if not is_local(request):
            return PlainTextResponse("Monitors ask on this machine.\n", status_code=403)
        return pages[request.url.path]()

    for path in PATHS:
        router.add_api_route(path, answer, methods=["GET", "HEAD"], response_model=None)
    return router


def _readiness(app: App) -> Response:
    """Answer 503 with the reason while this process cannot serve requests or make passes."""
    problem = "it is stopping" if app.stop.is_set() else _database_problem(app)
    status = 503 if problem else 200
    return JSONResponse({"ready": not problem, "problem": problem}, status_code=status)


def _database_problem(app: App) -> str:
    try:
        present = migrations.revision(app.reader)
    except sa.exc.SQLAlchemyError:
        return "the database does not answer"
    if present != migrations.head():
        return "the tables of the database are not those of this version"
    return ""


def _metrics(app: App) -> Response:
    try:
        figures = pass_reports.figures(app.context, app.now() - NEW)
        success = pass_reports.last_success(app.context)
        queues, tick = working.queue_figures(app.context), working.last_tick(app.context)
    except sa.exc.SQLAlchemyError:
        return PlainTextResponse("the database does not answer\n", status_code=503)
    content, media_type = metrics.exposition(figures, success, queues, tick)
    return Response(content, media_type=media_type)
