"""What accounts remembers.

Nothing here leans on transactions or row locks, which MongoDB's backend does not have: what may
happen once is a unique insert, counters and state changes are one conditional update each.
"""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import lives, usernames
from kubevision.backups import models as backups
from kubevision.expiry import ExpiryIndex
from kubevision.tokens import MAX_CLAIM_CHARACTERS

# Lengths of columns in characters. SQLite does not hold anybody to them, so input is held to them
# before (accounts.api.inputs, kubevision.tokens).
HASH_CHARACTERS = 64  # SHA-256 in hexadecimal
DISPLAY_NAME_CHARACTERS = 150  # whole names in any writing; pages show them in one line
USER_AGENT_CHARACTERS = 200  # enough to tell browsers apart; what is longer is cut, not refused
TICKET_ID_CHARACTERS = 64  # our own token ids have 22
ENGINE_CHARACTERS = 32  # names of engines are ours: "lbph"
PURPOSE_CHARACTERS = 16  # the contract's words, "activate" the longest
CONSENT_VERSION_CHARACTERS = 32  # ours look like 2026-11.2
SEALED_CHARACTERS = 128  # a sealed TOTP secret has 64
REQUEST_ID_CHARACTERS = 64  # kubevision.request_context allows no more
KIND_CHARACTERS = 32  # events' names are ours
EMAIL_CHARACTERS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets


class UserManager(BaseUserManager["User"]):
    """Makes users; names are compared by their key everywhere."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Insert a user; IntegrityError if the name is taken."""
        user = self.model(
            username=usernames.normalise(username), username_key=usernames.key(username), **fields
        )
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Insert an administrator."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by any spelling of the name."""
        return self.get(username_key=usernames.key(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("user name"),
        max_length=usernames.MAX_CHARACTERS,
        unique=True,
        validators=[usernames.validate],
    )
    # MongoDB's backend has no unique index on an expression, so the folded name is a column.
    # Folding can lengthen a name: one character becomes three at the most.
    username_key = models.CharField(
        max_length=3 * usernames.MAX_CHARACTERS, unique=True, editable=False
    )
    display_name = models.CharField(
        _("display name"), max_length=DISPLAY_NAME_CHARACTERS, blank=True
    )
    email = models.EmailField(_("email address"), blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may open the administration"), default=False)
    # An administrator's code was accepted, so the first second factor may be added where that
    # takes one (ACCOUNTS_ENROLMENT=invited).
    may_enrol = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username_key",)

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        """Normalise the name and derive its key, for forms such as the admin's."""
        super().clean()
        self.username = usernames.normalise(self.username)
        self.username_key = usernames.key(self.username)

    def get_full_name(self) -> str:
        """Return the name people are greeted by."""
        return self.display_name or self.username

    get_short_name = get_full_name


class Session(models.Model):
    """One sign-in at one browser; its tokens are kept as hashes only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    token_hash = models.CharField(max_length=HASH_CHARACTERS, unique=True)
    pass_hash = models.CharField(max_length=HASH_CHARACTERS, blank=True, db_index=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    # When each proof was last shown in this session.
    password_at = models.DateTimeField(default=timezone.now)
    face_at = models.DateTimeField(null=True)
    otp_at = models.DateTimeField(null=True)
    beside_face_at = models.DateTimeField(null=True)  # a factor that no face stands behind
    # Only the newest ticket's assertion is accepted, and only for what the ticket was for.
    ticket_jti = models.CharField(max_length=TICKET_ID_CHARACTERS, blank=True)
    ticket_purpose = models.CharField(max_length=PURPOSE_CHARACTERS, blank=True)
    watched_at = models.DateTimeField(null=True)  # when a page was last let listen
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=USER_AGENT_CHARACTERS, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["seen_at"]),
            ExpiryIndex("created_at", after=lives.SESSION, name="session_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d %H:%M}"


class Device(models.Model):
    """A browser that somebody signed in with; its token is kept as a hash only.

    All it is worth is a counter of its own for wrong passwords. A browser has one token, however
    many people sign in with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token_hash = models.CharField(max_length=HASH_CHARACTERS)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [ExpiryIndex("seen_at", after=lives.DEVICE, name="device_expiry")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_hash", "user"], name="one_device_of_a_user")
        ]

    def __str__(self) -> str:
        return f"browser of {self.user_id}"


class TryCounter(models.Model):
    """How often something was tried lately: in a row, or since a window of time began.

    The key is a hash of what is counted, so that no name and no address stands here.
    """

    key = models.CharField(max_length=HASH_CHARACTERS, primary_key=True)
    # Whom it is about, hashed: an administrator unlocks a name everywhere.
    subject = models.CharField(max_length=HASH_CHARACTERS, blank=True, db_index=True)
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [ExpiryIndex("last_at", after=lives.TRIES, name="tries_expiry")]

    def __str__(self) -> str:
        return f"{self.count} tries since {self.since:%Y-%m-%d %H:%M}"


class FaceFactor(models.Model):
    """A face counts for this person; the reference itself lives in facelogin alone."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="face"
    )
    enrolled_at = models.DateTimeField()
    engine = models.CharField(max_length=ENGINE_CHARACTERS)
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)  # that it expires soon
    # As facelogin told it: whether the person lends the reference to the cohort.
    cohort_consent = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["reminded_at", "expires_at"])]

    def __str__(self) -> str:
        return f"face of {self.user_id}"


class FaceExtension(models.Model):
    """A light that was added to a person's face; facelogin alone decides whether it counts.

    Written before facelogin lets it count and removed after it counts no more, so that whatever
    counts is listed: `confirmed_at` is empty where nobody knows yet.
    """

    # The id of facelogin's assertion, known before anything is done with it.
    id = models.CharField(max_length=MAX_CLAIM_CHARACTERS, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="face_extensions")
    added_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [ExpiryIndex("expires_at", after=lives.NO_LONGER, name="light_expiry")]

    def __str__(self) -> str:
        return f"light added to the face of {self.user_id} at {self.added_at:%Y-%m-%d %H:%M}"


class FaceTries(models.Model):
    """How often a person's face was tried lately."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="face_tries"
    )
    day = models.DateField()
    today = models.PositiveIntegerField(default=0)
    in_a_row = models.PositiveIntegerField(default=0)
    given_back = models.PositiveIntegerField(default=0)  # today, for tries without a verdict
    captures = models.PositiveIntegerField(default=0)  # tickets to enrol or extend issued today
    # The tickets whose end is counted above, the last few: counting and noting are one write.
    ended_tickets = models.TextField(blank=True)
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.today} tries of {self.user_id} on {self.day}"


