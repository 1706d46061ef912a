"""Answers compressed on their way, but for files that are compressed as they are."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# How the types of workbooks and papers begin.
COMPRESSED = ("application/vnd.openxmlformats-officedocument.", "application/pdf")


class CompressOnce(GZipMiddleware):
    """Compresses what a browser takes so. A workbook or a paper would take time, and no less room.

    The pages carry no secret, and the tokens of the forms are masked anew for each answer.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith(COMPRESSED):
            return response
        return super().process_response(request, response)
