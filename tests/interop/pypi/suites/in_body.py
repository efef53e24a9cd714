"""A signature inside the body that it signs."""

import json

from Adyen.util import generate_notification_sig, is_valid_hmac_notification


def notification(reference):
    item = {
        "amount": {"currency": "EUR", "value": 1000},
        "eventCode": "AUTHORISATION",
        "eventDate": "2026-01-31T23:59:59+01:00",
        "merchantAccountCode": "HookgateECOM",
        "merchantReference": reference,
        "originalReference": "",
        "paymentMethod": "visa",
        "pspReference": "7914073381342284",
        "reason": "",
        "success": "true",
    }
    return json.dumps({"live": "false", "notificationItems": [{"NotificationRequestItem": item}]})


def seal(body, own):
    whole = json.loads(body)
    item = whole["notificationItems"][0]["NotificationRequestItem"]
    item["additionalData"] = {"hmacSignature": generate_notification_sig(item, own).decode()}
    return json.dumps(whole).encode()


SUITES = [
    {
        "name": "Adyen (payments)",
        "scheme": "adyen",
        "secret": "hex",
        "bodies": {
            "a notification": notification("interop"),
            "a notification with UTF-8": notification("interop zażółć 漢字"),
            "a notification with a colon": notification("interop:1\\2"),
        },
        "note": "the signature stands in the body",
        "seal": seal,
        "verify": lambda body, own, headers, url: is_valid_hmac_notification(json.loads(body), own),
    },
]
