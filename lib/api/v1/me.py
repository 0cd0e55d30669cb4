"""Who one is here: role, scopes, and what that allows."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel, Field

from lib.access import Act, may
from lib.api.v1.asking import Asks
from lib.api.v1.routes import resource

router = resource("me")


class Me(BaseModel):
    """The reader that this request counts as."""

    subject: str = Field(description="As the login's issuer says; local for whoever sits at the machine; empty for a stranger.")  # fmt: skip
    name: str
    role: str = Field(description="stranger, viewer, contributor or admin.")
    scopes: list[str] | None = Field(description="Of the token; null for whoever came without one.")
    may: list[str] = Field(description="What role and token allow.")


@router.get("/me", summary="Who this request counts as, and what it may do")
def me(reader: Asks) -> Me:
    return Me(
        subject=reader.subject,
        name=reader.name,
        role=reader.role,
        scopes=None if reader.scopes is None else sorted(reader.scopes),
        may=[act for act in get_args(Act) if may(reader, act)],
    )
