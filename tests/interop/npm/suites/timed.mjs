// A MAC of a timestamp and the body.

import { createRequire } from "node:module";
import { Mux } from "@mux/mux-node";
import { Environment, Paddle } from "@paddle/paddle-node-sdk";
import { WorkOS } from "@workos-inc/node";
import { AwsLambdaReceiver, ConsoleLogger, LogLevel } from "@zoom/rivet/meetings";
import Stripe from "stripe";

const require = createRequire(import.meta.url);
const { isValidSlackRequest } = require("@slack/bolt/dist/receivers/verify-request.js");

// Rivet prints every event that it is given.
console.debug = () => {};

const stripe = new Stripe("sk_test_unused");
const workos = new WorkOS("sk_unused");

export const suites = [
  {
    name: "@mux/mux-node",
    scheme: "mux",
    takes: "text",
    empty: true,
    secret: "text",
    past_s: 300,
    verify: async ({ body, own, headers }) => {
      await new Mux({ tokenId: "id", tokenSecret: "secret" }).webhooks.verifySignature(body.toString(), headers, own);
      return true;
    },
  },
  {
    name: "@paddle/paddle-node-sdk",
    scheme: "paddle",
    takes: "text",
    secret: "text",
    past_s: 5,
    verify: ({ body, own, headers }) =>
      new Paddle("key", { environment: Environment.sandbox }).webhooks.isSignatureValid(body.toString(), own, headers["paddle-signature"]),
  },
  {
    name: "@slack/bolt",
    scheme: "slack",
    takes: "text",
    empty: true,
    secret: "text",
    past_s: 300,
    verify: ({ body, own, headers }) => isValidSlackRequest({ body: body.toString(), signingSecret: own, headers }),
  },
  {
    name: "@workos-inc/node",
    scheme: "workos",
    takes: "written-json",
    secret: "text",
    past_s: 180,
    note: "writes the JSON anew before it signs or verifies",
    sign: async ({ body, own, now }) => {
      const hash = await workos.webhooks.computeSignature(now * 1000, JSON.parse(body), own);
      return { "WorkOS-Signature": `t=${now * 1000}, v1=${hash}` };
    },
    verify: ({ body, own, headers }) =>
      workos.webhooks.verifyHeader({ payload: JSON.parse(body), sigHeader: headers["workos-signature"], secret: own }),
  },
  {
    name: "@zoom/rivet",
    scheme: "zoom",
    takes: "written-json",
    secret: "text",
    members: { event: "meeting.started", payload: {} },
    note: "writes the JSON anew before it verifies; looks at no timestamp",
    verify: async ({ body, own, headers }) => {
      const logger = new ConsoleLogger();
      logger.setLevel(LogLevel.ERROR);
      const receiver = new AwsLambdaReceiver({ webhooksSecretToken: own, logger });
      receiver.init({ eventEmitter: { emit: async () => {} } });
      const { statusCode } = await receiver.start()({ body: body.toString(), headers, isBase64Encoded: false });
      return statusCode === 200;
    },
  },
  {
    name: "stripe",
    scheme: "stripe",
    takes: "text",
    secret: "stripe",
    past_s: 300,
    sign: ({ body, own, now }) => ({
      "Stripe-Signature": stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret: own, timestamp: now }),
    }),
    verify: ({ body, own, headers }) => stripe.webhooks.signature.verifyHeader(body, headers["stripe-signature"], own, 300),
  },
];
