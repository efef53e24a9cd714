// A MAC, or a hash, of the URL and the body, or of the URL and the form's parameters.

import { createRequire } from "node:module";
import { Signature as HubspotSignature } from "@hubspot/api-client";

const require = createRequire(import.meta.url);
const plivo = require("plivo");
const twilio = require("twilio");

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

// As Twilio and Plivo send them: parameters in no order, empty ones, UTF-8, an escaped `&`, `+` for a space.
const FORMS = {
  "a form": "From=%2B14158675309&To=%2B18005551212&Body=interop&CallSid=CA1234567890ABCDE",
  "a form with UTF-8 and an escape": "To=%2B1800&Body=interop+za%C5%BC%C3%B3%C5%82%C4%87+%F0%9F%A6%80+a%26b%3Dc&Empty=&AccountSid=AC1",
  "a form with names that differ in case": "b=2&B=interop&a=1&A=0",
};

export const suites = [
  hubspot("v3", { past_s: 300 }),
  hubspot("v2", {}),
  hubspot("v1", {}),
  {
    name: "plivo",
    scheme: "plivo",
    secret: "text",
    headers: FORM,
    bodies: FORMS,
    verify: ({ body, own, headers, url }) => {
      const { "x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce } = headers;
      return plivo.validateV3Signature("POST", url, nonce, own, signature, parameters(body));
    },
  },
  {
    name: "twilio",
    scheme: "twilio",
    secret: "text",
    headers: FORM,
    bodies: { ...FORMS, "a form with a name that comes twice": "Media=b&Media=a&Media=b&Body=interop", empty: "" },
    sign: ({ body, own, url }) => ({ ...FORM, "X-Twilio-Signature": twilio.getExpectedTwilioSignature(own, url, parameters(body)) }),
    verify: ({ body, own, headers, url }) => twilio.validateRequest(own, headers["x-twilio-signature"], url, parameters(body)),
  },
];

function hubspot(version, more) {
  const name = version === "v3" ? "X-HubSpot-Signature-v3" : "X-HubSpot-Signature";
  const timed = (now) => (version === "v3" ? { "X-HubSpot-Request-Timestamp": String(now * 1000) } : { "X-HubSpot-Signature-Version": version });
  return {
    name: `@hubspot/api-client (${version})`,
    scheme: `hubspot-${version}`,
    takes: "text",
    empty: true,
    secret: "text",
    ...more,
    sign: ({ body, own, now, url }) => {
      const options = { clientSecret: own, requestBody: body.toString(), url, timestamp: now * 1000 };
      return { ...timed(now), [name]: HubspotSignature.getSignature("POST", version, options) };
    },
    verify: ({ body, own, headers, url }) =>
      HubspotSignature.isValid({
        method: "POST",
        signatureVersion: version,
        signature: headers[name.toLowerCase()],
        clientSecret: own,
        requestBody: body.toString(),
        url,
        timestamp: Number(headers["x-hubspot-request-timestamp"]),
      }),
  };
}

// Names to values as the frameworks give them: a list where a name comes more than once.
function parameters(body) {
  const read = new URLSearchParams(body.toString());
  return Object.fromEntries([...new Set(read.keys())].map((name) => [name, read.getAll(name).length > 1 ? read.getAll(name) : read.get(name)]));
}
