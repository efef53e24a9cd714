"""A JWT that holds a hash of the body."""

import base64
import hashlib

from livekit import api as livekit
from messagebird.request_validator import RequestValidator

TYPE = {"Content-Type": "application/webhook+json"}


def sign_livekit(body, own, now, url):
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {**TYPE, "Authorization": livekit.AccessToken("key", own).with_sha256(digest).to_jwt()}


def verify_livekit(body, own, headers, url):
    receiver = livekit.WebhookReceiver(livekit.TokenVerifier("key", own))
    return receiver.receive(body.decode(), headers["authorization"]).event == "room_started"


SUITES = [
    {
        "name": "livekit-api",
        "scheme": "livekit",
        "options": ["--issuer", "key"],
        "takes": "json",
        "secret": "text",
        "members": {"event": "room_started", "id": "EV_1"},
        "headers": TYPE,
        "sign": sign_livekit,
        "verify": verify_livekit,
    },
    {
        "name": "messagebird",
        "scheme": "messagebird",
        "takes": "bytes",
        "empty": True,
        "secret": "text",
        "verify": lambda body, own, headers, url: isinstance(
            RequestValidator(own).validate_signature(headers["messagebird-signature-jwt"], url, body), dict
        ),
    },
]
