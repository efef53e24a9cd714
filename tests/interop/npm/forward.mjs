// Stripe signs, hookgate hands on, and a service inside verifies by the library of Standard Webhooks: the README's recipe, with the
// configuration that it has.
//
//   node npm/forward.mjs PATH_TO_HOOKGATE_BINARY
//
// Exits 0 if everything agrees, else 1. Each wrong result is printed by name; the last line is the count.

import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

// The whole run takes seconds; this only ends one that hangs.
const TIME_LIMIT_S = 60;
// A large body, in bytes: more than any buffer on its way.
const LARGE = 5_000_000;

const tally = { passed: 0, failed: 0 };
const binary = path.resolve(process.argv[2] ?? finish("usage: node npm/forward.mjs PATH_TO_HOOKGATE_BINARY", "no binary"));
const folder = mkdtempSync(path.join(tmpdir(), "hookgate-interop-"));
let receiver;

process.on("exit", () => {
  receiver?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => finish("the run is not interrupted", signal));
setTimeout(() => finish(`the run ends within ${TIME_LIMIT_S} s`, "it does not"), TIME_LIMIT_S * 1000);

try {
  await run();
  finish();
} catch (error) {
  finish("the run gets to its end", error.stack);
}

async function run() {
  const secrets = { stripe: `whsec_${randomBytes(24).toString("hex")}`, internal: `whsec_${randomBytes(32).toString("base64")}` };
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(path.join(folder, `${name}.secret`), secret, { mode: 0o600 });
  const service = await serviceThatFailsFirst();
  const port = await startReceiver(service.port);

  const event = (text) => ({ id: `evt_${randomBytes(8).toString("hex")}`, object: "event", type: "charge.succeeded", data: { object: { text } } });
  const bodies = {
    ASCII: JSON.stringify(event("plain")),
    "UTF-8, indented, a newline at its end": `${JSON.stringify(event("zażółć 漢字 🦀"), null, 2)}\r\n`,
    "a large one": JSON.stringify(event("x".repeat(LARGE))),
  };
  const webhook = new Webhook(secrets.internal);
  for (const [name, body] of Object.entries(bodies)) {
    const signature = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret: secrets.stripe });
    const answer = await fetch(`http://127.0.0.1:${port}/webhook`, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature, "Webhook-Id": "forged" },
      body,
    });
    check(`${name}: it is accepted`, answer.status !== 200 && answer.status);
    // The service answers the first with 503, and has it again.
    const [first, again] = [await service.next(), await service.next()];
    for (const came of [first, again]) await checkOne(name, { came, body, signature, webhook });
    check(`${name}: it comes again under the same id`, first.headers["webhook-id"] !== again.headers["webhook-id"] && "another one");
    check(`${name}: attempts are counted`, again.headers["hookgate-attempt"] !== "2" && again.headers["hookgate-attempt"]);
    const listed = execFileSync(binary, ["events", "list", "--data", path.join(folder, "stripe-data")], { encoding: "utf8" });
    check(`${name}: the store has it under that id`, !listed.includes(first.headers["webhook-id"]) && listed);
  }
  const end = new Promise((resolve) => receiver.once("close", (code, signal) => resolve(signal ?? code)));
  receiver.kill("SIGTERM");
  const code = await end;
  check("the receiver exits 0 on SIGTERM", code !== 0 && code);
}

async function checkOne(name, { came, body, signature, webhook }) {
  const refused = (bytes, headers, judge = webhook) => {
    try {
      judge.verify(bytes, headers);
      return false;
    } catch (error) {
      return error.message;
    }
  };
  check(`${name}: the body is what was sent, byte for byte`, digest(came.body) !== digest(body) && "another one");
  check(`${name}: it verifies as Standard Webhooks`, refused(came.body, came.headers));
  check(`${name}: changed, it does not`, !refused(Buffer.concat([came.body, Buffer.from(" ")]), came.headers) && "it does");
  const other = new Webhook(randomBytes(32).toString("base64"));
  check(`${name}: nor under another secret`, !refused(came.body, came.headers, other) && "it does");
  const { "stripe-signature": its, "webhook-id": id, "hookgate-id": ours, "content-type": type } = came.headers;
  check(`${name}: Stripe's own signature is beside it`, its !== signature && its);
  check(`${name}: so is what the body is`, type !== "application/json; charset=utf-8" && type);
  check(`${name}: its id is the event's, not the sender's`, !(id === ours && /^evt_[0-9a-f]{12}_\d{10}$/.test(id)) && id);
}

// A service that answers every event with 503 when it comes first, and keeps all that came.
async function serviceThatFailsFirst() {
  const [came, waiting, seen] = [[], [], new Set()];
  const server = createServer(async (request, response) => {
    const delivery = { headers: request.headers, body: Buffer.concat(await request.toArray()) };
    const id = request.headers["webhook-id"];
    response.writeHead(seen.has(id) ? 204 : 503).end();
    seen.add(id);
    const next = waiting.shift();
    next ? next(delivery) : came.push(delivery);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    next: () => new Promise((resolve) => (came.length > 0 ? resolve(came.shift()) : waiting.push(resolve))),
  };
}

// The port of a receiver that runs by the recipe's configuration, on a free port, and that does not wait long before it tries again.
async function startReceiver(servicePort) {
  const recipe = readFileSync(new URL("../../../examples/stripe.toml", import.meta.url), "utf8");
  const config = recipe.replace("127.0.0.1:5000", "127.0.0.1:0").replace("127.0.0.1:8080", `127.0.0.1:${servicePort}`);
  if (!config.includes(":0\"") || !config.includes(`:${servicePort}/`)) throw new Error("the recipe has other ports than it had");
  writeFileSync(path.join(folder, "hookgate.toml"), `${config}backoff = "100ms"\n`);
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HOOKGATE_")));
  // A proxy that nobody is: who went by it would come nowhere.
  for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]) environment[name] = "http://127.0.0.1:9";
  receiver = spawn(binary, ["serve", "--config", path.join(folder, "hookgate.toml")], { stdio: ["ignore", "ignore", "pipe"], env: environment });
  return new Promise((resolve, reject) => {
    const said = [];
    createInterface({ input: receiver.stderr }).on("line", (line) => {
      said.push(line);
      const listening = line.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
      if (listening) resolve(Number(listening[1]));
    });
    receiver.once("error", reject);
    receiver.once("close", (code) => reject(new Error(`hookgate serve: exit ${code}: ${said.join(" ")}`)));
  });
}

function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

// `wrong` says what was wrong, and is false where nothing was.
function check(sentence, wrong) {
  if (wrong === false) {
    tally.passed += 1;
  } else {
    tally.failed += 1;
    console.log(`FAILED: ${sentence}: ${wrong}`);
  }
}

function finish(sentence, wrong) {
  if (sentence) check(sentence, wrong);
  console.log(`interop forward: ${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
}
