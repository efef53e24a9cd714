"""A MAC of the URL and the body, or of the URL and the form's parameters."""

from urllib.parse import parse_qs

from plivo.utils.signature_v3 import validate_v3_signature
from square.utils.webhooks_helper import verify_signature
from twilio.request_validator import RequestValidator

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

FORMS = {
    "a form": "From=%2B14158675309&To=%2B18005551212&Body=interop&CallSid=CA1234567890ABCDE",
    "a form with UTF-8 and an escape": "To=%2B1800&Body=interop+za%C5%BC%C3%B3%C5%82%C4%87+%F0%9F%A6%80+a%26b%3Dc&Empty=&AccountSid=AC1",
    "a form with names that differ in case": "b=2&B=interop&a=1&A=0",
}


class Parameters(dict):
    """A form's parameters as Django gives them."""

    def __init__(self, body):
        super().__init__(parse_qs(body.decode(), keep_blank_values=True))

    def getlist(self, name):
        return self[name]


def first_values(body):
    return {name: values[0] for name, values in Parameters(body).items()}


SUITES = [
    {
        "name": "plivo",
        "scheme": "plivo",
        "secret": "text",
        "headers": FORM,
        "bodies": FORMS,
        "verify": lambda body, own, headers, url: validate_v3_signature(
            "POST", url, headers["x-plivo-signature-v3-nonce"], own, headers["x-plivo-signature-v3"], first_values(body)
        ),
    },
    {
        "name": "squareup",
        "scheme": "square",
        "takes": "text",
        "secret": "text",
        "verify": lambda body, own, headers, url: verify_signature(
            request_body=body.decode(),
            signature_header=headers["x-square-hmacsha256-signature"],
            signature_key=own,
            notification_url=url,
        ),
    },
    {
        "name": "twilio",
        "scheme": "twilio",
        "secret": "text",
        "headers": FORM,
        "bodies": {**FORMS, "a form with a name that comes twice": "Media=b&Media=a&Media=b&Body=interop", "empty": ""},
        "sign": lambda body, own, now, url: {
            **FORM,
            "X-Twilio-Signature": RequestValidator(own).compute_signature(url, Parameters(body)),
        },
        "verify": lambda body, own, headers, url: RequestValidator(own).validate(
            url, Parameters(body), headers["x-twilio-signature"]
        ),
    },
]
