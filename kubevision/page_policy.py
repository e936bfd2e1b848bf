"""The content security policy of pages, by django-csp.

Only rooms with pages load this; what is no page gets the policy of SECURITY_HEADERS, which allows
nothing.
"""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kubevision.paths import for_path


class PagePolicyMiddleware(CSPMiddleware):
    """Writes the policy that CONTENT_SECURITY_POLICIES names for a path."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the policy of the path; there is no second one that only reports."""
        if report_only:
            return PolicyParts()
        return PolicyParts(for_path(settings.CONTENT_SECURITY_POLICIES, request.path))
