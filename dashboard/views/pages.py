"""How a page is made, the helpful ones for when something went wrong included."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from dashboard.clients.accounts import Refusal
from dashboard.forms import Form
from dashboard.waiting import in_words, try_again
from kubevision.request_context import request_id

RETRY_SECONDS = 5  # how soon to ask again for a service that is away
# Refusals that a page with a form answers with their own status; all others are about what was
# typed or shown, and 401 would ask the browser for a password of its own.
PASSED_ON = frozenset({403, 429, 503})

Text = str | Promise


def page(
    request: HttpRequest,
    name: str,
    status: int = 200,
    *,
    retry_after: int | None = None,
    **context: Any,
) -> HttpResponse:
    """Return a page of the dashboard.

    Parameters
    ----------
    name : str
        The template's, without folder and ending.
    retry_after : int, optional
        Seconds, for the Retry-After header.
    """
    context["has_face_factor"] = bool(settings.FACELOGIN_URL)
    response = render(request, f"dashboard/{name}.html", context, status=status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def page_after(
    request: HttpRequest, name: str, refusal: Refusal | None, **context: Any
) -> HttpResponse:
    """Return a page that says why accounts refused what was sent from it, or just the page."""
    if refusal is None:
        return page(request, name, **context)
    status = refusal.status if refusal.status in PASSED_ON else 400
    return page(request, name, status, retry_after=refusal.retry_after, **context)


def sentence_of(refusal: Refusal | None) -> str:
    """Return what a refusal says, with how long to wait."""
    return f"{refusal.detail} {try_again(refusal.retry_after)}".strip() if refusal else ""


def form_page(
    request: HttpRequest, name: str, form: Form, refusal: Refusal | None, **context: Any
) -> HttpResponse:
    """Return a page with a form and what is wrong with it, in accounts' words if it has judged."""
    if refusal is not None:
        form.show(refusal)
        return page_after(request, name, refusal, form=form, **context)
    return page(request, name, 400 if form.errors else 200, form=form, **context)


def out_of_reach() -> Refusal:
    """Return accounts' silence as a refusal, for pages that keep what was typed."""
    detail = _(
        "Sign-in is not available at the moment: the accounts service does not answer. What you "
        "typed is still here, except the password."
    )
    return Refusal(503, {"code": "accounts_unavailable", "detail": detail}, RETRY_SECONDS)


def error_page(
    request: HttpRequest,
    status: int,
    title: Text,
    happened: Text,
    advice: Text = "",
    *,
    retry_address: str = "",
    retry_after: int | None = None,
) -> HttpResponse:
    """Return a page that says what happened and what to do next. It calls no other service.

    Parameters
    ----------
    title, happened, advice : str
        What it is called, what happened, what to do next.
    retry_address : str, optional
        Where "Try again" leads; without it the page leads home.
    retry_after : int, optional
        Seconds; sent as Retry-After and said in words.
    """
    return page(
        request,
        "error",
        status,
        retry_after=retry_after,
        title=title,
        happened=happened,
        advice=advice,
        wait=in_words(retry_after) if retry_after is not None else "",
        retry_address=retry_address,
        home_address=reverse("home"),
        reference=request_id(request),
    )
