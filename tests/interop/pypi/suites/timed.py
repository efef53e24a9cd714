"""A MAC of a timestamp and the body."""

import datetime
from types import SimpleNamespace

import stripe
from boldsign.webhook_utility import WebhookUtility
from box_sdk_gen.internal.utils import compute_webhook_signature
from box_sdk_gen.managers.webhooks import WebhooksManager
from elevenlabs.webhooks_custom import WebhooksClient
from paddle_billing.Notifications import Secret, Verifier
from slack_sdk.signature import SignatureVerifier
from workos.webhooks._verification import verify_header

from .headers import AnyCase


def sign_box(body, own, now, url):
    headers = {
        "box-signature-version": "1",
        "box-signature-algorithm": "HmacSHA256",
        "box-delivery-timestamp": datetime.datetime.fromtimestamp(now, datetime.timezone(datetime.timedelta(hours=-8))).isoformat(),
    }
    return {**headers, "box-signature-primary": compute_webhook_signature(body.decode(), headers, own)}


def verify_elevenlabs(body, own, headers, url):
    WebhooksClient.construct_event(None, body.decode(), headers["elevenlabs-signature"], own)


def verify_stripe(body, own, headers, url):
    return stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], own, 300)


SUITES = [
    {
        "name": "boldsign",
        "scheme": "boldsign",
        "takes": "text",
        "secret": "text",
        "past_s": 300,
        "future_s": 300,
        "verify": lambda body, own, headers, url: WebhookUtility.validate_signature(
            body.decode(), headers["x-boldsign-signature"], own
        ),
    },
    {
        "name": "box-sdk-gen",
        "scheme": "box",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "past_s": 600,
        "sign": sign_box,
        "verify": lambda body, own, headers, url: WebhooksManager.validate_message(body.decode(), headers, own),
    },
    {
        "name": "elevenlabs",
        "scheme": "elevenlabs",
        "takes": "json",
        "secret": "text",
        "past_s": 1800,
        "verify": verify_elevenlabs,
    },
    {
        "name": "paddle-python-sdk",
        "scheme": "paddle",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "past_s": 5,
        "verify": lambda body, own, headers, url: Verifier().verify(
            SimpleNamespace(headers=AnyCase(headers), body=body), Secret(own)
        ),
    },
    {
        "name": "slack_sdk",
        "scheme": "slack",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "past_s": 300,
        "future_s": 300,
        "sign": lambda body, own, now, url: {
            "X-Slack-Request-Timestamp": str(now),
            "X-Slack-Signature": SignatureVerifier(own).generate_signature(timestamp=str(now), body=body),
        },
        "verify": lambda body, own, headers, url: SignatureVerifier(own).is_valid_request(body, headers),
    },
    {
        "name": "stripe",
        "scheme": "stripe",
        "takes": "text",
        "empty": True,
        "secret": "stripe",
        "past_s": 300,
        "sign": lambda body, own, now, url: {
            "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body.decode(), own, now)
        },
        "verify": verify_stripe,
    },
    {
        "name": "workos",
        "scheme": "workos",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "past_s": 180,
        "future_s": 180,
        "verify": lambda body, own, headers, url: verify_header(
            event_body=body, event_signature=headers["workos-signature"], secret=own
        ),
    },
]
