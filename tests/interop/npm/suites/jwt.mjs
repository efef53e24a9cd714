// A JWT that holds a hash of the body.

import { createHash, createSecretKey } from "node:crypto";
import { createRequire } from "node:module";
import { AccessToken, WebhookReceiver } from "livekit-server-sdk";

const messagebird = createRequire(import.meta.url)("messagebird/lib/webhook-signature-jwt");

export const suites = [
  {
    name: "livekit-server-sdk",
    scheme: "livekit",
    options: ["--issuer", "key"],
    takes: "json",
    secret: "text",
    members: { event: "room_started", id: "EV_1" },
    headers: { "Content-Type": "application/webhook+json" },
    sign: async ({ body, own }) => {
      const token = new AccessToken("key", own);
      token.sha256 = createHash("sha256").update(body).digest("base64");
      return { "Content-Type": "application/webhook+json", Authorization: await token.toJwt() };
    },
    verify: async ({ body, own, headers }) => {
      await new WebhookReceiver("key", own).receive(body.toString(), headers.authorization);
      return true;
    },
  },
  {
    name: "messagebird",
    scheme: "messagebird",
    takes: "bytes",
    empty: true,
    secret: "text",
    verify: ({ body, own, headers, url }) =>
      messagebird.verify(url, body, headers["messagebird-signature-jwt"], createSecretKey(Buffer.from(own, "utf8"))),
  },
];
