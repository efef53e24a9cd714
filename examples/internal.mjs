// A service that takes events signed as Standard Webhooks say, whoever sent them first: npm install standardwebhooks && node internal.mjs
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(readFileSync("internal.secret", "utf8"));
const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  try {
    const event = webhook.verify(body, request.headers);
    console.log(`${request.headers["webhook-id"]} is signed: ${event.type}`);
    response.writeHead(204).end();
  } catch (error) {
    console.log(`refused: ${error.message}`);
    response.writeHead(401).end();
  }
});
server.listen(8080, "127.0.0.1", () => console.log("waiting for events on http://127.0.0.1:8080/events"));
