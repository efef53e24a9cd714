// Signatures of a private key that only the provider holds.

import { createRequire } from "node:module";
import { EventWebhook, EventWebhookHeader } from "@sendgrid/eventwebhook";
import { verifyKey } from "discord-interactions";

const { TelnyxWebhook } = createRequire(import.meta.url)("telnyx/lib/webhooks.js");

export const suites = [
  {
    name: "@sendgrid/eventwebhook",
    scheme: "sendgrid",
    takes: "text",
    empty: true,
    secret: "p256",
    sender: "sendgrid",
    note: "looks at no timestamp",
    verify: ({ body, own, headers }) => {
      const webhook = new EventWebhook();
      const key = webhook.convertPublicKeyToECDSA(own.public);
      const [signature, timestamp] = [EventWebhookHeader.SIGNATURE(), EventWebhookHeader.TIMESTAMP()].map((name) => headers[name.toLowerCase()]);
      return webhook.verifySignature(key, body, signature, timestamp);
    },
  },
  {
    name: "discord-interactions",
    scheme: "discord",
    takes: "bytes",
    secret: "ed25519 hex",
    sender: "discord",
    members: { id: "1", type: 2 },
    note: "looks at no timestamp",
    verify: ({ body, own, headers }) => verifyKey(body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], own.public),
  },
  {
    name: "telnyx",
    scheme: "telnyx",
    takes: "text",
    secret: "ed25519 base64",
    sender: "telnyx",
    past_s: 300,
    future_s: 300,
    verify: async ({ body, own, headers }) => {
      await new TelnyxWebhook(own.public).verify(body.toString(), headers);
      return true;
    },
  },
];
