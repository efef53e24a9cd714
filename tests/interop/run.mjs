// Do hookgate and the providers' own SDKs agree? They sign and hookgate verifies; hookgate signs and they verify.
//
//   node run.mjs PATH_TO_HOOKGATE_BINARY npm
//   node run.mjs PATH_TO_HOOKGATE_BINARY pypi PATH_TO_PYTHON
//
// Exits 0 if everything agrees, else 1. Each wrong result is printed by name; the last line is the count.

import { readFileSync } from "node:fs";
import { putThrough, tryAlone } from "./harness/checks.mjs";
import { Hookgate } from "./harness/hookgate.mjs";
import { row } from "./harness/table.mjs";

// Fewer than there are means that a suite, or what a package offers, was lost, and a run that proves little.
const AT_LEAST = { npm: { suites: 20, checks: 700 }, pypi: { suites: 20, checks: 700 } };
// The whole run takes seconds; this only ends one that hangs.
const TIME_LIMIT_S = 240;
// As many as a small machine has processors.
const SUITES_AT_ONCE = 2;

const tally = { passed: 0, failed: 0 };
const [binary, runtime, python] = process.argv.slice(2);
const underway = new Set();
let hookgate;
let bridge;

process.on("exit", () => {
  hookgate?.end();
  bridge?.end();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => finish("the run is not interrupted", `${signal} while at ${[...underway]}`));
}
setTimeout(() => finish(`the run ends within ${TIME_LIMIT_S} s`, `still at ${[...underway]}`), TIME_LIMIT_S * 1000);

try {
  await run();
  finish();
} catch (error) {
  finish("the run gets to its end", error.stack);
}

async function run() {
  if (!binary || !AT_LEAST[runtime]) throw new Error("usage: node run.mjs PATH_TO_HOOKGATE_BINARY npm|pypi [PATH_TO_PYTHON]");
  hookgate = new Hookgate(binary);
  const suites = await load();
  const pending = new Set(JSON.parse(readFileSync(new URL("pending.json", import.meta.url))));
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");

  const left = suites.values();
  const worker = async () => {
    for (const suite of left) {
      check(`README.md has the row of ${suite.name}`, !readme.includes(row(runtime, suite)) && row(runtime, suite));
      underway.add(suite.name);
      await through(suite, pending);
      underway.delete(suite.name);
    }
  };
  await Promise.all(Array.from({ length: SUITES_AT_ONCE }, worker));

  const { suites: least, checks } = AT_LEAST[runtime];
  check(`there are at least ${least} suites`, suites.length < least && suites.length);
  check(`there are at least ${checks} checks`, tally.passed + tally.failed < checks && tally.passed + tally.failed);
}

async function load() {
  if (runtime === "npm") return (await import("./npm/suites.mjs")).suites;
  const { pythonSuites } = await import("./harness/pypi.mjs");
  bridge = await pythonSuites(python ?? "python3");
  return bridge.suites;
}

async function through(suite, pending) {
  const { name, scheme } = suite;
  const isThere = await hookgate.has(scheme);
  check(`${name}: ${scheme} is a preset, or pending`, !isThere && !pending.has(scheme) && "neither");
  check(`${name}: ${scheme} is not both a preset and in pending.json`, isThere && pending.has(scheme) && "take it out");
  try {
    if (isThere) return await putThrough(suite, hookgate, check);
    await tryAlone(suite, check);
    console.log(`pending: ${name}: there is no preset ${scheme} yet`);
  } catch (error) {
    check(`${name}: the suite gets to its end`, error.stack);
  }
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
  console.log(`interop ${runtime}: ${tally.passed} passed, ${tally.failed} failed`);
  process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1);
}
