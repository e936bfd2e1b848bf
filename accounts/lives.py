"""How long rows are kept; what nobody may need any more is removed."""

from datetime import timedelta

SESSION = timedelta(hours=24)  # in all, however busy
DEVICE = timedelta(days=180)  # after the last sign-in with it
TRIES = timedelta(days=1)  # wrong ones are forgotten after a day without another
FACE_TICKET = timedelta(days=2)  # facelogin stops telling of its end after this
MAIL = timedelta(days=1)  # a letter that no server took by then is about yesterday
INVITATION = timedelta(days=30)  # after its end: who was invited lately, for staff
EVENT = timedelta(days=180)  # half a year, as docs/privacy.md says
NO_LONGER = timedelta(0)  # what carries its own end
