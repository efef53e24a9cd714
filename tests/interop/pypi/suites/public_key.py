"""Signatures of a private key that only the provider holds."""

from discord_interactions import verify_key
from sendgrid.helpers.eventwebhook import EventWebhook

SUITES = [
    {
        "name": "discord-interactions",
        "scheme": "discord",
        "takes": "bytes",
        "secret": "ed25519 hex",
        "sender": "discord",
        "members": {"id": "1", "type": 2},
        "note": "looks at no timestamp",
        "verify": lambda body, own, headers, url: verify_key(
            body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], own["public"]
        ),
    },
    {
        "name": "sendgrid",
        "scheme": "sendgrid",
        "takes": "text",
        "empty": True,
        "secret": "p256",
        "sender": "sendgrid",
        "note": "looks at no timestamp",
        "verify": lambda body, own, headers, url: EventWebhook(own["public"]).verify_signature(
            body.decode(),
            headers["x-twilio-email-event-webhook-signature"],
            headers["x-twilio-email-event-webhook-timestamp"],
        ),
    },
]
