"""A MAC of the body, in one header."""

import pusher
from Adyen.util import generate_payload_sig, is_valid_hmac_payload
from coinbase_commerce.webhook import WebhookSignature as CoinbaseSignature
from gidgethub.sansio import validate_event
from gocardless_pro import webhooks as gocardless
from linebot.v3.webhook import SignatureValidator
from pusher.signature import sign as sign_pusher
import razorpay

SUITES = [
    {
        "name": "Adyen",
        "scheme": "adyen-banking",
        "takes": "bytes",
        "empty": True,
        "secret": "hex",
        "headers": {"Protocol": "HmacSHA256"},
        "sign": lambda body, own, now, url: {"HmacSignature": generate_payload_sig(body, own).decode(), "Protocol": "HmacSHA256"},
        "verify": lambda body, own, headers, url: is_valid_hmac_payload(headers["hmacsignature"], own, body),
    },
    {
        "name": "coinbase-commerce",
        "scheme": "coinbase-commerce",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "verify": lambda body, own, headers, url: CoinbaseSignature.verify_sig_header(
            body.decode(), headers["x-cc-webhook-signature"], own
        ),
    },
    {
        "name": "gidgethub",
        "scheme": "github",
        "takes": "bytes",
        "empty": True,
        "secret": "text",
        "note": "a library of the community",
        "verify": lambda body, own, headers, url: validate_event(body, signature=headers["x-hub-signature-256"], secret=own),
    },
    {
        "name": "gidgethub (SHA-1)",
        "scheme": "github-sha1",
        "takes": "bytes",
        "empty": True,
        "secret": "text",
        "verify": lambda body, own, headers, url: validate_event(body, signature=headers["x-hub-signature"], secret=own),
    },
    {
        "name": "gocardless_pro",
        "scheme": "gocardless",
        "takes": "json",
        "secret": "text",
        "members": {"events": [], "meta": {"webhook_id": "WB1"}},
        "verify": lambda body, own, headers, url: isinstance(
            gocardless.parse_with_meta(bytearray(body), own, headers["webhook-signature"]), gocardless.WebhookParseResult
        ),
    },
    {
        "name": "line-bot-sdk",
        "scheme": "line",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "verify": lambda body, own, headers, url: SignatureValidator(own).validate(body.decode(), headers["x-line-signature"]),
    },
    {
        "name": "pusher",
        "scheme": "pusher",
        "takes": "json",
        "secret": "text",
        "members": {"time_ms": "$now_ms"},
        "headers": {"X-Pusher-Key": "key"},
        "past_s": 300,
        "future_s": 300,
        "sign": lambda body, own, now, url: {"X-Pusher-Signature": sign_pusher(own, body.decode())},
        "verify": lambda body, own, headers, url: pusher.Pusher(app_id="1", key="key", secret=own).validate_webhook(
            headers["x-pusher-key"], headers["x-pusher-signature"], body.decode()
        )
        is not None,
    },
    {
        "name": "razorpay",
        "scheme": "razorpay",
        "takes": "text",
        "empty": True,
        "secret": "text",
        "verify": lambda body, own, headers, url: razorpay.Client(auth=("key", "unused")).utility.verify_webhook_signature(
            body.decode(), headers["x-razorpay-signature"], own
        ),
    },
]
