"""Every suite of an SDK from PyPI. What a suite is, says ../../harness/checks.mjs; here its functions take their arguments by place."""

from . import body, in_body, jwt, public_key, standard_webhooks, timed, url

SUITES = body.SUITES + timed.SUITES + standard_webhooks.SUITES + url.SUITES + public_key.SUITES + jwt.SUITES + in_body.SUITES
