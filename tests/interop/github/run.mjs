// Does hookgate agree with GitHub's own signing code, over GitHub's own example deliveries?
//
//   npm ci && node run.mjs PATH_TO_HOOKGATE_BINARY [FRONT]
//
// Exits 0 if everything agrees, else 1. Each wrong result is printed by name; the last line is the count.

import { execFile, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { isDeepStrictEqual, promisify } from "node:util";
import { sign, verify } from "@octokit/webhooks-methods";

// Version 7.6.1 holds 329 bodies. Fewer than this means a package that lost its content, and a run that proves little.
const EXAMPLES_AT_LEAST = 300;
// A tenth of the bodies is more than this; a sample that shrinks below it is a mistake in this file.
const SAMPLE_AT_LEAST = 20;
// Enough to meet deliveries that overlap, few enough to stay far from any limit on connections.
const REQUESTS_AT_ONCE = 4;
// The whole run takes seconds; this only ends one that hangs.
const TIME_LIMIT_S = 120;

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const SUCCESS = { status: "success" };
const MISMATCH = "Signature mismatch - unauthorized";

const tally = { passed: 0, failed: 0 };
let stage = "looking for the binary";
let receiver;
let folder;

// Runs however the process ends, so that neither a receiver nor a secret is left behind.
process.on("exit", () => {
  if (receiver && !receiver.ended) receiver.child.kill("SIGKILL");
  if (folder) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => finish("the run is not interrupted", `${signal} while ${stage}`));
}
setTimeout(() => finish(`the run ends within ${TIME_LIMIT_S} s`, `still ${stage}`), TIME_LIMIT_S * 1000);

try {
  await run(process.argv[2], process.argv[3] ?? "evented");
  finish();
} catch (error) {
  finish("the run gets to its end", `${error.message}, while ${stage}`);
}

async function run(binary, front) {
  if (!binary) throw new Error("usage: node run.mjs PATH_TO_HOOKGATE_BINARY [FRONT]");
  binary = path.resolve(binary);
  accessSync(binary, constants.X_OK);

  stage = "reading the examples";
  const examples = readExamples();
  check(`there are at least ${EXAMPLES_AT_LEAST} examples`, examples.length < EXAMPLES_AT_LEAST && `there are ${examples.length}`);
  const sample = examples.filter(({ body }, index) => index % 10 === 0 || !isAscii(body));
  check(`there are at least ${SAMPLE_AT_LEAST} in the sample`, sample.length < SAMPLE_AT_LEAST && `there are ${sample.length}`);

  folder = mkdtempSync(path.join(tmpdir(), "hookgate-interop-"));
  const secret = randomBytes(32).toString("hex");
  const secretFile = path.join(folder, "secret");
  writeFileSync(secretFile, secret, { mode: 0o600, flag: "wx" });

  stage = "starting the receiver";
  receiver = startReceiver(binary, front, secretFile);
  const port = await receiver.port;

  const genuine = examples.map((example) => delivery(example, example.body, JSON_TYPE));
  const forged = genuine.map((original, index) => ({
    ...original,
    id: randomUUID(),
    name: `${original.name} with one byte changed`,
    sent: changeOneByte(original.body, index / (genuine.length - 1)),
  }));
  const forms = sample.flatMap((example) =>
    Object.entries(formSpellings(example.body)).map(([spelling, body]) => ({
      ...delivery(example, body, FORM),
      name: `${example.name} as a form with ${spelling}`,
    })),
  );
  const accepted = [...genuine, ...forms];

  stage = "posting signed examples";
  await forEachAFewAtOnce(genuine, async (one) => expectSuccess(one, await post(port, one, secret)));
  stage = "posting examples with one byte changed";
  await forEachAFewAtOnce(forged, async (one) => expectMismatch(one, await post(port, one, secret)));
  stage = "posting signed forms";
  await forEachAFewAtOnce(forms, async (one) => expectSuccess(one, await post(port, one, secret)));
  stage = "signing with hookgate";
  await forEachAFewAtOnce(sample, (example) => octokitAcceptsWhatHookgateSigns(binary, secret, secretFile, example));

  // Judged after the end of stdout, when nothing more can appear on it.
  stage = "stopping the receiver";
  receiver.child.kill("SIGTERM");
  const { code, signal } = await receiver.end;
  check("the receiver exits 0 on SIGTERM", code !== 0 && `it ended with ${signal ?? `code ${code}`}; ${receiver.talk()}`);
  stage = "judging the events";
  judgeEvents(receiver.lines, accepted, forged);
}

// Every body of every event type, in the package's order, named `push 1`, `push 2`, …
function readExamples() {
  return createRequire(import.meta.url)("@octokit/webhooks-examples").flatMap(({ name: type, examples }) =>
    examples.map((payload, index) => ({ name: `${type} ${index + 1}`, type, payload, body: JSON.stringify(payload) })),
  );
}

// `body` is what gets signed, `sent` the bytes that travel: only a forger lets them differ.
function delivery({ name, type, payload }, body, contentType) {
  return { id: randomUUID(), name, type, payload, body, contentType, sent: Buffer.from(body) };
}

// Both spellings of a space that a form may use: the same JSON, but other bytes under the signature.
function formSpellings(json) {
  return { "%20": `payload=${encodeURIComponent(json)}`, "+": new URLSearchParams({ payload: json }).toString() };
}

// `place` runs from 0, the first byte, to 1, the last, so that the forgeries together reach every part of a body.
function changeOneByte(body, place) {
  const bytes = Buffer.from(body);
  bytes[Math.floor(place * (bytes.length - 1))] ^= 1;
  return bytes;
}

function isAscii(text) {
  return Buffer.byteLength(text) === text.length;
}

// The environment without hookgate's own variables: what is tested is what the command line says.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HOOKGATE_")));
}

