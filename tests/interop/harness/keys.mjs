// Fresh secrets in the providers' forms: `held` is what hookgate's secret file holds, `own` what the SDK (or the sender) gets.

import { generateKeyPairSync, randomBytes } from "node:crypto";

export function newKeys(form) {
  const text = randomBytes(24).toString("base64url");
  switch (form) {
    case "text":
      return same(text);
    case "stripe":
      return same(`whsec_${text}`);
    case "whsec":
      return same(`whsec_${randomBytes(32).toString("base64")}`);
    case "hex":
      return same(randomBytes(32).toString("hex"));
    case "ed25519 hex":
      return ed25519("hex");
    case "ed25519 base64":
      return ed25519("base64");
    case "p256":
      return p256();
    default:
      throw new Error(`no such form of a secret: ${form}`);
  }
}

function same(secret) {
  return { held: secret, own: secret };
}

function ed25519(encoding) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // The 32 bytes of the key end its SubjectPublicKeyInfo (RFC 8410, section 4).
  const held = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString(encoding);
  return { held, own: { public: held, private: privateKey.export({ type: "pkcs8", format: "pem" }) } };
}

function p256() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const held = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return { held, own: { public: held, private: privateKey.export({ type: "pkcs8", format: "pem" }) } };
}
