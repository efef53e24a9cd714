// GitHub's own middleware in a bare server, as its README has it.
//
//   WEBHOOK_SECRET=… node server.mjs PORT

import { createServer } from "node:http";
import { createNodeMiddleware, Webhooks } from "@octokit/webhooks";

const webhooks = new Webhooks({ secret: process.env.WEBHOOK_SECRET });
webhooks.on("push", () => {});

createServer(createNodeMiddleware(webhooks, { path: "/webhook" })).listen(Number(process.argv[2]), "127.0.0.1");
