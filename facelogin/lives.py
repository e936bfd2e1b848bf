"""How long rows are kept; what nobody may need any more is removed."""

from datetime import timedelta

REFERENCE = timedelta(days=365)  # faces change; people re-enrol once a year
EXTENSION = timedelta(days=180)  # never beyond its reference's own end
PENDING = timedelta(minutes=10)  # an enrolment that accounts did not activate
SPENT_TICKET = timedelta(minutes=5)  # beyond its own end: the reader's leeway and clocks
REPORT = timedelta(days=2)  # accounts away for longer has lost more than a report
ATTEMPT = timedelta(minutes=10)  # one lasts a minute; what is older died with a copy
# Beyond the life of a ticket that was issued just before, with leeway and clocks apart.
ENDED_SESSION = timedelta(minutes=10)
NO_LONGER = timedelta(0)  # what carries its own end