class FaceTicket(models.Model):
    """A ticket for the camera that nobody has told the end of yet.

    Removing the row is what makes its end count once, whoever tells it: the person with an
    assertion, or facelogin with a report.
    """

    jti = models.CharField(max_length=MAX_CLAIM_CHARACTERS, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="face_tickets")
    purpose = models.CharField(max_length=PURPOSE_CHARACTERS)
    issued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            ExpiryIndex("issued_at", after=lives.FACE_TICKET, name="face_ticket_expiry")
        ]

    def __str__(self) -> str:
        return f"ticket of {self.user_id} to {self.purpose}"


class RecoveryCode(models.Model):
    """One of ten codes that stand in once for the camera."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=HASH_CHARACTERS, unique=True)
    used_at = models.DateTimeField(null=True)
    # Made when more than password and face had been shown, or before there was a face. A code that
    # a face let somebody make proves no more than that face.
    proves_beside_face = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class TotpFactor(models.Model):
    """An authenticator app; its secret is sealed (accounts.sealing).

    A new secret waits beside the one that counts until a code of it was shown.
    """

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="totp"
    )
    sealed_secret = models.CharField(max_length=SEALED_CHARACTERS, blank=True)
    enrolled_at = models.DateTimeField(null=True)  # none yet until then
    # The time step of the last code that was taken: this one and all before are used up.
    last_step = models.BigIntegerField(default=0)
    pending_secret = models.CharField(max_length=SEALED_CHARACTERS, blank=True)
    pending_at = models.DateTimeField(null=True, db_index=True)
    # As with recovery codes: more than the face stood behind its making.
    proves_beside_face = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"authenticator app of {self.user_id}"


class OwedErasure(models.Model):
    """A face that no longer counts here and that facelogin has not erased yet."""

    user_id = models.UUIDField(primary_key=True)
    asked_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"face of {self.user_id} to be erased"


class Invitation(models.Model):
    """An administrator's code, good once: to make an account, or to get back into one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code_hash = models.CharField(max_length=HASH_CHARACTERS, unique=True)
    # Whose password it resets; none: whoever holds it makes an account.
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    username = models.CharField(max_length=usernames.MAX_CHARACTERS, blank=True)
    email = models.EmailField(max_length=EMAIL_CHARACTERS, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            ExpiryIndex("expires_at", after=lives.INVITATION, name="invitation_expiry")
        ]

    def __str__(self) -> str:
        return f"code for {self.user or self.username or 'a new person'}"


class Event(models.Model):
    """Something that happened to an account: who did it, when, from where."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=KIND_CHARACTERS)
    # Whom it happened to; nobody where a name does not exist.
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="events"
    )
    # Who did it, where that is somebody else: an administrator.
    actor = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=REQUEST_ID_CHARACTERS, blank=True)
    # An administrator did it; it stays said when their own account is gone.
    by_administrator = models.BooleanField(default=False)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-at", "-id"]),
            models.Index(fields=["-at", "-id"]),
            models.Index(fields=["kind", "-at"]),
            models.Index(fields=["request_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"


class Mail(models.Model):
    """A letter that waits to be sent; removed once the mail server has taken it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to = models.EmailField(max_length=EMAIL_CHARACTERS)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    written_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes: ClassVar = [ExpiryIndex("written_at", after=lives.MAIL, name="mail_expiry")]

    def __str__(self) -> str:
        return f"mail of {self.written_at:%Y-%m-%d %H:%M}"


class Consent(models.Model):
    """A person agreed to this version of the text about their face, at this time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    version = models.CharField(max_length=CONSENT_VERSION_CHARACTERS)
    cohort = models.BooleanField(default=False)
    given_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id} agreed to {self.version}"


class SpentToken(models.Model):
    """A token that was used; inserting it a second time fails, and that is the check."""

    jti = models.CharField(max_length=MAX_CLAIM_CHARACTERS, primary_key=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [ExpiryIndex("expires_at", after=lives.NO_LONGER, name="spent_expiry")]

    def __str__(self) -> str:
        return self.jti


class Tombstone(backups.Tombstone):
    """A factor that was removed, or a code that was used or replaced."""


class Restore(backups.Restore):
    """A backup of accounts' that was put back."""
