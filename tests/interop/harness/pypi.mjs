// The suites of tests/interop/pypi, which live in a Python process: a line of JSON asks, a line of JSON answers.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BRIDGE = fileURLToPath(new URL("../pypi/bridge.py", import.meta.url));

// `end` ends the process.
export async function pythonSuites(python) {
  const child = spawn(python, [BRIDGE], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => child.once("error", reject));
  // One question at a time: answers come in the order of the questions.
  let last = Promise.resolve();
  const ask = (question) => {
    const answer = last.then(async () => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done) throw new Error("the Python process ended");
      const { problem, ...rest } = JSON.parse(value);
      if (problem !== undefined) throw new Error(problem);
      return rest;
    });
    last = answer.catch(() => {});
    return answer;
  };

  const { suites } = await ask({ ask: "suites" });
  const way = (name, how) => ({ body, ...rest }) => ask({ ask: how, suite: name, body: body.toString("base64"), ...rest });
  return {
    end: () => child.kill(),
    suites: suites.map(({ has_sign, has_seal, has_verify, ...suite }) => {
      const [sign, seal, verify] = ["sign", "seal", "verify"].map((how) => way(suite.name, how));
      return {
        ...suite,
        sign: has_sign && (async (asked) => (await sign(asked)).headers),
        seal: has_seal && (async (asked) => Buffer.from((await seal(asked)).body, "base64")),
        verify: has_verify && (async (asked) => (await verify(asked)).valid),
      };
    }),
  };
}
