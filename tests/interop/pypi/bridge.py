"""The suites as a process: a line of JSON asks, a line of JSON answers. What a suite is, says ../harness/checks.mjs."""

import base64
import json
import os
import sys
import traceback

# What the SDKs print must not come between the answers.
answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

from suites import SUITES  # noqa: E402

BY_NAME = {suite["name"]: suite for suite in SUITES}


def described(suite):
    data = {key: value for key, value in suite.items() if not callable(value)}
    return {**data, **{f"has_{way}": True for way in ("sign", "seal", "verify") if way in suite}}


def answer(asked):
    if asked["ask"] == "suites":
        return {"suites": [described(suite) for suite in SUITES]}
    suite = BY_NAME[asked["suite"]]
    body = base64.b64decode(asked["body"])
    if asked["ask"] == "sign":
        return {"headers": suite["sign"](body, asked["own"], asked["now"], asked["url"])}
    if asked["ask"] == "seal":
        return {"body": base64.b64encode(suite["seal"](body, asked["own"])).decode()}
    # True, or None where the SDK raises instead of saying False.
    said = suite["verify"](body, asked["own"], asked["headers"], asked["url"])
    return {"valid": said is None or said}


for line in sys.stdin:
    try:
        answered = answer(json.loads(line))
    except Exception as error:  # Any refusal is an exception of the SDK's own; which, the caller prints.
        where = traceback.extract_tb(error.__traceback__)[-1]
        answered = {"problem": f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"}
    print(json.dumps(answered), file=answers, flush=True)
