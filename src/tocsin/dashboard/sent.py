"""What a browser sent in a form."""

from typing import Annotated

from fastapi import Depends, Request


async def typed_form(request: Request) -> dict[str, str]:
    """Return the fields of a form that was sent, the last of each name; files are left out."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(typed_form)]
