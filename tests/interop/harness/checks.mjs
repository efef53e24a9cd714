// What every suite is put through. A suite is how one SDK signs, verifies, or both:
//
//   name       the package's name
//   scheme     the preset it stands for
//   options    what else hookgate has to be told of it
//   takes      which bodies it can take (bodies.mjs); `empty`: an empty one too
//   secret     what its secrets look like (keys.mjs)
//   sign       headers by name, for { body, own, now, url }
//   verify     true for a good delivery, else false or throws, for { body, own, headers, url }; header names in lower case
//   past_s     the greatest age that the SDK accepts; `future_s` how far ahead, where it looks at that
//   members    what its JSON has to hold; "$now_ms" becomes the time
//   headers    what it wants to see beside the signature
//   bodies     its own bodies by name, where it takes no others
//   seal       the body with the signature inside, instead of `sign`
//   sender     who signs where nobody's SDK can (senders.mjs): then hookgate and the SDK judge the same deliveries
//   one_way    why hookgate does not sign for it

import { bodiesFor, changeOneByte } from "./bodies.mjs";
import { POSTED_TO } from "./hookgate.mjs";
import { newKeys } from "./keys.mjs";
import { senders } from "./senders.mjs";

const MISMATCH = "Signature mismatch";
const STALE = "Timestamp out of bounds";

export async function putThrough(suite, hookgate, check) {
  const keys = newKeys(suite.secret);
  const bodies = bodiesOf(suite);
  for (const { name, bytes } of bodies) {
    await itSigns({ suite, hookgate, check, keys, name, body: bytes });
    await hookgateSigns({ suite, hookgate, check, keys, name, body: bytes });
  }
  await anotherSecret({ suite, hookgate, check, keys, body: bodies[0].bytes });
  if (suite.past_s) await otherTimes({ suite, hookgate, check, keys });
  await receiver({ suite, hookgate, check, keys, bodies: bodies.slice(0, 2) });
}

// What can be known of a suite without hookgate: that it verifies what it signs, and nothing else.
export async function tryAlone(suite, check) {
  if (!canSign(suite) || !suite.verify) return;
  const keys = newKeys(suite.secret);
  for (const { name, bytes } of bodiesOf(suite)) await agreesWithItself({ suite, check, name, keys, delivery: await signed(suite, keys, bytes) });
}

async function itSigns({ suite, hookgate, check, keys, name, body }) {
  if (!canSign(suite)) return;
  const delivery = await signed(suite, keys, body);
  const said = await hookgate.verify({ ...judge(suite), secret: keys.held, ...delivery });
  check(`${suite.name}: ${name}, signed by ${signer(suite)}, is valid to hookgate`, said !== "valid" && said);
  const forgery = { ...delivery, body: changeOneByte(delivery.body) };
  const forged = await hookgate.verify({ ...judge(suite), secret: keys.held, ...forgery });
  check(`${suite.name}: ${name}, signed by ${signer(suite)} and changed, is a mismatch to hookgate`, !forged.includes(MISMATCH) && forged);
  if (suite.verify) await agreesWithItself({ suite, check, name, keys, delivery });
}

async function agreesWithItself({ suite, check, name, keys, delivery }) {
  const said = await verdict(suite, keys, delivery);
  check(`${suite.name}: ${name}, signed by ${signer(suite)}, is valid to it`, said !== "valid" && said);
  const forged = await verdict(suite, keys, { ...delivery, body: changeOneByte(delivery.body) });
  check(`${suite.name}: ${name}, signed by ${signer(suite)} and changed, is refused by it`, forged === "valid" && forged);
}

async function hookgateSigns({ suite, hookgate, check, keys, name, body }) {
  if (!suite.verify || suite.one_way || suite.sender) return;
  const delivery = await signedByHookgate(suite, hookgate, keys, body);
  const said = await verdict(suite, keys, delivery);
  check(`${suite.name}: ${name}, signed by hookgate, is valid to it`, said !== "valid" && said);
  const forged = await verdict(suite, keys, { ...delivery, body: changeOneByte(delivery.body) });
  check(`${suite.name}: ${name}, signed by hookgate and changed, is refused by it`, forged === "valid" && forged);
}