// `port` resolves once stderr says where it listens, `end` once it has exited and both its pipes are at their end.
function startReceiver(binary, front, secretFile) {
  const child = spawn(
    binary,
    ["serve", "--no-store", "--front", front, "--listen", "127.0.0.1:0", "--path", "/webhook", "--secret-file-raw", secretFile],
    { stdio: ["ignore", "pipe", "pipe"], env: environment() },
  );
  const started = { child, lines: [], ended: false };
  const lastWords = [];
  started.talk = () => `its last words: ${JSON.stringify(lastWords.join("\n"))}`;

  createInterface({ input: child.stdout }).on("line", (line) => started.lines.push(line));
  const stderr = createInterface({ input: child.stderr });
  stderr.on("line", (line) => {
    lastWords.push(line);
    if (lastWords.length > 10) lastWords.shift();
  });

  child.once("exit", () => (started.ended = true));
  started.end = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  started.port = new Promise((resolve, reject) => {
    stderr.on("line", (line) => {
      const listening = line.match(/http:\/\/127\.0\.0\.1:(\d+)\/webhook/);
      if (listening) resolve(Number(listening[1]));
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`the receiver ended before it listened; ${started.talk()}`)));
  });
  return started;
}

// What was answered, or why there was no answer. Each request has a connection of its own.
async function post(port, { id, type, body, contentType, sent }, secret) {
  const headers = {
    "Content-Type": contentType,
    "Content-Length": sent.length,
    "X-GitHub-Event": type,
    "X-GitHub-Delivery": id,
    "X-Hub-Signature-256": await sign(secret, body),
  };
  return new Promise((resolve) => {
    const noAnswer = (error) => resolve({ problem: `no answer: ${error.message}` });
    const request = http.request({ host: "127.0.0.1", port, path: "/webhook", method: "POST", agent: false, headers });
    request.on("error", noAnswer);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", noAnswer);
      response.on("end", () =>
        resolve({
          status: response.statusCode,
          mediaType: response.headers["content-type"]?.split(";")[0].trim(),
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(sent);
  });
}

function expectSuccess({ name }, answer) {
  const asPromised = answer.status === 200 && isDeepStrictEqual(parse(answer.text), SUCCESS);
  check(`${name} is answered 200, success`, !asPromised && shown(answer));
}

function expectMismatch({ name }, answer) {
  const asPromised =
    answer.status === 401 && answer.mediaType === "application/problem+json" && parse(answer.text)?.detail === MISMATCH;
  check(`${name} is answered 401, ${MISMATCH}`, !asPromised && shown(answer));
}

async function octokitAcceptsWhatHookgateSigns(binary, secret, secretFile, { name, body }) {
  const sentence = `${name} signed by hookgate is what octokit signs and verifies`;
  const file = path.join(folder, name);
  writeFileSync(file, body);
  let printed;
  try {
    const command = ["sign", "--scheme", "github", "--secret-file-raw", secretFile, file];
    printed = (await promisify(execFile)(binary, command, { env: environment() })).stdout;
  } catch (error) {
    return check(sentence, `hookgate sign: ${error.stderr || error.message}`);
  }
  const signatures = [...printed.matchAll(/^X-Hub-Signature-256: (.+)$/gim)].map(([, value]) => value);
  if (signatures.length !== 1) return check(sentence, `${signatures.length} signature headers in ${JSON.stringify(printed)}`);

  const [signature] = signatures;
  const right = await sign(secret, body);
  check(sentence, signature !== right && `hookgate says ${signature}, octokit ${right}`);
  check(`${name} signed by hookgate is valid to octokit`, !(await verify(secret, body, signature)) && signature);
  const changed = changeOneByte(body, 0.5).toString();
  check(`${name} signed by hookgate is invalid for a changed body`, (await verify(secret, changed, signature)) && signature);
}

function judgeEvents(lines, accepted, forged) {
  const events = lines.map(parse);
  const badLines = lines.filter((_, index) => typeof events[index]?.delivery_id !== "string");
  check("every line on stdout is an event", badLines.length > 0 && badLines.join("\n"));

  const byDelivery = new Map();
  for (const event of events) {
    byDelivery.set(event?.delivery_id, [...(byDelivery.get(event?.delivery_id) ?? []), event]);
  }
  for (const one of accepted) {
    check(`${one.name} is printed once, as it was sent`, wrongInEvents(byDelivery.get(one.id) ?? [], one));
  }
  for (const one of forged) {
    check(`${one.name} is not printed`, byDelivery.has(one.id) && JSON.stringify(byDelivery.get(one.id)));
  }
  check("as many events are printed as were accepted", events.length !== accepted.length && `${events.length}, not ${accepted.length}`);
  const ids = new Set(events.map((event) => event?.id));
  check("no two events share an id", ids.size !== events.length && `${events.length} events, ${ids.size} ids`);
}

function wrongInEvents(events, { type, payload }) {
  if (events.length !== 1) return `printed ${events.length} times`;
  const [event] = events;
  if (event.type !== type) return `its type is ${event.type}`;
  if (!isDeepStrictEqual(event.payload, payload)) return `its payload ${firstDifference(event.payload, payload)}`;
  if (!event.id) return "it has no id";
  if (typeof event.source !== "string" || !event.source) return `its source is ${event.source}`;
  // RFC 3339, section 5.6.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(event.received_at)) {
    return `its received_at is ${event.received_at}`;
  }
  return false;
}

// A payload is up to 27 kB: only the surroundings of the first difference are worth printing.
function firstDifference(printed, sent) {
  const [left, right] = [JSON.stringify(printed) ?? "is missing", JSON.stringify(sent)];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  const around = (text) => text.slice(Math.max(0, at - 40), at + 40);
  return `has …${around(left)}… where …${around(right)}… was sent`;
}

async function forEachAFewAtOnce(items, act) {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shown({ problem, status, mediaType, text }) {
  return problem ?? `${status} ${mediaType} ${text}`;
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
  console.log(`interop github: ${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
}
