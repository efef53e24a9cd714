"""The usual recipe: verify the raw body, then look at it.

WEBHOOK_SECRET=… gunicorn --bind 127.0.0.1:PORT app:app
"""

import hashlib
import hmac
import os

from flask import Flask, jsonify, request

app = Flask(__name__)
secret = os.environ["WEBHOOK_SECRET"].encode()


@app.post("/webhook")
def webhook():
    body = request.get_data()
    signature = request.headers.get("X-Hub-Signature-256")
    if not signature or not body:
        return jsonify(detail="Missing signature header or payload"), 400
    if not signature.startswith("sha256="):
        return jsonify(detail="Invalid signature header format"), 400
    expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, expected):
        return jsonify(detail="Signature mismatch - unauthorized"), 401
    if request.get_json(silent=True) is None:
        return jsonify(detail="Invalid JSON payload"), 400
    return jsonify(status="success")
