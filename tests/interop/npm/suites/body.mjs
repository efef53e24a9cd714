// A MAC of the body, in one header.

import { createRequire } from "node:module";
import "@shopify/shopify-api/adapters/node";
import { verifyWebhookSignature as verifyHookdeck } from "@hookdeck/sdk/webhooks/helpers.js";
import { validateSignature as validateLine } from "@line/bot-sdk";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { signWebhookPayload as signNotion, verifyWebhookSignature as verifyNotion } from "@notionhq/client";
import { ApiVersion, LogSeverity, shopifyApi } from "@shopify/shopify-api";

const require = createRequire(import.meta.url);
const { Webhook: CoinbaseWebhook } = require("coinbase-commerce-node");
const gocardless = require("gocardless-nodejs/webhooks");
const Pusher = require("pusher");
const PusherToken = require("pusher/lib/token");
const Razorpay = require("razorpay");

export const suites = [
  {
    name: "@hookdeck/sdk",
    scheme: "hookdeck",
    takes: "text",
    secret: "text",
    verify: async ({ body, own, headers }) =>
      (await verifyHookdeck({ headers, rawBody: body.toString(), signingSecret: own })).isValidSignature,
  },
  {
    name: "@line/bot-sdk",
    scheme: "line",
    takes: "bytes",
    empty: true,
    secret: "text",
    verify: ({ body, own, headers }) => validateLine(body, own, headers["x-line-signature"]),
  },
  {
    name: "@linear/sdk",
    scheme: "linear",
    takes: "json",
    secret: "text",
    members: { webhookTimestamp: "$now_ms" },
    past_s: 60,
    future_s: 60,
    verify: ({ body, own, headers }) => new LinearWebhookClient(own).verify(body, headers["linear-signature"]),
  },
  {
    name: "@notionhq/client",
    scheme: "notion",
    takes: "bytes",
    empty: true,
    secret: "text",
    sign: async ({ body, own }) => ({ "X-Notion-Signature": await signNotion({ body, verificationToken: own }) }),
    verify: ({ body, own, headers }) => verifyNotion({ body, signature: headers["x-notion-signature"], verificationToken: own }),
  },
  {
    name: "@shopify/shopify-api",
    scheme: "shopify",
    takes: "text",
    secret: "text",
    headers: {
      "X-Shopify-Topic": "orders/create",
      "X-Shopify-Shop-Domain": "hookgate.myshopify.com",
      "X-Shopify-API-Version": "2026-01",
      "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    },
    verify: async ({ body, own, headers }) => {
      const rawRequest = { method: "POST", url: "/webhook", headers };
      return (await shopify(own).webhooks.validate({ rawBody: body.toString(), rawRequest })).valid;
    },
  },
  {
    name: "coinbase-commerce-node",
    scheme: "coinbase-commerce",
    takes: "text",
    empty: true,
    secret: "text",
    sign: ({ body, own }) => ({ "X-CC-Webhook-Signature": CoinbaseWebhook.computeSignature(body.toString(), own) }),
    verify: ({ body, own, headers }) => CoinbaseWebhook.verifySigHeader(body.toString(), headers["x-cc-webhook-signature"], own),
  },
  {
    name: "gocardless-nodejs",
    scheme: "gocardless",
    takes: "bytes",
    empty: true,
    secret: "text",
    verify: ({ body, own, headers }) => {
      gocardless.verifySignature(body, own, headers["webhook-signature"]);
      return true;
    },
  },
  {
    name: "pusher",
    scheme: "pusher",
    takes: "json",
    secret: "text",
    members: { time_ms: "$now_ms" },
    headers: { "X-Pusher-Key": "key", "Content-Type": "application/json" },
    sign: ({ body, own }) => ({ "X-Pusher-Signature": new PusherToken("key", own).sign(body.toString()) }),
    verify: ({ body, own, headers }) =>
      new Pusher({ appId: "1", key: "key", secret: own, cluster: "eu" }).webhook({ headers, rawBody: body.toString() }).isValid(),
  },
  {
    name: "razorpay",
    scheme: "razorpay",
    takes: "text",
    empty: true,
    secret: "text",
    verify: ({ body, own, headers }) => Razorpay.validateWebhookSignature(body.toString(), headers["x-razorpay-signature"], own),
  },
];

function shopify(apiSecretKey) {
  return shopifyApi({
    apiKey: "key",
    apiSecretKey,
    apiVersion: ApiVersion.January26,
    hostName: "hooks.example.com",
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error, log: () => {} },
  });
}
