"""Personal tokens: listed, made and revoked by their owner. A secret is shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lib.access import Reader, Scope, may
from lib.analysis.json_rows import records
from lib.api.v1.asking import CHALLENGE, Asks, readings_of
from lib.api.v1.problems import Problem, described
from lib.api.v1.routes import resource
from lib.errors import RefusedInput
from lib.store import tokens as stored

router = resource("tokens")
LONGEST_NAME = 100


class Token(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    scopes: list[str]
    made_at: str
    expires_at: str
    revoked_at: str | None
    used_on: str | None = Field(description="Day of the last use.")


class Tokens(BaseModel):
    """One's own tokens, newest first."""

    rows: list[Token]


class Wanted(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="What it is for.")
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    days: int = Field(default=90, ge=1, le=stored.MOST_DAYS, description="How long it holds.")


class MadeToken(BaseModel):
    """A new token. Nobody can see the secret again."""

    id: str
    secret: str
    expires_at: str


@router.get("/tokens", summary="One's own tokens")
def tokens(request: Request, reader: Asks) -> Tokens:
    _known(reader)
    rows = records(stored.tokens(readings_of(request).store(), reader.subject))
    return Tokens(rows=[Token.model_validate({**row, "scopes": row["scopes"].split()}) for row in rows])


@router.post("/tokens", status_code=201, summary="Make a token", responses=described(400, 413))
def make_token(request: Request, response: Response, reader: Asks, wanted: Wanted) -> MadeToken:
    _known(reader)
    _in_person(reader)
    if reader.scopes is not None and not set(wanted.scopes) <= reader.scopes:
        raise Problem(403, "A token cannot make one that may more than itself.")
    try:
        made = stored.make(
            readings_of(request).store(),
            reader.subject,
            name=wanted.name,
            scopes=wanted.scopes,
            days=wanted.days,
            role=reader.role,
        )
    except RefusedInput as refusal:
        raise Problem(422, refusal.message, places=[("body", refusal.reason)]) from refusal
    response.headers["Cache-Control"] = "no-store"
    return MadeToken(id=made.id, secret=made.secret, expires_at=made.expires_at)


@router.delete("/tokens/{token}", status_code=204, summary="Revoke a token")
def revoke_token(request: Request, reader: Asks, token: Annotated[str, Path(pattern="^[0-9a-f]{12}$")]) -> None:
    _known(reader)
    if getattr(request.state, "token", "") != token:
        _in_person(reader)
    whose = None if may(reader, "manage") else reader.subject
    try:
        stored.revoke(readings_of(request).store(), token, by=reader.subject, subject=whose)
    except RefusedInput as refusal:
        raise Problem(404, "No such token that still holds.") from refusal


def _known(reader: Reader) -> None:
    if not reader.subject:
        raise Problem(401, "Strangers have no tokens.", headers=CHALLENGE)


def _in_person(reader: Reader) -> None:
    """Whoever found somebody's token must not make it last for ever."""
    if reader.scopes is not None and not may(reader, "manage"):
        raise Problem(403, "Tokens are made and revoked under Data and methods, Programs, or with the scope admin.")
