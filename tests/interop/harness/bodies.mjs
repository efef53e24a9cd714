// What gets signed: bodies that readers are known to change, by trimming, decoding, or writing their JSON anew.

// A changed byte is one of this word, so that a body stays what it was: JSON, or UTF-8.
const MARK = "interop";

// Each `write` takes the members that the suite's SDK wants to see in its JSON. Without `from` it is JSON as JSON.stringify
// writes it.
const BODIES = [
  { name: "ASCII", write: (members) => json({ ...members, text: MARK }) },
  { name: "UTF-8 of two, three and four bytes", write: (members) => json({ ...members, text: `${MARK} zażółć 漢字 🦀` }) },
  { name: "10,000 letters", write: (members) => json({ ...members, text: "x".repeat(9993) + MARK }) },
  { name: "a newline at its end", from: "json", write: (members) => `${json({ ...members, text: MARK })}\n` },
  { name: "indentation and CR LF", from: "json", write: (members) => JSON.stringify({ ...members, text: MARK }, null, 2).replaceAll("\n", "\r\n") },
  { name: "escapes and numbers of its own", from: "json", write: (members) => json({ ...members, text: MARK }).replace(/\}$/, ',"more":["\\u00e9 \\/",1.0e0,1.10]}') },
  { name: "a form", from: "text", write: () => `payload=${encodeURIComponent(`{"text":"${MARK} ü"}`)}&a=1+2` },
  { name: "white space around it", from: "text", write: () => ` \t\r\n${MARK}\r\n \t` },
  { name: "control characters", from: "text", write: () => `\u0000\u0001${MARK}\u007f\u0085` },
  { name: "bytes that are not UTF-8", from: "bytes", write: () => Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(MARK), Buffer.from([0xc3])]) },
];

// What an SDK takes for a body, from what it is most particular about to what it takes as it is.
const KINDS = ["written-json", "json", "text", "bytes"];

// The bodies for a suite that takes this kind: JSON as JSON.stringify writes it, any JSON, any UTF-8, or any bytes.
export function bodiesFor({ takes, empty }, members) {
  const kind = KINDS.indexOf(takes);
  if (kind < 0) throw new Error(`a suite takes one of ${KINDS.join(", ")}, not ${takes}`);
  const bodies = BODIES.filter(({ from = KINDS[0] }) => KINDS.indexOf(from) <= kind);
  const named = bodies.map(({ name, write }) => ({ name, bytes: Buffer.from(write(members)) }));
  return empty ? [...named, { name: "empty", bytes: Buffer.alloc(0) }] : named;
}

// Another body, of the same form and length; where there is nothing to change, one byte.
export function changeOneByte(bytes) {
  if (bytes.length === 0) return Buffer.from(" ");
  const changed = Buffer.from(bytes);
  const at = bytes.lastIndexOf(MARK);
  changed[at < 0 ? bytes.length >> 1 : at] ^= 1;
  return changed;
}

function json(value) {
  return JSON.stringify(value);
}
