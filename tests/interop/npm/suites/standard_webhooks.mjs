// Standard Webhooks, and those who sign as it says.

import { verifyWebhook as verifyClerk } from "@clerk/backend/webhooks";
import OpenAI from "openai";
import { validateWebhook as validateReplicate } from "replicate";
import { Resend } from "resend";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

export const suites = [
  {
    name: "@clerk/backend",
    scheme: "clerk",
    takes: "json",
    secret: "whsec",
    past_s: 300,
    future_s: 300,
    members: { type: "user.created", data: {} },
    verify: async ({ body, own, headers, url }) => {
      await verifyClerk(new Request(url, { method: "POST", headers, body }), { signingSecret: own });
      return true;
    },
  },
  {
    name: "openai",
    scheme: "openai",
    takes: "text",
    secret: "whsec",
    past_s: 300,
    future_s: 300,
    verify: async ({ body, own, headers }) => {
      await new OpenAI({ apiKey: "unused" }).webhooks.verifySignature(body.toString(), headers, own);
      return true;
    },
  },
  {
    name: "replicate",
    scheme: "replicate",
    takes: "text",
    secret: "whsec",
    note: "looks at no timestamp",
    verify: ({ body, own, headers }) =>
      validateReplicate({
        id: headers["webhook-id"],
        timestamp: headers["webhook-timestamp"],
        signature: headers["webhook-signature"],
        body: body.toString(),
        secret: own,
      }),
  },
  {
    name: "resend",
    scheme: "resend",
    takes: "json",
    secret: "whsec",
    past_s: 300,
    future_s: 300,
    verify: async ({ body, own, headers }) => {
      const named = { id: headers["svix-id"], timestamp: headers["svix-timestamp"], signature: headers["svix-signature"] };
      await new Resend("re_unused").webhooks.verify({ payload: body.toString(), headers: named, webhookSecret: own });
      return true;
    },
  },
  standardWebhooks("standard-webhooks"),
  { ...standardWebhooks("gitlab"), name: "standardwebhooks (gitlab)", note: "GitLab signs by this specification" },
  {
    name: "svix",
    scheme: "svix",
    takes: "json",
    secret: "whsec",
    past_s: 300,
    future_s: 300,
    sign: ({ body, own, now }) => ({
      "svix-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
      "svix-timestamp": String(now),
      "svix-signature": new SvixWebhook(own).sign("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", new Date(now * 1000), body),
    }),
    verify: ({ body, own, headers }) => {
      new SvixWebhook(own).verify(body, headers);
      return true;
    },
  },
];

function standardWebhooks(scheme) {
  return {
    name: "standardwebhooks",
    scheme,
    takes: "json",
    secret: "whsec",
    past_s: 300,
    future_s: 300,
    sign: ({ body, own, now }) => ({
      "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
      "webhook-timestamp": String(now),
      "webhook-signature": new StandardWebhook(own).sign("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", new Date(now * 1000), body.toString()),
    }),
    verify: ({ body, own, headers }) => {
      new StandardWebhook(own).verify(body, headers);
      return true;
    },
  };
}
