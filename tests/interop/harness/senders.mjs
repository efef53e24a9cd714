// Providers that sign with a private key: their SDKs only verify, and hookgate holds no private key. OpenSSL signs in their
// place, and both have to come to the same verdict. That the SDK accepts a delivery shows that it is signed as documented.

import { sign } from "node:crypto";

export const senders = {
  discord: ({ body, own, now }) => ({
    "X-Signature-Ed25519": ed25519(own, String(now), body).toString("hex"),
    "X-Signature-Timestamp": String(now),
  }),
  telnyx: ({ body, own, now }) => ({
    "telnyx-signature-ed25519": ed25519(own, `${now}|`, body).toString("base64"),
    "telnyx-timestamp": String(now),
  }),
  sendgrid: ({ body, own, now }) => ({
    "X-Twilio-Email-Event-Webhook-Signature": sign("sha256", Buffer.concat([Buffer.from(String(now)), body]), own.private).toString("base64"),
    "X-Twilio-Email-Event-Webhook-Timestamp": String(now),
  }),
};

function ed25519(own, before, body) {
  return sign(null, Buffer.concat([Buffer.from(before), body]), own.private);
}
