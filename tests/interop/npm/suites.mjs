// Every suite of an SDK from npm. What a suite is, says ../harness/checks.mjs.

import { suites as body } from "./suites/body.mjs";
import { suites as jwt } from "./suites/jwt.mjs";
import { suites as publicKey } from "./suites/public_key.mjs";
import { suites as standardWebhooks } from "./suites/standard_webhooks.mjs";
import { suites as timed } from "./suites/timed.mjs";
import { suites as url } from "./suites/url.mjs";

export const suites = [...body, ...timed, ...standardWebhooks, ...url, ...publicKey, ...jwt];