async function anotherSecret({ suite, hookgate, check, keys, body }) {
  const others = newKeys(suite.secret);
  const delivery = await signedByEither(suite, hookgate, keys, body);
  const said = await hookgate.verify({ ...judge(suite), secret: others.held, ...delivery });
  check(`${suite.name}: a signature is a mismatch to hookgate under another secret`, !said.includes(MISMATCH) && said);
  if (!suite.verify) return;
  const its = await verdict(suite, others, delivery);
  check(`${suite.name}: a signature is refused by it under another secret`, its === "valid" && its);
}

// Both sides of each bound, by a margin that a slow machine does not eat.
async function otherTimes({ suite, hookgate, check, keys }) {
  const margin = Math.max(2, Math.min(20, Math.floor(suite.past_s / 2)));
  const ages = { "almost too old": suite.past_s - margin, "too old": suite.past_s + margin };
  if (suite.future_s) Object.assign(ages, { "almost too far ahead": margin - suite.future_s, "too far ahead": -suite.future_s - margin });
  for (const [name, age] of Object.entries(ages)) {
    const at = seconds() - age;
    const isGood = name.startsWith("almost");
    const delivery = await signedByEither(suite, hookgate, keys, bodiesOf(suite, at)[0].bytes, at);
    const said = await hookgate.verify({ ...judge(suite), secret: keys.held, ...delivery });
    const isRight = isGood ? said === "valid" : said.includes(STALE);
    check(`${suite.name}: a delivery ${name} (${age} s) is ${isGood ? "valid" : "out of bounds"} to hookgate`, !isRight && said);
    if (!suite.verify) continue;
    const its = await verdict(suite, keys, delivery);
    check(`${suite.name}: a delivery ${name} (${age} s) is ${isGood ? "valid to" : "refused by"} it`, (its === "valid") !== isGood && its);
  }
}

async function receiver({ suite, hookgate, check, keys, bodies }) {
  const served = await hookgate.serve({ ...judge(suite), secret: keys.held });
  for (const { name, bytes } of bodies) {
    const { headers, body } = await signedByEither(suite, hookgate, keys, bytes);
    // The forgery first: the same signature twice can be a replay.
    const forged = await served.post({ ...suite.headers, ...headers }, changeOneByte(body));
    check(`${suite.name}: a receiver answers ${name}, signed and changed, with 401`, forged !== 401 && forged);
    const good = await served.post({ ...suite.headers, ...headers }, body);
    check(`${suite.name}: a receiver answers ${name}, signed, with 2xx`, !(good >= 200 && good < 300) && good);
  }
  const code = await served.stop();
  check(`${suite.name}: the receiver exits 0 on SIGTERM`, code !== 0 && code);
}

function bodiesOf(suite, at = seconds()) {
  if (suite.bodies) return Object.entries(suite.bodies).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  const members = Object.entries(suite.members ?? { id: "evt_1", type: "test" });
  return bodiesFor(suite, Object.fromEntries(members.map(([name, value]) => [name, value === "$now_ms" ? at * 1000 : value])));
}

function canSign({ sign, seal, sender }) {
  return Boolean(sign || seal || sender);
}

function signer({ sender }) {
  return sender ? "OpenSSL" : "it";
}

async function signed(suite, { own }, body, at = seconds()) {
  const asked = { body, own, now: at, url: POSTED_TO };
  if (suite.seal) return { headers: {}, body: await suite.seal(asked) };
  return { headers: await (suite.sign ?? senders[suite.sender])(asked), body };
}

async function signedByHookgate(suite, hookgate, { held }, body, at) {
  const asked = { ...judge(suite), secret: held, body, now: at };
  if (suite.seal) return { headers: {}, body: Buffer.from(await hookgate.seal(asked)) };
  return { headers: await hookgate.sign(asked), body };
}

// What hookgate is told of the suite's scheme.
function judge({ scheme, options }) {
  return { scheme, options };
}

async function signedByEither(suite, hookgate, keys, body, at) {
  return canSign(suite) ? signed(suite, keys, body, at) : signedByHookgate(suite, hookgate, keys, body, at);
}

// `valid`, or why it was refused.
async function verdict(suite, { own }, { headers, body }) {
  const all = Object.entries({ ...suite.headers, ...headers }).map(([name, value]) => [name.toLowerCase(), value]);
  try {
    const isValid = await suite.verify({ body, own, headers: Object.fromEntries(all), url: POSTED_TO });
    return isValid === true ? "valid" : `refused: ${isValid}`;
  } catch (error) {
    return `refused: ${error.message || error}`;
  }
}

function seconds() {
  return Math.floor(Date.now() / 1000);
}
