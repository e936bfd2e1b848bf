"""Letters to people, where a mail server is set: written down first, sent by a thread of its own.

Nobody waits for a mail server, and none of its failures is anybody's: what could not be sent stays
and is tried again by housekeeping for a day.
"""

import logging
import threading
import uuid
from datetime import timedelta

from django.conf import settings
from django.core import mail
from django.db import IntegrityError, close_old_connections, transaction
from django.utils import timezone

from accounts import lives
from accounts.models import Mail

logger = logging.getLogger(__name__)

RETRY = timedelta(minutes=5)
MOST_AT_ONCE = 100  # letters a round; the rest are the next round's


def is_possible() -> bool:
    """Say whether a mail server is set."""
    return bool(settings.EMAIL_HOST)


def write(to: str, subject: str, body: str, *, letter: uuid.UUID | None = None) -> bool:
    """Write a letter and have it sent; return whether there is anybody to send it to.

    `letter`: its id, where several processes may write the same one; it waits once then.
    """
    if not (to and is_possible()):
        return False
    try:
        with transaction.atomic():
            Mail.objects.create(id=letter or uuid.uuid4(), to=to, subject=subject, body=body)
    except IntegrityError:
        return False
    threading.Thread(target=_send_soon, name="mail", daemon=True).start()
    return True


def _send_soon() -> None:
    try:
        send_due()
    except Exception:  # housekeeping tries again
        logger.exception("mail could not be sent; it is tried again")
    finally:
        close_old_connections()


def send_due() -> int:
    """Send what waits; return how many letters were taken. Two at once send each letter once."""
    now = timezone.now()
    Mail.objects.filter(written_at__lte=now - lives.MAIL).delete()
    if not is_possible():
        return 0
    sent = 0
    for letter in Mail.objects.filter(due_at__lte=now).order_by("due_at")[:MOST_AT_ONCE]:
        mine = Mail.objects.filter(pk=letter.pk, due_at=letter.due_at)
        if not mine.update(due_at=now + RETRY):
            continue
        try:
            mail.send_mail(letter.subject, letter.body, None, [letter.to])
        except OSError as error:  # smtplib's own are OSErrors, too
            logger.warning("the mail server did not take a letter: %s", error)
            continue
        Mail.objects.filter(pk=letter.pk).delete()
        sent += 1
    return sent
