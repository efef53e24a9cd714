// The hookgate binary as the checks see it: it signs, it verifies, it receives.

import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

// Where the provider is told to post to, query included; the schemes that sign a URL sign this one.
export const POSTED_TO = "https://hooks.example.com/webhook?tenant=7&name=a%20b";

export class Hookgate {
  #binary;
  #folder = mkdtempSync(path.join(tmpdir(), "hookgate-interop-"));
  #receivers = new Set();

  constructor(binary) {
    this.#binary = path.resolve(binary);
    accessSync(this.#binary, constants.X_OK);
  }

  // Whether there is such a preset, by its name or by another that it goes by.
  async has(scheme) {
    return (await this.#run(["schemes", "show", scheme])).code === 0;
  }

  // The headers that sign `body`, by name as hookgate writes it.
  async sign(asked) {
    const stdout = await this.seal(asked);
    return Object.fromEntries(
      stdout.split("\n").filter(Boolean).map((line) => {
        const colon = line.indexOf(": ");
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    );
  }

  // What `sign` prints: those headers, or the body, where the signature stands in it.
  async seal({ scheme, options = [], secret, body, now }) {
    const args = ["sign", "--scheme", scheme, ...options, "--url", POSTED_TO, "--secret-file-raw", this.#keep(secret)];
    if (now !== undefined) args.push("--now", String(now));
    const { code, stdout, stderr } = await this.#run([...args, this.#keep(body)]);
    if (code !== 0) throw new Error(`hookgate sign --scheme ${scheme}: exit ${code}: ${stderr.trim()}`);
    return stdout;
  }

  // `valid`, `refused: …`, or what else happened, which is never right.
  async verify({ scheme, options = [], secret, headers, body }) {
    const args = ["verify", "--scheme", scheme, ...options, "--url", POSTED_TO, "--secret-file-raw", this.#keep(secret)];
    for (const [name, value] of Object.entries(headers)) args.push("--header", `${name}: ${value}`);
    const { code, stdout, stderr } = await this.#run([...args, this.#keep(body)]);
    const said = (stdout + stderr).trim();
    if (code === 0) return "valid";
    return code === 1 && said.startsWith("refused: ") ? said : `exit ${code}: ${said}`;
  }

  // A receiver on a free port; `post` gives the status it answers, `stop` the code it exits with.
  async serve({ scheme, options = [], secret }) {
    const { origin, pathname, search } = new URL(POSTED_TO);
    const args = ["serve", "--no-store", "--listen", "127.0.0.1:0", "--path", pathname, "--scheme", scheme, ...options];
    args.push("--url", origin + pathname, "--secret-file-raw", this.#keep(secret));
    const child = spawn(this.#binary, args, { stdio: ["ignore", "ignore", "pipe"], env: environment() });
    this.#receivers.add(child);
    const end = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#receivers.delete(child);
        resolve(signal ?? code);
      });
    });
    const port = await new Promise((resolve, reject) => {
      const said = [];
      createInterface({ input: child.stderr }).on("line", (line) => {
        said.push(line);
        const listening = line.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
        if (listening) resolve(Number(listening[1]));
      });
      child.once("error", reject);
      end.then((code) => reject(new Error(`hookgate serve --scheme ${scheme}: exit ${code}: ${said.join(" ")}`)));
    });
    return {
      post: (headers, body) => post(port, pathname + search, headers, body),
      stop: () => {
        child.kill("SIGTERM");
        return end;
      },
    };
  }

  // Leaves neither a receiver nor a secret behind.
  end() {
    for (const child of this.#receivers) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #keep(content) {
    const file = path.join(this.#folder, randomUUID());
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
    return file;
  }

  #run(args) {
    return new Promise((resolve) => {
      execFile(this.#binary, args, { env: environment() }, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
      });
    });
  }
}

// The environment without hookgate's own variables: what is tested is what the command line says.
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HOOKGATE_")));
}

// The status, or why there was none. Each request has a connection of its own.
function post(port, target, headers, body) {
  return new Promise((resolve) => {
    const all = { "Content-Type": "application/json", ...headers, "Content-Length": body.length };
    const request = http.request({ host: "127.0.0.1", port, path: target, method: "POST", agent: false, headers: all });
    request.on("error", (error) => resolve(`no answer: ${error.message}`));
    request.on("response", (response) => {
      response.resume();
      response.on("error", (error) => resolve(`half an answer: ${error.message}`));
      response.on("end", () => resolve(response.statusCode));
    });
    request.end(body);
  });
}
