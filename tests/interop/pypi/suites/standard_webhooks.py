"""Standard Webhooks, and those who sign as it says."""

import datetime

import standardwebhooks
import svix
from replicate.webhook import Webhooks as ReplicateWebhooks, WebhookSigningSecret
from resend import Webhooks as ResendWebhooks

ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


def sign_with(webhook, prefix):
    def sign(body, own, now, url):
        at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
        signature = webhook(own).sign(ID, at, body.decode())
        return {f"{prefix}-id": ID, f"{prefix}-timestamp": str(now), f"{prefix}-signature": signature}

    return sign


# Both libraries raise where they refuse.
def verify_with(webhook):
    def verify(body, own, headers, url):
        webhook(own).verify(body, headers)

    return verify


def standard(name, scheme, webhook, prefix, note=None):
    return {
        "name": name,
        "scheme": scheme,
        "takes": "json",
        "secret": "whsec",
        "past_s": 300,
        "future_s": 300,
        **({"note": note} if note else {}),
        "sign": sign_with(webhook, prefix),
        "verify": verify_with(webhook),
    }


def verify_replicate(body, own, headers, url):
    ReplicateWebhooks.validate(headers=headers, body=body.decode(), secret=WebhookSigningSecret(key=own), tolerance=300)


def verify_resend(body, own, headers, url):
    named = {"id": headers["svix-id"], "timestamp": headers["svix-timestamp"], "signature": headers["svix-signature"]}
    return isinstance(ResendWebhooks.verify({"payload": body.decode(), "headers": named, "webhook_secret": own}), dict)


SUITES = [
    {
        "name": "replicate",
        "scheme": "replicate",
        "takes": "text",
        "secret": "whsec",
        "past_s": 300,
        "future_s": 300,
        "verify": verify_replicate,
    },
    {
        "name": "resend",
        "scheme": "resend",
        "takes": "json",
        "secret": "whsec",
        "past_s": 300,
        "future_s": 300,
        "verify": verify_resend,
    },
    standard("standardwebhooks", "standard-webhooks", standardwebhooks.Webhook, "webhook"),
    standard("standardwebhooks (surge)", "surge", standardwebhooks.Webhook, "webhook", "the library that Surge's documentation names"),
    standard("svix", "svix", svix.Webhook, "svix"),
]
